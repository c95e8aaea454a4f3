//! A request for the tests of guards.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use mantlet_types::{Monotonic, RequestId, SystemRng, Timestamp};

use super::{Exchange, Facts, TraceContext};
use crate::stages::client::ClientStage;
use crate::stages::hygiene::NormalPath;

/// `GET http://a/` of 192.0.2.1 without headers.
pub(crate) fn exchange() -> Exchange {
    Exchange {
        id: RequestId::new(Timestamp::UNIX_EPOCH, &SystemRng),
        trace: TraceContext::accept(&HeaderMap::new(), &SystemRng),
        at: Timestamp::UNIX_EPOCH,
        started: Monotonic::default(),
        client: ClientStage::of_connection("192.0.2.1:1".parse().unwrap(), false),
        host: "a".into(),
        authority: HeaderValue::from_static("a"),
        method: Method::GET,
        path: NormalPath::root(),
        asked: None,
        query: None,
        version: Version::HTTP_11,
        headers: HeaderMap::new(),
        is_websocket: false,
        is_body_shown: false,
        has_body: false,
        route: "/x".into(),
        facts: Facts::default(),
        permits: Vec::new(),
    }
}

/// `method` at `scheme://authority/` with these headers.
pub(crate) fn request(
    method: &str,
    (scheme, authority): (super::Scheme, &'static str),
    headers: &[(&str, &str)],
) -> Exchange {
    let mut exchange = exchange();
    exchange.method = Method::from_bytes(method.as_bytes()).unwrap();
    exchange.client.scheme = scheme;
    exchange.authority = HeaderValue::from_static(authority);
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        exchange.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    exchange
}
