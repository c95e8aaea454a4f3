//! The admin listener: connections, and the way of a request.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use mantlet_event::{Event, Events, Metrics, catalogue, field, task};
use mantlet_types::Reason;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

use crate::AdminAuth;
use crate::api::{self, Api, ApiServices};
use crate::door::Door;
use crate::endpoints;
use crate::refusal::Refusal;

/// Connections at a time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 64;
/// How long the head of a request may take, and a connection be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection lives before it has to end, so that nobody can sit on all of them.
const CONNECTION_TIME: Duration = Duration::from_secs(60);
/// How long a connection has for its last answer.
const LAST_ANSWER: Duration = Duration::from_secs(10);
/// How long to wait when a connection cannot be accepted: nothing but time helps then.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// The most of a request's head that is read, in bytes: room for two parameters of 2,048 characters
/// of the longest escapes, which the service API takes.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;

/// Headers of every answer: nothing here is for a page to load, frame or keep.
const HEADERS: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// What the endpoints need.
pub struct AdminServices {
    /// Where refusals are reported.
    pub events: Events,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// Whether new requests are taken, for `/readyz`.
    pub is_ready: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Who may ask for what is not public.
    pub auth: Arc<dyn AdminAuth>,
    /// Further host names under which the listener is asked, besides its own addresses.
    pub hosts: Vec<String>,
    /// What the service API needs; `None` where there is none.
    pub api: Option<ApiServices>,
}

impl fmt::Debug for AdminServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (auth, hosts) = (&self.auth, &self.hosts);
        f.debug_struct("AdminServices")
            .field("auth", auth)
            .field("hosts", hosts)
            .finish_non_exhaustive()
    }
}

/// A running admin listener; it ends when this is dropped.
#[derive(Debug)]
pub struct AdminServer {
    address: SocketAddr,
    socket: TcpListener,
    shared: Arc<ArcSwap<Shared>>,
    stop: watch::Sender<bool>,
}

impl AdminServer {
    /// Serves on `listener`, in tasks of the runtime this is called in.
    ///
    /// # Errors
    /// When the socket cannot be used.
    pub fn start(listener: TcpListener, services: AdminServices) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let socket = listener.try_clone()?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let events = services.events.clone();
        let shared = Arc::new(ArcSwap::from_pointee(Shared::new(address, services)));
        let accepting = accept(listener, Arc::clone(&shared), stopped);
        task::spawn(&events, "admin listener", accepting);
        Ok(Self { address, socket, shared, stop })
    }

    /// From now on `services` answer, on connections that there are too.
    pub fn replace(&self, services: AdminServices) {
        self.shared.store(Arc::new(Shared::new(self.address, services)));
    }

    /// The socket it listens on.
    #[must_use]
    pub const fn socket(&self) -> &TcpListener {
        &self.socket
    }

    /// The address it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections; those there are may give the answer they are at.
    pub fn stop(self) {
        self.stop.send_replace(true);
    }
}

#[derive(Debug)]
struct Shared {
    door: Door,
    router: Router,
    services: Arc<AdminServices>,
    api: Option<Api>,
}

/// The two ends of a connection.
#[derive(Debug, Clone, Copy)]
struct Ends {
    local: SocketAddr,
    peer: SocketAddr,
}

async fn accept(
    listener: tokio::net::TcpListener,
    serving: Arc<ArcSwap<Shared>>,
    mut stopped: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let shared = serving.load_full();
        if slots.available_permits() == 0 {
            shared.services.metrics.limit_reached("admin.connections");
        }
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            next = next => next,
            // An error means that the server was dropped.
            _ = stopped.changed() => return,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (serving, stopped) = (Arc::clone(&serving), stopped.clone());
        task::spawn(&shared.services.events, "admin connection", async move {
            serve(serving, stream, peer, stopped).await;
            drop(slot);
        });
    }
}

impl Shared {
    fn new(address: SocketAddr, mut services: AdminServices) -> Self {
        let door = Door::new(address, &services.hosts);
        let api = services.api.take().map(Api::new);
        let services = Arc::new(services);
        Self { door, router: endpoints::router(Arc::clone(&services)), services, api }
    }

    /// The door, the endpoint, and what every answer carries.
    async fn answer(&self, request: Request<Incoming>, ends: Ends) -> Response {
        let (parts, body) = request.into_parts();
        let mut response = match self.door.check(&parts, ends.local) {
            Err(refusal) => self.refuse(refusal, &parts, ends),
            Ok(()) => {
                let answer = self.endpoint(parts.clone(), body, ends);
                match tokio::time::timeout(REQUEST_TIMEOUT, answer).await {
                    Err(_) => self.refuse(Refusal::Timeout, &parts, ends),
                    Ok(Err(refusal)) => self.refuse(refusal, &parts, ends),
                    Ok(Ok(mut response)) => {
                        if let Some(told) = response.extensions_mut().remove::<api::Told>() {
                            self.report(told.reason, told.evidence, &parts, ends);
                        }
                        response
                    }
                }
            }
        };
        add_headers(response.headers_mut());
        response
    }

    /// The service API, or an endpoint that can only be read and whose body nobody reads.
    async fn endpoint(
        &self,
        parts: Parts,
        body: Incoming,
        ends: Ends,
    ) -> Result<Response, Refusal> {
        if let Some(api) = self.api.as_ref().filter(|_| api::is_ours(parts.uri.path())) {
            return Ok(api.answer(parts, Body::new(body), ends.peer.ip().to_canonical()).await);
        }
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return Err(Refusal::Method);
        }
        let request = Request::from_parts(parts, body);
        let Ok(response) = TowerToHyperService::new(self.router.clone()).call(request).await;
        match response.extensions().get::<Refusal>() {
            Some(refusal) => Err(*refusal),
            None => Ok(response),
        }
    }

    fn refuse(&self, refusal: Refusal, request: &Parts, ends: Ends) -> Response {
        if refusal.is_reported() {
            self.report(refusal.reason(), None, request, ends);
        }
        refusal.render()
    }

    /// Tells the operator of a request that was refused.
    fn report(&self, reason: &'static Reason, why: Option<String>, request: &Parts, ends: Ends) {
        let host = request.headers.get(HOST).map(HeaderValue::as_bytes).unwrap_or_default();
        let event = Event::new(&catalogue::ADMIN_REQUEST_REFUSED)
            .text(field::REASON, reason.code)
            .text(field::HINT, reason.hint)
            .number(field::STATUS, i64::from(reason.status))
            .text(field::CLIENT, ends.peer.ip().to_canonical().to_string())
            .text(field::METHOD, request.method.as_str().to_owned())
            .text(field::HOST, String::from_utf8_lossy(host).into_owned())
            .text(field::PATH, request.uri.path().to_owned());
        self.services.events.emit(match why {
            Some(why) => event.text(field::EVIDENCE, why),
            None => event,
        });
    }
}

/// Answers the requests of one connection, each by what is in force then.
async fn serve(
    serving: Arc<ArcSwap<Shared>>,
    stream: TcpStream,
    peer: SocketAddr,
    mut stopped: watch::Receiver<bool>,
) {
    let Ok(local) = stream.local_addr() else { return };
    let ends = Ends { local, peer };
    let service = service_fn(move |request| {
        let shared = serving.load_full();
        async move { Ok::<_, Infallible>(shared.answer(request, ends).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // What goes wrong here is the client's: it broke off, or sent no HTTP.
        _ = connection.as_mut() => return,
        _ = stopped.changed() => {}
        () = tokio::time::sleep(CONNECTION_TIME) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(LAST_ANSWER, connection).await;
}

fn add_headers(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
