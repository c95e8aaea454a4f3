//! One request through the stages before the guards, and the WAF guard itself.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Version};
use mantlet_types::{Monotonic, RequestId, Rng, Timestamp};

use crate::guards::waf::{ExceptionSection, WafSection};
use crate::guards::{self, GuardCache, GuardsSection, Services};
use crate::live::{Place, Resolved};
use crate::pipeline::{
    Denial, Exchange, Facts, GuardError, Mode, PlannedGuard, TraceContext, Verdict, ask,
};
use crate::recording::Recorded;
use crate::stages::client::ClientStage;
use crate::stages::hygiene::{HygieneStage, NormalPath};
use crate::stages::route::Router;
use crate::way::choose;

/// How long the guard may take here: that this machine is slow is no finding.
const BUDGET: Duration = Duration::from_secs(60);
/// Fields that say how a request was framed on its way; here it is framed anew.
const FRAMING: [&str; 6] =
    ["connection", "content-length", "host", "keep-alive", "te", "transfer-encoding"];

/// The WAF of one configuration, for requests of before.
#[derive(Debug)]
pub struct Replay {
    hygiene: HygieneStage,
    router: Router<Arc<Spot>>,
    fallback: Arc<Spot>,
    rng: Arc<dyn Rng>,
}

/// One place as the WAF sees it.
#[derive(Debug)]
struct Spot {
    route: Arc<str>,
    settings: Arc<WafSection>,
    /// `None` where it is off.
    waf: Option<PlannedGuard>,
    is_upload: bool,
}

/// What the WAF says about one request.
#[derive(Debug)]
pub struct Judged {
    /// The name of the route it came to; `-` for none.
    pub route: Arc<str>,
    /// What the guard may do there.
    pub mode: Mode,
    /// The settings that hold there.
    pub settings: Arc<WafSection>,
    /// What it says.
    pub outcome: Outcome,
}

/// What came of one request.
#[derive(Debug)]
pub enum Outcome {
    /// It passes.
    Passes,
    /// The WAF refuses it, or would where it only observes.
    Refused(Box<Denial>),
    /// It is refused before any guard is asked, for the reason with this code.
    Unclean(&'static str),
    /// It cannot be put together again, or the guard failed.
    Failed(String),
}

impl Outcome {
    /// The refusal; `None` when the WAF lets it pass.
    #[must_use]
    pub fn refusal(&self) -> Option<&Denial> {
        match self {
            Self::Refused(denial) => Some(denial),
            _ => None,
        }
    }
}

impl Replay {
    /// The WAF as `resolved` sets it up.
    #[must_use]
    pub fn new(resolved: Resolved, services: &Services) -> Self {
        let mut cache = GuardCache::default();
        let (hygiene, router, fallback) =
            resolved.places(|place| Spot::new(place, services, &mut cache));
        Self { hygiene, router, fallback, rng: Arc::clone(&services.rng) }
    }

    /// What the WAF of the route says. Needs a runtime with time.
    pub async fn judge(&self, request: &Recorded) -> Judged {
        let (mut exchange, body, spot) = match self.prepare(request) {
            Ok(prepared) => prepared,
            Err(outcome) => return self.fallback.judged(outcome),
        };
        let Some(waf) = &spot.waf else { return spot.judged(Outcome::Passes) };
        let outcome = look(waf, &mut exchange, &body, spot.is_upload).await;
        spot.judged(outcome)
    }

    /// What the native detectors say that are as sure as `threshold`, whatever the settings are,
    /// leaving alone what `exceptions` name.
    pub async fn second_opinion(
        &self,
        request: &Recorded,
        (threshold, exceptions): (u16, &[ExceptionSection]),
        services: &Services,
    ) -> Outcome {
        let waf = WafSection {
            threshold: Some(threshold),
            exceptions: exceptions.to_vec(),
            ..WafSection::default()
        };
        let section = GuardsSection { waf, ..GuardsSection::default() };
        let waf = guards::build_one("waf", &section, services, &mut GuardCache::default());
        match (waf, self.prepare(request)) {
            (_, Err(outcome)) => outcome,
            (None, _) => Outcome::Passes,
            (Some(waf), Ok((mut exchange, body, spot))) => {
                look(&waf, &mut exchange, &body, spot.is_upload).await
            }
        }
    }

    /// The exchange that the guards would see, the body, and the place it comes to.
    fn prepare(&self, request: &Recorded) -> Result<(Exchange, Vec<u8>, Arc<Spot>), Outcome> {
        let body = request.body_bytes().map_err(Outcome::Failed)?;
        let mut parts = parts(request, body.len()).map_err(Outcome::Failed)?;
        let unclean = |denial: Denial| Outcome::Unclean(denial.reason.code);
        let method = parts.method.clone();
        let clean = self.hygiene.clean(&mut parts).map_err(unclean)?;
        let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let at = request.at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let id = request.id.parse();
        let mut exchange = Exchange {
            id: id.unwrap_or_else(|_| RequestId::new(at, &*self.rng)),
            trace: TraceContext::accept(&HeaderMap::new(), &*self.rng),
            at,
            started: Monotonic::default(),
            client: ClientStage::of_connection(peer, request.scheme == "https"),
            host: clean.host,
            authority: clean.authority,
            method,
            path: clean.path,
            asked: None,
            query: clean.query,
            version: Version::HTTP_11,
            headers: clean.headers,
            is_websocket: clean.is_websocket,
            is_body_shown: false,
            has_body: !body.is_empty(),
            route: Arc::clone(&self.fallback.route),
            facts: Facts::default(),
            permits: Vec::new(),
        };
        let chosen = choose(&self.router, &exchange, |_, _| true);
        let chosen = chosen.map_err(|stop| {
            Outcome::Unclean(stop.reason().map_or("answered", |reason| reason.code))
        })?;
        let spot = chosen.unwrap_or_else(|| Arc::clone(&self.fallback));
        exchange.route = Arc::clone(&spot.route);
        exchange.is_body_shown = !body.is_empty() && !spot.is_upload;
        Ok((exchange, body, spot))
    }

    /// The normal form of the path of `request`; `None` when it has none.
    #[must_use]
    pub fn path(&self, request: &Recorded) -> Option<NormalPath<'static>> {
        self.prepare(request).ok().map(|(exchange, ..)| exchange.path)
    }
}

impl Spot {
    fn new(place: Place, services: &Services, cache: &mut GuardCache) -> Self {
        Self {
            waf: guards::build_one("waf", &place.guards, services, cache),
            route: place.name.into(),
            settings: Arc::new(place.guards.waf),
            is_upload: place.is_upload,
        }
    }

    fn judged(&self, outcome: Outcome) -> Judged {
        Judged {
            route: Arc::clone(&self.route),
            mode: self.waf.as_ref().map_or(Mode::Off, |waf| waf.mode),
            settings: Arc::clone(&self.settings),
            outcome,
        }
    }
}

async fn look(
    waf: &PlannedGuard,
    exchange: &mut Exchange,
    body: &[u8],
    is_upload: bool,
) -> Outcome {
    let verdict = ask(waf, BUDGET, |guard| guard.inspect(exchange)).await;
    if let Some(outcome) = settle(verdict, exchange) {
        return outcome;
    }
    if body.is_empty() || is_upload || !waf.guard.wants_body(exchange) {
        return Outcome::Passes;
    }
    let verdict = ask(waf, BUDGET, |guard| guard.inspect_body(exchange, body)).await;
    settle(verdict, exchange).unwrap_or(Outcome::Passes)
}

/// `None` when the guard is to be asked on.
fn settle(verdict: Result<Verdict, GuardError>, exchange: &mut Exchange) -> Option<Outcome> {
    match verdict {
        Ok(Verdict::Pass | Verdict::Answer(_)) => None,
        Ok(Verdict::PassWith(changes)) => {
            exchange.facts.merge(changes.facts);
            exchange.facts.merge(changes.memory);
            None
        }
        Ok(Verdict::Deny(denial)) => Some(Outcome::Refused(denial)),
        Err(error) => Some(Outcome::Failed(error.to_string())),
    }
}

/// The head as the edge would hand it on.
fn parts(request: &Recorded, body: usize) -> Result<Parts, String> {
    let built = Request::builder().method(request.method.as_str()).uri(request.target.as_str());
    let built = built.body(()).map_err(|error| format!("no head of a request: {error}"))?;
    let (mut parts, ()) = built.into_parts();
    for (name, value) in &request.headers {
        let is_framing = FRAMING.iter().any(|known| name.eq_ignore_ascii_case(known));
        // Pseudo fields of HTTP/2 begin with a colon.
        if is_framing || name.starts_with(':') {
            continue;
        }
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("`{}` is not a header name", shown(name)))?;
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| format!("the value of `{name}` is not a header value"))?;
        parts.headers.append(name, value);
    }
    let host = HeaderValue::from_str(&request.host)
        .map_err(|_| format!("`{}` is not a host", shown(&request.host)))?;
    parts.headers.insert(HOST, host);
    if body > 0 {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body));
    }
    Ok(parts)
}

fn shown(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_debug).collect()
}
