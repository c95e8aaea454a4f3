//! The public keys of assertions and tokens (RFC 7517).

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Response};
use serde_json::{Value, json};

use super::Pages;
use crate::pipeline::Origin;
use crate::upstream::AnswerBody;

pub(super) fn answer(pages: &Pages, method: &Method) -> Response<AnswerBody> {
    let sets = [&pages.directory.assertion_keys, &pages.directory.token_keys];
    let keys: Vec<Value> = sets
        .iter()
        .filter_map(|keys| keys.to_jwks().get("keys").and_then(Value::as_array).cloned())
        .flatten()
        .collect();
    let body = json!({ "keys": keys }).to_string();
    let mut response = Response::new(AnswerBody::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    if *method != Method::HEAD {
        *response.body_mut() = AnswerBody::full(Bytes::from(body));
    }
    response.extensions_mut().insert(Origin::Gate);
    response
}
