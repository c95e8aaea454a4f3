//! Takes of several keys at once: all or none, however many threads.

use std::sync::MutexGuard;

use mantlet_types::Monotonic;

use super::shard::Shard;
use super::store::MemoryCounters;
use super::take::{Drafts, Take};
use crate::counters::{Ask, CountersError, MAX_QUOTAS};
use crate::outcome::Outcome;

/// The shards of a take, each locked once.
struct Locked<'a>(Vec<(usize, MutexGuard<'a, Shard>)>);

impl Locked<'_> {
    fn shard(&mut self, place: usize) -> Option<&mut Shard> {
        self.0.iter_mut().find(|(locked, _)| *locked == place).map(|(_, shard)| &mut **shard)
    }
}

/// Where the counters of one ask are.
#[derive(Clone, Copy)]
struct Spot {
    hash: u64,
    place: usize,
}

impl MemoryCounters {
    /// As [`crate::Counters::take_all`], for callers that do not await.
    ///
    /// # Errors
    /// [`CountersError`] when there is no ask, or the list of quotas of one is empty or longer than
    /// [`MAX_QUOTAS`].
    pub fn take_all_now(
        &self,
        asks: &[Ask<'_>],
        cost: u32,
        now: Monotonic,
    ) -> Result<Outcome, CountersError> {
        if let Some(ask) = asks.iter().find(|ask| ask.quotas.len() > MAX_QUOTAS) {
            return Err(CountersError::TooManyQuotas(ask.quotas.len()));
        }
        self.take_together(asks, cost, now).ok_or(CountersError::NoQuota)
    }

    fn take_together(&self, asks: &[Ask<'_>], cost: u32, now: Monotonic) -> Option<Outcome> {
        let spots: Vec<Spot> = asks.iter().map(|ask| self.spot(ask)).collect::<Option<_>>()?;
        let mut locked = self.lock_all(&spots);
        let before: Vec<u64> = locked.0.iter().map(|(_, shard)| shard.evictions()).collect();
        let mut step = |index: usize, act: &mut dyn FnMut(&mut Take<'_>, &Ask<'_>)| {
            let (ask, spot) = (asks.get(index)?, spots.get(index)?);
            let (shard, hashing) = (locked.shard(spot.place)?, &self.hashing);
            act(&mut Take { shard, hashing, key: &ask.key, hash: spot.hash, now }, ask);
            Some(())
        };
        let mut drafts: Vec<Drafts> = Vec::with_capacity(asks.len());
        let mut together: Option<Outcome> = None;
        for index in 0..asks.len() {
            let (mut outcome, mut draft) = (None, Drafts::default());
            step(index, &mut |take, ask| outcome = take.draft(ask.quotas, cost, &mut draft))?;
            let outcome = Outcome { ask: index, ..outcome? };
            together = Some(together.map_or(outcome, |others| others.and(outcome)));
            drafts.push(draft);
        }
        let is_allowed = together?.allowed;
        if cost > 0 {
            for (index, draft) in drafts.iter().enumerate() {
                step(index, &mut |take, ask| match is_allowed {
                    true => take.write(ask.quotas, draft),
                    false => take.warm(draft),
                })?;
            }
            for (index, draft) in drafts.iter().enumerate().filter(|_| is_allowed) {
                step(index, &mut |take, ask| take.add(ask.quotas, draft))?;
            }
        }
        let shards = before.into_iter().zip(&locked.0);
        shards.for_each(|(before, (_, shard))| self.report(before, shard));
        together
    }

    fn spot(&self, ask: &Ask<'_>) -> Option<Spot> {
        let hash = self.hashing.of_key(&ask.key);
        Some(Spot { hash, place: self.place(hash)? })
    }

    /// Locks every shard once, in the order of their numbers: so no two takes wait for each other.
    fn lock_all(&self, spots: &[Spot]) -> Locked<'_> {
        let mut places: Vec<usize> = spots.iter().map(|spot| spot.place).collect();
        places.sort_unstable();
        places.dedup();
        Locked(places.into_iter().filter_map(|place| Some((place, self.lock(place)?))).collect())
    }
}
