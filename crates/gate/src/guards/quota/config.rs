//! Settings of the quota guard.

use mantlet_config::{Reader, section};
use mantlet_limit::MAX_QUOTAS;

use crate::guards::limit::QuotaSetting;
use crate::pipeline::{Fail, Mode};

section! {
    /// Limits the rate of requests of each user, where some path asks for an identity.
    pub struct QuotaSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the counters cannot be reached.
        pub fail: Fail = Fail::Open,
        /// Quotas for each user; all of them hold.
        pub per_user: Vec<QuotaSetting> = Vec::new(),
    }
}

impl QuotaSection {
    /// Finds what the types cannot say; `key` is where this section stands.
    pub(crate) fn check(&self, key: &str, reader: &mut Reader<'_>) {
        if self.per_user.len() > MAX_QUOTAS {
            let message = format!("{} quotas are more than {MAX_QUOTAS}", self.per_user.len());
            reader.error(&format!("{key}.per_user"), message, "keep the ones that bind");
        }
    }
}
