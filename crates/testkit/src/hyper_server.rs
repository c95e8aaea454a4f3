//! hyper's own server, which tells what it reads.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::Received;

/// A server of hyper's on a free port of this machine: it answers every request that came whole as
/// [`crate::Answer::Echo`] does. It ends with this value.
#[derive(Debug)]
pub struct HyperServer {
    address: SocketAddr,
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
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        std::thread::spawn(move || {
            runtime.block_on(async {
                let listener = TcpListener::from_std(socket).unwrap();
                tokio::select! {
                    _ = stopped => {}
                    () = serve(listener) => {}
                }
            });
        });
        Self { address, _stop: stop }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let connection = http1::Builder::new()
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service_fn(echo));
        tokio::spawn(connection);
    }
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = head.headers.iter();
    let fields = fields.map(|(name, value)| (name.to_string(), text(value.as_bytes())));
    let received = Received {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: fields.collect(),
        body: body.collect().await?.to_bytes().to_vec(),
        ..Received::default()
    };
    Ok(Response::new(Full::from(received.to_json().to_string())))
}
