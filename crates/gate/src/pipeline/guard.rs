//! The seam every protection is behind.

use std::fmt::{self, Debug};
use std::future::Future;
use std::pin::Pin;

use http::{HeaderMap, StatusCode};

use super::{AnswerVerdict, Exchange, Verdict};

/// The moments at which a guard wants to be asked; what is not named costs nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stages {
    /// [`Guard::inspect`]: the head of the request.
    pub request: bool,
    /// [`Guard::inspect`] needs the client's address only, and is asked about requests too that
    /// are refused because they have no one meaning: nobody gets answers for free.
    pub address: bool,
    /// [`Guard::wants_body`] and [`Guard::inspect_body`]: the whole body of the request.
    pub body: bool,
    /// [`Guard::inspect_message`]: each text message of a client on a WebSocket.
    pub message: bool,
    /// [`Guard::inspect_answer`]: the head of an answer, and its body where it asks to hold it.
    pub answer: bool,
}

/// One protection. It looks and returns a verdict; it has no side effect on the exchange, writes no
/// answer, no log line and no metric, and knows no other guard.
pub trait Guard: Debug + Send + Sync {
    /// The moments at which this guard wants to be asked.
    fn stages(&self) -> Stages;

    /// Looks at the head of a request.
    fn inspect<'a>(&'a self, _exchange: &'a Exchange) -> Inspection<'a> {
        Inspection::ready(Verdict::Pass)
    }

    /// Whether the body of this request should be held for [`Guard::inspect_body`].
    fn wants_body(&self, _exchange: &Exchange) -> bool {
        false
    }

    /// Looks at the whole body of a request, before a byte of it reaches the upstream.
    fn inspect_body<'a>(&'a self, _exchange: &'a Exchange, _body: &'a [u8]) -> Inspection<'a> {
        Inspection::ready(Verdict::Pass)
    }

    /// Looks at one text message that a client sends on a WebSocket, whole and inflated, before a
    /// byte of it reaches the upstream. `exchange` is the request that opened the WebSocket. A
    /// denial closes it with 1008; changes to headers come too late and are dropped.
    fn inspect_message<'a>(&'a self, _exchange: &'a Exchange, _text: &'a str) -> Inspection<'a> {
        Inspection::ready(Verdict::Pass)
    }

    /// Looks at the head of an answer, and at the part of its body that was held when the guard
    /// asked for that (`None` the first time).
    ///
    /// # Errors
    /// [`GuardError`] when the guard cannot decide; its fail mode then does.
    fn inspect_answer(
        &self,
        _exchange: &Exchange,
        _head: &AnswerHead<'_>,
        _held: Option<HeldAnswer<'_>>,
    ) -> Result<AnswerVerdict, GuardError> {
        Ok(AnswerVerdict::Pass)
    }
}

/// The head of an answer on its way to the client.
#[derive(Debug, Clone, Copy)]
pub struct AnswerHead<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, hop-by-hop ones already gone.
    pub headers: &'a HeaderMap,
    /// Who made it.
    pub origin: Origin,
}

/// Who made an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The application.
    Upstream,
    /// Mantlet itself: refusals, redirects, static files.
    Gate,
}

/// The beginning of an answer's body.
#[derive(Debug, Clone, Copy)]
pub struct HeldAnswer<'a> {
    /// What was held.
    pub bytes: &'a [u8],
    /// Whether this is the whole body.
    pub is_complete: bool,
}

/// A guard that could not decide. The text is for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardError(pub String);

impl fmt::Display for GuardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for GuardError {}

/// A verdict, now or later. Guards that decide from memory answer at once and cost no allocation.
pub enum Inspection<'a> {
    /// Decided.
    Ready(Result<Verdict, GuardError>),
    /// Will be decided; bounded by the guard's time budget.
    Pending(Pin<Box<dyn Future<Output = Result<Verdict, GuardError>> + Send + 'a>>),
}

impl<'a> Inspection<'a> {
    /// Decided.
    #[must_use]
    pub const fn ready(verdict: Verdict) -> Self {
        Self::Ready(Ok(verdict))
    }

    /// Could not be decided.
    #[must_use]
    pub fn failed(why: impl Into<String>) -> Self {
        Self::Ready(Err(GuardError(why.into())))
    }

    /// Will be decided.
    pub fn pending(future: impl Future<Output = Result<Verdict, GuardError>> + Send + 'a) -> Self {
        Self::Pending(Box::pin(future))
    }
}

impl Debug for Inspection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(verdict) => f.debug_tuple("Ready").field(verdict).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}
