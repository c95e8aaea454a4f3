//! What programs need to know of us to check and prolong our tokens (RFC 8414).

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Response};
use mantlet_crypto::jws::Algorithm;
use mantlet_identity::token::{Endpoints, discovery};

use super::{JWKS, Pages, REVOKE, TOKEN};
use crate::pipeline::{Exchange, Origin};
use crate::upstream::AnswerBody;

/// The document, with the addresses under which we were asked.
pub(super) fn answer(pages: &Pages, exchange: &Exchange) -> Response<AnswerBody> {
    let authority = exchange.authority.to_str().unwrap_or_default();
    let place = |path: &str| format!("{}://{authority}{path}", exchange.client.scheme.as_str());
    let endpoints = Endpoints {
        keys: place(JWKS),
        token: Some(place(TOKEN)),
        revocation: Some(place(REVOKE)),
        introspection: None,
    };
    let issuer = pages.directory.verifier.policy().issuer.as_deref().unwrap_or_default();
    let body = discovery(issuer, &endpoints, Algorithm::EdDsa).to_string();
    let mut response = Response::new(AnswerBody::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // It holds the name under which we were asked: no cache may give it to others.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    if exchange.method != Method::HEAD {
        *response.body_mut() = AnswerBody::full(Bytes::from(body));
    }
    response.extensions_mut().insert(Origin::Gate);
    response
}
