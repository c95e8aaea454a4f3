//! The numbers of API keys.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// How long API keys live and how many there may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyPolicy {
    /// The environment that stands in new keys and that presented ones must name: 1 to 8 lower-case
    /// letters and digits, so that a key of a test system opens nothing in production.
    pub environment: String,
    /// How long a key lives that was asked for without an end.
    pub default_lifetime: Duration,
    /// The longest life that can be asked for.
    pub max_lifetime: Duration,
    /// The most keys of one owner that are neither revoked nor expired.
    pub max_per_owner: usize,
    /// The most secrets of one key that are valid at once; rotation ends the oldest beyond it.
    pub max_versions: usize,
    /// The longest time that old secrets stay valid after a rotation.
    pub max_grace: Duration,
    /// How often at most the time of the last use is written.
    pub touch_every: Duration,
}

impl Default for ApiKeyPolicy {
    /// `live`, 90 days, at most 366 days, 100 keys for each owner, four secrets, seven days of
    /// grace, one write a minute.
    fn default() -> Self {
        Self {
            environment: "live".to_owned(),
            default_lifetime: 90 * DAY,
            max_lifetime: 366 * DAY,
            max_per_owner: 100,
            max_versions: 4,
            max_grace: 7 * DAY,
            touch_every: Duration::from_secs(60),
        }
    }
}
