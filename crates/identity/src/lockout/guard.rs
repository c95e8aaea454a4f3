//! Before an attempt, and after it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mantlet_limit::{Ask, Counters, CountersError, Key, KeyHasher};
use mantlet_types::Clock;

use super::LockoutPolicy;
use crate::account::AccountName;

/// Bits of a network: IPv4, IPv6.
const NETWORK: (u8, u8) = (24, 48);

/// Where an attempt comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The client's address.
    pub address: IpAddr,
    /// Whether this account signed in from this device before ([`super::DeviceProof`]).
    pub is_known: bool,
}

/// Nothing stands in the way.
const GO: Verdict = Verdict::Go { delay: Duration::ZERO };

/// What may happen now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password may be checked, after `delay`: keep the question open that long first.
    Go {
        /// How long to wait before the password is looked at; zero for most.
        delay: Duration,
    },
    /// Nothing is checked: this source waits.
    Wait {
        /// How long.
        retry_after: Duration,
    },
    /// Nothing is checked before something else was shown: a second factor, a link by mail, or a
    /// device that the account knows.
    StepUp,
}

/// One attempt, for saying how it went.
#[derive(Debug)]
#[must_use = "say how the attempt went"]
pub struct Attempt {
    /// What may happen.
    pub verdict: Verdict,
    pair: Key,
    account: Key,
    address: Key,
    network: Key,
}

/// The lockout over counters.
#[derive(Debug)]
pub struct Lockout {
    counters: Arc<dyn Counters>,
    hasher: KeyHasher,
    policy: LockoutPolicy,
    /// Five policies of the counters from here on are ours.
    first: u32,
    clock: Arc<dyn Clock>,
}

impl Lockout {
    /// Over `counters`, in the policies `first` to `first + 4`. Names of accounts are hashed with
    /// `hasher`.
    #[must_use]
    pub fn new(
        counters: Arc<dyn Counters>,
        hasher: KeyHasher,
        policy: LockoutPolicy,
        first: u32,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { counters, hasher, policy, first, clock }
    }

    /// Before a password is looked at. The attempt counts from here on, so that many at once are
    /// not more than many in a row.
    ///
    /// # Errors
    /// [`CountersError`] when the counters cannot answer: refuse then.
    pub async fn begin(
        &self,
        name: &AccountName,
        source: Source,
    ) -> Result<Attempt, CountersError> {
        let mut attempt = self.attempt(name, source);
        let now = self.clock.monotonic();
        if source.is_known {
            attempt.verdict = self.take_pair(&attempt.pair).await?;
            return Ok(attempt);
        }
        let failures = [
            Ask { key: attempt.address, quotas: &[self.policy.per_address] },
            Ask { key: attempt.network, quotas: &[self.policy.per_network] },
        ];
        let sources = self.counters.take_all(&failures, 0, now).await?;
        if !sources.allowed {
            attempt.verdict = Verdict::Wait { retry_after: sources.retry_after };
            return Ok(attempt);
        }
        attempt.verdict = self.take_pair(&attempt.pair).await?;
        if attempt.verdict != GO {
            return Ok(attempt);
        }
        let quota = [self.policy.per_account];
        let account = self.counters.take(&attempt.account, &quota, 1, now).await?;
        attempt.verdict = if account.allowed {
            let used = account.limit.saturating_sub(account.remaining).saturating_sub(1);
            Verdict::Go { delay: self.policy.delay(used) }
        } else {
            Verdict::StepUp
        };
        Ok(attempt)
    }

    async fn take_pair(&self, pair: &Key) -> Result<Verdict, CountersError> {
        let now = self.clock.monotonic();
        let taken = self.counters.take(pair, &[self.policy.per_pair], 1, now).await?;
        Ok(if taken.allowed { GO } else { Verdict::Wait { retry_after: taken.retry_after } })
    }

    /// After a wrong password.
    ///
    /// # Errors
    /// [`CountersError`].
    pub async fn failed(&self, attempt: &Attempt) -> Result<(), CountersError> {
        self.count_failure(&attempt.address, &attempt.network).await
    }

    /// After the right password: the pair and the account begin anew. What the address did at other
    /// accounts stays, so that nobody clears their failures with an account of their own.
    pub fn succeeded(&self, attempt: &Attempt) {
        self.counters.forget(&attempt.pair);
        self.counters.forget(&attempt.account);
    }

    /// Before a credential is looked at that names its owner itself, as a passkey does: `None` when
    /// it may be, else how long its source has to wait. The account's own limits do not count: what
    /// strangers guess at passwords keeps nobody from their passkey.
    ///
    /// # Errors
    /// [`CountersError`] when the counters cannot answer: refuse then.
    pub async fn source(&self, address: IpAddr) -> Result<Option<Duration>, CountersError> {
        let now = self.clock.monotonic();
        let (address, network) = self.source_keys(address);
        let failures = [
            Ask { key: address, quotas: &[self.policy.per_address] },
            Ask { key: network, quotas: &[self.policy.per_network] },
        ];
        let taken = self.counters.take_all(&failures, 0, now).await?;
        Ok((!taken.allowed).then_some(taken.retry_after))
    }

    /// After one that does not count.
    ///
    /// # Errors
    /// [`CountersError`].
    pub async fn source_failed(&self, address: IpAddr) -> Result<(), CountersError> {
        let (address, network) = self.source_keys(address);
        self.count_failure(&address, &network).await
    }

    /// Before a code of a second factor is looked at, after the right password: `None` when it may
    /// be, else how long to wait.
    ///
    /// # Errors
    /// [`CountersError`] when the counters cannot answer: refuse then.
    pub async fn factor(&self, name: &AccountName) -> Result<Option<Duration>, CountersError> {
        let now = self.clock.monotonic();
        let key = self.factor_key(name);
        let taken = self.counters.take(&key, &[self.policy.per_factor], 1, now).await?;
        Ok((!taken.allowed).then_some(taken.retry_after))
    }

    /// After the right code.
    pub fn factor_succeeded(&self, name: &AccountName) {
        self.counters.forget(&self.factor_key(name));
    }

    /// Pardons an account: its attempts from unknown sources and at its second factor, and those
    /// from `address` where one is given.
    pub fn unlock(&self, name: &AccountName, address: Option<IpAddr>) {
        self.counters.forget(&self.hasher.of_text(self.policy_at(1), name.as_str()));
        self.counters.forget(&self.factor_key(name));
        if let Some(address) = address {
            let attempt = self.attempt(name, Source { address, is_known: false });
            self.counters.forget(&attempt.pair);
            self.counters.forget(&attempt.address);
        }
    }

    async fn count_failure(&self, address: &Key, network: &Key) -> Result<(), CountersError> {
        let now = self.clock.monotonic();
        // One after the other: that one of them is full must not spare the other.
        self.counters.take(address, &[self.policy.per_address], 1, now).await?;
        self.counters.take(network, &[self.policy.per_network], 1, now).await?;
        Ok(())
    }

    /// The keys of an address and of its network.
    fn source_keys(&self, address: IpAddr) -> (Key, Key) {
        let own = Key::of_address(self.policy_at(2), address);
        (own, Key::of_network(self.policy_at(3), address, NETWORK.0, NETWORK.1))
    }

    fn attempt(&self, name: &AccountName, source: Source) -> Attempt {
        let (address, name) = (source.address, name.as_str());
        let (own, network) = self.source_keys(address);
        // The address first: it has a fixed length, so that no two pairs are one text. A known
        // device counts for itself: whoever shares its address cannot use its attempts up.
        let own_or_device = if source.is_known { &[0; 16] } else { own.as_bytes() };
        let pair = [own_or_device.as_slice(), name.as_bytes()].concat();
        Attempt {
            verdict: GO,
            pair: self.hasher.of_text(self.policy_at(0), pair),
            account: self.hasher.of_text(self.policy_at(1), name),
            address: own,
            network,
        }
    }

    fn factor_key(&self, name: &AccountName) -> Key {
        self.hasher.of_text(self.policy_at(4), name.as_str())
    }

    const fn policy_at(&self, place: u32) -> u32 {
        self.first.wrapping_add(place)
    }
}
