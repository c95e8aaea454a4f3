//! Settings of the WAF.

use mantlet_config::{ByteSize, Reader, choice, section};

use super::exceptions::ExceptionSection;
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
        /// How sure a detector must be of an attack, 1 to 100; usually 60.
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
        /// What is ordinary here although it looks like an attack.
        pub exceptions: Vec<ExceptionSection> = Vec::new(),
    }
}

impl WafSection {
    /// Finds what the types cannot say; the settings are at `key`.
    pub fn check(&self, key: &str, reader: &mut Reader<'_>) {
        if let Some(threshold) = self.threshold {
            reader.expect_range(&format!("{key}.threshold"), &threshold, &(1..=100));
        }
        let sizes = ByteSize(1024)..=ByteSize(1 << 30);
        reader.expect_range(&format!("{key}.decoded_limit"), &self.decoded_limit, &sizes);
        for (index, exception) in self.exceptions.iter().enumerate() {
            exception.check(&format!("{key}.exceptions[{index}]"), reader);
        }
    }
}
