//! Settings of the errors guard.

use mantlet_config::{ByteSize, section};

use crate::pipeline::{Fail, Mode};

section! {
    /// Withholds error answers that show the application's inside.
    pub struct ErrorsSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the guard fails.
        pub fail: Fail = Fail::Closed,
        /// How much of an error answer is looked at.
        pub inspect: ByteSize = ByteSize(64 * 1024),
    }
}
