//! The keeper of the running server: it alone replaces the configuration, and hands over.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard};

use mantlet_admin::api::ApiMemory;
use mantlet_admin::control::{Actor, Changes, ControlError, Lifecycle, ServerFacts};
use mantlet_admin::desk::{Desk, PathQuestion, PathRule};
use mantlet_event::{Event, Events, Metrics, catalogue, field};
use mantlet_gate::guards::RuleFile;
use mantlet_gate::guards::Services;
use mantlet_gate::upstream::TunnelRegistry;
use mantlet_identity::directory::Directory;
use mantlet_types::Clock;
use sd_notify::NotifyState;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::api;
use super::greeting::{notify, notify_reloading};
use super::inherited::Fixed;
use super::running::{Reloaded, Running};
use crate::cli::ServerFlags;
use crate::config::{Config, Need, Ready, read};
use crate::data::DataFolder;
use crate::directory::{Opened, Opening};

/// Longest text of problems in an event, in bytes.
const MESSAGE_BYTES: usize = 4096;

/// What does not change while the process lives.
#[derive(Debug)]
pub(super) struct Keeper {
    /// What was said on the command line, with the configuration file that was found.
    pub(super) flags: ServerFlags,
    pub(super) fixed: Fixed,
    pub(super) services: Services,
    pub(super) metrics: Metrics,
    pub(super) events: Events,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) data: DataFolder,
    pub(super) runtime: Handle,
    pub(super) is_ready: IsReady,
    /// How to start this program anew; `None` when that makes no sense.
    pub(super) program: Option<super::handover::Program>,
    /// `None` once the server stops.
    pub(super) running: Mutex<Option<Running>>,
    pub(super) facts: Mutex<ServerFacts>,
    /// The file as it was read last, whatever came of it.
    pub(super) tried: Mutex<Option<Vec<u8>>>,
    /// Whether another process has the data folder.
    pub(super) is_handed_over: Arc<HandedOver>,
    /// What the service API remembers from one configuration to the next.
    pub(super) api: Arc<ApiMemory>,
    /// Another process serves: this one is to end.
    pub(super) retire: Notify,
    /// Connections that end with the right to them.
    pub(super) tunnels: TunnelRegistry,
    /// The store and the directory of users over it; `None` until something asks for them.
    pub(super) opened: Mutex<Option<Opened>>,
}

/// Whether requests are taken, for `/readyz`.
#[derive(Clone)]
pub(super) struct IsReady(pub(super) Arc<dyn Fn() -> bool + Send + Sync>);

impl fmt::Debug for IsReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IsReady")
    }
}

/// Why something about the running server was not done; nothing has changed then.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) message: String,
    pub(super) hint: &'static str,
    /// How many things are wrong.
    pub(super) count: usize,
}

impl Refused {
    pub(super) fn new(message: impl fmt::Display, hint: &'static str) -> Self {
        Self { message: format!("{message}"), hint, count: 1 }
    }
}

impl From<Refused> for ControlError {
    fn from(refused: Refused) -> Self {
        Self::new(refused.message, refused.hint)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn stopping() -> Refused {
    Refused::new("the server is stopping", "start it again with `mantlet run`")
}

pub(super) fn handed_over() -> Refused {
    Refused::new("another process has taken over", "ask again: it answers from now on")
}

impl Keeper {
    /// Reads the configuration again, because of `cause`. All of it holds from then on, or nothing.
    pub(super) fn reload(&self, cause: &str) -> Result<Reloaded, Refused> {
        let mut running = lock(&self.running);
        let Some(running) = running.as_mut() else { return Err(stopping()) };
        if self.is_handed_over.is_so() {
            return Err(handed_over());
        }
        notify_reloading();
        let outcome = self.read_again().and_then(|ready| running.replace(self, ready, cause));
        self.metrics.config_reloaded(outcome.is_ok());
        match &outcome {
            Ok(_) => self.configured(running),
            Err(refused) => self.report(refused, cause),
        }
        notify(&[NotifyState::Ready]);
        outcome
    }

    fn read_again(&self) -> Result<Ready, Refused> {
        let read = read(&self.flags, Need::Upstream);
        lock(&self.tried).clone_from(&read.loaded.text);
        read.judge().map_err(|problems| Refused {
            message: format!(
                "the configuration cannot be used, the one in force goes on\n{}",
                problems.to_string().trim_end()
            ),
            hint: "correct this, then `mantlet reload`",
            count: problems.iter().count(),
        })
    }

    /// A new configuration holds.
    fn configured(&self, running: &Running) {
        let now = self.clock.now();
        self.metrics.config_loaded(now);
        let mut facts = lock(&self.facts);
        facts.configured = now;
        facts.listen = running.server.listeners().map(|listener| listener.address).collect();
        facts.admin = running.admin.address();
        facts.proxies.clone_from(&running.config.client.trusted_proxies);
    }

    /// How the servers behind the gate are; `null` while the configuration is being replaced, and
    /// once the server stops.
    fn servers(&self) -> Value {
        let running = self.running.try_lock().ok();
        let running = running.as_ref().and_then(|running| running.as_ref());
        let Some(running) = running else { return Value::Null };
        let all = running.live.upstreams.status(self.clock.monotonic());
        let servers = all.into_iter().map(|server| {
            json!({
                "address": server.address,
                "state": server.state,
                "active": server.active,
                "connections": server.connections,
            })
        });
        servers.collect()
    }

    /// The directory of users; opened where nothing has asked for it before. Not on a thread that
    /// drives the runtime.
    pub(super) fn directory(&self, config: &Config) -> Result<Arc<Directory>, Refused> {
        let mut opened = lock(&self.opened);
        if let Some(opened) = opened.as_ref() {
            return Ok(Arc::clone(&opened.directory));
        }
        let times = (Arc::clone(&self.clock), Arc::clone(&self.services.rng));
        let mut opening = Opening::new(self.data.path(), config, &self.services.sources, times);
        opening.connections = vec![Arc::new(self.tunnels.clone())];
        let new = self.runtime.block_on(opening.open());
        let new = new.map_err(|error| Refused::new(error, "repair the data folder"))?;
        let _inside = self.runtime.enter();
        let served = new.serve(config, &self.services.sources, (&self.events, &self.metrics));
        served.map_err(|error| Refused::new(error, "see `[identity.issuers]` and `[mail]`"))?;
        let directory = Arc::clone(self.services.identities.set(Arc::clone(&new.directory)));
        *opened = Some(new);
        Ok(directory)
    }

    fn report(&self, refused: &Refused, cause: &str) {
        let mut message = refused.message.clone();
        if message.len() > MESSAGE_BYTES {
            let end = (0..=MESSAGE_BYTES).rev().find(|end| message.is_char_boundary(*end));
            message.truncate(end.unwrap_or(0));
        }
        let event = Event::new(&catalogue::CONFIG_SETTINGS_REJECTED)
            .text(field::CAUSE, cause.to_owned())
            .number(field::COUNT, i64::try_from(refused.count).unwrap_or(i64::MAX))
            .text(field::ERROR, message)
            .text(field::HINT, refused.hint);
        self.events.emit(match self.file() {
            Some(file) => event.text(field::FILE, file.to_string_lossy().into_owned()),
            None => event,
        });
    }

    /// Takes up certificates that have changed, of whatever configuration is in force.
    pub(super) async fn watch_certificates(self: Arc<Self>) {
        let (events, clock) = (self.events.clone(), Arc::clone(&self.clock));
        let current = move || lock(&self.running).as_ref()?.live.tls().cloned();
        mantlet_gate::edge::watch_certificates(current, events, clock).await;
    }

    /// The configuration file, where there is one.
    pub(super) fn file(&self) -> Option<&PathBuf> {
        self.flags.place.config.as_ref()
    }

    /// The files of WAF rules and schemas in force, and the folders they are in; none where changes of files
    /// are not to be taken up.
    pub(super) fn rule_files(&self) -> Vec<PathBuf> {
        let running = lock(&self.running);
        let watched = running.as_ref().filter(|running| running.config.reload.watch);
        let Some(running) = watched else { return Vec::new() };
        let files = || running.live.rule_files().iter().map(|file| &file.path);
        let mut all: Vec<PathBuf> =
            files().filter_map(|file| Some(file.parent()?.into())).collect();
        all.extend(files().cloned());
        all.sort();
        all.dedup();
        all
    }

    /// Whether the rule files say something else than the rules in force.
    pub(super) fn are_rules_old(&self) -> bool {
        let running = lock(&self.running);
        let Some(running) = running.as_ref() else { return false };
        let live = Arc::clone(&running.live);
        live.rule_files().iter().any(RuleFile::has_changed)
    }

    /// Rule files have changed: reads everything again. What came of it is in the log.
    pub(super) fn rules_changed(&self) {
        let _ = self.reload("rules");
    }

    /// The file has other attributes than before: takes it up when it says something new.
    pub(super) fn file_changed(&self, file: &Path) {
        let is_watched =
            lock(&self.running).as_ref().is_some_and(|running| running.config.reload.watch);
        let text = std::fs::read(file).ok();
        if is_watched && text.is_some() && *lock(&self.tried) != text {
            // What came of it is in the log.
            let _ = self.reload("file");
        }
    }
}

impl Lifecycle for Keeper {
    fn facts(&self) -> ServerFacts {
        let servers = self.servers();
        ServerFacts { servers, ..lock(&self.facts).clone() }
    }

    fn reload(&self, _actor: Actor) -> Result<Value, ControlError> {
        let Reloaded { changed, restart, warnings } = self.reload("command")?;
        Ok(json!({ "changed": changed, "restart": restart, "warnings": warnings }))
    }

    fn upgrade(&self, _actor: Actor) -> Result<Value, ControlError> {
        Ok(json!({ "pid": self.hand_over("command")? }))
    }

    fn back_up(&self, to: &Path) -> Result<Value, ControlError> {
        self.back_up_store(to)
    }

    fn rekey(&self) -> Result<Value, ControlError> {
        self.rekey_store()
    }

    fn migrate(&self, is_check: bool) -> Result<Value, ControlError> {
        self.migrate_store(is_check)
    }

    fn rule_at(&self, question: &PathQuestion) -> Result<PathRule, ControlError> {
        let live = {
            let running = lock(&self.running);
            Arc::clone(&running.as_ref().ok_or_else(stopping)?.live)
        };
        let PathQuestion { host, path, method, .. } = question;
        let found = live.rule_at(host, path, method).map_err(|message| {
            ControlError::new(message, "write path and method as a client sends them")
        })?;
        Ok(api::path_rule(found))
    }

    fn desk(&self) -> Result<Desk, ControlError> {
        let (config, live) = {
            let running = lock(&self.running);
            let running = running.as_ref().ok_or_else(stopping)?;
            (running.config.clone(), Arc::clone(&running.live))
        };
        let directory = self.directory(&config)?;
        let desk = Desk::new(directory, Arc::clone(&live.roles), Some(self.events.clone()));
        Ok(desk.with_policies(live.policies.clone()))
    }
}

impl Changes for Keeper {
    fn change(&self, change: &mut dyn FnMut()) -> Result<(), ControlError> {
        self.is_handed_over.change(change)
    }
}

/// Whether another process has the data folder. Held for writing while one takes it over.
#[derive(Debug, Default)]
pub(super) struct HandedOver(RwLock<bool>);

impl HandedOver {
    /// Whether it has.
    fn is_so(&self) -> bool {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for changes that are being made; none is begun as long as this is held.
    pub(super) fn hold(&self) -> RwLockWriteGuard<'_, bool> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Changes for HandedOver {
    fn change(&self, change: &mut dyn FnMut()) -> Result<(), ControlError> {
        let busy = || {
            let message = "another process is taking over and has this from now on";
            ControlError::new(message, "try again in a moment")
        };
        let is_handed_over = self.0.try_read().map_err(|_| busy())?;
        if *is_handed_over {
            return Err(busy());
        }
        change();
        Ok(())
    }
}
