//! The servers of a route, and which of them gets the next request.

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use mantlet_types::Monotonic;

use super::Upstream;

/// Most servers of one route.
pub(crate) const MAX_MEMBERS: usize = 64;

/// A retry costs as much as this many requests earn: retries are a fifth of them at most.
const RETRY_COST: u32 = 5;

/// So many retries are there to begin with, and can be saved up.
const SAVED_RETRIES: u32 = 20;

/// The servers of one route. The one with the fewest running requests for its weight gets the next
/// one; those that are not well get none while another one is.
#[derive(Debug)]
pub struct Group {
    members: Vec<Member>,
    next: AtomicUsize,
    /// What retries may cost now.
    savings: AtomicU32,
}

#[derive(Debug)]
struct Member {
    upstream: Arc<Upstream>,
    weight: u32,
}

/// Which members a request has tried already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tried(u64);

impl Tried {
    const fn has(self, index: usize) -> bool {
        self.0 & (1 << (index % MAX_MEMBERS)) != 0
    }

    const fn add(&mut self, index: usize) {
        self.0 |= 1 << (index % MAX_MEMBERS);
    }
}

impl Group {
    /// A group of these servers, each with its weight; [`MAX_MEMBERS`] of them at most.
    pub(super) fn new(members: impl IntoIterator<Item = (Arc<Upstream>, u32)>) -> Self {
        let members = members.into_iter().take(MAX_MEMBERS);
        let members = members.map(|(upstream, weight)| Member { upstream, weight: weight.max(1) });
        let savings = AtomicU32::new(SAVED_RETRIES.saturating_mul(RETRY_COST));
        Self { members: members.collect(), next: AtomicUsize::new(0), savings }
    }

    /// Whether there is no server.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn servers(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        self.members.iter().map(|member| &member.upstream)
    }

    /// The server for a request that has not `tried` it; `None` when it has tried all.
    pub(super) fn pick(&self, now: Monotonic, tried: &mut Tried) -> Option<&Arc<Upstream>> {
        if let [only] = self.members.as_slice() {
            let is_new = *tried == Tried::default();
            tried.add(0);
            return is_new.then_some(&only.upstream);
        }
        // Another start each time: equals take turns.
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let first = turn.checked_rem(self.members.len())?;
        let places = (first..self.members.len()).chain(0..first);
        let open = places.filter(|place| !tried.has(*place));
        let candidates = open.filter_map(|place| Some((place, self.members.get(place)?)));
        let (place, member) = candidates
            .min_by_key(|(_, member)| (Reverse(member.upstream.is_usable(now)), member.load()))?;
        tried.add(place);
        Some(&member.upstream)
    }

    /// A request begins: it earns its part of a retry.
    pub(super) fn earn(&self) {
        let most = SAVED_RETRIES.saturating_mul(RETRY_COST);
        if self.members.len() > 1 && self.savings.load(Ordering::Relaxed) < most {
            self.savings.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a retry may be made.
    pub(super) fn may_retry(&self) -> bool {
        let pay = |savings: u32| savings.checked_sub(RETRY_COST);
        self.savings.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).is_ok()
    }
}

impl Member {
    /// How busy it would be with one more request, for its weight.
    fn load(&self) -> u64 {
        let active = u64::try_from(self.upstream.active()).unwrap_or(u64::MAX);
        let scaled = active.saturating_add(1).saturating_mul(1_000_000);
        scaled.checked_div(u64::from(self.weight)).unwrap_or(scaled)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use mantlet_event::{Events, Metrics};
    use mantlet_types::SystemClock;

    use super::*;
    use crate::upstream::server::Lease;
    use crate::upstream::{Pool, Rules, UpstreamSection};

    fn server(name: &str) -> Arc<Upstream> {
        let rules = Arc::new(Rules::new(&UpstreamSection::default()));
        Arc::new(Upstream::new(&format!("http://{name}").parse().unwrap(), rules, None, 1))
    }

    fn pool() -> Pool {
        let clock = Arc::new(SystemClock::new());
        let events = Events::builder(Arc::<SystemClock>::clone(&clock)).build();
        Pool::new(0, clock, events, Metrics::new())
    }

    fn pick(group: &Group) -> Arc<Upstream> {
        Arc::clone(group.pick(Monotonic::default(), &mut Tried::default()).unwrap())
    }

    #[test]
    fn requests_go_where_the_fewest_run_for_the_weight() {
        let (group, pool) = (Group::new([(server("a"), 1), (server("b"), 3)]), pool());
        let running: Vec<_> = (0..40).map(|_| Lease::begin(&pick(&group), &pool)).collect();
        let mut counts = BTreeMap::new();
        for upstream in group.members.iter().map(|member| &member.upstream) {
            counts.insert(upstream.to_string(), upstream.active());
        }
        assert_eq!(counts, BTreeMap::from([("http://a".into(), 10), ("http://b".into(), 30)]));
        drop(running);
        assert!(group.members.iter().all(|member| member.upstream.active() == 0));
    }

    #[test]
    fn equals_take_turns() {
        let group = Group::new(["a", "b", "c"].map(|name| (server(name), 1)));
        let turns: Vec<_> = (0..6).map(|_| pick(&group).to_string()).collect();
        assert_eq!(turns.concat(), "http://ahttp://bhttp://chttp://ahttp://bhttp://c");
    }

    #[test]
    fn a_server_that_is_not_well_is_passed_over_unless_none_is_well() {
        let group = Group::new([(server("a"), 1), (server("b"), 1)]);
        let [a, b] = [0, 1].map(|place| Arc::clone(&group.members[place].upstream));
        let now = Monotonic::from_origin(Duration::from_secs(1));
        let eject = |upstream: &Upstream| {
            for _ in 0..5 {
                let _ = upstream.health.failed(now, &upstream.rules.health);
            }
        };
        eject(&a);
        for _ in 0..4 {
            let mut tried = Tried::default();
            assert_eq!(group.pick(now, &mut tried).unwrap().to_string(), b.to_string());
            assert_eq!(group.pick(now, &mut tried).unwrap().to_string(), a.to_string());
            assert!(group.pick(now, &mut tried).is_none(), "each once");
        }
        eject(&b);
        let used: Vec<_> =
            (0..2).map(|_| group.pick(now, &mut Tried::default()).unwrap().to_string()).collect();
        assert_ne!(used.first(), used.last(), "all are used where none is well");
    }

    #[test]
    fn retries_are_a_fifth_of_all_requests_at_most() {
        let group = Group::new([(server("a"), 1), (server("b"), 1)]);
        let retries = (0..1000).filter(|_| {
            group.earn();
            group.may_retry()
        });
        // What the first request earns does not fit what is saved up already.
        assert_eq!(retries.count(), 20 + 200 - 1);
    }
}
