//! The steps of the way, in the order in which they are taken.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body as _;
use mantlet_event::{Event, catalogue, field, reasons};
use mantlet_types::RequestId;

use super::asked::{in_style, is_same_path};
use super::finish::Account;
use super::refuse::{of_violation, with_cause};
use super::{Answer, Gate, Stop, TrackedBody, redirect};
use crate::edge::RequestBody;
use crate::edge::wire::{Violation, WireControl};
use crate::guards::csp::REPORT_PATH;
use crate::identity::Source;
use crate::live::{Live, Step, Target};
use crate::pages;
use crate::pipeline::{
    Client, ClientCertificate, Denial, Exchange, Facts, PublicHttps, Runner, TraceContext,
};
use crate::recording::Seen;
use crate::stages::hygiene::NormalPath;
use crate::stages::route::Router;
use crate::upstream::{AnswerBody, BodyWatch, Pool, X_REQUEST_ID, id_value};

/// The paths on the application's host that are ours.
const RESERVED: &str = "/.mantlet";

/// One thread's share of the gate under one configuration: what a request that holds it sees never
/// changes. With its own connections to the upstreams.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) gate: Arc<Gate>,
    pub(crate) live: Arc<Live>,
    pub(crate) runner: Runner,
    pub(super) pool: Pool,
}

/// What is known about the connection a request came on.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// What the client showed in the handshake; `None` when that is nothing.
    pub(crate) certificate: Option<Arc<ClientCertificate>>,
    /// Whether a proxy asks on it about requests that it will pass on itself.
    pub(crate) is_asking: bool,
    /// What is known of the connection itself: what broke off a body under HTTP/1.1, and how many
    /// requests are answered.
    pub(crate) wire: Option<WireControl>,
}

impl Worker {
    /// The worker with this number among all, from 0.
    pub(crate) fn new(index: usize, gate: Arc<Gate>, live: Arc<Live>) -> Self {
        let (clock, events) = (Arc::clone(&gate.clock), gate.events.clone());
        let pool = Pool::new(index, clock, events, gate.metrics.clone());
        let runner = Runner::new(gate.events.clone(), gate.metrics.clone());
        Self { runner, pool, gate, live }
    }

    /// The way to servers.
    pub(crate) const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The worker after this one on its thread, under another configuration.
    pub(super) fn next(&self, live: &Arc<Live>) -> Self {
        Self {
            gate: Arc::clone(&self.gate),
            live: Arc::clone(live),
            runner: Runner::new(self.gate.events.clone(), self.gate.metrics.clone()),
            pool: self.pool.clone(),
        }
    }

    /// Answers one request, whatever it is; one with a [`Violation`] stands for what was none.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        connection: &Connection,
        request: Request<impl Into<RequestBody>>,
    ) -> Response<TrackedBody> {
        let on_wire = connection.wire.as_ref().map(WireControl::exchange);
        let (mut parts, body) = request.into_parts();
        let body = body.into();
        let accept = parts.headers.get(http::header::ACCEPT).cloned();
        let asked = self.asked_about(connection, &mut parts);
        let sent = asked.as_ref().map(|_| parts.uri.path().to_owned());
        let exchange = self.begin(connection, &parts);
        let mut account = Account::open(self, exchange, &parts.headers, on_wire);

        let (style, understood) = asked.map_or((None, Ok(())), |(style, it)| (Some(style), it));
        let settled = understood.and_then(|()| self.settle(connection, &mut parts, &mut account));
        let settled = settled.and_then(|()| same_path(sent.as_deref(), &account.exchange));
        let Account { exchange, target, watch, .. } = &mut *account;
        let answer = match settled {
            Ok(()) if style.is_some() => Box::pin(self.allow(target, exchange)).await,
            Ok(()) => self.pass(target, exchange, body, watch).await,
            Err(stop) => match self.runner.inspect_address(&target.plan, exchange).await {
                Ok(()) => Err(stop),
                Err(refusal) => Err(Stop::from(refusal)),
            },
        };
        let answer = answer.map_err(|stop| with_cause(stop, connection));
        let refused = answer.as_ref().err().and_then(Stop::reason);
        self.gate.penalties.note(&self.live.penalty, exchange, refused).await;
        let response = self.dress(target, exchange, accept.as_ref(), answer).await;
        let response = match style {
            Some(style) => in_style(style, response),
            None => response,
        };
        account.attach(response)
    }

    /// The exchange before anything about it is settled.
    fn begin(&self, connection: &Connection, parts: &Parts) -> Exchange {
        let gate = &*self.gate;
        let at = gate.clock.now();
        let client = self.live.client.resolve(&connection.client, &parts.headers);
        Exchange {
            id: RequestId::new(at, &*gate.rng),
            trace: TraceContext::accept(&parts.headers, &*gate.rng),
            at,
            started: gate.clock.monotonic(),
            client,
            host: String::new(),
            authority: HeaderValue::from_static(""),
            method: parts.method.clone(),
            path: NormalPath::root(),
            asked: None,
            query: None,
            version: parts.version,
            headers: HeaderMap::new(),
            is_websocket: false,
            is_body_shown: false,
            has_body: false,
            route: Arc::clone(&self.live.fallback.plan.route),
            facts: Facts::default(),
            permits: Vec::new(),
        }
    }

    /// The fixed stages: one clean request and its route, or a refusal.
    fn settle(
        &self,
        connection: &Connection,
        parts: &mut Parts,
        account: &mut Account,
    ) -> Result<(), Stop> {
        let live = &self.live;
        let exchange = &mut account.exchange;
        if let Some(violation) = parts.extensions.get::<Violation>() {
            return Err(Stop::hygiene(of_violation(violation, exchange)));
        }
        self.warn_of_forwarding(connection, &parts.headers);
        match live.hygiene.clean(parts) {
            Err(denial) => {
                exchange.asked = Some(parts.uri.path().to_owned());
                let host = parts.headers.get(http::header::HOST);
                exchange.host = host.map(claimed_host).unwrap_or_default();
                return Err(Stop::hygiene(denial));
            }
            Ok(clean) => {
                exchange.host = clean.host;
                exchange.authority = clean.authority;
                exchange.path = clean.path;
                exchange.query = clean.query;
                exchange.headers = clean.headers;
                exchange.is_websocket = clean.is_websocket;
            }
        }
        let key = account.exchange.path.match_key();
        let chosen = match (&live.reports, &live.pages) {
            (Some(reports), _) if key == REPORT_PATH => Ok(Some(Arc::clone(reports))),
            (_, Some(pages)) if pages::is_page(key) => Ok(Some(Arc::clone(pages))),
            _ => choose(&live.router, &account.exchange, Target::says_the_same),
        };
        if let Ok(Some(target)) = &chosen {
            account.target = Arc::clone(target);
        }
        if let Some(rule) = &account.target.rule {
            account.exchange.facts.share(Arc::clone(rule));
        }
        self.state_facts(connection, &mut account.exchange);
        // Before anything is said about the path: our own pages are for HTTPS too.
        match live.outside.settle(&account.exchange, account.target.is_api) {
            Some(to) => Err(Stop::to_https(to)),
            None => chosen.map(drop),
        }
    }

    /// What the edge knows and guards may ask for.
    fn state_facts(&self, connection: &Connection, exchange: &mut Exchange) {
        let live = &self.live;
        if live.outside.is_public_https(&exchange.client, &exchange.host) {
            exchange.facts.state(PublicHttps);
        }
        // A proxy's certificate says who the proxy is.
        if let Some(certificate) = &connection.certificate
            && !live.client.is_trusted(connection.client.address)
        {
            exchange.facts.state(Arc::clone(certificate));
        }
    }

    fn warn_of_forwarding(&self, connection: &Connection, headers: &HeaderMap) {
        let peer = connection.client.peer.ip();
        if self.live.client.should_warn(peer, headers) {
            let hint = format!(
                "if a proxy of yours is at {peer}, add it: [client] trusted_proxies = [\"{peer}\"]"
            );
            self.gate.events.emit(
                Event::new(&catalogue::CLIENT_FORWARDING_IGNORED)
                    .text(field::PEER, peer.to_string())
                    .text(field::HINT, hint),
            );
        }
    }

    /// Guards, then what the route says.
    async fn pass(
        self: &Arc<Self>,
        target: &Arc<Target>,
        exchange: &mut Exchange,
        body: RequestBody,
        watch: &mut BodyWatch,
    ) -> Answer {
        if exchange.is_websocket {
            target.sockets.vouch(exchange);
        }
        let is_forwarded = matches!(target.step, Step::Forward(_)) && !exchange.is_websocket;
        if let Some(source) = self.facts().filter(|_| target.rule.is_some()) {
            exchange.facts.state(source);
        }
        exchange.has_body = !body.is_end_stream();
        exchange.is_body_shown = is_forwarded && !target.is_upload && exchange.has_body;
        let inspected = self.runner.inspect(&target.plan, exchange).await;
        // A WebSocket would keep this configuration's worker for as long as it lives.
        exchange.facts.forget::<Source>();
        if inspected.is_err() || !is_forwarded {
            let seen = if exchange.has_body { Seen::NotHeld } else { Seen::None };
            self.record(exchange, seen, inspected.as_ref().err());
        }
        inspected?;
        match &target.step {
            Step::Deny => Err(Stop::route(Denial::new(&reasons::ROUTE_DENIED))),
            Step::Nothing => Err(Stop::route(Denial::new(&reasons::NO_ROUTE))),
            Step::Redirect(to) => redirect::answer(to, exchange).map_err(Stop::route),
            // Boxed, so that every other request does without room for these.
            Step::Files(files) => Box::pin(files.answer(exchange)).await.map_err(Stop::route),
            Step::Forward(group) if exchange.is_websocket => {
                self.vouch(target, exchange);
                Box::pin(self.open(target, group, exchange, body)).await
            }
            Step::Reports(reports) => Box::pin(self.take_report(reports, exchange, body)).await,
            Step::Pages(pages) => Box::pin(self.page(pages, exchange, body)).await,
            Step::Forward(group) => {
                let body = self.body(target, exchange, body).await?;
                *watch = body.watch();
                self.vouch(target, exchange);
                self.forward(group, exchange, body).await
            }
        }
    }

    /// Tells the application who asks, in headers that no client can send.
    fn vouch(&self, target: &Target, exchange: &mut Exchange) {
        if let Some(vouch) = &self.live.vouch {
            vouch.tell(exchange, &target.audience);
        }
    }

    /// The last stages, on every answer: guards, the request id, and a refusal's one rendering.
    async fn dress(
        &self,
        target: &Target,
        exchange: &Exchange,
        accept: Option<&HeaderValue>,
        answer: Answer,
    ) -> Response<AnswerBody> {
        let mut response = match answer {
            Ok(response) => self.inspect_answer(target, exchange, accept, response).await,
            Err(stop) => self.refusal(target, exchange, accept, stop),
        };
        response.headers_mut().insert(X_REQUEST_ID, id_value(exchange.id));
        response
    }
}

/// The target of the route; `None` where none matches. However else the application may read the
/// path, it must come to the same, and `is_same` must hold of both paths.
pub(crate) fn choose<T>(
    router: &Router<Arc<T>>,
    exchange: &Exchange,
    is_same: impl Fn(&T, [&NormalPath<'_>; 2]) -> bool,
) -> Result<Option<Arc<T>>, Stop> {
    let find = |path: &NormalPath<'_>| {
        let key = path.match_key();
        if key == RESERVED || key.starts_with("/.mantlet/") {
            return Err(Stop::route(Denial::new(&reasons::RESERVED_PATH)));
        }
        Ok(router.choose(&exchange.host, key, &exchange.method))
    };
    let chosen = find(&exchange.path)?;
    let others = exchange.path.other_readings().map_err(|error| Stop::hygiene(error.into()))?;
    for other in &others {
        let is_same = chosen.is_none_or(|chosen| is_same(chosen, [&exchange.path, other]));
        if find(other)?.map(Arc::as_ptr) != chosen.map(Arc::as_ptr) || !is_same {
            let evidence = format!("another-route: some servers read it as `{}`", other.as_str());
            return Err(Stop::hygiene(Denial::new(&reasons::INVALID_PATH).evidence(evidence)));
        }
    }
    Ok(chosen.cloned())
}

/// Refuses what the application would read as another path than the one that was decided on;
/// `sent` is there where it gets the path from somebody else.
fn same_path(sent: Option<&str>, exchange: &Exchange) -> Result<(), Stop> {
    match sent {
        Some(sent) if !is_same_path(sent, exchange) => {
            let evidence = "the proxy would pass on another form of this path";
            Err(Stop::hygiene(Denial::new(&reasons::INVALID_PATH).evidence(evidence)))
        }
        _ => Ok(()),
    }
}

/// The host of a request without a meaning, for records only: what the client claims.
fn claimed_host(value: &HeaderValue) -> String {
    let text: String = value.as_bytes().iter().take(255).map(|byte| char::from(*byte)).collect();
    // User information is a secret, and no part of a host.
    let text = text.rsplit('@').next().unwrap_or_default().to_owned();
    match text.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
        _ => text,
    }
}
