//! What a guard answers.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use mantlet_event::{Event, Value};
use mantlet_limit::Permit;
use mantlet_types::Reason;

use super::{BodyFilter, Edits, Exchange, Facts, Fault, Finding, HeaderEdit};

/// What a guard says about a request.
#[derive(Debug)]
pub enum Verdict {
    /// Nothing to say.
    Pass,
    /// The request goes on, changed.
    PassWith(Box<Changes>),
    /// The request is refused. A challenge is a denial whose reason has status 401 and whose
    /// headers carry `WWW-Authenticate`.
    Deny(Box<Denial>),
    /// The guard answers in the application's place (a CORS preflight).
    Answer(Box<http::Response<bytes::Bytes>>),
}

/// What a guard says about an answer.
#[derive(Debug)]
pub enum AnswerVerdict {
    /// Nothing to say.
    Pass,
    /// The head goes on, changed.
    Edit(Edits),
    /// The head goes on, changed, and so does the body while it streams.
    Filter(Edits, Box<dyn BodyFilter>),
    /// The guard wants to see the body first, up to this many bytes; it is asked again with what
    /// was held.
    Hold(usize),
    /// The answer is withheld and a refusal goes out instead.
    Withhold(Box<Denial>),
}

/// What changes when a request passes.
#[derive(Debug, Default)]
pub struct Changes {
    /// Changes to the request's headers, before they go to the upstream.
    pub headers: Vec<HeaderEdit>,
    /// What the guard learnt.
    pub facts: Facts,
    /// What the guard itself wants to find again at its later moments, by types that only it knows;
    /// in observe mode too.
    pub memory: Facts,
    /// What the operator should hear about, although the request passes.
    pub notes: Vec<Event>,
    /// What the request holds while it runs, its answer included; in observe mode too, so that what
    /// is counted is true.
    pub permits: Vec<Arc<Permit>>,
}

impl Changes {
    /// What is left of this in observe mode; `None` when that is nothing.
    pub(super) fn observed(self) -> Option<Self> {
        let Self { permits, memory, .. } = self;
        let is_any = !permits.is_empty() || !memory.is_empty();
        is_any.then(|| Self { permits, memory, ..Self::default() })
    }

    pub(super) fn apply(self, exchange: &mut Exchange) {
        exchange.facts.merge(self.facts);
        exchange.facts.merge(self.memory);
        exchange.permits.extend(self.permits);
        self.headers.iter().for_each(|edit| edit.apply(&mut exchange.headers));
    }
}

/// A refusal as a value: why, for whom, and what else to tell.
#[derive(Debug)]
pub struct Denial {
    /// Why: from the catalogue.
    pub reason: &'static Reason,
    /// What the guard saw, for the operator only (the event, `mantlet explain`); bounded and
    /// redacted by the event.
    pub evidence: Option<String>,
    /// Headers of the refusal (`Retry-After`, `WWW-Authenticate`).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Extension members of the problem document (RFC 9457 section 3.2): what the client may know.
    pub members: Vec<(&'static str, Value)>,
    /// The URI of the problem's type, where one is registered for it.
    pub kind: Option<&'static str>,
    /// What few refusals have; boxed, for refusals are handed around as errors.
    details: Option<Box<Details>>,
}

/// What few refusals have.
#[derive(Debug, Default)]
struct Details {
    status: Option<u16>,
    faults: Vec<Fault>,
    lists: Vec<(&'static str, Vec<String>)>,
    findings: Vec<Finding>,
    limit: Option<&'static str>,
    is_observed: bool,
    memory: Facts,
}

impl Denial {
    /// A refusal for this reason and nothing more.
    #[must_use]
    pub const fn new(reason: &'static Reason) -> Self {
        Self {
            reason,
            evidence: None,
            headers: Vec::new(),
            members: Vec::new(),
            kind: None,
            details: None,
        }
    }

    /// With what the guard saw.
    #[must_use]
    pub fn evidence(mut self, evidence: impl Into<String>) -> Self {
        self.evidence = Some(evidence.into());
        self
    }

    fn details(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    /// With another status than the reason's.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.details().status = Some(status);
        self
    }

    /// The status that the client sees.
    #[must_use]
    pub fn shown_status(&self) -> u16 {
        self.details.as_ref().and_then(|details| details.status).unwrap_or(self.reason.status)
    }

    /// With what is wrong with the request, one by one: the extension member `errors`. Empty: no
    /// member.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.details().faults = faults;
        self
    }

    /// What is wrong with the request, one by one.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        self.details.as_ref().map_or(&[], |details| &details.faults)
    }

    /// Extension members that are lists of texts.
    #[must_use]
    pub fn lists(&self) -> &[(&'static str, Vec<String>)] {
        self.details.as_ref().map_or(&[], |details| &details.lists)
    }

    /// With what was found where, the one that counts most first.
    #[must_use]
    pub fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.details().findings = findings;
        self
    }

    /// What was found where, the one that counts most first; for the operator only.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        self.details.as_ref().map_or(&[], |details| &details.findings)
    }

    /// Because a cap was reached, a key of the configuration; it is counted.
    #[must_use]
    pub fn with_limit(mut self, key: &'static str) -> Self {
        self.details().limit = Some(key);
        self
    }

    /// The cap that was reached; `None` when it was none.
    #[must_use]
    pub fn limit(&self) -> Option<&'static str> {
        self.details.as_ref()?.limit
    }

    /// With what the guard itself wants to find again when the answer to the request is known, by types
    /// that only it knows.
    #[must_use]
    pub fn remembering(mut self, memory: Facts) -> Self {
        self.details().memory = memory;
        self
    }

    /// Takes what the guard wants to find again.
    pub(super) fn take_memory(&mut self) -> Facts {
        self.details.as_mut().map(|details| std::mem::take(&mut details.memory)).unwrap_or_default()
    }

    /// To be told and not carried out, whatever the guard's mode is.
    #[must_use]
    pub fn observed(mut self, is_observed: bool) -> Self {
        if is_observed {
            self.details().is_observed = true;
        }
        self
    }

    /// Whether it is to be told and not carried out.
    #[must_use]
    pub fn is_observed(&self) -> bool {
        self.details.as_ref().is_some_and(|details| details.is_observed)
    }

    /// With one more header on the refusal.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With one more member in the problem document.
    #[must_use]
    pub fn member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }
}

impl Denial {
    /// With one more member that is a list of texts.
    #[must_use]
    pub fn list(mut self, name: &'static str, texts: Vec<String>) -> Self {
        self.details().lists.push((name, texts));
        self
    }

    /// As a problem of a registered type.
    #[must_use]
    pub const fn kind(mut self, uri: &'static str) -> Self {
        self.kind = Some(uri);
        self
    }
}

impl From<Denial> for Verdict {
    fn from(denial: Denial) -> Self {
        Self::Deny(Box::new(denial))
    }
}
