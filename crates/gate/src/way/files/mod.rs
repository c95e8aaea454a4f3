//! Static files of `[[routes]] static`.
//!
//! The whole path of a request is looked up below the folder, so a route for `/assets` serves what
//! lies in `assets/` there. The folder is opened once, and every file relative to it: neither a
//! path nor a symbolic link leads outside. Hidden files are never served, folders never listed.
//!
//! A small file is read at once; a larger one goes out in chunks, a few ahead of the client.

mod condition;
mod content;
mod name;
mod range;
#[cfg(test)]
mod tests;
mod version;

use std::io;
use std::path::Path;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use http::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    LOCATION,
};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use mantlet_event::{Events, reasons};

use self::condition::{Conditions, Outcome};
use self::content::{Found, Served};
use self::version::Version;
use crate::pipeline::{Denial, Exchange, Origin};
use crate::upstream::AnswerBody;

/// A folder whose files are served; nothing outside it can be reached.
#[derive(Debug)]
pub(crate) struct Files(Arc<Dir>);

impl Files {
    /// Opens the folder; it stays the same one when the path is later given to another.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        Dir::open_ambient_dir(folder, ambient_authority()).map(|folder| Self(Arc::new(folder)))
    }

    /// The file that the path names, or the part of it that was asked for.
    pub(super) async fn answer(
        &self,
        exchange: &Exchange,
        events: &Events,
    ) -> Result<Response<AnswerBody>, Denial> {
        let is_head = exchange.method == Method::HEAD;
        if !is_head && exchange.method != Method::GET {
            let allowed = HeaderValue::from_static("GET, HEAD");
            return Err(Denial::new(&reasons::STATIC_METHOD).header(ALLOW, allowed));
        }
        let Some(name) = name::below(&exchange.path) else {
            return Err(Denial::new(&reasons::FILE_NOT_FOUND).evidence("not the name of a file"));
        };
        let mime = name::content_type(&name);
        let folder = Arc::clone(&self.0);
        let conditions = Conditions::of(&exchange.headers, is_head, exchange.at.into());
        let found = tokio::task::spawn_blocking(move || content::find(&folder, &name, &conditions));
        match found.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            // A folder that is called `index.html` has no page either.
            Ok(Found::Folder) if exchange.path.as_str().ends_with('/') => {
                Err(Denial::new(&reasons::FILE_NOT_FOUND).evidence("a folder without a page"))
            }
            Ok(Found::Folder) => redirect(exchange),
            Ok(Found::Served(served)) => Ok(respond(served, mime, is_head, events)),
            Err(error) => Err(denial(&error)),
        }
    }
}

/// A folder's address ends with a slash, else relative links on its page would lead elsewhere.
fn redirect(exchange: &Exchange) -> Result<Response<AnswerBody>, Denial> {
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

fn respond(
    served: Served,
    mime: HeaderValue,
    is_head: bool,
    events: &Events,
) -> Response<AnswerBody> {
    let Served { version, outcome, content } = served;
    let length = content.length();
    let body = if is_head { AnswerBody::empty() } else { content.into_body(events) };
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
        Outcome::Whole | Outcome::NotModified => None,
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
fn denial(error: &io::Error) -> Denial {
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
