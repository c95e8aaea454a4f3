//! Settings of the cookies guard.

use mantlet_config::section;

use crate::pipeline::{Fail, Mode};

section! {
    /// Hardens cookies where the outside scheme is https.
    pub struct CookiesSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the guard fails.
        pub fail: Fail = Fail::Closed,
        /// Names of cookies that the application's own scripts must read: they do not get
        /// `HttpOnly`. Cookies whose name contains `csrf` or `xsrf` never do.
        pub script_readable: Vec<String> = Vec::new(),
    }
}
