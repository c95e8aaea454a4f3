//! Carrying penalties out, and noticing their end.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use mantlet_event::{Event, Events, catalogue, field};
use mantlet_types::{
    Block, BlockError, Blocking, Clock, Monotonic, Revocation, Subject, Timestamp,
};
use tokio::sync::mpsc;

use super::Ledger;
use super::ledger::{Running, Sentence};
use crate::pipeline::Mode;

/// How often it is looked for penalties that have ended.
const TICK: Duration = Duration::from_millis(500);
/// How reasons of blocks begin that are penalties.
const WHY: &str = "penalty: ";

/// Where the enforcer gets its work from.
#[derive(Debug)]
pub struct PenaltyQueue(pub(super) mpsc::Receiver<Sentence>);

/// Carries penalties out, off the way of requests: a block is written to disk before it holds.
#[derive(Debug)]
pub struct Enforcer {
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    blocking: Arc<dyn Blocking>,
    revocation: Arc<dyn Revocation>,
    events: Events,
}

impl Enforcer {
    /// An enforcer for `ledger`. Penalties of the process before that still run go on.
    #[must_use]
    pub fn new(
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        blocking: Arc<dyn Blocking>,
        revocation: Arc<dyn Revocation>,
        events: Events,
    ) -> Arc<Self> {
        let now = (clock.now(), clock.monotonic());
        let known = blocking.list().into_iter().filter_map(|block| continued(&block, now));
        ledger.running().extend(known);
        Arc::new(Self { ledger, clock, blocking, revocation, events })
    }

    /// Works until the ledger is gone. To be run as a task of its own.
    pub async fn run(self: Arc<Self>, mut work: PenaltyQueue) {
        loop {
            match tokio::time::timeout(TICK, work.0.recv()).await {
                Ok(None) => return,
                Ok(Some(sentence)) => {
                    let enforcer = Arc::clone(&self);
                    // Blocking writes a file and waits for the disk.
                    let done = tokio::task::spawn_blocking(move || enforcer.carry_out(&sentence));
                    if done.await.is_err() {
                        return;
                    }
                }
                Err(_) => {}
            }
            self.end_due();
        }
    }

    /// Carries one penalty out, or says why that failed.
    pub(super) fn carry_out(&self, sentence: &Sentence) {
        let network = sentence.network;
        let until = self.clock.now().checked_add(sentence.length).ok();
        let outcome = match sentence.mode {
            Mode::Enforce => self.block(sentence, until),
            Mode::Observe | Mode::Off => Ok(()),
        };
        let event = self.event(sentence, until);
        match outcome {
            Ok(()) => {
                if let Some(running) = self.ledger.running().get_mut(&network) {
                    running.is_in_force = true;
                }
                self.events.emit(event);
            }
            Err(error) => {
                self.ledger.running().remove(&network);
                let failed = Event::new(&catalogue::PENALTY_BLOCK_FAILED);
                let failed = failed.text(field::NETWORK, network.to_string());
                self.events.emit(failed.text(field::ERROR, error.to_string()));
            }
        }
    }

    fn block(&self, sentence: &Sentence, until: Option<Timestamp>) -> Result<(), BlockError> {
        let network = sentence.network;
        // A longer block, of an operator perhaps, stays as it is.
        let known =
            self.blocking.lookup(network.addr()).filter(|block| block.network.contains(&network));
        if known
            .is_some_and(|block| block.until.is_none_or(|end| until.is_some_and(|own| end >= own)))
        {
            return Ok(());
        }
        let Sentence { cause, step, .. } = sentence;
        let why = format!("{WHY}{cause}, no. {}", step.saturating_add(1));
        self.blocking.block(Block { network, until, why })?;
        // Whoever is blocked keeps no connection that has left HTTP.
        self.revocation.revoke(&Subject::Network(network));
        Ok(())
    }

    fn event(&self, sentence: &Sentence, until: Option<Timestamp>) -> Event {
        let step = i64::try_from(sentence.step).unwrap_or(i64::MAX).saturating_add(1);
        let event = Event::new(&catalogue::PENALTY_BLOCK_STARTED)
            .request(sentence.request)
            .text(field::MODE, sentence.mode.as_str())
            .text(field::NETWORK, sentence.network.to_string())
            .text(field::CLIENT, sentence.client.to_string())
            .text(field::EVIDENCE, sentence.cause)
            .number(field::COUNT, step);
        let event = match until {
            Some(until) => event.text(field::UNTIL, until.to_string()),
            None => event,
        };
        let hint = match sentence.mode {
            Mode::Enforce => format!("`mantlet block remove {}` lifts it", sentence.network),
            Mode::Observe | Mode::Off => {
                "nothing is blocked in observe mode: `[penalty] mode`".to_owned()
            }
        };
        event.text(field::HINT, hint)
    }

    /// Tells of penalties that have ended, by themselves or because the operator lifted them.
    pub(super) fn end_due(&self) {
        let now = self.clock.monotonic();
        let is_lifted = |network: &IpNet, running: &Running| {
            let is_carried_out = running.mode == Mode::Enforce && running.is_in_force;
            is_carried_out && self.blocking.lookup(first_of(network)).is_none()
        };
        let mut ended = Vec::new();
        self.ledger.running().retain(|network, running| {
            let is_over = running.ends <= now || is_lifted(network, running);
            if is_over {
                ended.push((*network, *running));
            }
            !is_over
        });
        for (network, running) in ended {
            let outcome = if running.ends <= now { "expired" } else { "lifted" };
            self.events.emit(
                Event::new(&catalogue::PENALTY_BLOCK_ENDED)
                    .text(field::MODE, running.mode.as_str())
                    .text(field::NETWORK, network.to_string())
                    .text(field::OUTCOME, outcome),
            );
        }
    }
}

/// An address that the whole of a network shares its blocks with.
fn first_of(network: &IpNet) -> IpAddr {
    network.network()
}

/// A penalty that was running when the process before ended.
fn continued(block: &Block, now: (Timestamp, Monotonic)) -> Option<(IpNet, Running)> {
    let until = block.until.filter(|_| block.why.starts_with(WHY))?;
    let left = Duration::try_from(until.duration_since(now.0)).ok()?;
    let running = Running { mode: Mode::Enforce, ends: now.1.plus(left), is_in_force: true };
    Some((block.network, running))
}
