//! Settings of the service API.

use mantlet_config::{Reader, section};

section! {
    /// The service API under `/v1` of the admin listener: accounts, sessions, keys, tokens, and
    /// whether somebody may. Whoever asks needs an API key or a token that names the scope.
    pub struct ApiSection {
        /// Whether it is there. It opens the store at the start where there is one; the first account
        /// is added on the command line.
        pub enabled: bool = true,
        /// Requests a second with one credential, and as many more at once.
        pub rate: u32 = 1000,
        /// Requests a second of one address, and as many more at once.
        pub rate_per_address: u32 = 2000,
        /// Wrong credentials a minute of one address; further ones are told to come back later. Right
        /// ones are never held up by it.
        pub failures_per_address: u32 = 30,
    }
}

impl ApiSection {
    /// Finds what the types cannot say.
    pub(crate) fn check(&self, reader: &mut Reader<'_>) {
        for (name, number) in [
            ("rate", self.rate),
            ("rate_per_address", self.rate_per_address),
            ("failures_per_address", self.failures_per_address),
        ] {
            reader.expect_range(&format!("admin.api.{name}"), &number, &(1..=1_000_000));
        }
    }
}
