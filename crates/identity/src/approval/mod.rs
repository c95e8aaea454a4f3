//! Approvals: that somebody may use a thing for a while, who said so, and why. What they open is
//! decided by `mantlet-access`.

mod record;
mod store;

pub use record::{Approval, BadApproval, NewApproval};
pub use store::ApprovalStore;

use std::time::Duration;

/// The most approvals of one user that are in force.
pub const MOST_PER_USER: usize = 1000;

/// The longest that an approval lasts.
pub const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// How long an approval is kept after it ended, for reviews.
pub const KEPT: Duration = Duration::from_secs(400 * 86_400);
