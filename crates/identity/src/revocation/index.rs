//! What has ended, in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use mantlet_crypto::sha256;
use mantlet_types::{Monotonic, Timestamp};

use crate::UserId;
use crate::api_key::ApiKeyId;

/// One credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What<'a> {
    /// A signed token, by issuer and `jti`.
    Token {
        /// Its issuer.
        issuer: &'a str,
        /// Its id.
        id: &'a str,
    },
    /// A signed token without an id, by the hash of its text. None of them is ever ended alone.
    Text(&'a [u8; 32]),
    /// The certificate of a client, by its fingerprint.
    Certificate(&'a str),
    /// A session, by the hash of its id.
    Session(&'a [u8; 32]),
    /// An API key.
    ApiKey(ApiKeyId),
    /// A family of refresh tokens, by its id.
    Family(&'a str),
}

/// Sixteen bytes that stand for one credential.
type Mark = [u8; 16];

impl What<'_> {
    /// Sixteen bytes that stand for it, in [`Ended::One`] and for connections opened with it.
    #[must_use]
    pub fn mark(self) -> [u8; 16] {
        match self {
            Self::Token { issuer, id } => mark("token", &[issuer.as_bytes(), b"\0", id.as_bytes()]),
            Self::Text(hash) => mark("text", &[hash]),
            Self::Certificate(fingerprint) => mark("certificate", &[fingerprint.as_bytes()]),
            Self::Session(hash) => mark("session", &[hash]),
            Self::ApiKey(id) => mark("api-key", &[id.as_str().as_bytes()]),
            Self::Family(id) => mark("family", &[id.as_bytes()]),
        }
    }
}

/// Asked twice at every request: what is hashed fits on the stack, but for names of issuers that are
/// very long.
fn mark(kind: &str, parts: &[&[u8]]) -> Mark {
    let mut room = [0; 256];
    let mut end = 0_usize;
    let all = [kind.as_bytes(), b"\0"];
    let mut all = all.iter().chain(parts);
    let is_whole = all.all(|part| {
        let start = end;
        end = end.saturating_add(part.len());
        room.get_mut(start..end).map(|place| place.copy_from_slice(part)).is_some()
    });
    let digest = match room.get(..end).filter(|_| is_whole) {
        Some(text) => sha256(text),
        None => sha256(&[&[kind.as_bytes(), b"\0"], parts].concat().concat()),
    };
    digest.first_chunk().copied().unwrap_or_default()
}

/// Something that has ended. Kept as long as the credential would have lived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// One credential.
    One {
        /// Sixteen bytes that stand for it.
        mark: [u8; 16],
        /// When it would have ended by itself.
        until: Timestamp,
    },
    /// Everything of a user that was issued up to a moment.
    User {
        /// Whose.
        user: UserId,
        /// Up to when, this moment among it.
        not_before: Timestamp,
        /// When the last of it would have ended by itself.
        until: Timestamp,
    },
}

impl Ended {
    /// The end of one credential.
    #[must_use]
    pub fn one(what: What<'_>, until: Timestamp) -> Self {
        Self::One { mark: what.mark(), until }
    }

    /// Until when it must be remembered.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        match self {
            Self::One { until, .. } | Self::User { until, .. } => *until,
        }
    }
}

/// Whether a credential still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    InForce,
    /// It was ended.
    Ended,
    /// Of all users the index knows, but not of every single credential, because there was no room
    /// for more: ask the store that keeps this kind of credential, or refuse.
    AskStore,
    /// The index has not heard of others for too long: [`super::Revocations::refresh`], or refuse.
    Unsure,
}

/// What has ended, in memory, bounded.
#[derive(Debug)]
pub struct RevocationIndex {
    /// How old the knowledge of what others ended may be; `None` when there are no others.
    max_age: Option<Duration>,
    capacity: usize,
    state: RwLock<State>,
    overflows: AtomicU64,
    /// How many entries were applied: see [`RevocationIndex::count`].
    applied: AtomicU64,
    /// When the store was read last, in nanoseconds of the monotonic clock; 0 for never.
    fresh: AtomicU64,
    /// Whether some end did not fit, so that every look has to be one at the state.
    is_blind: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    ones: HashMap<Mark, Timestamp>,
    users: HashMap<UserId, (Timestamp, Timestamp)>,
    /// When the store was read last.
    fresh: Option<Monotonic>,
    /// The last entry of the store that was read.
    revision: u64,
    /// The end of a credential did not fit: none that is not here can be vouched for until then.
    blind_until: Option<Timestamp>,
    /// The end of a user did not fit.
    users_blind_until: Option<Timestamp>,
}

impl RevocationIndex {
    /// An empty index of at most `capacity` credentials and as many users: what one kind takes up is
    /// not missing to the other. `max_age`: how old its knowledge of what other
    /// processes ended may be; `None` when this process is the only one.
    #[must_use]
    pub fn new(capacity: usize, max_age: Option<Duration>) -> Self {
        Self {
            max_age,
            capacity,
            state: RwLock::default(),
            overflows: AtomicU64::new(0),
            applied: AtomicU64::new(0),
            fresh: AtomicU64::new(0),
            is_blind: AtomicBool::new(false),
        }
    }

    /// Whether the credential `what` of `user`, issued at `issued`, still counts. `user` is `None`
    /// for credentials that belong to nobody here.
    #[must_use]
    pub fn standing(
        &self,
        what: Option<What<'_>>,
        user: Option<&UserId>,
        issued: Timestamp,
        now: (Timestamp, Monotonic),
    ) -> Standing {
        self.standing_of(what.map(What::mark), user, issued, now)
    }

    /// [`RevocationIndex::standing`] of a credential that [`What::mark`] stands for.
    pub(crate) fn standing_of(
        &self,
        mark: Option<Mark>,
        user: Option<&UserId>,
        issued: Timestamp,
        now: (Timestamp, Monotonic),
    ) -> Standing {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let is_marked = mark.is_some_and(|mark| state.ones.contains_key(&mark));
        let limit = user.and_then(|user| state.users.get(user));
        if is_marked || limit.is_some_and(|(not_before, _)| issued <= *not_before) {
            return Standing::Ended;
        }
        let is_before = |until: Option<Timestamp>| until.is_some_and(|until| now.0 < until);
        if self.is_stale(state.fresh, now.1) || is_before(state.users_blind_until) {
            return Standing::Unsure;
        }
        let is_unknown = mark.is_some() && is_before(state.blind_until);
        if is_unknown { Standing::AskStore } else { Standing::InForce }
    }

    /// Takes note of an end, at once for every thread.
    pub fn apply(&self, ended: &Ended, now: Timestamp) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.apply(ended, now, self.capacity, &self.overflows);
        self.publish(&state, 1, now);
    }

    /// How many ends are known, without a look at them: what was in force when this was the same
    /// still is, until it ends by itself. `None` when nothing can be said without a look.
    #[must_use]
    pub fn count(&self, now: Monotonic) -> Option<u64> {
        let applied = self.applied.load(Ordering::Acquire);
        let fresh = match self.fresh.load(Ordering::Acquire) {
            0 => None,
            nanos => Some(Monotonic::from_origin(Duration::from_nanos(nanos))),
        };
        let is_stale = self.is_stale(fresh, now);
        (!is_stale && !self.is_blind.load(Ordering::Acquire)).then_some(applied)
    }

    fn is_stale(&self, fresh: Option<Monotonic>, now: Monotonic) -> bool {
        let is_too_old = |max_age| fresh.is_none_or(|fresh| now.since(fresh) > max_age);
        self.max_age.is_some_and(is_too_old)
    }

    /// Tells [`RevocationIndex::count`], while the state is locked, what became of it.
    fn publish(&self, state: &State, news: u64, now: Timestamp) {
        let nanos = state.fresh.map_or(0, |fresh| fresh.since_origin().as_nanos().max(1));
        self.fresh.store(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Release);
        let is_ahead = |until: Option<Timestamp>| until.is_some_and(|until| now < until);
        let is_blind = is_ahead(state.blind_until) || is_ahead(state.users_blind_until);
        self.is_blind.store(is_blind, Ordering::Release);
        self.applied.fetch_add(news, Ordering::Release);
    }

    /// How many entries the index holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether nothing is known to have ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries did not fit since the start: a metric.
    #[must_use]
    pub fn overflows(&self) -> u64 {
        self.overflows.load(Ordering::Relaxed)
    }

    /// The last entry of the store that is in the index.
    pub(super) fn revision(&self) -> u64 {
        self.state.read().unwrap_or_else(PoisonError::into_inner).revision
    }

    /// Takes note of what the store learnt, and says what of it is news. `fresh`: the time before
    /// the store was asked, once everything was read.
    pub(super) fn catch_up<'a>(
        &self,
        entries: &'a [super::RevocationEntry],
        fresh: Option<Monotonic>,
        now: Timestamp,
    ) -> Vec<&'a Ended> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut news = Vec::new();
        for entry in entries {
            if !state.knows(&entry.ended) {
                news.push(&entry.ended);
            }
            state.apply(&entry.ended, now, self.capacity, &self.overflows);
            state.revision = state.revision.max(entry.revision);
        }
        state.fresh = fresh.or(state.fresh);
        self.publish(&state, entries.len() as u64, now);
        news
    }
}

impl State {
    fn len(&self) -> usize {
        self.ones.len().saturating_add(self.users.len())
    }

    fn knows(&self, ended: &Ended) -> bool {
        match ended {
            Ended::One { mark, .. } => self.ones.contains_key(mark),
            Ended::User { user, not_before, .. } => {
                self.users.get(user).is_some_and(|(known, _)| known >= not_before)
            }
        }
    }

    fn apply(&mut self, ended: &Ended, now: Timestamp, capacity: usize, overflows: &AtomicU64) {
        if ended.until() <= now {
            return;
        }
        let is_full = match ended {
            Ended::One { .. } => make_room(&mut self.ones, capacity, |until| *until > now),
            Ended::User { .. } => make_room(&mut self.users, capacity, |(_, until)| *until > now),
        };
        if is_full {
            overflows.fetch_add(1, Ordering::Relaxed);
        }
        match ended {
            Ended::One { until, .. } if is_full => {
                self.blind_until = self.blind_until.max(Some(*until));
            }
            Ended::User { until, .. } if is_full => {
                self.users_blind_until = self.users_blind_until.max(Some(*until));
            }
            Ended::One { mark, until } => {
                self.ones.insert(*mark, *until);
            }
            Ended::User { user, not_before, until } => {
                let limit = self.users.entry(user.clone()).or_insert((*not_before, *until));
                *limit = (limit.0.max(*not_before), limit.1.max(*until));
            }
        }
    }
}

/// Forgets what has passed when a map is full; whether it still is.
fn make_room<K: Eq + std::hash::Hash, V>(
    map: &mut HashMap<K, V>,
    capacity: usize,
    is_ahead: impl Fn(&V) -> bool,
) -> bool {
    if map.len() >= capacity {
        map.retain(|_, value| is_ahead(value));
    }
    map.len() >= capacity
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands for a credential is on disk: it must be the same however it was worked out.
    #[test]
    fn what_stands_for_a_credential_is_the_hash_of_its_parts_whatever_their_length() {
        for length in [0, 1, 200, 249, 250, 251, 252, 253, 300, 5000] {
            let (issuer, id) = ("i".repeat(length), "x");
            let whole = sha256(format!("token\0{issuer}\0{id}").as_bytes());
            let mark = What::Token { issuer: &issuer, id }.mark();
            assert_eq!(&mark, whole.first_chunk::<16>().unwrap(), "{length}");
        }
        let family = sha256(b"family\0abcdefghijkl");
        assert_eq!(&What::Family("abcdefghijkl").mark(), family.first_chunk::<16>().unwrap());
    }
}
