//! What an audit record says of a transaction: computed here, written by somebody else. Nothing is
//! taken out of it but what rules say (`sanitise…`); who writes it knows the names of secrets.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use super::Transaction;
use super::report::MatchedRule;
use super::state::State;
use super::texts::TextId;
use super::values::Found;
use crate::actions::Sanitise;
use crate::body::Processor;
use crate::plan::RuleSet;
use crate::seclang::audit::{AuditMode, AuditParts};
use crate::seclang::settings::EngineMode;
use crate::variables::Variable;

/// How many places rules can name one by one; when they name more, nothing of the request is shown.
pub(super) const SANITISED_LIMIT: usize = 256;

/// Larger bodies are left out of records.
pub(super) const BODY_LIMIT_BYTES: usize = 128 * 1024;

/// What is known for an audit record alone.
#[derive(Debug, Default)]
pub(super) struct Audit {
    sanitised: Vec<Sanitised>,
    /// A body that no variable holds.
    body: Option<TextId>,
    /// The status that the client got. `None`: that of the answer.
    status: Option<u16>,
}

/// What a rule says is not to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sanitised {
    /// The values of arguments and cookies of this name.
    Argument(String),
    /// The header field of this name of the request.
    RequestHeader(String),
    /// The header field of this name of the answer.
    ResponseHeader(String),
    /// The whole target.
    Target,
    /// The whole body of the request.
    RequestBody,
    /// The whole body of the answer.
    ResponseBody,
    /// All of these.
    Everything,
}

/// A body in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditBody {
    /// It is not asked for, or nobody read it.
    None,
    /// As it came.
    Bytes(Vec<u8>),
    /// The fields of a multipart body, as a form that is URL-encoded; files are no part of it.
    Fields(Vec<u8>),
    /// It has more than 128 KiB.
    TooLarge,
}

/// A file of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFile {
    /// The name of the field.
    pub field: Vec<u8>,
    /// The name of the file as the client gave it.
    pub name: Vec<u8>,
}

/// Everything that is to be recorded of one transaction.
#[derive(Debug, Clone)]
pub struct AuditRecord {
    rules: Arc<RuleSet>,
    /// What the record is to hold; what is not asked for is empty.
    pub parts: AuditParts,
    /// When the request came.
    pub at: Timestamp,
    /// The id of the request.
    pub unique_id: String,
    /// The client.
    pub client: (IpAddr, u16),
    /// The address the request came to.
    pub server: (IpAddr, u16),
    /// Whether a rule ended the request.
    pub is_interrupted: bool,
    /// Whether rules acted.
    pub engine: EngineMode,
    /// The method.
    pub method: Vec<u8>,
    /// The target as it was sent.
    pub target: Vec<u8>,
    /// The protocol, such as `HTTP/1.1`.
    pub protocol: Vec<u8>,
    /// The host that was asked for.
    pub host: Vec<u8>,
    /// Names and values of header fields of the request.
    pub request_headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body of the request.
    pub request_body: AuditBody,
    /// The status that the client got; 0 when there is none.
    pub status: u16,
    /// Names and values of header fields of the application's answer.
    pub response_headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body of the application's answer, as far as rules saw it.
    pub response_body: AuditBody,
    /// The files of a form.
    pub files: Vec<AuditFile>,
    /// What they have together, bytes.
    pub files_size: u64,
    /// The rules that the audit log is to tell of, in the order in which they matched.
    pub messages: Vec<MatchedRule>,
    /// The numbers of all rules that matched.
    pub matched: Vec<u64>,
    /// What rules say is not to be shown.
    pub sanitised: Vec<Sanitised>,
}

impl AuditRecord {
    /// The signatures of the rule sets in use.
    #[must_use]
    pub fn components(&self) -> &[String] {
        &self.rules.settings().components
    }

    /// About how many bytes the record takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let fields = self.request_headers.iter().chain(&self.response_headers);
        let fields: usize = fields.map(|(name, value)| name.len() + value.len() + 48).sum();
        let files: usize = self.files.iter().map(|it| it.field.len() + it.name.len() + 56).sum();
        let messages: usize = self.messages.iter().map(MatchedRule::weight).sum();
        let bodies = self.request_body.len() + self.response_body.len();
        size_of::<Self>() + self.target.len() + fields + files + messages + bodies
    }
}

impl AuditBody {
    const fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) | Self::Fields(bytes) => bytes.len(),
            Self::None | Self::TooLarge => 0,
        }
    }

    fn of(bytes: &[u8]) -> Self {
        match bytes.len() {
            0 => Self::None,
            length if length > BODY_LIMIT_BYTES => Self::TooLarge,
            _ => Self::Bytes(bytes.to_vec()),
        }
    }
}

impl Transaction {
    /// What the client gets instead of, or as, the application's answer. To be said before phase 5,
    /// where it is not what the answer says.
    pub fn answered_with(&mut self, status: u16) {
        self.state.audit.status = Some(status);
        if self.state.scalar(Variable::ResponseStatus).is_empty() {
            self.state.set(Variable::ResponseStatus, status.to_string().as_bytes());
        }
    }

    /// The record of a transaction that is over, after phase 5. `None`: none is wanted, or there is no
    /// file to write it to.
    pub fn audit_record(&mut self) -> Option<AuditRecord> {
        (self.rules().may_audit() && self.wants_audit()).then(|| self.state.audit_record())
    }

    /// Whether an audit record is wanted: the rule set or a rule says so, a rule that the audit log is
    /// to tell of matched, or the status is one that matters.
    #[must_use]
    pub fn wants_audit(&self) -> bool {
        match self.state.switches.audit {
            AuditMode::Off => false,
            AuditMode::On => true,
            AuditMode::RelevantOnly => {
                let status = self.state.answered().to_string();
                let pattern = self.rules().settings().audit.relevant_status.as_ref();
                pattern.is_some_and(|pattern| pattern.is_match(&status))
                    || self.state.tells_of_a_rule()
            }
        }
    }
}

impl State {
    /// Notes what a rule says is not to be shown.
    pub(super) fn sanitise(&mut self, what: &Sanitise) {
        let sanitised = match what {
            Sanitise::Argument(name) => Some(Sanitised::Argument(name.to_string())),
            Sanitise::RequestHeader(name) => Some(Sanitised::RequestHeader(name.to_string())),
            Sanitise::ResponseHeader(name) => Some(Sanitised::ResponseHeader(name.to_string())),
            Sanitise::Matched => self.matched.last().and_then(|found| self.place_of(*found)),
        };
        let Some(sanitised) = sanitised else { return };
        let known = &mut self.audit.sanitised;
        if known.contains(&sanitised) || known.contains(&Sanitised::Everything) {
            return;
        }
        known.push(if known.len() < SANITISED_LIMIT { sanitised } else { Sanitised::Everything });
    }

    /// Where a value stands in a record. `None`: nowhere.
    fn place_of(&self, found: Found) -> Option<Sanitised> {
        use Variable as V;
        let name = || {
            let name = found.name.map(|name| self.texts.get(name)).unwrap_or_default();
            String::from_utf8_lossy(name).into_owned()
        };
        Some(match found.variable {
            V::Args | V::ArgsGet | V::ArgsPost | V::RequestCookies => Sanitised::Argument(name()),
            V::RequestHeaders => Sanitised::RequestHeader(name()),
            V::ResponseHeaders => Sanitised::ResponseHeader(name()),
            V::RequestBody | V::Xml => Sanitised::RequestBody,
            V::ResponseBody => Sanitised::ResponseBody,
            V::QueryString
            | V::RequestUri
            | V::RequestUriRaw
            | V::RequestFilename
            | V::RequestBasename
            | V::RequestLine
            | V::PathInfo => Sanitised::Target,
            V::Tx => return None,
            _ => Sanitised::Everything,
        })
    }

    /// Whether a rule matched that the audit log is to tell of.
    fn tells_of_a_rule(&self) -> bool {
        let told = self.reports.iter().filter(|report| report.told.is_some());
        told.filter_map(|report| self.rules.rules.get(report.number)).any(|rule| rule.audit)
    }

    /// Keeps a body that no variable holds, where a record may ask for it.
    pub(super) fn keep_for_audit(&mut self, body: &[u8]) {
        if self.rules.may_audit() && body.len() <= BODY_LIMIT_BYTES {
            self.audit.body = Some(self.texts.add(body));
        }
    }

    /// The status that the client got; 0 when there is none.
    fn answered(&self) -> u16 {
        let text = || std::str::from_utf8(self.scalar(Variable::ResponseStatus)).ok()?.parse().ok();
        self.audit.status.or_else(text).unwrap_or_default()
    }

    fn audit_record(&mut self) -> AuditRecord {
        let parts = self.switches.audit_parts;
        let text = |variable| self.scalar(variable).to_vec();
        let told = self.matched_rules().filter(|rule| parts.has('H') && rule.is_audited());
        let matched = self.matched_rules().filter(|_| parts.has('K')).map(|rule| rule.id());
        AuditRecord {
            parts,
            at: self.connection.now,
            unique_id: self.connection.unique_id.clone(),
            client: (self.connection.client, self.connection.client_port),
            server: (self.connection.server, self.connection.server_port),
            is_interrupted: self.interruption.is_some() && !self.goes_on,
            engine: if self.goes_on { EngineMode::DetectionOnly } else { self.switches.engine },
            method: text(Variable::RequestMethod),
            target: text(Variable::RequestUriRaw),
            protocol: text(Variable::RequestProtocol),
            host: text(Variable::ServerName),
            request_headers: self.fields(Variable::RequestHeaders, parts.has('B')),
            request_body: self.request_body_for(parts),
            status: self.answered(),
            response_headers: self.fields(Variable::ResponseHeaders, parts.has('F')),
            response_body: match parts.has('E') {
                true => AuditBody::of(self.scalar(Variable::ResponseBody)),
                false => AuditBody::None,
            },
            files: self.files(parts),
            files_size: self.files_size(parts),
            messages: told.collect(),
            matched: matched.collect(),
            sanitised: self.audit.sanitised.clone(),
            rules: Arc::clone(&self.rules),
        }
    }

    fn fields(&self, variable: Variable, is_wanted: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
        let list = self.values.list(variable).iter().filter(|_| is_wanted);
        let pair = |item: &super::values::Item| {
            let name = item.name.map(|name| self.texts.get(name)).unwrap_or_default();
            (name.to_vec(), self.texts.get(item.text).to_vec())
        };
        list.map(pair).collect()
    }

    fn request_body_for(&self, parts: AuditParts) -> AuditBody {
        if !parts.has('C') && !parts.has('I') {
            return AuditBody::None;
        }
        if self.switches.processor == Some(Processor::Multipart) {
            return self.form();
        }
        let body = self
            .audit
            .body
            .map_or_else(|| self.scalar(Variable::RequestBody), |body| self.texts.get(body));
        AuditBody::of(body)
    }

    /// The fields of a multipart body as a form that is URL-encoded.
    fn form(&self) -> AuditBody {
        let mut form = Vec::new();
        for (name, value) in self.fields(Variable::ArgsPost, true) {
            if form.len() + name.len() + value.len() > BODY_LIMIT_BYTES {
                return AuditBody::TooLarge;
            }
            if !form.is_empty() {
                form.push(b'&');
            }
            encode(&name, &mut form);
            form.push(b'=');
            encode(&value, &mut form);
        }
        if form.is_empty() { AuditBody::None } else { AuditBody::Fields(form) }
    }

    fn files(&self, parts: AuditParts) -> Vec<AuditFile> {
        let names = self.fields(Variable::Files, parts.has('J'));
        names.into_iter().map(|(field, name)| AuditFile { field, name }).collect()
    }

    fn files_size(&self, parts: AuditParts) -> u64 {
        let size = std::str::from_utf8(self.scalar(Variable::FilesCombinedSize));
        size.ok().filter(|_| parts.has('J')).and_then(|it| it.parse().ok()).unwrap_or_default()
    }
}

/// Appends `text` percent-encoded where it would end a field, or is not plain.
fn encode(text: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text {
        match byte {
            b' ' => out.push(b'+'),
            b'&' | b'=' | b'+' | b'%' | b'#' | 0..=0x1f | 0x7f => {
                let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
                out.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
            }
            _ => out.push(*byte),
        }
    }
}
