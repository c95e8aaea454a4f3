//! Settings of the csrf guard.

use mantlet_config::{Reader, WebOrigin, choice, section};

use crate::guards::dangerous::{self, Enforced};
use crate::guards::origin_risk;
use crate::pipeline::Mode;

choice! {
    /// What becomes of requests from pages of the same site but another origin.
    pub enum SameSite {
        /// They are refused unless their origin is trusted: a neighbour may be someone else's, or
        /// taken over.
        Refuse => "refuse",
        /// They go on.
        Allow => "allow",
    }
}

section! {
    /// Refuses what pages of other sites make a user's browser do. It always fails closed.
    pub struct CsrfSection {
        /// `enforce`, as with every guard; the other modes are written as `dangerous_mode`.
        pub enforced as "mode": Enforced = Enforced,
        /// What the guard may do, where that is not to enforce; `off` on single routes only.
        pub mode as "dangerous_mode": Mode = Mode::Enforce,
        /// Why it is not enforced; to be written wherever `dangerous_mode` is.
        pub why: String = String::new(),
        /// Further origins whose pages may change things here: scheme, host and port, exactly. Those
        /// that `[guards.cors]` lists with `credentials` are trusted already.
        pub trusted_origins: Vec<WebOrigin> = Vec::new(),
        /// What becomes of requests from pages of the same site but another origin, such as
        /// `https://blog.example.org` asking `https://app.example.org`.
        pub same_site: SameSite = SameSite::Refuse,
    }
}

impl CsrfSection {
    /// Finds what the types cannot say; `guards` is the key of the table around this one.
    pub fn check(&self, guards: &str, reader: &mut Reader<'_>) {
        let key = format!("{guards}.csrf");
        for origin in &self.trusted_origins {
            origin_risk::warn(&format!("{key}.trusted_origins"), origin, reader);
        }
        dangerous::check((guards, "csrf"), self.mode, &self.why, reader);
    }
}
