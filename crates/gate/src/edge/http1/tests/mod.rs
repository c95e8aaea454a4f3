//! The connection is tested as a whole: bytes in, requests to a handler, bytes out.

#![expect(clippy::disallowed_methods, reason = "tests start tasks and read the runtime's clock")]

mod early;
mod framing;
mod leaving;
mod reads;
mod timing;

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use mantlet_event::Metrics;
use mantlet_types::SystemClock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::mpsc;

use super::shared::Shared;
use super::socket::Socket;
use super::stay::{End, Stay};
use crate::edge::body::RequestBody;
use crate::edge::phase::PhaseSwitch;
use crate::edge::wire::tests::rules;
use crate::edge::wire::{Kind, Violation, WireControl};
use crate::upstream::{AnswerBody, BodyError};

/// How long a connection may be quiet in these tests.
const QUIET: Duration = Duration::from_secs(60);

/// A connection that is served by `answer`, and the client's end of it.
struct Served {
    client: DuplexStream,
    phases: PhaseSwitch,
    ended: tokio::task::JoinHandle<End>,
}

impl Served {
    fn by<F>(answer: impl Fn(Request<RequestBody>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Response<AnswerBody>> + Send,
    {
        let (client, server) = duplex(64 * 1024);
        let phases = PhaseSwitch::default();
        let serving = phases.clone();
        let ended = tokio::spawn(async move {
            let shared = Shared::new(Socket::new(server, Bytes::new(), WireControl::default()));
            let (rules, clock, metrics) = (rules(), SystemClock::new(), Metrics::new());
            let stay = Stay {
                shared: &shared,
                rules: &rules,
                phases: &serving,
                quiet: QUIET,
                clock: &clock,
                metrics: &metrics,
            };
            stay.serve(answer).await
        });
        Self { client, phases, ended }
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.client.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads until `end` has come.
    async fn read_until(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        while !read.ends_with(end.as_bytes()) {
            let byte = self.client.read_u8().await;
            let byte = byte.unwrap_or_else(|_| panic!("`{}`", read.escape_ascii()));
            read.push(byte);
        }
        String::from_utf8(read).unwrap()
    }

    /// Reads to the end.
    async fn read_all(&mut self) -> String {
        let mut read = Vec::new();
        self.client.read_to_end(&mut read).await.unwrap();
        String::from_utf8(read).unwrap()
    }
}

/// What is said of a request by [`describe`].
async fn whole(request: Request<RequestBody>) -> Result<(String, Bytes), Kind> {
    if let Some(violation) = request.extensions().get::<Violation>() {
        return Err(violation.kind());
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Ok((format!("{} {}", head.method, head.uri), body))
}

/// Answers with what was asked.
async fn describe(request: Request<RequestBody>) -> Response<AnswerBody> {
    let text = match whole(request).await {
        Ok((line, body)) => format!("[{line} {}]", body.len()),
        Err(kind) => format!("[refused {}]", kind.as_str()),
    };
    Response::new(AnswerBody::full(text.into()))
}
