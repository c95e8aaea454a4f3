//! Settings of the identity guard.

use mantlet_config::{Reader, section};

use crate::guards::dangerous::{self, Enforced};
use crate::pipeline::Mode;

section! {
    /// Establishes who asks, where some path asks for an identity. It always fails closed.
    pub struct IdentityGuardSection {
        /// `enforce`, as with every guard; the other modes are written as `dangerous_mode`.
        pub enforced as "mode": Enforced = Enforced,
        /// What the guard may do, where that is not to enforce; `off` on single routes only.
        pub mode as "dangerous_mode": Mode = Mode::Enforce,
        /// Why it is not enforced; to be written wherever `dangerous_mode` is.
        pub why: String = String::new(),
    }
}

impl IdentityGuardSection {
    /// Finds what the types cannot say; `guards` is the key of the table around this one.
    pub(crate) fn check(&self, guards: &str, reader: &mut Reader<'_>) {
        dangerous::check((guards, "identity"), self.mode, &self.why, reader);
    }
}
