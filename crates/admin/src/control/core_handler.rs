//! Every command, over the traits of the lower layers.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use mantlet_config::Cidr;
use mantlet_event::{Event, Events, Recent, catalogue, field};
use mantlet_types::{
    Block, BlockError, Blocking, Clock, RequestId, Revocation, Subject, Timestamp,
};
use serde_json::{Value, json};

use crate::desk::{Ask, PathQuestion};

use super::{Actor, Command, ControlError, ControlHandler, Lifecycle, ServerFacts, too_wide};

/// Most records of one request in an answer; the newest of them.
const EXPLAIN_RECORDS: usize = 256;
/// Longest `why`, in bytes.
const WHY_BYTES: usize = 512;

/// Carries every command out. A new block also ends the running connections of its network.
#[derive(Debug)]
pub struct CoreHandler {
    lifecycle: Arc<dyn Lifecycle>,
    blocking: Arc<dyn Blocking>,
    revocation: Arc<dyn Revocation>,
    recent: Arc<Recent>,
    clock: Arc<dyn Clock>,
    events: Events,
}

impl CoreHandler {
    /// A handler over these parts of the server.
    #[must_use]
    pub fn new(
        lifecycle: Arc<dyn Lifecycle>,
        blocking: Arc<dyn Blocking>,
        revocation: Arc<dyn Revocation>,
        recent: Arc<Recent>,
        clock: Arc<dyn Clock>,
        events: Events,
    ) -> Self {
        Self { lifecycle, blocking, revocation, recent, clock, events }
    }

    fn status(&self) -> Value {
        let ServerFacts { listen, admin, started, configured, servers, .. } =
            self.lifecycle.facts();
        let uptime = self.clock.now().duration_since(started).as_secs().max(0);
        let listen: Vec<_> = listen.iter().map(ToString::to_string).collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "started": started.to_string(),
            "uptime_seconds": uptime,
            "configured": configured.to_string(),
            "listen": listen,
            "admin": admin.to_string(),
            "blocks": self.blocking.list().len(),
            "servers": servers,
        })
    }

    fn explain(&self, id: &str) -> Result<Value, ControlError> {
        let id: RequestId = id.parse().map_err(|_| {
            let hint = "copy it from the `X-Request-Id` header or from the refusal";
            ControlError::new("that is not a request id", hint)
        })?;
        let records = self.recent.by_request(id);
        let newest = records.len().saturating_sub(EXPLAIN_RECORDS);
        let events: Vec<Value> = records
            .iter()
            .skip(newest)
            .filter_map(|record| serde_json::from_str(record.line()).ok())
            .collect();
        Ok(json!({ "request_id": id.to_string(), "events": events }))
    }

    fn block(
        &self,
        network: &str,
        seconds: Option<u64>,
        (why, force): (&str, bool),
        actor: Actor,
    ) -> Result<Value, ControlError> {
        let network = parse_network(network)?;
        if !force {
            too_wide::check(network, &self.lifecycle.facts().proxies)?;
        }
        let until = seconds.map(|seconds| self.until(seconds)).transpose()?;
        if why.len() > WHY_BYTES {
            let message = format!("the reason is longer than {WHY_BYTES} bytes");
            return Err(ControlError::new(message, "make it shorter"));
        }
        self.blocking
            .block(Block { network, until, why: why.into() })
            .map_err(|error| block_error(&error))?;
        let ended = self.revocation.revoke(&Subject::Network(network));
        let until = until.map(|until| until.to_string());
        let event = change(&catalogue::BLOCKLIST_NETWORK_BLOCKED, network, actor)
            .text(field::MESSAGE, why.to_owned())
            .number(field::COUNT, i64::try_from(ended).unwrap_or(i64::MAX));
        self.events.emit(match &until {
            Some(until) => event.text(field::UNTIL, until.clone()),
            None => event,
        });
        Ok(json!({ "network": network.to_string(), "until": until, "ended": ended }))
    }

    /// On this thread, which is not one that serves.
    fn identity(&self, ask: &Ask, actor: Actor) -> Result<Value, ControlError> {
        let desk = self.lifecycle.desk()?;
        tokio::runtime::Handle::current().block_on(desk.answer(ask, actor))
    }

    fn explain_path(&self, question: &PathQuestion) -> Result<Value, ControlError> {
        let rule = self.lifecycle.rule_at(question)?;
        if let Some(told) = rule.told_if_open() {
            return Ok(told);
        }
        let desk = self.lifecycle.desk()?;
        let answer = desk.explain_path(&rule, question);
        Ok(tokio::runtime::Handle::current().block_on(answer)?)
    }

    /// Does what changes the data folder, where it may be changed.
    fn change(
        &self,
        change: impl Fn() -> Result<Value, ControlError>,
    ) -> Result<Value, ControlError> {
        let mut done = None;
        self.lifecycle.change(&mut || done = Some(change()))?;
        done.unwrap_or_else(|| Err(ControlError::new("it was not done", "try again")))
    }

    fn until(&self, seconds: u64) -> Result<Timestamp, ControlError> {
        let end = self.clock.now().checked_add(Duration::from_secs(seconds)).ok();
        end.filter(|_| seconds > 0).ok_or_else(|| {
            let message = format!("a block cannot last {seconds} seconds");
            ControlError::new(message, "leave the time out to block until it is removed")
        })
    }

    fn unblock(&self, network: &str, actor: Actor) -> Result<Value, ControlError> {
        let network = parse_network(network)?;
        let is_removed = self.blocking.unblock(network).map_err(|error| block_error(&error))?;
        if is_removed {
            self.events.emit(change(&catalogue::BLOCKLIST_NETWORK_UNBLOCKED, network, actor));
        }
        Ok(json!({ "network": network.to_string(), "removed": is_removed }))
    }

    fn blocks(&self) -> Value {
        let mut blocks = self.blocking.list();
        blocks.sort_by_key(|block| block.network);
        let blocks: Vec<_> = blocks
            .into_iter()
            .map(|Block { network, until, why }| {
                let until = until.map(|until| until.to_string());
                json!({ "network": network.to_string(), "until": until, "why": why })
            })
            .collect();
        json!({ "blocks": blocks })
    }
}

impl ControlHandler for CoreHandler {
    fn handle(&self, command: &Command, actor: Actor) -> Result<Value, ControlError> {
        match command {
            Command::Status => Ok(self.status()),
            Command::Explain { id } => self.explain(id),
            Command::BlockAdd { network, seconds, why, force } => {
                self.change(|| self.block(network, *seconds, (why, *force), actor))
            }
            Command::BlockRemove { network } => self.change(|| self.unblock(network, actor)),
            Command::Reload => self.lifecycle.reload(actor),
            Command::Upgrade => self.lifecycle.upgrade(actor),
            Command::BlockList => Ok(self.blocks()),
            // Nothing of the data folder changes, and it takes too long to hold up a successor.
            Command::StoreBackup { folder } => self.lifecycle.back_up(folder),
            Command::StoreRekey => self.change(|| self.lifecycle.rekey()),
            Command::StoreMigrate { check: true } => self.lifecycle.migrate(true),
            Command::StoreMigrate { .. } => self.change(|| self.lifecycle.migrate(false)),
            Command::AccessExplain(question) => self.explain_path(question),
            Command::Identity(ask) if ask.is_change() => self.change(|| self.identity(ask, actor)),
            Command::Identity(ask) => self.identity(ask, actor),
        }
    }
}

fn parse_network(text: &str) -> Result<IpNet, ControlError> {
    Ok(text.parse::<Cidr>()?.network())
}

fn change(entry: &'static mantlet_event::Entry, network: IpNet, actor: Actor) -> Event {
    Event::new(entry)
        .text(field::NETWORK, network.to_string())
        .text(field::ACTOR, actor.to_string())
}

fn block_error(error: &BlockError) -> ControlError {
    let hint = match error {
        BlockError::Full(_) => "remove blocks, or block the larger network around them",
        BlockError::Spared(_) => "take it out of `[guards.blocklist] allow` first",
        BlockError::NotKept(_) => {
            "see that the data folder can be written and the disk is not full"
        }
    };
    ControlError::new(error.to_string(), hint)
}
