//! From a page to an answer.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, SET_COOKIE,
};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};

use super::html;
use crate::pipeline::Origin;
use crate::upstream::AnswerBody;

/// A page, or the way to another one.
#[derive(Debug)]
pub(crate) struct Page {
    status: StatusCode,
    body: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// What the policy names the page's script by; `None` where it has none.
    nonce: Option<String>,
}

impl Page {
    /// A page with one column.
    pub(super) fn narrow(title: &str, main: &str) -> Self {
        Self::of(html::page(title, false, main))
    }

    /// A page with room for lists.
    pub(super) fn wide(title: &str, main: &str) -> Self {
        Self::of(html::page(title, true, main))
    }

    const fn of(body: String) -> Self {
        Self { status: StatusCode::OK, body, headers: Vec::new(), nonce: None }
    }

    /// The way to another page of this host: `to` is a path that was checked.
    pub(super) fn to(to: &str) -> Self {
        let location = HeaderValue::from_str(to).unwrap_or_else(|_| HeaderValue::from_static("/"));
        let mut page = Self::of(String::new());
        page.status = StatusCode::SEE_OTHER;
        page.with(LOCATION, location)
    }

    /// The way to another server: `to` is an address that we made for it.
    pub(super) fn away(to: &str) -> Self {
        Self::to(to)
    }

    /// With a script that this number names.
    pub(super) fn script(mut self, nonce: String) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// With another status.
    pub(super) const fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// With one more header.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With a cookie, where there is one.
    pub(super) fn cookie(self, cookie: Option<HeaderValue>) -> Self {
        match cookie {
            Some(cookie) => self.with(SET_COOKIE, cookie),
            None => self,
        }
    }

    /// The answer, without a body for `HEAD`.
    pub(super) fn into_response(self, method: &Method) -> Response<AnswerBody> {
        let mut response = Response::new(AnswerBody::empty());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(CONTENT_SECURITY_POLICY, html::policy(self.nonce.as_deref()));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        if !self.body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        }
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        if *method != Method::HEAD && !self.body.is_empty() {
            *response.body_mut() = AnswerBody::full(Bytes::from(self.body));
        }
        response.extensions_mut().insert(Origin::Gate);
        response
    }
}
