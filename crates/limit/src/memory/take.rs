//! One take: asks all quotas of a key, then changes all of their counters or none.

use mantlet_types::Monotonic;

use super::hashing::Hashing;
use super::shard::{Entry, REFUSED, Shard, heat};
use crate::algorithm::{Cell, nanos};
use crate::counters::MAX_QUOTAS;
use crate::key::Key;
use crate::outcome::Outcome;
use crate::quota::Quota;

/// The places of quotas in a list.
pub(super) const SLOTS: [u8; MAX_QUOTAS] = [0, 1, 2, 3, 4, 5, 6, 7];

/// One take, with its shard locked.
pub(super) struct Take<'a> {
    pub(super) shard: &'a mut Shard,
    pub(super) hashing: &'a Hashing,
    pub(super) key: &'a Key,
    pub(super) hash: u64,
    pub(super) now: Monotonic,
}

/// What a take would leave in the counters of one key.
pub(super) type Drafts = [Draft; MAX_QUOTAS];

/// What a take would leave in one counter.
#[derive(Clone, Copy, Default)]
pub(super) struct Draft {
    /// Where the counter is stored; `None` when it is not.
    place: Option<usize>,
    next: Cell,
    heat: u8,
    changed: bool,
}

impl Take<'_> {
    /// Asks every quota, then changes all of their counters or none. `None` without a quota.
    pub(super) fn run(&mut self, quotas: &[Quota], cost: u32) -> Option<Outcome> {
        // Most keys have one quota: no room for eight is prepared for them.
        match quotas {
            [_] => self.run_in(quotas, cost, &mut [Draft::default()]),
            _ => self.run_in(quotas, cost, &mut Drafts::default()),
        }
    }

    fn run_in(&mut self, quotas: &[Quota], cost: u32, drafts: &mut [Draft]) -> Option<Outcome> {
        let outcome = self.draft(quotas, cost, drafts)?;
        if outcome.allowed && cost > 0 {
            self.write(quotas, drafts);
            self.add(quotas, drafts);
        } else if cost > 0 {
            self.warm(drafts);
        }
        Some(outcome)
    }

    /// Asks every quota and changes nothing but `drafts`, one for each. `None` without a quota.
    pub(super) fn draft(
        &self,
        quotas: &[Quota],
        cost: u32,
        drafts: &mut [Draft],
    ) -> Option<Outcome> {
        let mut together: Option<Outcome> = None;
        let places = SLOTS.iter().zip(drafts);
        for (index, (quota, (slot, draft))) in quotas.iter().zip(places).enumerate() {
            let outcome = self.ask(index, quota, *slot, cost, draft);
            together = Some(together.map_or(outcome, |others| others.and(outcome)));
        }
        together
    }

    fn ask(&self, index: usize, quota: &Quota, slot: u8, cost: u32, draft: &mut Draft) -> Outcome {
        let hash = Hashing::of_slot(self.hash, slot);
        draft.place = self.shard.find(hash, self.key, slot);
        let cell =
            draft.place.and_then(|place| self.shard.cell(place, quota.tag())).unwrap_or_default();
        let decision = quota.evaluate(&cell, cost, self.now);
        draft.next = decision.next;
        draft.changed = decision.allowed;
        draft.heat =
            if decision.allowed { heat(quota.capacity(), decision.remaining) } else { REFUSED };
        Outcome::of(index, quota, &decision)
    }

    /// Writes the counters that exist. To be done for all keys of a take before any is added: adding
    /// one may move another out.
    pub(super) fn write(&mut self, quotas: &[Quota], drafts: &[Draft]) {
        for ((quota, slot), draft) in quotas.iter().zip(SLOTS).zip(drafts) {
            if let Some(place) = draft.place {
                let entry = self.entry(quota, slot, draft);
                self.shard.write(place, entry);
            }
        }
    }

    /// Adds the counters that did not exist.
    pub(super) fn add(&mut self, quotas: &[Quota], drafts: &[Draft]) {
        for ((quota, slot), draft) in quotas.iter().zip(SLOTS).zip(drafts) {
            if draft.place.is_none() {
                let hash = Hashing::of_slot(self.hash, slot);
                let entry = self.entry(quota, slot, draft);
                self.shard.insert(self.hashing, hash, entry, nanos(self.now));
            }
        }
    }

    fn entry(&self, quota: &Quota, slot: u8, draft: &Draft) -> Entry {
        Entry { cell: draft.next, key: *self.key, tag: quota.tag(), slot, heat: draft.heat }
    }

    /// Marks the counters that refuse, so that they are the last to be evicted.
    pub(super) fn warm(&mut self, drafts: &[Draft]) {
        for draft in drafts.iter().filter(|draft| !draft.changed) {
            if let Some(place) = draft.place {
                self.shard.warm(place, draft.heat);
            }
        }
    }
}
