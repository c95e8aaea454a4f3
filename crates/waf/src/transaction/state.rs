//! Everything a transaction knows.

use std::collections::HashMap;
use std::sync::Arc;

use super::Connection;
use super::audit::Audit;
use super::evaluate::Workspace;
use super::gated::Mode;
use super::known::Known;
use super::report::{Interruption, Limits, MatchedRule, Report};
use super::reuse::Buffers;
use super::store::{CollectionKey, CollectionStore};
use super::texts::{TextId, Texts};
use super::values::{Found, Values};
use super::vars::Vars;
use super::watch::Watch;
use crate::actions::AllowScope;
use crate::body::Processor;
use crate::plan::{Bits, RuleSet};
use crate::seclang::audit::{AuditMode, AuditParts};
use crate::seclang::settings::{EngineMode, Settings};
use crate::variables::{Target, Variable};

/// A persistent collection that is open.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) key: CollectionKey,
    pub(super) vars: Vars,
}

/// What `ctl` can change, for this transaction alone.
#[derive(Debug)]
pub(super) struct Switches {
    pub(super) engine: EngineMode,
    pub(super) request_body_access: bool,
    pub(super) request_body_limit: usize,
    pub(super) processor: Option<Processor>,
    pub(super) force_request_body: bool,
    pub(super) response_body_access: bool,
    pub(super) response_body_limit: usize,
    pub(super) audit: AuditMode,
    pub(super) audit_parts: AuditParts,
    pub(super) removed_rules: Bits,
    pub(super) removed_targets: Vec<(Arc<Bits>, Arc<[Target]>)>,
    pub(super) allow: Option<AllowScope>,
}

impl Switches {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            engine: settings.engine,
            request_body_access: settings.request_body_access,
            request_body_limit: settings.request_body_limit,
            processor: None,
            force_request_body: false,
            response_body_access: settings.response_body_access,
            response_body_limit: settings.response_body_limit,
            audit: settings.audit.mode,
            audit_parts: settings.audit.parts,
            removed_rules: Bits::default(),
            removed_targets: Vec::new(),
            allow: None,
        }
    }
}

/// The state of one transaction.
#[derive(Debug)]
pub(super) struct State {
    /// The rules, for reports.
    pub(super) rules: Arc<RuleSet>,
    pub(super) connection: Connection,
    pub(super) store: Option<Arc<dyn CollectionStore>>,
    pub(super) texts: Texts,
    pub(super) values: Values,
    pub(super) tx: Vars,
    /// `TX:0` to `TX:9`.
    pub(super) groups: [Option<TextId>; 10],
    pub(super) opened: HashMap<Variable, Opened>,
    /// What the links of the current rule matched.
    pub(super) matched: Vec<Found>,
    pub(super) highest_severity: Option<u8>,
    pub(super) switches: Switches,
    pub(super) duration_ms: u64,
    pub(super) reports: Vec<Report>,
    pub(super) interruption: Option<Interruption>,
    /// Whether a phase goes on behind a rule that would end it.
    pub(super) goes_on: bool,
    /// What only an audit record asks for.
    pub(super) audit: Audit,
    /// What may still be spent.
    pub(super) watch: Watch,
    /// There were more arguments than are read.
    pub(super) is_cut_short: bool,
    /// The sum of the lengths of all argument names and values.
    pub(super) args_size: usize,
    /// What is known of the values of this phase.
    pub(super) known: Known,
    pub(super) mode: Mode,
    /// The rules that were reached, in [`Mode::Probe`] alone.
    pub(super) visited: Bits,
    pub(super) workspace: Workspace,
    /// A buffer for what is written into a collection.
    pub(super) argument: Vec<u8>,
    /// Texts of small numbers that were asked for.
    numbers: [Option<TextId>; NUMBERS],
}

/// Arguments of one request whose names are remembered for other requests.
const COMMON_ARGUMENTS: usize = 64;

/// Numbers below this are kept as texts.
const NUMBERS: usize = 16;

impl State {
    pub(super) fn new(
        rules: Arc<RuleSet>,
        connection: Connection,
        limits: Limits,
        store: Option<Arc<dyn CollectionStore>>,
    ) -> Self {
        let Buffers { mut texts, mut values, mut tx, mut known, workspace } = rules.pool.take();
        texts.renew(limits.memory_bytes);
        values.renew();
        tx.renew(&rules.slots);
        known.renew();
        Self {
            connection,
            store,
            texts,
            values,
            tx,
            groups: [None; 10],
            opened: HashMap::new(),
            matched: Vec::new(),
            highest_severity: None,
            switches: Switches::new(rules.settings()),
            duration_ms: 0,
            reports: Vec::new(),
            interruption: None,
            goes_on: false,
            audit: Audit::default(),
            watch: Watch::new(limits),
            is_cut_short: false,
            args_size: 0,
            known,
            mode: Mode::Gated,
            visited: Bits::default(),
            workspace,
            argument: Vec::new(),
            numbers: [None; NUMBERS],
            rules,
        }
    }

    /// The buffers, for another transaction; nothing is to be asked of this one any more.
    pub(super) fn buffers(&mut self) -> Buffers {
        Buffers {
            texts: std::mem::take(&mut self.texts),
            values: std::mem::take(&mut self.values),
            tx: std::mem::take(&mut self.tx),
            known: std::mem::take(&mut self.known),
            workspace: std::mem::take(&mut self.workspace),
        }
    }

    /// The rules that matched so far, in their order.
    pub(super) fn matched_rules(&self) -> impl Iterator<Item = MatchedRule> {
        self.reports.iter().map(|report| MatchedRule::new(&self.rules, report))
    }

    /// Makes a text the only value of a variable.
    pub(super) fn set(&mut self, variable: Variable, text: &[u8]) {
        let text = self.texts.add(text);
        self.values.set(variable, text);
    }

    /// Sets a flag to 0 or 1.
    pub(super) fn flag(&mut self, variable: Variable, is_set: bool) {
        self.set(variable, if is_set { b"1" } else { b"0" });
    }

    /// Adds a value with its key.
    pub(super) fn add(&mut self, variable: Variable, name: &[u8], text: &[u8]) {
        let name = self.texts.add(name);
        let text = self.texts.add(text);
        self.values.add(variable, name, text);
    }

    /// Adds a value whose key is the same in many requests, and the value too when it `is_common`.
    pub(super) fn add_named(
        &mut self,
        variable: Variable,
        name: &[u8],
        text: &[u8],
        is_common: bool,
    ) {
        let name = self.texts.add_common(name);
        let text = if is_common { self.texts.add_common(text) } else { self.texts.add(text) };
        self.values.add(variable, name, text);
    }

    /// Adds an argument. `false`: there are too many.
    pub(super) fn add_argument(
        &mut self,
        variable: Variable,
        name: &[u8],
        text: &[u8],
        limit: usize,
    ) -> bool {
        let count =
            self.values.list(Variable::ArgsGet).len() + self.values.list(Variable::ArgsPost).len();
        if count >= limit {
            self.is_cut_short = true;
            return false;
        }
        self.args_size = self.args_size.saturating_add(name.len()).saturating_add(text.len());
        // What comes as many arguments are values with numbers for names, of no use to other requests.
        let name = match count < COMMON_ARGUMENTS {
            true => self.texts.add_common(name),
            false => self.texts.add_shared(name),
        };
        let text = self.texts.add_shared(text);
        self.values.add(variable, name, text);
        true
    }

    /// The first value of a variable without a key.
    pub(super) fn scalar(&self, variable: Variable) -> &[u8] {
        self.values.list(variable).first().map_or(&[], |item| self.texts.get(item.text))
    }

    /// The number as a text.
    pub(super) fn number(&mut self, number: usize) -> TextId {
        if let Some(known) = self.numbers.get(number).copied().flatten() {
            return known;
        }
        let text = self.texts.add(number.to_string().as_bytes());
        if let Some(slot) = self.numbers.get_mut(number) {
            *slot = Some(text);
        }
        text
    }

    /// The full name of a value, such as `ARGS:x`.
    pub(super) fn full_name(&self, found: Found, out: &mut Vec<u8>) {
        out.extend_from_slice(found.variable.name().as_bytes());
        if let Some(name) = found.name {
            out.push(b':');
            out.extend_from_slice(self.texts.get(name));
        }
    }
}
