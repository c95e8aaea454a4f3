//! A proxy asks whether a request may go on that it will pass on itself (forward auth).
//!
//! What it says of the request is read strictly: one field each for method, scheme, host and path,
//! from a listed proxy, or nobody can say what is asked about and the answer is no. From there on the
//! request takes the way of all others, up to the step at which it would be forwarded.

use http::header::{CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use mantlet_event::reasons;
use percent_encoding::percent_decode_str;

use super::worker::Connection;
use super::{Answer, Stop, Worker};
use crate::identity::Vouch;
use crate::live::{Step, Target};
use crate::pipeline::{Denial, Exchange, Origin};
use crate::stages::hygiene::{fold, is_disguised};
use crate::upstream::AnswerBody;

const METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Names by which a proxy could say something else of the request than by those that are read.
const OTHERS: [HeaderName; 5] = [
    HeaderName::from_static("x-original-uri"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-original-method"),
    HeaderName::from_static("x-original-host"),
    HeaderName::from_static("x-rewrite-url"),
];

/// For proxies that understand 200, 401 and 403 alone.
const CHECK: &str = "/check";
/// For proxies that pass an answer other than 2xx on to the client.
const FORWARD: &str = "/forward";
/// For Envoy, which asks with the method, host and path of the request itself, after this.
const ENVOY: &str = "/envoy";

/// How the proxy wants to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// 200, 401 or 403.
    Check,
    /// As a client would be answered.
    Forward,
}

impl Worker {
    /// Turns the question of a proxy into the request that it asks about; `None` where the
    /// connection is no proxy's that asks.
    pub(super) fn asked_about(
        &self,
        connection: &Connection,
        parts: &mut Parts,
    ) -> Option<(Style, Result<(), Stop>)> {
        if !connection.is_asking {
            return None;
        }
        let refused =
            |why: String| Stop::hygiene(Denial::new(&reasons::FORWARD_AUTH_UNCLEAR).evidence(why));
        let style = if parts.uri.path() == CHECK { Style::Check } else { Style::Forward };
        let told: Vec<HeaderName> = self.live.vouch.iter().flat_map(Vouch::names).collect();
        let is_known = self.live.client.is_trusted(connection.client.address);
        let done = match is_known {
            true => rewrite(parts, &told).map_err(refused),
            false => Err(refused("the peer is not one of `[client] trusted_proxies`".to_owned())),
        };
        Some((style, done))
    }

    /// The guards' word on a request that somebody else forwards, and who asks, in headers that the
    /// proxy is to copy over the client's.
    pub(super) async fn allow(&self, target: &Target, exchange: &mut Exchange) -> Answer {
        self.runner.inspect(&target.plan, exchange).await?;
        if matches!(target.step, Step::Deny) {
            return Err(Stop::route(Denial::new(&reasons::ROUTE_DENIED)));
        }
        let mut response = Response::new(AnswerBody::empty());
        let headers = response.headers_mut();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
        headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(vouch) = &self.live.vouch {
            exchange.headers.clear();
            vouch.tell(exchange, &target.audience);
            // What is empty is copied too: no claim of the client's stays in its place.
            for name in vouch.names() {
                let told = exchange.headers.remove(&name);
                headers.insert(name, told.unwrap_or_else(|| HeaderValue::from_static("")));
            }
        }
        response.extensions_mut().insert(Origin::Gate);
        Ok(response)
    }
}

/// The answer in the style that the proxy understands.
pub(super) fn in_style(style: Style, mut response: Response<AnswerBody>) -> Response<AnswerBody> {
    if style == Style::Check {
        *response.status_mut() = match response.status() {
            status if status.is_success() => StatusCode::OK,
            // Where to sign in stays in `Location`.
            StatusCode::UNAUTHORIZED | StatusCode::SEE_OTHER => StatusCode::UNAUTHORIZED,
            _ => StatusCode::FORBIDDEN,
        };
    }
    response
}

/// Puts what is asked about in the place of the question. `told`: the headers in which the application
/// learns who asks, none of which may come under another spelling.
fn rewrite(parts: &mut Parts, told: &[HeaderName]) -> Result<(), String> {
    let headers = &mut parts.headers;
    if let Some(name) = OTHERS.iter().find(|name| headers.contains_key(*name)) {
        return Err(format!("`{name}` says in another way what is asked about"));
    }
    let is_told = |name: &HeaderName| {
        told.iter().any(|told| told != name && fold(told.as_str()) == fold(name.as_str()))
    };
    let mut names = headers.keys();
    if let Some(name) = names.find(|name| is_disguised(name.as_str()) || is_told(name)) {
        return Err(format!("the application would read `{name}` as a header of the proxy"));
    }
    one(headers, &FORWARDED_FOR)?;
    if !matches!(one(headers, &PROTO)?, "http" | "https") {
        return Err("`x-forwarded-proto` is neither `http` nor `https`".to_owned());
    }
    let asked = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let (method, target) = match asked.strip_prefix(ENVOY).filter(|rest| rest.starts_with('/')) {
        Some(rest) => {
            none(headers, &[METHOD, URI, FORWARDED_HOST])?;
            (parts.method.clone(), rest.to_owned())
        }
        // Caddy leaves the query of the request there.
        None if matches!(parts.uri.path(), CHECK | FORWARD) => {
            let method = Method::from_bytes(one(headers, &METHOD)?.as_bytes());
            let method = method.map_err(|_| "`x-forwarded-method` is no method".to_owned())?;
            let target = one(headers, &URI)?.to_owned();
            let host = headers.get(&FORWARDED_HOST).cloned();
            one(headers, &FORWARDED_HOST)?;
            headers.insert(HOST, host.unwrap_or_else(|| HeaderValue::from_static("")));
            (method, target)
        }
        None => return Err(format!("nothing is asked at `{}`", parts.uri.path())),
    };
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte);
    if !target.starts_with('/') || !target.bytes().all(is_plain) {
        return Err("`x-forwarded-uri` is no path as clients send it".to_owned());
    }
    parts.uri = target.parse::<Uri>().map_err(|_| "`x-forwarded-uri` is no path".to_owned())?;
    parts.method = method;
    // The body stays with the proxy.
    for name in [CONTENT_LENGTH, TRANSFER_ENCODING, EXPECT] {
        headers.remove(name);
    }
    Ok(())
}

/// The one value of a field that must be there once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, String> {
    let mut values = headers.get_all(name).iter();
    match (values.next().map(HeaderValue::to_str), values.next()) {
        (Some(Ok(value)), None) if !value.trim().is_empty() => Ok(value),
        (None, _) => Err(format!("`{name}` is missing")),
        (_, Some(_)) => Err(format!("`{name}` is there twice")),
        _ => Err(format!("`{name}` says nothing")),
    }
}

fn none(headers: &HeaderMap, names: &[HeaderName]) -> Result<(), String> {
    match names.iter().find(|name| headers.contains_key(*name)) {
        Some(name) => Err(format!("`{name}` says in another way what is asked about")),
        None => Ok(()),
    }
}

/// Whether the application, which gets the path as the client sent it, reads it as the one that was
/// decided on: only its escapes may be spelled in another way.
pub(super) fn is_same_path(sent: &str, exchange: &Exchange) -> bool {
    let decided = exchange.path.as_str();
    sent == decided || percent_decode_str(sent).eq(percent_decode_str(decided))
}
