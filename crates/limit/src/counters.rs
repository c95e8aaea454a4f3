//! Where the state of limits lives.

use std::fmt::{self, Debug};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mantlet_types::Monotonic;

use crate::key::Key;
use crate::outcome::Outcome;
use crate::quota::Quota;

/// The most quotas that one take can ask at once.
pub const MAX_QUOTAS: usize = 8;

/// One of the questions that are asked together: a key, and the quotas that belong to it.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Whom to count.
    pub key: Key,
    /// Its quotas.
    pub quotas: &'a [Quota],
}

/// A store of counters. One call carries all that an atomic decision over several quotas needs, so
/// that a remote store decides in one round trip.
///
/// A key belongs to one list of quotas: the place of a quota in the list says which counter is
/// meant. When the quota at a place changes, its counter starts afresh.
pub trait Counters: Debug + Send + Sync {
    /// Takes `cost` units from every quota of `key`, or from none when one of them refuses.
    ///
    /// A cost of zero asks what a take of one would get and takes nothing. `now` is this process's
    /// clock; a store shared by several processes goes by a clock of its own.
    ///
    /// # Errors
    /// The future yields [`CountersError`] when `quotas` is empty or longer than [`MAX_QUOTAS`], or
    /// the store cannot answer. What happens then is the caller's to decide.
    fn take<'a>(
        &'a self,
        key: &'a Key,
        quotas: &'a [Quota],
        cost: u32,
        now: Monotonic,
    ) -> Taken<'a>;

    /// Takes `cost` units from every quota of every ask, or from none when one of them refuses; the
    /// outcome names the binding one. As [`Counters::take`] in everything else.
    ///
    /// # Errors
    /// As [`Counters::take`], for any of the asks; and when there is none.
    fn take_all<'a>(&'a self, asks: &'a [Ask<'a>], cost: u32, now: Monotonic) -> Taken<'a>;

    /// What a take of one unit would get now; takes nothing.
    ///
    /// # Errors
    /// As [`Counters::take`].
    fn peek<'a>(&'a self, key: &'a Key, quotas: &'a [Quota], now: Monotonic) -> Taken<'a> {
        self.take(key, quotas, 0, now)
    }

    /// Forgets what was taken under `key`, so that its quotas are whole again: after a sign-in
    /// succeeded, or when an operator pardons. Best effort: a remote store may do it a little later.
    fn forget(&self, key: &Key);
}

/// The answer to a take, as a future: there at once from memory (no allocation, no poll that
/// waits), later from a remote store, which takes nothing before it is polled.
pub enum Taken<'a> {
    /// The answer is there.
    Ready(Result<Outcome, CountersError>),
    /// The answer is on its way.
    Pending(Pin<Box<dyn Future<Output = Result<Outcome, CountersError>> + Send + 'a>>),
}

impl Future for Taken<'_> {
    type Output = Result<Outcome, CountersError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Ready(answer) => Poll::Ready(answer.clone()),
            Self::Pending(future) => future.as_mut().poll(cx),
        }
    }
}

impl Debug for Taken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(answer) => f.debug_tuple("Ready").field(answer).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}

/// A take that could not be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CountersError {
    /// The list of quotas is empty.
    NoQuota,
    /// The list of quotas is longer than [`MAX_QUOTAS`]; the number is its length.
    TooManyQuotas(usize),
    /// The store cannot answer; the text says why.
    Unavailable(String),
}

impl fmt::Display for CountersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoQuota => f.write_str("the limit names no quota: give it at least one"),
            Self::TooManyQuotas(given) => {
                write!(f, "the limit names {given} quotas: give it at most {MAX_QUOTAS}")
            }
            Self::Unavailable(why) => write!(
                f,
                "the store of limits does not answer ({why}): see whether it runs and is reachable"
            ),
        }
    }
}

impl std::error::Error for CountersError {}
