//! Static files of `[[routes]] static`.
//!
//! The whole path of a request is looked up below the folder, so a route for `/assets` serves what
//! lies in `assets/` there. The folder is opened once, and every file relative to it: neither a
//! path nor a symbolic link leads outside. Hidden files are never served, folders never listed.
//! Where a route names a fallback, it answers the page loads of paths that name no file: the
//! addresses that an application of a single page makes up ([`single_page`]).
//!
//! A small file is read at once; a larger one goes out in chunks, a few ahead of the client.

mod caching;
mod coding;
mod condition;
mod content;
mod name;
mod range;
mod single_page;
#[cfg(test)]
mod tests;
mod version;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION, VARY,
};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use mantlet_event::{Events, reasons};

use self::condition::{Conditions, Outcome};
use self::content::{Found, Served};
use self::version::Version;
use crate::pipeline::{Denial, Exchange, Origin};
use crate::stages::route::StaticFiles;
use crate::upstream::AnswerBody;

/// A folder whose files are served; nothing outside it can be reached.
#[derive(Debug)]
pub(crate) struct Files {
    folder: Arc<Dir>,
    settings: StaticFiles,
}

impl Files {
    /// Opens the folder; it stays the same one when the path is later given to another.
    pub(crate) fn open(settings: &StaticFiles) -> io::Result<Self> {
        let folder = Dir::open_ambient_dir(&settings.folder, ambient_authority())?;
        Ok(Self { folder: Arc::new(folder), settings: settings.clone() })
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
        let conditions = Arc::new(Conditions::of(&exchange.headers, is_head, exchange.at.into()));
        let found = self.find(exchange, name.clone(), Arc::clone(&conditions)).await;
        let is_missing = match &found {
            // A folder that is called `index.html` has no page either.
            Ok(Found::Folder) => exchange.path.as_str().ends_with('/'),
            Ok(Found::Served(..)) => false,
            Err(error) => *denial(error).reason == reasons::FILE_NOT_FOUND,
        };
        if let Some(fallback) =
            single_page::answers(&self.settings, exchange).filter(|_| is_missing)
        {
            let found = self.find(exchange, fallback.clone(), conditions).await;
            if let Ok(Found::Served(served)) = found {
                let mut response = self.respond(served, &fallback, is_head, events);
                response.headers_mut().append(VARY, single_page::VARY);
                return Ok(response);
            }
        }
        match found {
            Ok(Found::Folder) if is_missing => {
                Err(Denial::new(&reasons::FILE_NOT_FOUND).evidence("a folder without a page"))
            }
            Ok(Found::Folder) => redirect(exchange),
            Ok(Found::Served(served)) => Ok(self.respond(served, &name, is_head, events)),
            Err(error) => Err(denial(&error)),
        }
    }

    /// Looks a name up on a thread that may wait.
    async fn find(
        &self,
        exchange: &Exchange,
        name: PathBuf,
        conditions: Arc<Conditions>,
    ) -> io::Result<Found> {
        let folder = Arc::clone(&self.folder);
        let codings = coding::wanted(&self.settings, &exchange.headers);
        let find = move || content::find_coded(&folder, &name, &conditions, &codings);
        let found = tokio::task::spawn_blocking(find).await;
        found.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// The answer with a file, and what caches need to know of it.
    fn respond(
        &self,
        served: Served,
        name: &Path,
        is_head: bool,
        events: &Events,
    ) -> Response<AnswerBody> {
        let coding = served.coding;
        let mut response = respond(served, name::content_type(name), is_head, events);
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
    let Served { version, outcome, content, .. } = served;
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
