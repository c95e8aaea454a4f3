//! The answer with a file, and the refusal where there is none.

use std::io;
use std::path::Path;

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    ETAG, LAST_MODIFIED, LOCATION, VARY,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use mantlet_event::reasons;

use super::condition::Outcome;
use super::content::{self, Served};
use super::{Files, caching, name};
use crate::pipeline::{Denial, Exchange, Origin};
use crate::upstream::AnswerBody;

impl Files {
    /// The answer with a file, and what caches need to know of it.
    pub(super) fn respond(
        &self,
        served: Served,
        name: &Path,
        is_head: bool,
    ) -> Response<AnswerBody> {
        let coding = served.coding;
        let mut response = respond(served, name::content_type(name), is_head);
        let headers = response.headers_mut();
        if self.settings.has_precompressed {
            headers.append(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        if let Some(caching) = caching::of(&self.settings, name) {
            headers.insert(CACHE_CONTROL, caching);
        }
        response
    }
}

/// A folder's address ends with a slash, else relative links on its page would lead elsewhere.
pub(super) fn redirect(exchange: &Exchange) -> Result<Response<AnswerBody>, Denial> {
    let query = exchange.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    // A second slash at the beginning would make the first segment a host.
    let path = exchange.path.as_str().trim_start_matches('/');
    let value = HeaderValue::from_str(&format!("/{path}/{query}"))
        .map_err(|error| Denial::new(&reasons::INVALID_PATH).evidence(error.to_string()))?;
    let mut response = own(StatusCode::PERMANENT_REDIRECT, AnswerBody::empty());
    response.headers_mut().insert(LOCATION, value);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(0));
    Ok(response)
}

fn respond(served: Served, mime: HeaderValue, is_head: bool) -> Response<AnswerBody> {
    let Served { version, outcome, content, .. } = served;
    let length = content.length();
    let body = if is_head { AnswerBody::empty() } else { content.into_body() };
    let mut response = own(outcome.status(), body);
    let headers = response.headers_mut();
    if outcome != Outcome::NotModified {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    if matches!(outcome, Outcome::Whole | Outcome::Part(_)) {
        headers.insert(CONTENT_TYPE, mime);
    }
    let range = match outcome {
        Outcome::Part(part) => Some(format!("bytes {}-{}/{}", part.first, part.last, version.size)),
        Outcome::Unsatisfiable => Some(format!("bytes */{}", version.size)),
        Outcome::Whole | Outcome::Changed | Outcome::NotModified => None,
    };
    let modified = httpdate::fmt_http_date(version.modified);
    let fields: [(HeaderName, Option<String>); 3] =
        [(CONTENT_RANGE, range), (ETAG, Some(version.tag())), (LAST_MODIFIED, Some(modified))];
    for (name, value) in fields {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

fn own(status: StatusCode, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.extensions_mut().insert(Origin::Gate);
    response
}

/// What is not there, may not be read or lies outside is all the same to the client; only what may
/// pass, such as too many open files, is told apart.
pub(super) fn denial(error: &io::Error) -> Denial {
    use io::ErrorKind as Kind;
    let reason = match error.kind() {
        Kind::NotFound
        | Kind::NotADirectory
        | Kind::IsADirectory
        | Kind::PermissionDenied
        | Kind::InvalidInput
        | Kind::InvalidFilename => &reasons::FILE_NOT_FOUND,
        _ if content::is_link_loop(error) => &reasons::FILE_NOT_FOUND,
        _ => &reasons::FILE_UNREADABLE,
    };
    Denial::new(reason).evidence(error.to_string())
}
