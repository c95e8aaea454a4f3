//! What tells two states of a file apart.

use std::time::{Duration, SystemTime};

/// What tells two states of a file apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version {
    pub(super) size: u64,
    /// As the client is told, in whole seconds.
    pub(super) modified: SystemTime,
    pub(super) nanos: u128,
}

impl Version {
    /// The last change of a file of `size` bytes; one in the future counts as `now`.
    pub(super) fn new(size: u64, changed: SystemTime, now: SystemTime) -> Self {
        let since = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = since(changed.min(now)).as_secs();
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Self { size, modified, nanos: since(changed).as_nanos() }
    }

    /// The entity tag, quoted.
    pub(super) fn tag(&self) -> String {
        format!("\"{:x}-{:x}\"", self.nanos, self.size)
    }
}
