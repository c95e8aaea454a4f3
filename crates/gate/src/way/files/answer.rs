//! From a request to the file that answers it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use http::header::{ALLOW, VARY};
use http::{HeaderValue, Method, Response};
use mantlet_event::reasons;

use super::condition::Conditions;
use super::content::{self, Found};
use super::response::{denial, redirect};
use super::{Files, coding, name, single_page};
use crate::pipeline::{Denial, Exchange};
use crate::upstream::AnswerBody;

impl Files {
    /// The file that the path names, or the part of it that was asked for.
    pub(in crate::way) async fn answer(
        &self,
        exchange: &Exchange,
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
                let mut response = self.respond(served, &fallback, is_head);
                response.headers_mut().append(VARY, single_page::VARY);
                return Ok(response);
            }
        }
        match found {
            Ok(Found::Folder) if is_missing => {
                Err(Denial::new(&reasons::FILE_NOT_FOUND).evidence("a folder without a page"))
            }
            Ok(Found::Folder) => redirect(exchange),
            Ok(Found::Served(served)) => Ok(self.respond(served, &name, is_head)),
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
}
