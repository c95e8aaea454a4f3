//! hyper's own server, which keeps what it reads.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A request, as hyper read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HyperRequest {
    /// The method.
    pub method: String,
    /// The target, as it was sent.
    pub target: String,
    /// Every `Host` field, in their order.
    pub hosts: Vec<String>,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// A server of hyper's on a free port of this machine: it answers 200 and keeps every request that
/// came whole. It ends with this value.
#[derive(Debug)]
pub struct HyperServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<HyperRequest>>>,
    _stop: oneshot::Sender<Infallible>,
}

impl HyperServer {
    /// Starts it on a thread of its own.
    ///
    /// # Panics
    /// When this machine has no port or no thread for it.
    #[must_use]
    pub fn start() -> Self {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        socket.set_nonblocking(true).unwrap();
        let requests = Arc::default();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            runtime.block_on(async {
                let listener = TcpListener::from_std(socket).unwrap();
                tokio::select! {
                    _ = stopped => {}
                    () = serve(listener, kept) => {}
                }
            });
        });
        Self { address, requests, _stop: stop }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has read since it was asked last.
    #[must_use]
    pub fn take(&self) -> Vec<HyperRequest> {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn serve(listener: TcpListener, kept: Arc<Mutex<Vec<HyperRequest>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let kept = Arc::clone(&kept);
        let service = service_fn(move |request| answer(request, Arc::clone(&kept)));
        let connection =
            http1::Builder::new().half_close(true).serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

async fn answer(
    request: Request<Incoming>,
    kept: Arc<Mutex<Vec<HyperRequest>>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes().to_vec();
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let request = HyperRequest {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        hosts: head.headers.get_all(hyper::header::HOST).iter().map(text).collect(),
        body,
    };
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    Ok(Response::new(Full::from("application")))
}
