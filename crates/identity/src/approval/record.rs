//! What is kept of an approval.

use std::fmt;

use mantlet_access::Action;
use mantlet_types::Timestamp;

use super::LONGEST;
use crate::{Trace, UserId};

/// The longest name of a thing, in bytes.
const MAX_RESOURCE: usize = 256;

/// An approval that is to be kept; it has passed its checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApproval {
    /// Who may.
    pub user: UserId,
    /// What: the name of a thing, or `class:` and the name of a class.
    pub resource: String,
    /// Whether they may change it, too.
    pub may_write: bool,
    /// Who said so, when and why.
    pub given: Trace,
    /// Until when.
    pub until: Timestamp,
}

/// An approval that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its number, never given again.
    pub number: u64,
    /// What it says.
    pub what: NewApproval,
    /// Who withdrew it, when and why; `None` while nobody has.
    pub withdrawn: Option<Trace>,
}

/// As decisions take it.
impl From<Approval> for mantlet_access::Approval {
    fn from(kept: Approval) -> Self {
        let what = kept.what;
        Self {
            principal: what.user.as_str().to_owned(),
            resource: what.resource,
            action: if what.may_write { Action::Write } else { Action::Read },
            by: what.given.by.as_str().to_owned(),
            at: what.given.at,
            until: what.until,
        }
    }
}

impl NewApproval {
    /// Checks an approval.
    ///
    /// # Errors
    /// [`BadApproval`].
    pub fn check(self) -> Result<Self, BadApproval> {
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace();
        if self.given.by == self.user {
            return Err(BadApproval::OfOneself);
        }
        if !(1..=MAX_RESOURCE).contains(&self.resource.len())
            || !self.resource.chars().all(is_plain)
        {
            return Err(BadApproval::Resource);
        }
        let last = self.given.at.checked_add(LONGEST).unwrap_or(Timestamp::MAX);
        if self.until <= self.given.at || self.until > last {
            return Err(BadApproval::Until);
        }
        Ok(self)
    }
}

impl Approval {
    /// Whether it counts at a moment.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.withdrawn.is_none() && self.what.given.at <= now && now < self.what.until
    }
}

/// Why an approval is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadApproval {
    /// Nobody approves for themselves.
    OfOneself,
    /// That is no name of a thing.
    Resource,
    /// It ends before it begins, or lasts too long.
    Until,
}

impl fmt::Display for BadApproval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OfOneself => "nobody approves for themselves: somebody else has to",
            Self::Resource => {
                "that is no name of a thing: use 1 to 256 bytes without spaces, for example `project:7`"
            }
            Self::Until => "an approval lasts for a second at least and for 366 days at most",
        })
    }
}

impl std::error::Error for BadApproval {}
