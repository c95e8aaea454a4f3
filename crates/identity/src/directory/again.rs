//! Whether somebody who was verified a moment ago still counts, without verifying them again.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mantlet_crypto::sha256;
use mantlet_types::{Monotonic, Timestamp};

use super::{Caller, Credential, Directory, Way};
use crate::cache::{ByDigest, Cache};
use crate::revocation::Standing;

/// How long a verification holds at most. What the store said of an account is believed for half a
/// second, so that together a change by another process is noticed within one.
pub const HOLDS: Duration = Duration::from_millis(250);

/// What callers are remembered in by whoever asks at every request.
pub type Callers<V> = Cache<Shown, V, ByDigest>;

/// A credential as it was shown, told by its kind and the hash of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    kind: u8,
    digest: [u8; 32],
}

impl Hash for Shown {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.digest);
    }
}

impl Credential<'_> {
    /// What stands for it; `None` for what counts once.
    #[must_use]
    pub fn shown(&self) -> Option<Shown> {
        let (kind, text) = match self {
            Self::Session(text) => (0, text),
            Self::ApiKey(text) => (1, text),
            Self::Token(text) => (2, text),
            Self::Ticket(..) => return None,
        };
        Some(Shown { kind, digest: sha256(text.as_bytes()) })
    }
}

/// What held before a caller was verified: as long as it does, they count again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    at: Monotonic,
    /// How much had ended; `None` where that was not known.
    ends: Option<u64>,
    /// How much had changed in this process.
    changes: u64,
}

impl Directory {
    /// What holds now.
    pub(super) fn moment(&self) -> Moment {
        let at = self.clock.monotonic();
        let changes = self.changes.load(Ordering::Acquire);
        Moment { at, ends: self.revocations.index().count(at), changes }
    }

    /// Whether `caller`, whom [`Directory::verify`] gave, still counts when they show the same
    /// credential from `address`. Nothing is looked up: `false` only means that they are to be
    /// verified again. Nothing that ended here may have ended unnoticed, nor elsewhere for longer
    /// than a second.
    #[must_use]
    pub fn counts_again(
        &self,
        caller: &Caller,
        address: IpAddr,
        (now, at): (Timestamp, Monotonic),
    ) -> bool {
        let Moment { at: then, ends, changes } = caller.moment;
        let is_young = at.since(then) < HOLDS && now < caller.again_until;
        let count = self.revocations.index().count(at);
        // Where something has ended, it is most likely somebody else's.
        let is_as_it_was = ends.is_some() && (ends == count || self.is_in_force(caller, (now, at)));
        is_young
            && is_as_it_was
            && changes == self.changes.load(Ordering::Acquire)
            && admits(caller, address)
    }

    /// Whether no end is known of what a caller showed.
    fn is_in_force(&self, caller: &Caller, now: (Timestamp, Monotonic)) -> bool {
        let (user, issued) = match &caller.way {
            Way::Session(session) => (Some(&caller.user), session.renewed),
            Way::ApiKey(key) => (None, key.created),
            Way::Token(token) => return self.verifier_for(token).recheck(token).is_ok(),
            Way::Ticket(_) | Way::Certificate => return false,
        };
        let index = self.revocations.index();
        index.standing_of(Some(caller.mark), user, issued, now) == Standing::InForce
    }
}

fn admits(caller: &Caller, address: IpAddr) -> bool {
    match &caller.way {
        Way::ApiKey(key) => key.admits(address),
        Way::Session(_) | Way::Token(_) => true,
        Way::Ticket(_) | Way::Certificate => false,
    }
}
