//! Settings of the JSON guard.

use mantlet_config::section;

use crate::pipeline::{Fail, Mode};

section! {
    /// Bounds the nesting of JSON bodies.
    pub struct JsonSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the guard fails.
        pub fail: Fail = Fail::Closed,
        /// Deepest nesting of arrays and objects.
        pub depth: u16 = 64,
    }
}
