//! What the program around the rules says about one transaction, beside the request itself.

use std::sync::Arc;

use super::phases::Transaction;
use crate::body::Processor;
use crate::plan::Exclusion;
use crate::seclang::settings::EngineMode;
use crate::variables::Variable;

impl Transaction {
    /// Sets a variable of `TX` before any rule runs; `name` is in small letters.
    pub fn preset(&mut self, name: &str, value: &str) {
        let name_text = self.state.texts.add(name.as_bytes());
        let text = self.state.texts.add(value.as_bytes());
        self.state.tx.set(name.as_bytes(), name_text, text);
    }

    /// The number that a variable of `TX` holds; `None` when it holds none.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        let (_, text) = self.state.tx.lookup(name.as_bytes())?;
        std::str::from_utf8(self.state.texts.get(text)).ok()?.trim().parse().ok()
    }

    /// Whether there were more arguments than are read (`SecArgumentsLimit`): no rule has seen those.
    #[must_use]
    pub const fn is_cut_short(&self) -> bool {
        self.state.is_cut_short
    }

    /// Nothing will be carried out: the caller learns what rules would have done, those that only
    /// report too, and a phase goes on behind a rule that would have ended it.
    pub fn only_watch(&mut self) {
        self.state.goes_on = true;
        if self.state.switches.engine == EngineMode::DetectionOnly {
            self.state.switches.engine = EngineMode::On;
        }
    }

    /// Rules of `exclusion` do not look at its targets.
    pub fn exclude(&mut self, exclusion: &Exclusion) {
        let Exclusion { rules, targets } = exclusion;
        self.state.switches.removed_targets.push((Arc::clone(rules), Arc::clone(targets)));
    }

    /// The body is JSON, unless its type or a rule says what it is: for applications that read JSON
    /// whatever is declared. To be said between phases 1 and 2.
    pub fn body_looks_like_json(&mut self) {
        let switches = &mut self.state.switches;
        if switches.processor.is_none() && !switches.force_request_body {
            switches.processor = Some(Processor::Json);
            self.state.set(Variable::ReqbodyProcessor, Processor::Json.name().as_bytes());
        }
    }
}
