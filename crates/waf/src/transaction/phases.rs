//! The phases of a transaction as its caller sees them.

use std::sync::Arc;

use super::Connection;
use super::gated::Mode;
use super::report::{Budget, Interruption, Limits, MatchedRule, Outcome};
use super::state::State;
use super::store::CollectionStore;
use super::watch::Watch;
use crate::body::multipart;
use crate::plan::{Bits, RuleSet};
use crate::seclang::settings::{EngineMode, OverLimit, Settings};
use crate::variables::Variable;

/// What has come of a request's body.
#[derive(Debug, Default)]
struct RequestBody {
    /// The body, unless a reader takes it apart as it comes.
    held: Vec<u8>,
    reader: Option<multipart::Reader>,
    length: usize,
    /// More than may be held came: nothing is read of it.
    is_too_large: bool,
}

/// One request and its answer before the rules.
#[derive(Debug)]
pub struct Transaction {
    rules: Arc<RuleSet>,
    pub(super) state: State,
    request_body: RequestBody,
    response_body: Vec<u8>,
    over: Option<Budget>,
}

impl Transaction {
    /// A transaction before anything is known of the request. Without a `store`, persistent
    /// collections stay empty.
    #[must_use]
    pub fn new(
        rules: Arc<RuleSet>,
        connection: Connection,
        limits: Limits,
        store: Option<Arc<dyn CollectionStore>>,
    ) -> Self {
        let mut state = State::new(Arc::clone(&rules), connection, limits, store);
        state.connection_variables();
        state.set(Variable::WebappId, rules.settings().web_app_id.as_bytes());
        Self {
            rules,
            state,
            request_body: RequestBody::default(),
            response_body: Vec::new(),
            over: None,
        }
    }

    /// The same transaction with every rule asked in full, without gates: slow, for comparing.
    #[must_use]
    pub fn naive(mut self) -> Self {
        self.state.mode = Mode::Naive;
        self.state.watch =
            Watch::new(Limits { work_bytes: u64::MAX, work_per_byte: 0, ..Limits::default() });
        self
    }

    /// A transaction that finds out which rules are reached: no rule acts on the request.
    pub(crate) fn probe(rules: Arc<RuleSet>) -> Self {
        let mut transaction = Self::new(rules, Connection::local(), Limits::default(), None);
        transaction.state.mode = Mode::Probe;
        transaction.state.switches.engine = EngineMode::DetectionOnly;
        transaction.state.visited = Bits::with_room(transaction.rules.rules.len());
        transaction
    }

    /// The rules that a probe reached.
    pub(crate) fn visited(mut self) -> Bits {
        std::mem::take(&mut self.state.visited)
    }

    /// Whether rules run at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.state.switches.engine != EngineMode::Off
    }

    /// The request line: the target as it was sent, the protocol as `HTTP/1.1`.
    pub fn request_line(&mut self, method: &[u8], target: &[u8], protocol: &[u8]) {
        let settings = self.rules.settings();
        self.state.watch.receive(target.len());
        self.state.request_line(
            method,
            target,
            protocol,
            settings.argument_separator,
            settings.arguments_limit,
        );
    }

    /// One header field of the request.
    pub fn request_header(&mut self, name: &[u8], value: &[u8]) {
        self.state.watch.receive(name.len() + value.len());
        self.state.request_header(name, value);
    }

    /// All of the head is here: phase 1.
    pub fn request_headers_done(&mut self) -> Outcome {
        self.run(1)
    }

    /// Whether the body of the request is looked at.
    #[must_use]
    pub fn wants_request_body(&self) -> bool {
        self.is_on() && self.state.switches.request_body_access
    }

    /// A part of the request's body. Only a body over its limit ends the request here.
    pub fn request_body(&mut self, chunk: &[u8]) -> Outcome {
        if !self.wants_request_body() || self.over == Some(Budget::RequestBody) {
            return Outcome::Pass;
        }
        self.state.watch.receive(chunk.len());
        let body = &mut self.request_body;
        if body.length == 0 {
            body.reader = self.state.streaming_reader(self.rules.settings());
        }
        let room = self.state.switches.request_body_limit.saturating_sub(body.length);
        body.take(chunk.get(..room).unwrap_or(chunk), self.rules.settings());
        if chunk.len() <= room && !body.is_too_large {
            return Outcome::Pass;
        }
        self.over = Some(Budget::RequestBody);
        self.state.flag(Variable::InboundDataError, true);
        let rejects = self.rules.settings().request_body_over_limit == OverLimit::Reject;
        if rejects && self.state.switches.engine == EngineMode::On {
            Outcome::OverBudget(Budget::RequestBody)
        } else {
            Outcome::Pass
        }
    }

    /// All of the body is here, or there is none: phase 2.
    pub fn request_body_done(&mut self) -> Outcome {
        if self.wants_request_body() {
            let body = std::mem::take(&mut self.request_body);
            if self.over.is_none() {
                self.state.flag(Variable::InboundDataError, false);
            }
            let RequestBody { held, reader, length, is_too_large } = body;
            if is_too_large {
                self.state.request_body_too_large();
            } else {
                self.state.request_body(&held, length, reader, self.rules.settings());
            }
        }
        self.run(2)
    }

    /// Status and protocol of the answer.
    pub fn response_line(&mut self, protocol: &[u8], status: u16) {
        self.state.set(Variable::ResponseProtocol, protocol);
        let status = status.to_string();
        self.state.set(Variable::ResponseStatus, status.as_bytes());
        self.state.set(Variable::StatusLine, &[protocol, b" ", status.as_bytes()].concat());
    }

    /// One header field of the answer.
    pub fn response_header(&mut self, name: &[u8], value: &[u8]) {
        self.state.watch.receive(name.len() + value.len());
        self.state.add(Variable::ResponseHeaders, name, value);
        if name.eq_ignore_ascii_case(b"content-type") {
            let media = value
                .split(|byte| *byte == b';')
                .next()
                .unwrap_or_default()
                .trim_ascii()
                .to_ascii_lowercase();
            self.state.set(Variable::ResponseContentType, &media);
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            self.state.set(Variable::ResponseContentLength, value);
        }
    }

    /// All of the answer's head is here: phase 3.
    pub fn response_headers_done(&mut self) -> Outcome {
        self.run(3)
    }

    /// Whether the body of the answer is looked at: its type is one of the chosen ones.
    #[must_use]
    pub fn wants_response_body(&self) -> bool {
        let media = self.state.scalar(Variable::ResponseContentType);
        let types = &self.rules.settings().response_mime_types;
        self.is_on()
            && self.state.switches.response_body_access
            && types.iter().any(|wanted| wanted.as_bytes() == media)
    }

    /// How much of the answer's body is looked at, bytes.
    #[must_use]
    pub const fn response_body_limit(&self) -> usize {
        self.state.switches.response_body_limit
    }

    /// A part of the answer's body. Only a body over its limit ends the request here.
    pub fn response_body(&mut self, chunk: &[u8]) -> Outcome {
        if !self.wants_response_body() {
            return Outcome::Pass;
        }
        self.state.watch.receive(chunk.len());
        let room = self.state.switches.response_body_limit.saturating_sub(self.response_body.len());
        self.response_body.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
        if chunk.len() <= room {
            return Outcome::Pass;
        }
        self.state.flag(Variable::OutboundDataError, true);
        let rejects = self.rules.settings().response_body_over_limit == OverLimit::Reject;
        if rejects && self.state.switches.engine == EngineMode::On {
            Outcome::OverBudget(Budget::ResponseBody)
        } else {
            Outcome::Pass
        }
    }

    /// All of the answer's body is here, or there is none: phase 4.
    pub fn response_body_done(&mut self) -> Outcome {
        if self.wants_response_body() {
            let body = std::mem::take(&mut self.response_body);
            self.state.set(Variable::ResponseBody, &body);
        }
        self.run(4)
    }

    /// Everything is over, after `duration_ms`: phase 5, which always runs.
    pub fn finish(&mut self, duration_ms: u64) -> Outcome {
        self.state.duration_ms = duration_ms;
        self.run(5)
    }

    /// The rules that matched so far, in their order, those that do not log too.
    #[must_use]
    pub fn matched(&self) -> Vec<MatchedRule> {
        self.state.matched_rules().collect()
    }

    /// The work done so far, as [`Limits::work_bytes`] counts it.
    #[must_use]
    pub const fn work_done(&self) -> u64 {
        self.state.watch.work_done()
    }

    /// The rule that ended the request. `None`: none did.
    #[must_use]
    pub const fn interruption(&self) -> Option<&Interruption> {
        self.state.interruption.as_ref()
    }

    pub(super) fn rules(&self) -> &RuleSet {
        &self.rules
    }

    fn run(&mut self, phase: u8) -> Outcome {
        let rules = Arc::clone(&self.rules);
        let outcome = self.state.run(&rules, phase);
        if phase <= 2 {
            self.state.texts.remember(&rules.memo);
        }
        outcome
    }
}

impl RequestBody {
    fn take(&mut self, chunk: &[u8], settings: &Settings) {
        self.length += chunk.len();
        let held = match &mut self.reader {
            Some(reader) => {
                reader.feed(chunk);
                reader.held_bytes()
            }
            None => {
                self.held.extend_from_slice(chunk);
                self.held.len()
            }
        };
        if held > settings.request_body_no_files_limit {
            *self = Self { length: self.length, is_too_large: true, ..Self::default() };
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.rules.pool.give(self.state.buffers());
    }
}

impl State {
    fn connection_variables(&mut self) {
        let connection = &self.connection;
        let client = connection.client.to_string();
        let server = connection.server.to_string();
        let (client_port, server_port) = (connection.client_port, connection.server_port);
        let unique_id = self.texts.add(connection.unique_id.as_bytes());
        self.values.set(Variable::UniqueId, unique_id);
        self.set(Variable::RemoteAddr, client.as_bytes());
        self.set(Variable::RemoteHost, client.as_bytes());
        self.set(Variable::RemotePort, client_port.to_string().as_bytes());
        self.set(Variable::ServerAddr, server.as_bytes());
        self.set(Variable::ServerPort, server_port.to_string().as_bytes());
    }
}
