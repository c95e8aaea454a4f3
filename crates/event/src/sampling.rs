//! Refusals that are counted instead of written: a flood of them must not fill the logs.
//!
//! In each minute the first refusals for one reason of one network are written. Further ones are
//! counted, and one event says how many there were, once the minute is over.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mantlet_types::Monotonic;

use crate::{Event, Stream, catalogue, field};

/// For how long refusals are counted together.
const WINDOW: Duration = Duration::from_secs(60);
/// The most networks and reasons that are told apart at a time; all others share one count for each
/// reason, so that neither memory nor logs grow with the number of networks.
const MOST: usize = 256;
/// Nothing has been left out that is still to be told.
const NEVER: u64 = u64::MAX;

/// Which refusals are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    reason: String,
    /// `None` for all networks that are not told apart.
    network: Option<(IpAddr, u8)>,
}

/// Refusals of one kind.
#[derive(Debug, Clone, Copy)]
struct Count {
    ends: Monotonic,
    written: u32,
    left_out: u32,
}

/// Decides which refusals are written.
#[derive(Debug)]
pub(crate) struct Sampler {
    /// The most of one kind that are written in a window.
    limit: u32,
    counts: Mutex<HashMap<Kind, Count>>,
    /// When there is something to tell, in milliseconds; so that most events take no lock.
    due: AtomicU64,
}

impl Sampler {
    /// Writes at most `limit` refusals of one kind in a minute.
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, counts: Mutex::default(), due: AtomicU64::new(NEVER) }
    }

    /// Whether `event` is to be written; counts it, if not.
    pub(crate) fn is_written(&self, event: &Event, now: Monotonic) -> bool {
        let Some(kind) = Kind::of(event) else { return true };
        let mut counts = self.counts();
        let kind = with_room(&mut counts, kind, now);
        let fresh = Count { ends: now.plus(WINDOW), written: 0, left_out: 0 };
        let count = counts.entry(kind).or_insert(fresh);
        // What was left out is told first; here that has happened.
        if count.ends <= now && count.left_out == 0 {
            *count = fresh;
        }
        if count.written < self.limit {
            count.written = count.written.saturating_add(1);
            return true;
        }
        count.left_out = count.left_out.saturating_add(1);
        self.due.fetch_min(millis(count.ends), Ordering::Relaxed);
        false
    }

    /// What is to be told by now.
    pub(crate) fn due(&self, now: Monotonic) -> Vec<Event> {
        let has_something = self.due.load(Ordering::Relaxed) <= millis(now);
        if has_something { self.tell(|count| count.ends <= now) } else { Vec::new() }
    }

    /// Whether something may become due at all.
    pub(crate) fn is_waiting(&self) -> bool {
        self.due.load(Ordering::Relaxed) != NEVER
    }

    /// What has not been told yet.
    pub(crate) fn rest(&self) -> Vec<Event> {
        self.tell(|_| true)
    }

    fn tell(&self, is_due: impl Fn(&Count) -> bool) -> Vec<Event> {
        let mut counts = self.counts();
        let mut told = Vec::new();
        counts.retain(|kind, count| {
            let is_over = is_due(count);
            if is_over && count.left_out > 0 {
                told.push(kind.summary(count.left_out));
            }
            !is_over
        });
        let waiting = counts.values().filter(|count| count.left_out > 0);
        let next = waiting.map(|count| millis(count.ends)).min().unwrap_or(NEVER);
        self.due.store(next, Ordering::Relaxed);
        told
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Kind, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The kind itself where there is room for it, else the one for all that have none.
fn with_room(counts: &mut HashMap<Kind, Count>, kind: Kind, now: Monotonic) -> Kind {
    if counts.len() >= MOST && !counts.contains_key(&kind) {
        counts.retain(|_, count| count.ends > now || count.left_out > 0);
        if counts.len() >= MOST {
            return Kind { network: None, ..kind };
        }
    }
    kind
}

fn millis(at: Monotonic) -> u64 {
    u64::try_from(at.since_origin().as_millis()).unwrap_or(NEVER)
}

impl Kind {
    /// The kind of a refusal; `None` for other events.
    fn of(event: &Event) -> Option<Self> {
        if event.entry().stream != Stream::Decision {
            return None;
        }
        let text = |name| event.lookup(name)?.as_text();
        let client: IpAddr = text(field::CLIENT)?.parse().ok()?;
        Some(Self { reason: text(field::REASON)?.to_owned(), network: Some(network(client)) })
    }

    fn summary(&self, left_out: u32) -> Event {
        let network = match self.network {
            Some((address, bits)) => format!("{address}/{bits}"),
            None => "others".to_owned(),
        };
        Event::new(&catalogue::LOG_REFUSAL_SUPPRESSED)
            .text(field::REASON, self.reason.clone())
            .text(field::NETWORK, network)
            .number(field::COUNT, i64::from(left_out))
            .text(field::HINT, "`[log] refusals` is how many are written in a minute")
    }
}

/// The network of an address: what one customer can change at will lies within it.
fn network(address: IpAddr) -> (IpAddr, u8) {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            (IpAddr::from([a, b, c, 0]), 24)
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            (Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into(), 48)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_origin(Duration::from_secs(seconds))
    }

    fn refusal(client: &str, reason: &'static str) -> Event {
        Event::new(&catalogue::HYGIENE_REQUEST_REFUSED)
            .text(field::CLIENT, client.to_owned())
            .text(field::REASON, reason)
    }

    fn told(events: &[Event]) -> Vec<String> {
        let text = |event: &Event, name| event.lookup(name).unwrap().as_text().unwrap().to_owned();
        let count = |event: &Event| event.lookup(field::COUNT).unwrap().as_number().unwrap();
        let line = |event| format!("{} {}", text(event, field::NETWORK), count(event));
        let mut lines: Vec<String> = events.iter().map(line).collect();
        lines.sort();
        lines
    }

    #[test]
    fn further_refusals_of_a_network_are_counted_and_told_when_the_minute_is_over() {
        let sampler = Sampler::new(2);
        let mut written = 0;
        for number in 0..10 {
            let event = refusal(&format!("192.0.2.{number}"), "invalid-path");
            written += u32::from(sampler.is_written(&event, at(0)));
        }
        assert_eq!(written, 2);
        // Another reason, another network.
        assert!(sampler.is_written(&refusal("192.0.2.1", "invalid-host"), at(0)));
        assert!(sampler.is_written(&refusal("192.0.3.1", "invalid-path"), at(0)));
        assert!(told(&sampler.due(at(59))).is_empty());
        assert_eq!(told(&sampler.due(at(60))), ["192.0.2.0/24 8"]);
        assert!(told(&sampler.due(at(120))).is_empty() && !sampler.is_waiting());
        assert!(sampler.is_written(&refusal("192.0.2.1", "invalid-path"), at(61)));
    }

    #[test]
    fn a_quiet_kind_begins_anew_and_what_is_left_is_told_at_the_end() {
        let sampler = Sampler::new(1);
        let event = || refusal("2001:db8:1:2::1", "invalid-path");
        assert!(sampler.is_written(&event(), at(0)));
        assert!(sampler.is_written(&event(), at(60)));
        assert!(!sampler.is_written(&refusal("2001:db8:1:ffff::9", "invalid-path"), at(61)));
        assert_eq!(told(&sampler.rest()), ["2001:db8:1::/48 1"]);
        assert!(sampler.rest().is_empty());
    }

    #[test]
    fn a_flood_from_many_networks_is_bounded_too() {
        let sampler = Sampler::new(1);
        let networks = (0..=255).flat_map(|high| (0..16).map(move |low| (high, low)));
        let mut written = 0;
        for (high, low) in networks {
            let event = refusal(&format!("10.{high}.{low}.1"), "invalid-path");
            written += usize::from(sampler.is_written(&event, at(0)));
        }
        assert_eq!(written, MOST + 1);
        assert!(sampler.counts().len() <= MOST + 1);
        assert_eq!(told(&sampler.due(at(60))), ["others 3839"]);
    }

    #[test]
    fn only_refusals_are_sampled() {
        let sampler = Sampler::new(0);
        for event in [
            Event::new(&catalogue::GATEWAY_REQUEST_COMPLETED),
            Event::new(&catalogue::LIMIT_QUOTA_WARNED).text(field::CLIENT, "192.0.2.1"),
            Event::new(&catalogue::CONTROL_COMMAND_REFUSED).text(field::REASON, "x"),
        ] {
            assert!(sampler.is_written(&event, at(0)));
        }
    }
}
