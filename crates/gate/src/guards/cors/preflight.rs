//! Preflights: a browser asks whether a page may ask.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, VARY,
};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use mantlet_event::reasons;

use super::config::{CorsSection, covers, joined};
use crate::guards::FieldName;
use crate::pipeline::{Denial, Exchange, Verdict};

const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// What decides about a preflight's answer, for caches on the way.
const DECIDED_BY: &str = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network";

/// What preflights are judged by and answered with.
#[derive(Debug)]
pub(super) struct Preflight {
    methods: Vec<Method>,
    headers: Vec<FieldName>,
    allows_private_network: bool,
    /// What every granted preflight says, apart from the origin.
    granted: Vec<(HeaderName, HeaderValue)>,
}

/// What a preflight asks for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    method: &'a HeaderValue,
    headers: Vec<&'a str>,
    private_network: bool,
}

/// What is asked, when the request is a preflight: `OPTIONS` with the method that is to follow.
pub(super) fn asked(exchange: &Exchange) -> Option<Asked<'_>> {
    let method = exchange.headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    let fields = exchange.headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
    // What cannot be read is a name that no list has.
    let lists = fields.map(|value| value.to_str().unwrap_or("?"));
    let headers = lists.flat_map(|list| list.split(',')).map(str::trim);
    let private_network = exchange.headers.get(REQUEST_PRIVATE_NETWORK);
    (exchange.method == Method::OPTIONS).then(|| Asked {
        method,
        headers: headers.filter(|name| !name.is_empty()).collect(),
        private_network: private_network.is_some_and(|value| value == "true"),
    })
}

impl Preflight {
    pub(super) fn new(section: &CorsSection) -> Self {
        let methods: Vec<Method> = section.methods.iter().map(|name| name.0.clone()).collect();
        let listed = [
            (ACCESS_CONTROL_ALLOW_METHODS, joined(methods.iter().map(Method::as_str))),
            (
                ACCESS_CONTROL_ALLOW_HEADERS,
                joined(section.headers.iter().map(|name| name.0.as_str())),
            ),
            (
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                section.credentials.then(|| HeaderValue::from_static("true")),
            ),
            (ACCESS_CONTROL_MAX_AGE, Some(HeaderValue::from(section.max_age.as_secs()))),
            (VARY, Some(HeaderValue::from_static(DECIDED_BY))),
        ];
        let granted = listed.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Self {
            methods,
            headers: section.headers.clone(),
            allows_private_network: section.private_network,
            granted: granted.collect(),
        }
    }

    /// The answer to a listed origin.
    pub(super) fn answer(&self, origin: &HeaderValue, asked: &Asked<'_>) -> Verdict {
        if let Some(objection) = self.objection(asked) {
            return Denial::new(&reasons::CORS_PREFLIGHT).evidence(objection).into();
        }
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.extend(self.granted.iter().cloned());
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if asked.private_network {
            headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
        }
        Verdict::Answer(Box::new(response))
    }

    fn objection(&self, asked: &Asked<'_>) -> Option<String> {
        if !self.methods.iter().any(|method| method.as_str() == *asked.method) {
            return Some(format!("method {:?} is not listed", asked.method));
        }
        if let Some(name) = asked.headers.iter().find(|name| !covers(&self.headers, name)) {
            return Some(format!("header `{name}` is not listed"));
        }
        (asked.private_network && !self.allows_private_network)
            .then(|| "access to a private network is not allowed".to_owned())
    }
}
