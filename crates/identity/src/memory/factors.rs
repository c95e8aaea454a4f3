//! Second factors in memory.

use std::collections::HashMap;
use std::sync::Mutex;

use mantlet_crypto::{KeyId, TAG_SIZE};

use super::{answer, lock};
use crate::UserId;
use crate::factor::{FactorStore, TotpRecord};
use crate::store::Stored;

/// Second factors in memory.
#[derive(Debug, Default)]
pub struct MemoryFactors(Mutex<HashMap<UserId, Factors>>);

#[derive(Debug, Default)]
struct Factors {
    totp: Option<TotpRecord>,
    recovery: Option<(KeyId, Vec<[u8; TAG_SIZE]>)>,
}

impl FactorStore for MemoryFactors {
    fn totp<'a>(&'a self, user: &'a UserId) -> Stored<'a, Option<TotpRecord>> {
        answer(Ok(lock(&self.0).get(user).and_then(|factors| factors.totp.clone())))
    }

    fn set_totp<'a>(&'a self, user: &'a UserId, totp: TotpRecord) -> Stored<'a, bool> {
        let mut all = lock(&self.0);
        let factors = all.entry(user.clone()).or_default();
        let is_free = factors.totp.as_ref().is_none_or(|totp| !totp.is_confirmed);
        if is_free {
            factors.totp = Some(totp);
        }
        answer(Ok(is_free))
    }

    fn use_step<'a>(&'a self, user: &'a UserId, sealed: &'a [u8], step: u64) -> Stored<'a, bool> {
        let mut all = lock(&self.0);
        let totp = all.get_mut(user).and_then(|factors| factors.totp.as_mut());
        let totp = totp.filter(|it| it.sealed == sealed && it.used.is_none_or(|used| used < step));
        let is_done = totp.map(|totp| {
            totp.used = Some(step);
            totp.is_confirmed = true;
        });
        answer(Ok(is_done.is_some()))
    }

    fn set_recovery<'a>(
        &'a self,
        user: &'a UserId,
        key: KeyId,
        hashes: Vec<[u8; TAG_SIZE]>,
    ) -> Stored<'a, ()> {
        lock(&self.0).entry(user.clone()).or_default().recovery = Some((key, hashes));
        answer(Ok(()))
    }

    fn recovery<'a>(&'a self, user: &'a UserId) -> Stored<'a, Option<(KeyId, usize)>> {
        let all = lock(&self.0);
        let recovery = all.get(user).and_then(|factors| factors.recovery.as_ref());
        answer(Ok(recovery.map(|(key, hashes)| (*key, hashes.len()))))
    }

    fn use_recovery<'a>(&'a self, user: &'a UserId, hash: [u8; TAG_SIZE]) -> Stored<'a, bool> {
        let mut all = lock(&self.0);
        let recovery = all.get_mut(user).and_then(|factors| factors.recovery.as_mut());
        let is_done = recovery.is_some_and(|(_, hashes)| {
            let place = hashes.iter().position(|own| *own == hash);
            place.map(|place| hashes.swap_remove(place)).is_some()
        });
        answer(Ok(is_done))
    }

    fn remove_all<'a>(&'a self, user: &'a UserId) -> Stored<'a, ()> {
        lock(&self.0).remove(user);
        answer(Ok(()))
    }
}
