//! The way of a request through the service API, step by step.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::header::{ACCEPT, ALLOW, CONTENT_LENGTH, IF_MATCH};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use mantlet_crypto::sha256;
use mantlet_event::{reasons, task};
use mantlet_schema::{Found as Described, Head, Operation as Description, read_json};
use serde_json::Value;

use super::ApiServices;
use super::call::{Call, unescape};
use super::idempotency::{Begun, Came, Running};
use super::operation::{BodyKind, Condition, Operation};
use super::problem::Problem;
use super::services::JSON_LIMITS;
use super::{credential, table};
use crate::desk::Asker;

/// The most bytes of a body.
const BODY_BYTES: usize = 64 * 1024;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(5);
/// What a request is known by that is sent again.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Whether a path is one of the service API.
pub(crate) fn is_ours(path: &str) -> bool {
    path.strip_prefix("/v1").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The service API under one configuration.
#[derive(Debug)]
pub(crate) struct Api {
    services: Arc<ApiServices>,
}

/// A request, taken apart.
struct Asked {
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    client: IpAddr,
}

/// What is worth an operator's attention of a request that failed.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) reason: &'static mantlet_types::Reason,
    pub(crate) evidence: Option<String>,
}

impl Api {
    /// The service API over `services`.
    pub(crate) fn new(services: ApiServices) -> Self {
        Self { services: Arc::new(services) }
    }

    /// Answers a request that the door let in.
    pub(crate) async fn answer(&self, parts: Parts, body: Body, client: IpAddr) -> Response {
        let asked = Asked {
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            method: parts.method,
            headers: parts.headers,
            client,
        };
        let (came, is_replayed) = match self.go(asked, body).await {
            Ok(done) => done,
            Err(problem) => (Err(problem), false),
        };
        match came {
            Ok(reply) => reply.render(is_replayed),
            Err(problem) => {
                let told = problem
                    .is_reported()
                    .then(|| Told { reason: problem.reason, evidence: problem.for_operator() });
                let mut response = problem.render();
                if let Some(told) = told {
                    response.extensions_mut().insert(told);
                }
                response
            }
        }
    }

    /// What the request comes to, and whether that was said before.
    async fn go(&self, asked: Asked, body: Body) -> Result<(Came, bool), Problem> {
        let services = &self.services;
        services.memory.limits.of_address(&services.section, asked.client, &*services.clock)?;
        let (operation, texts) = match table::find(&asked.method, &asked.path) {
            table::Found::Operation(operation, texts) => (operation, texts),
            table::Found::Nothing => return Err(Problem::not_found()),
            table::Found::OtherMethod(allowed) => {
                let problem = Problem::new(&reasons::API_METHOD);
                let allowed = HeaderValue::try_from(allowed).map_err(|_| problem.clone())?;
                return Err(problem.header(ALLOW, allowed));
            }
        };
        let caller = match operation.scope {
            Some(scope) => Some(self.caller(scope, &asked).await?),
            None => None,
        };
        accepts_json(&asked.headers)?;
        let description = self.check_head(&asked)?;
        let bytes = read_body(&asked.headers, body).await?;
        let body = Self::check_body((operation, description), &asked, &bytes)?;
        let version = version(operation, &asked.headers)?;
        let path = texts.iter().map(|text| unescape(text).ok_or_else(Problem::not_found));
        let query = asked.query.as_deref().unwrap_or_default();
        let (mark, asker) = match caller {
            Some((mark, directory, asker)) => (Some(mark), Some((directory, asker))),
            None => (None, None),
        };
        let call = Call {
            services: Arc::clone(services),
            operation,
            path: path.collect::<Result<_, _>>()?,
            query: form(query.as_bytes()),
            body,
            asker,
            client: asked.client,
            version,
        };
        let running = match self.begin(operation, mark, &asked, &bytes)? {
            Some(Begun::Again(came)) => return Ok((came, true)),
            Some(Begun::New(running)) => Some(running),
            None => None,
        };
        Ok((self.carry_out(call, running).await, false))
    }

    /// Who asks, who has the scope; and what stands for their credential.
    async fn caller(
        &self,
        scope: &'static str,
        asked: &Asked,
    ) -> Result<([u8; 16], Arc<mantlet_identity::directory::Directory>, Asker), Problem> {
        let services = &self.services;
        let found = credential::caller(services, &asked.headers, asked.client).await;
        let (directory, caller) = found?;
        let limits = &services.memory.limits;
        limits.of_credential(&services.section, &caller.mark, &*services.clock)?;
        let asker = Asker::program(&caller, &services.roles);
        if !asker.holds_scope(scope) {
            return Err(Problem::lacks(scope));
        }
        Ok((caller.mark, directory, asker))
    }

    /// Checks path, query and header fields against the document: what it says of the body.
    fn check_head(&self, asked: &Asked) -> Result<&Description, Problem> {
        let contract = self.services.memory.contract.as_ref();
        let contract = contract.ok_or_else(|| Problem::new(&reasons::API_DEFECT))?;
        match contract.find(&asked.method, &asked.path) {
            Described::Operation(description, captures) => {
                let head = Head { query: asked.query.as_deref(), headers: &asked.headers };
                description.judge_head(head, captures.iter())?;
                Ok(description)
            }
            Described::UnlistedPath | Described::UnlistedMethod(_) => Err(Problem::not_found()),
        }
    }

    /// Checks the body against the document, and reads it.
    fn check_body(
        (operation, description): (&Operation, &Description),
        asked: &Asked,
        bytes: &[u8],
    ) -> Result<Value, Problem> {
        description.judge_body(&asked.method, &asked.headers, bytes)?;
        match operation.body {
            BodyKind::None => Ok(Value::Null),
            BodyKind::Json(_) => {
                read_json(bytes, JSON_LIMITS).map_err(|_| Problem::new(&reasons::API_MALFORMED))
            }
            BodyKind::Form(_) => {
                let fields = form(bytes).into_iter();
                Ok(fields.map(|(name, value)| (name, Value::from(value))).collect())
            }
        }
    }

    /// A request with a key is done once; `None` for one without.
    fn begin(
        &self,
        operation: &Operation,
        mark: Option<[u8; 16]>,
        asked: &Asked,
        body: &[u8],
    ) -> Result<Option<Begun>, Problem> {
        let key = asked.headers.get(IDEMPOTENCY_KEY).and_then(|key| key.to_str().ok());
        let (Some(mark), Some(key), true) = (mark, key, operation.is_repeatable()) else {
            return Ok(None);
        };
        let head = [operation.id, asked.path.as_str(), asked.query.as_deref().unwrap_or_default()];
        let head = head.join("\0");
        let what = sha256(&[head.as_bytes(), b"\0", body].concat());
        let now = self.services.clock.monotonic();
        self.services.memory.repeats.begin((&mark, key), what, now).map(Some)
    }

    /// A change goes on to its end, whatever becomes of whoever asked for it.
    async fn carry_out(&self, call: Call, running: Option<Running>) -> Came {
        if !call.operation.is_change() {
            return (call.operation.handle)(&call).await;
        }
        let clock = Arc::clone(&self.services.clock);
        let events = self.services.events.clone();
        let done = task::spawn(&events, "service API", async move {
            let came = (call.operation.handle)(&call).await;
            if let Some(running) = running {
                running.finish(&came, clock.monotonic());
            }
            came
        });
        match done.await {
            Ok(Some(came)) => came,
            _ => Err(Problem::new(&reasons::API_DEFECT)),
        }
    }
}

/// Answers are JSON: whoever accepts none is told so before anything is done.
fn accepts_json(headers: &HeaderMap) -> Result<(), Problem> {
    let mut lines = headers.get_all(ACCEPT).iter().peekable();
    if lines.peek().is_none() {
        return Ok(());
    }
    let texts: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    let is_json = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let is_refused = parts.any(|part| {
            let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.parse() == Ok(0.0_f32))
        });
        let is_fit = ["*/*", "application/*", "application/json", "application/problem+json"];
        is_fit.contains(&kind.as_str()) && !is_refused
    };
    let is_fine = texts.iter().flat_map(|text| text.split(',')).any(|range| is_json(range.trim()));
    if is_fine { Ok(()) } else { Err(Problem::new(&reasons::API_NOT_ACCEPTABLE)) }
}

async fn read_body(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    let told =
        headers.get(CONTENT_LENGTH).and_then(|text| text.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|told| told > BODY_BYTES) {
        return Err(Problem::new(&reasons::API_TOO_LARGE));
    }
    match tokio::time::timeout(BODY_TIME, to_bytes(body, BODY_BYTES)).await {
        Err(_) => Err(Problem::new(&reasons::API_SLOW)),
        Ok(Ok(bytes)) => Ok(bytes.into()),
        // Either it is longer than it may be, or it broke off and nobody hears the answer.
        Ok(Err(_)) => Err(Problem::new(&reasons::API_TOO_LARGE)),
    }
}

/// The version that a request wants to change: what stands in `If-Match`.
fn version(operation: &Operation, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    if operation.condition == Condition::Ignored {
        return Ok(None);
    }
    let mut lines = headers.get_all(IF_MATCH).iter();
    let required = || Problem::new(&reasons::API_PRECONDITION);
    let text = lines.next().ok_or_else(required)?.to_str().unwrap_or_default().trim();
    if lines.next().is_some() {
        return Err(Problem::new(&reasons::API_MALFORMED));
    }
    if text == "*" {
        return Ok(None);
    }
    // Weak tags and lists of tags never match: there is one strong tag for each version.
    Ok(Some(
        text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or("").to_owned(),
    ))
}

/// The fields of a form or query.
fn form(text: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(text);
    let fields = text.split('&').filter(|field| !field.is_empty());
    let field = |field: &str| {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        let plain = |text: &str| unescape(&text.replace('+', " ")).unwrap_or_default();
        (plain(name), plain(value))
    };
    fields.map(field).collect()
}
