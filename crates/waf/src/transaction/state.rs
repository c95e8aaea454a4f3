//! Everything a transaction knows.

use std::collections::HashMap;
use std::sync::Arc;

use super::Connection;
use super::gated::Known;
use super::report::{Interruption, Limits, MatchedRule};
use super::store::{CollectionKey, CollectionStore};
use super::texts::{TextId, Texts};
use super::values::{Found, Values};
use super::vars::Vars;
use crate::actions::AllowScope;
use crate::body::Processor;
use crate::plan::Bits;
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
    /// What `ctl:auditEngine` said. `None`: nothing.
    pub(super) audit: Option<bool>,
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
            audit: None,
            removed_rules: Bits::default(),
            removed_targets: Vec::new(),
            allow: None,
        }
    }
}

/// The state of one transaction.
#[derive(Debug)]
pub(super) struct State {
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
    pub(super) reports: Vec<MatchedRule>,
    pub(super) interruption: Option<Interruption>,
    /// Bytes that operators may still look at.
    pub(super) work_left: u64,
    /// There were more arguments than are read.
    pub(super) is_cut_short: bool,
    /// The sum of the lengths of all argument names and values.
    pub(super) args_size: usize,
    /// What is known of the values of this phase.
    pub(super) known: Known,
    /// Rules are asked one by one, without gates.
    pub(super) is_naive: bool,
    /// Texts of small numbers that were asked for.
    numbers: HashMap<usize, TextId>,
}

impl State {
    pub(super) fn new(
        connection: Connection,
        settings: &Settings,
        limits: Limits,
        store: Option<Arc<dyn CollectionStore>>,
    ) -> Self {
        Self {
            connection,
            store,
            texts: Texts::with_limit(limits.memory_bytes),
            values: Values::default(),
            tx: Vars::default(),
            groups: [None; 10],
            opened: HashMap::new(),
            matched: Vec::new(),
            highest_severity: None,
            switches: Switches::new(settings),
            duration_ms: 0,
            reports: Vec::new(),
            interruption: None,
            work_left: limits.work_bytes,
            is_cut_short: false,
            args_size: 0,
            known: Known::default(),
            is_naive: false,
            numbers: HashMap::new(),
        }
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
        self.add(variable, name, text);
        true
    }

    /// The first value of a variable without a key.
    pub(super) fn scalar(&self, variable: Variable) -> &[u8] {
        self.values.list(variable).first().map_or(&[], |item| self.texts.get(item.text))
    }

    /// The number as a text.
    pub(super) fn number(&mut self, number: usize) -> TextId {
        if let Some(known) = self.numbers.get(&number) {
            return *known;
        }
        let text = self.texts.add(number.to_string().as_bytes());
        self.numbers.insert(number, text);
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
