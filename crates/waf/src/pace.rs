//! How time grows with what is looked at. Tests only.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long the smaller text is, and how much longer the larger one.
const BYTES: usize = 8_000;
const TIMES: usize = 8;

/// How much longer it may take: more than so many times as long is not in proportion.
const MOST: u32 = 24;

/// How often what took too long is measured again.
const RETRIES: usize = 4;

/// What the clock and the rest of the machine may add.
const SLACK: Duration = Duration::from_millis(2);

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn took(mut work: impl FnMut()) -> Duration {
    let start = cpu_time();
    work();
    cpu_time() - start
}

/// Asserts that `work` over a text of so many repetitions of `unit` takes time in proportion to its
/// length. `what` is for the message.
pub(crate) fn assert_in_proportion(what: &str, unit: &str, mut work: impl FnMut(&[u8])) {
    let text = |bytes: usize| unit.repeat(bytes / unit.len()).into_bytes();
    let (few, many) = (text(BYTES), text(TIMES * BYTES));
    let (mut small, mut large) = (took(|| work(&few)), took(|| work(&many)));
    // Somebody else may have taken the core.
    for _ in 0..RETRIES {
        if large > small * MOST + SLACK {
            small = small.max(took(|| work(&few)));
            large = large.min(took(|| work(&many)));
        }
    }
    assert!(
        large <= small * MOST + SLACK,
        "{what} on `{unit}`: {small:?}, then {large:?} for {TIMES} times as much"
    );
}
