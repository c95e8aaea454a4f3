//! Settings of the WAF.

use std::sync::Arc;

use mantlet_config::{ByteSize, Reader, choice, section};
use mantlet_event::SinkError;
use mantlet_waf::detect::Settings;

use super::audit::AuditLog;
use super::exceptions::ExceptionSection;
use super::{RuleFiles, RuleSets, Services};
use crate::pipeline::{Fail, Mode};

choice! {
    /// What becomes of what cannot be looked at to the end.
    pub enum Doubt {
        /// It is refused.
        Refuse => "refuse",
        /// It passes unseen.
        Pass => "pass",
    }
}

section! {
    /// Refuses attacks: what would be code where the application expects a value.
    pub struct WafSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the guard fails.
        pub fail: Fail = Fail::Closed,
        /// Rules in SecLang: folders, files, or both, in their order. A folder that holds
        /// `crs-setup.conf` (or its example) and `rules` is the OWASP Core Rule Set as it is
        /// released. Empty: the native detectors.
        pub rules: RuleFiles = RuleFiles::default(),
        /// Whether the native detectors look. Unset: at requests where no rules are named, and at
        /// messages of WebSockets, which rules do not know.
        pub native: Option<bool> = None,
        /// The paranoia level of the Core Rule Set, 1 to 4. Unset: what its own settings say.
        pub paranoia: Option<u16> = None,
        /// From where on a request is refused. Without `rules`: how sure a detector is, 1 to 100,
        /// usually 60. With them: the anomaly score of the Core Rule Set, usually 5; unset, what
        /// its own settings say.
        pub threshold: Option<u16> = None,
        /// What becomes of bodies that readers understand differently, and of codings that cannot be
        /// read here.
        pub unreadable: Doubt = Doubt::Refuse,
        /// Largest body once it is unpacked, for bodies that come compressed.
        pub decoded_limit: ByteSize = ByteSize(16 * 1024 * 1024),
        /// Whether the detectors look into files of forms too, not at their names alone.
        pub files: bool = false,
        /// What becomes of requests that cost too much to look at.
        pub over_budget: Doubt = Doubt::Refuse,
        /// How much text rules may look at for one request, all rules together. Unset: what suits
        /// its size.
        pub work_limit: Option<ByteSize> = None,
        /// How much text rules may keep for one request: its values, and what they decode to.
        pub memory_limit: ByteSize = ByteSize(128 * 1024 * 1024),
        /// What is ordinary here although it looks like an attack.
        pub exceptions: Vec<ExceptionSection> = Vec::new(),
    }
}

impl WafSection {
    /// From where on a request is refused; `None` where the rules themselves say that.
    #[must_use]
    pub fn shown_threshold(&self) -> Option<u16> {
        let usual = self.rules.is_empty().then(|| Settings::THRESHOLD.into());
        self.threshold.or(usual)
    }

    /// Finds what the types cannot say; the settings are at `key`.
    pub fn check(&self, key: &str, reader: &mut Reader<'_>) {
        if let Some(threshold) = self.threshold {
            let most = if self.rules.is_empty() { 100 } else { 10_000 };
            reader.expect_range(&format!("{key}.threshold"), &threshold, &(1..=most));
        }
        if let Some(paranoia) = self.paranoia {
            reader.expect_range(&format!("{key}.paranoia"), &paranoia, &(1..=4));
        }
        if self.rules.is_empty() {
            self.check_without_rules(key, reader);
        }
        let sizes = ByteSize(1024)..=ByteSize(1 << 30);
        reader.expect_range(&format!("{key}.decoded_limit"), &self.decoded_limit, &sizes);
        let work = self.work_limit.map(|limit| ("work_limit", limit));
        for (name, size) in work.into_iter().chain([("memory_limit", self.memory_limit)]) {
            let sizes = ByteSize(1024 * 1024)..=ByteSize(1 << 40);
            reader.expect_range(&format!("{key}.{name}"), &size, &sizes);
        }
        for (index, exception) in self.exceptions.iter().enumerate() {
            exception.check(&format!("{key}.exceptions[{index}]"), reader);
        }
    }

    /// What has an effect with rules alone.
    fn check_without_rules(&self, key: &str, reader: &mut Reader<'_>) {
        let default = Self::default();
        for (name, is_chosen) in [
            ("paranoia", self.paranoia.is_some()),
            ("work_limit", self.work_limit.is_some()),
            ("memory_limit", self.memory_limit != default.memory_limit),
        ] {
            if is_chosen {
                let message = "without `rules` this has no effect";
                reader.warn(&format!("{key}.{name}"), message, "name the rules there");
            }
        }
        if self.native == Some(false) && self.mode != Mode::Off {
            let hint = "name `rules`, or write `mode = \"off\"`";
            reader.error(&format!("{key}.native"), "without `rules` nothing would look", hint);
        }
    }

    /// The audit log that the rules ask for, which is opened unless it is; `None` where they ask for
    /// none.
    ///
    /// # Errors
    /// [`SinkError`] when its file cannot be opened.
    pub(crate) fn open_audit_log(
        &self,
        services: &Services,
    ) -> Result<Option<Arc<AuditLog>>, SinkError> {
        let rules = self.rules.loaded().map(|loaded| &loaded.rules);
        let Some(rules) = rules.filter(|rules| self.mode != Mode::Off && rules.may_audit()) else {
            return Ok(None);
        };
        match &rules.settings().audit.file {
            Some((file, _)) => services.audit_logs.open(file),
            None => Ok(None),
        }
    }

    /// Reads the rules; the settings are at `key`.
    pub(crate) fn load_rules(&mut self, key: &str, sets: &mut RuleSets, reader: &mut Reader<'_>) {
        if self.mode == Mode::Off {
            return;
        }
        self.rules.load(&format!("{key}.rules"), sets, reader);
        let Some(loaded) = self.rules.loaded() else { return };
        if loaded.is_off {
            let hint = "take `SecRuleEngine Off` out of the files";
            reader.warn(&format!("{key}.rules"), "the files switch their own rules off", hint);
        }
        for (index, exception) in self.exceptions.iter().enumerate() {
            if let Some(Err(message)) = exception.exclusion(&loaded.rules) {
                let hint = "see which rules there are, and how the event names the parameter";
                reader.error(&format!("{key}.exceptions[{index}].rule"), message, hint);
            }
        }
    }
}
