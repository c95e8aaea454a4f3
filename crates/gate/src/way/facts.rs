//! Asking the application what a request is about, before it sees the request.

use std::sync::Arc;

use http::header::{ACCEPT, HOST};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::Worker;
use crate::identity::{Asks, MAX_ANSWER, Source, Told, ToldAnswer};
use crate::pipeline::Exchange;
use crate::upstream::{Group, Outgoing, X_REQUEST_ID, id_value};

/// Asks the server of `[access.facts]`, on the connections of one worker.
#[derive(Debug)]
struct Asker {
    worker: Arc<Worker>,
    group: Arc<Group>,
}

impl Worker {
    /// Whom guards can ask what a request is about; `None` where the configuration names nobody.
    pub(super) fn facts(self: &Arc<Self>) -> Option<Source> {
        let group = self.live.facts.as_ref()?;
        let asker = Asker { worker: Arc::clone(self), group: Arc::clone(group) };
        Some(Source(Arc::new(asker)))
    }
}

impl Asks for Asker {
    fn ask<'a>(&'a self, exchange: &'a Exchange) -> ToldAnswer<'a> {
        Box::pin(self.ask_now(exchange))
    }
}

impl Asker {
    async fn ask_now(&self, exchange: &Exchange) -> Result<Option<Told>, String> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, exchange.authority.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(X_REQUEST_ID, id_value(exchange.id));
        let target = format!("{}?method={}", exchange.path.as_str(), exchange.method);
        let outgoing = Outgoing::question(target, headers);
        let failed = |why: &str| format!("the application did not say what this is about: {why}");
        let answer = self.worker.pool.send(&self.group, outgoing).await;
        let mut answer = answer.map_err(|error| failed(&error.error.to_string()))?;
        match answer.status() {
            StatusCode::OK => {}
            // It knows no such thing: the request is closed, and nothing has failed.
            StatusCode::NOT_FOUND => return Ok(None),
            status => return Err(failed(&format!("status {status}"))),
        }
        let (bytes, is_complete) =
            answer.body_mut().hold(MAX_ANSWER).await.map_err(|error| failed(&error.to_string()))?;
        if !is_complete {
            return Err(failed(&format!("more than {MAX_ANSWER} bytes")));
        }
        Told::read(&bytes).map(Some)
    }
}
