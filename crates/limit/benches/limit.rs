//! Takes per second on one core: `cargo bench -p mantlet-limit`.

use std::hint::black_box;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::time::Duration;

use mantlet_limit::{CountersError, Key, MemoryCounters, Quota};
use mantlet_types::{Clock, SystemClock};

const TAKES: u32 = 20_000;
const ROUNDS: u32 = 200;
const KEYS: u32 = 1_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bucket: Quota = "100/s burst 1000".parse()?;
    let window: Quota = "60/min".parse()?;
    let hour: Quota = "1000/h".parse()?;
    let roomy = 1_100_000;
    let cases: [(&str, &[Quota], u32, usize); 7] = [
        ("hot key, bucket", &[bucket], 1, roomy),
        ("hot key, window", &[window], 1, roomy),
        ("hot key, two windows", &[window, hour], 1, 2 * roomy),
        ("1 M keys, bucket", &[bucket], KEYS, roomy),
        ("1 M keys, window", &[window], KEYS, roomy),
        ("1 M keys, two windows", &[window, hour], KEYS, 2 * roomy),
        ("1 M keys in room for 100,000, window", &[window], KEYS, 100_000),
    ];
    let mut out = std::io::stdout().lock();
    for (name, quotas, keys, capacity) in cases {
        let counters = MemoryCounters::new(capacity);
        let rate = takes_per_second(&counters, quotas, keys)?;
        writeln!(
            out,
            "{name:38} {:>6.2} M takes/s  {:>8} counters  {:>8} evictions",
            rate / 1e6,
            counters.len(),
            counters.evictions()
        )?;
    }
    Ok(())
}

/// The rate of the best round: the one that other work on the machine disturbed least.
fn takes_per_second(
    counters: &MemoryCounters,
    quotas: &[Quota],
    keys: u32,
) -> Result<f64, CountersError> {
    let clock = SystemClock::new();
    // Once over every key, so that what is measured is not growth.
    run(counters, quotas, 0..keys, keys, &clock)?;
    let mut best = Duration::MAX;
    for round in 0..ROUNDS {
        let first = round.wrapping_mul(TAKES);
        let spent = run(counters, quotas, first..first + TAKES, keys, &clock)?;
        best = best.min(spent);
    }
    Ok(f64::from(TAKES) / best.as_secs_f64())
}

fn run(
    counters: &MemoryCounters,
    quotas: &[Quota],
    numbers: Range<u32>,
    keys: u32,
    clock: &SystemClock,
) -> Result<Duration, CountersError> {
    let start = clock.monotonic();
    let mut now = start;
    for number in numbers {
        // A server reads the clock once a request, for many reasons: that is not part of a take.
        if number % 64 == 0 {
            now = clock.monotonic();
        }
        let address = IpAddr::V4(Ipv4Addr::from_bits(number % keys));
        let key = Key::of_address(1, address);
        black_box(counters.take_now(&key, quotas, 1, now)?);
    }
    Ok(clock.monotonic().since(start))
}
