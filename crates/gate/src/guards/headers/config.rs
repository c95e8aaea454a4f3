//! Settings of the headers guard.

use mantlet_config::{choice, section};

use crate::pipeline::{Fail, Mode};

choice! {
    /// Which set of security headers goes out.
    pub enum Profile {
        /// What practically every application can live with.
        Compatible => "compatible",
    }
}

section! {
    /// Sets security headers on every answer, refusals included.
    pub struct HeadersSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the guard fails.
        pub fail: Fail = Fail::Closed,
        /// The set of headers.
        pub profile: Profile = Profile::Compatible,
    }
}
