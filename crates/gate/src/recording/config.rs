//! `[recording]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mantlet_config::{ByteSize, Reader, SecretRef, section};

/// The file of a key of our own, in the folder of the recording.
pub const KEY_FILE: &str = "key";

section! {
    /// Requests that are kept for a while, encrypted and without secrets, so that settings of the
    /// WAF can be tried on them: `mantlet waf replay`, `mantlet explain`. Read at the start.
    pub struct RecordingSection {
        /// Whether requests are recorded: all that were refused for what they hold, and a share of
        /// those that passed.
        pub enabled: bool = false,
        /// The key that records are sealed with: 64 hexadecimal digits, or base64 of 32 bytes. Unset:
        /// one is made in the data folder, beside the records, which protects copies of them alone.
        pub key: Option<SecretRef> = None,
        /// How much is kept: half for what was refused, half for what passed. The oldest goes first.
        pub size: ByteSize = ByteSize(64 * 1024 * 1024),
        /// How many requests are kept, in the same halves.
        pub requests: u32 = 20_000,
        /// How long a request is kept.
        pub max_age: Duration = Duration::from_hours(7 * 24),
        /// Larger bodies are left out; the rest of the request is kept.
        pub body_limit: ByteSize = ByteSize(64 * 1024),
        /// How many of a hundred requests that passed are kept.
        pub passed_percent: u16 = 1,
    }
}

impl RecordingSection {
    /// Finds what the types cannot say.
    pub fn check(&self, reader: &mut Reader<'_>) {
        let sizes = ByteSize(1024 * 1024)..=ByteSize(1 << 40);
        reader.expect_range("recording.size", &self.size, &sizes);
        reader.expect_range("recording.requests", &self.requests, &(16..=10_000_000));
        let bodies = ByteSize(0)..=ByteSize(1024 * 1024);
        reader.expect_range("recording.body_limit", &self.body_limit, &bodies);
        reader.expect_range("recording.passed_percent", &self.passed_percent, &(0..=100));
        if self.max_age.is_zero() {
            let hint = "leave `enabled` out to record nothing";
            reader.error("recording.max_age", "nothing is kept for no time", hint);
        }
        if self.enabled && self.key.is_none() {
            let message = "the key of the recording lies beside it in the data folder";
            let hint = "keep it elsewhere: `key = \"file:/etc/mantlet/recording.key\"`, made with `openssl rand -base64 32`";
            reader.warn("recording.enabled", message, hint);
        }
    }
}

/// The folder of the recording in the data folder `data`.
#[must_use]
pub fn folder(data: &Path) -> PathBuf {
    data.join("recording")
}
