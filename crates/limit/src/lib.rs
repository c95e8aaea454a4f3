//! Rate and concurrency limits, usable alone.
//!
//! A [`Quota`] says how much is allowed: `"100/s burst 1000"`, `"60/min"`. What a take does to a
//! stored [`Cell`] is a pure function of the quota, the cell, the cost and the time
//! ([`Quota::evaluate`]). Where the cells live is behind [`Counters`]: [`MemoryCounters`] holds them
//! in this process, bounded; a store shared by several nodes implements the same trait.
//!
//! | quota | algorithm | what it promises |
//! |---|---|---|
//! | with `burst` | generic cell rate algorithm (a token bucket) | exact: in any span `d`, at most `burst + d × limit / window` |
//! | without | sliding window counter, two buckets | the estimate never passes `limit`; see below |
//!
//! The sliding counter keeps two tallies instead of a log of every request, and supposes that the
//! takes of the window before were spread evenly up to the last of them. The error has bounds on
//! both sides:
//! - windows begin with their first take and never overlap, and none holds more than `limit`: so
//!   never more than `limit` a window in the long run;
//! - at most `2 × limit - 1` in any other span of one window, and that only for a caller who waits
//!   with a nearly full quota for the end of a window; a limit of one is exact;
//! - whoever stays within `limit` over any two windows is never refused, nor is steady use just
//!   below `limit / window`.
//!
//! Time is the monotonic clock, an argument of every call. When readings go back, nothing is
//! granted that the latest reading would not have granted.
//!
//! ```
//! use std::net::{IpAddr, Ipv4Addr};
//!
//! use mantlet_limit::{Key, MemoryCounters, Quota};
//! use mantlet_types::{Clock, SystemClock};
//!
//! let clock = SystemClock::new();
//! let counters = MemoryCounters::new(100_000);
//! let quotas: [Quota; 2] = ["1/min".parse()?, "1000/h".parse()?];
//! let key = Key::of_address(1, IpAddr::V4(Ipv4Addr::LOCALHOST));
//!
//! assert!(counters.take_now(&key, &quotas, 1, clock.monotonic())?.allowed);
//! let second = counters.take_now(&key, &quotas, 1, clock.monotonic())?;
//! assert!(!second.allowed && second.quota == 0 && !second.retry_after.is_zero());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod algorithm;
mod concurrency;
mod counters;
mod key;
mod memory;
mod outcome;
mod quota;

pub use algorithm::{Cell, Decision};
pub use concurrency::{ConcurrencyError, ConcurrencyLimit, Permit};
pub use counters::{Ask, Counters, CountersError, MAX_QUOTAS, Taken};
pub use key::{Key, KeyHasher, POLICIES};
pub use memory::MemoryCounters;
pub use outcome::Outcome;
pub use quota::{Quota, QuotaError};
