//! Asking for a link without being known: everybody may, and learns nothing by it.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use mantlet_limit::{Key, KeyHasher, MemoryCounters, Quota};
use mantlet_types::{Monotonic, Rng};
use tokio::sync::mpsc;

use super::{LinkKind, letters};
use crate::UserId;
use crate::account::AccountName;
use crate::directory::Directory;
use crate::store::StoreError;

/// How many may wait for their answer.
const WAITING: usize = 256;

/// How many counts are remembered.
const COUNTERS: usize = 50_000;

/// So many times an address may ask within [`HOUR`], and so many times there is a link for one account.
const PER_ADDRESS: u64 = 10;
const PER_ACCOUNT: u64 = 3;
const HOUR: Duration = Duration::from_secs(3600);

/// Those who asked, until they are answered: off the way of requests, so that no request takes longer for a
/// name that there is.
#[derive(Debug)]
pub struct Requests {
    waiting: OnceLock<mpsc::Sender<AccountName>>,
    counters: MemoryCounters,
    hasher: KeyHasher,
}

/// What becomes of somebody who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// They are told that they were heard, whatever comes of it.
    Heard,
    /// Their address has asked too often: they wait this long.
    Wait(Duration),
}

impl Requests {
    pub(super) fn new(rng: &dyn Rng) -> Self {
        let (counters, hasher) = (MemoryCounters::new(COUNTERS), KeyHasher::new(rng));
        Self { waiting: OnceLock::new(), counters, hasher }
    }

    /// From now on those who ask are heard; `None` when somebody listens already.
    #[must_use]
    pub fn listen(&self) -> Option<mpsc::Receiver<AccountName>> {
        let (waiting, asked) = mpsc::channel(WAITING);
        self.waiting.set(waiting).ok().map(|()| asked)
    }

    /// Somebody asks for a link to the account that signs in with `name`, whether there is one or not.
    pub fn ask(&self, name: Option<&AccountName>, address: IpAddr, now: Monotonic) -> Asked {
        let counted = self.count(&Key::of_address(0, address), PER_ADDRESS, now);
        if let Err(wait) = counted {
            return Asked::Wait(wait);
        }
        let Some(name) = name else { return Asked::Heard };
        let is_fine = self.count(&self.hasher.of_text(1, name.as_str()), PER_ACCOUNT, now).is_ok();
        if let Some(waiting) = self.waiting.get().filter(|_| is_fine) {
            // Whoever finds no place asks again, and is told no more than the others.
            let _ = waiting.try_send(name.clone());
        }
        Asked::Heard
    }

    fn count(&self, key: &Key, most: u64, now: Monotonic) -> Result<(), Duration> {
        let Ok(quota) = Quota::new(most, HOUR, Some(most)) else { return Err(HOUR) };
        match self.counters.take_now(key, &[quota], 1, now) {
            Ok(outcome) if outcome.allowed => Ok(()),
            Ok(outcome) => Err(outcome.retry_after),
            Err(_) => Err(HOUR),
        }
    }
}

impl Directory {
    /// Answers one who asked for a link: a letter to the address of the account, where it is open and
    /// has one. Whose it is, where a letter goes out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn answer_request(&self, name: &AccountName) -> Result<Option<UserId>, StoreError> {
        let account = self.accounts.find(name).await?.filter(|account| account.is_active);
        let Some(account) = account else { return Ok(None) };
        let Some(email) = self.password_links.email(&account.id).await? else { return Ok(None) };
        let link = self.password_links.issue(&account.id, LinkKind::Reset).await?;
        let about = (account.name.as_str(), self.password_links.base());
        let is_sent = self.password_links.send(letters::reset(&email, about, link.expose()));
        Ok(is_sent.then_some(account.id))
    }
}
