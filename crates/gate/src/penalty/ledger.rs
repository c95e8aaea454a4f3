//! Who has how many strikes, and whose time has come.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use mantlet_event::{Metrics, reasons};
use mantlet_limit::{Ask, Counters, Key, Outcome, Quota};
use mantlet_types::{Clock, Monotonic, Reason, RequestId};
use tokio::sync::mpsc;

use super::PenaltyRules;
use super::enforcer::PenaltyQueue;
use crate::guards::GUARD_POLICIES;
use crate::pipeline::{Exchange, Mode};

/// The most penalties that run at a time: what the block list holds.
const MOST_RUNNING: usize = 10_000;
/// The most penalties that wait to be carried out.
const QUEUE: usize = 1_024;

/// Numbers of the counters of penalties, above those of guards.
const RATE: u32 = GUARD_POLICIES;
const STRIKES: u32 = GUARD_POLICIES + 1;
const NETWORK_STRIKES: u32 = GUARD_POLICIES + 2;
const STEPS: u32 = GUARD_POLICIES + 3;
const NETWORK_STEPS: u32 = GUARD_POLICIES + 4;

/// The strikes of everyone, and the penalties that run.
#[derive(Debug)]
pub struct Ledger {
    clock: Arc<dyn Clock>,
    counters: Arc<dyn Counters>,
    metrics: Metrics,
    running: Mutex<HashMap<IpNet, Running>>,
    sentences: mpsc::Sender<Sentence>,
}

/// A penalty that has not ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running {
    pub(super) mode: Mode,
    pub(super) ends: Monotonic,
    /// Whether it has been carried out.
    pub(super) is_in_force: bool,
}

/// A penalty to be carried out.
#[derive(Debug)]
pub(super) struct Sentence {
    pub(super) network: IpNet,
    pub(super) client: IpAddr,
    pub(super) mode: Mode,
    pub(super) length: Duration,
    /// The how many-th it is within the time that is remembered.
    pub(super) step: usize,
    /// The last strike.
    pub(super) cause: &'static str,
    pub(super) request: RequestId,
}

/// Counters that belong together: strikes, and the steps of escalation.
struct Count<'a> {
    network: IpNet,
    strikes: (Key, &'a [Quota]),
    steps: Key,
}

impl Ledger {
    /// An empty ledger, and what its enforcer gets its work from.
    #[must_use]
    pub fn new(
        clock: Arc<dyn Clock>,
        counters: Arc<dyn Counters>,
        metrics: Metrics,
    ) -> (Arc<Self>, PenaltyQueue) {
        let (sentences, receiver) = mpsc::channel(QUEUE);
        let running = Mutex::default();
        (Arc::new(Self { clock, counters, metrics, running, sentences }), PenaltyQueue(receiver))
    }

    /// Notes what became of a request; `refused` is why it was refused.
    pub(crate) async fn note(
        &self,
        rules: &PenaltyRules,
        exchange: &Exchange,
        refused: Option<&'static Reason>,
    ) {
        // What a blocked client tries lengthens no block.
        if rules.mode == Mode::Off || refused == Some(&reasons::ADDRESS_BLOCKED) {
            return;
        }
        let address = exchange.client.address;
        let refusal = refused.map_or(0, |reason| rules.weight(reason));
        let speed = u32::from(self.is_too_fast(rules, address).await);
        let weight = refusal.saturating_add(speed);
        if weight == 0 {
            return;
        }
        let cause = refused.filter(|_| refusal > 0).map_or("rate", |reason| reason.code);
        for count in counts(rules, address).into_iter().flatten() {
            if rules.is_spared(count.network) || self.is_running(count.network) {
                continue;
            }
            if self.strike(&count, weight).await {
                let step = self.step(rules, &count).await;
                let (network, length) = (count.network, rules.length(step));
                let (mode, request) = (rules.mode, exchange.id);
                self.sentence(Sentence {
                    network,
                    client: address,
                    mode,
                    length,
                    step,
                    cause,
                    request,
                });
            }
        }
    }

    async fn is_too_fast(&self, rules: &PenaltyRules, address: IpAddr) -> bool {
        if rules.rates.is_empty() {
            return false;
        }
        let key = Key::of_address(RATE, address);
        self.take(key, &rules.rates, 1).await.is_some_and(|outcome| !outcome.allowed)
    }

    /// Whether these strikes are the last ones that are borne.
    async fn strike(&self, count: &Count<'_>, weight: u32) -> bool {
        let (key, quotas) = count.strikes;
        let Some(outcome) = self.take(key, quotas, weight).await else { return false };
        let is_full = !outcome.allowed || outcome.remaining == 0;
        if is_full {
            self.counters.forget(&key);
        }
        is_full
    }

    /// How many blocks there were before, within the time that is remembered.
    async fn step(&self, rules: &PenaltyRules, count: &Count<'_>) -> usize {
        let Some(steps) = rules.steps else { return 0 };
        let outcome = self.take(count.steps, &[steps], 1).await;
        let before = outcome.map_or(0, |outcome| match outcome.allowed {
            true => steps.limit().saturating_sub(outcome.remaining).saturating_sub(1),
            false => steps.limit(),
        });
        usize::try_from(before).unwrap_or(usize::MAX)
    }

    /// What the counters say; `None` when they do not answer. Penalties are no protection that a
    /// request waits for: then there is no strike.
    async fn take(&self, key: Key, quotas: &[Quota], cost: u32) -> Option<Outcome> {
        let ask = [Ask { key, quotas }];
        self.counters.take_all(&ask, cost, self.clock.monotonic()).await.ok()
    }

    fn is_running(&self, network: IpNet) -> bool {
        let now = self.clock.monotonic();
        self.running().get(&network).is_some_and(|running| running.ends > now)
    }

    /// Hands a penalty to the enforcer, once.
    fn sentence(&self, sentence: Sentence) {
        let mut running = self.running();
        let ends = self.clock.monotonic().plus(sentence.length);
        let (network, mode) = (sentence.network, sentence.mode);
        if running.len() >= MOST_RUNNING && !running.contains_key(&network) {
            self.metrics.limit_reached("penalty.running");
            return;
        }
        match self.sentences.try_send(sentence) {
            Ok(()) => {
                running.insert(network, Running { mode, ends, is_in_force: false });
            }
            // The next strikes lead here again.
            Err(_) => self.metrics.limit_reached("penalty.queue"),
        }
    }

    /// The penalties that run.
    pub(super) fn running(&self) -> MutexGuard<'_, HashMap<IpNet, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is counted for an address: its own strikes and those of its network.
fn counts(rules: &PenaltyRules, address: IpAddr) -> [Option<Count<'_>>; 2] {
    let (v4, v6) = rules.network;
    let own = PenaltyRules::own(address).filter(|_| !rules.strikes.is_empty());
    let around = rules.around(address).filter(|_| !rules.network_strikes.is_empty());
    [
        own.map(|network| Count {
            network,
            strikes: (Key::of_address(STRIKES, address), &*rules.strikes),
            steps: Key::of_address(STEPS, address),
        }),
        around.map(|network| Count {
            network,
            strikes: (Key::of_network(NETWORK_STRIKES, address, v4, v6), &*rules.network_strikes),
            steps: Key::of_network(NETWORK_STEPS, address, v4, v6),
        }),
    ]
}
