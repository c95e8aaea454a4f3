//! What runs under one configuration, and how the next one takes its place.

use std::sync::Arc;

use mantlet_admin::{AdminAuth, AdminServer, AdminServices};
use mantlet_config::{Sources, changes};
use mantlet_event::{Event, Redactor, catalogue, field};
use mantlet_gate::Live;
use mantlet_gate::edge::Server;
use mantlet_gate::identity::IdentitySection;
use mantlet_types::Secret;

use super::api;
use super::keeper::{Keeper, Refused};
use crate::config::{Config, Ready};
use crate::recording;

/// Most changed keys that are told by name.
const MAX_TOLD: usize = 100;

/// What runs under the configuration in force.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) server: Server,
    pub(super) admin: AdminServer,
    /// What must not appear in any log.
    pub(super) secrets: Vec<Secret<String>>,
    pub(super) live: Arc<Live>,
    pub(super) config: Config,
}

/// What a reload did: lines for people.
#[derive(Debug)]
pub(super) struct Reloaded {
    /// Keys whose value differs, with both values.
    pub(super) changed: Vec<String>,
    /// Keys that hold from the next start.
    pub(super) restart: Vec<String>,
    /// What is worth a warning.
    pub(super) warnings: Vec<String>,
}

impl Running {
    /// Builds everything that `ready` asks for next to what runs, records the act, and only then
    /// swaps; nothing can fail after that.
    pub(super) fn replace(
        &mut self,
        keeper: &Keeper,
        ready: Ready,
        cause: &str,
    ) -> Result<Reloaded, Refused> {
        let Ready { config: asked, resolved, environment, text, warnings } = ready;
        let mut config = asked.clone();
        keeper.fixed.apply(&mut config);
        self.keep_what_needs_a_restart(&mut config);
        if super::keeper::lock(&keeper.opened).is_some() {
            self.keep_what_the_store_was_opened_with(&mut config);
        }
        let sources = Sources::new(&environment);
        let auth = config.admin.auth(&sources).map_err(|error| unreadable(&error))?;
        let mut secrets = auth.secrets();
        secrets.extend(resolved.secrets(&sources).map_err(|error| unreadable(&error))?);
        let key = recording::secret(&config.recording, &sources);
        secrets.extend(key.map_err(|error| unreadable(&error))?);
        secrets.extend(config.store.secrets(&sources).map_err(|error| unreadable(&error))?);
        secrets.extend(config.identity.secrets(&sources).map_err(|error| unreadable(&error))?);
        secrets.extend(config.mail.secret(&sources).map_err(|error| unreadable(&error))?);
        let failed = |error: &dyn std::fmt::Display| {
            Refused::new(error, "correct this, then `mantlet reload`")
        };
        let next = self.server.open(&config.server).map_err(|error| failed(&error))?;
        if resolved.asked.is_anywhere() {
            keeper.directory(&config)?;
        }
        let live = Live::build(resolved, &keeper.services, &keeper.metrics, Some(&self.live));
        let live = Arc::new(live.map_err(|error| failed(&error))?);
        let admin = self.start_admin(keeper, &auth, (&config, &live));
        let admin = admin.map_err(|error| failed(&error))?;
        let reloaded = Reloaded {
            changed: told(changes(&self.config, &config).iter().map(ToString::to_string)),
            restart: told(changes(&config, &asked).into_iter().map(|change| change.key)),
            warnings,
        };
        record(keeper, &reloaded, cause)?;

        // A log line may still carry what was secret until now.
        let known = self.secrets.iter().chain(&secrets).cloned().collect();
        keeper.events.redact_with(Redactor::with_known(known));
        self.server.swap(&config.server, &live, next);
        match admin {
            Some(started) => std::mem::replace(&mut self.admin, started).stop(),
            None => self.admin.replace(admin_services(keeper, &auth, &config, &live)),
        }
        (self.live, self.secrets, self.config) = (live, secrets, config);
        keeper.data.keep_configuration(text.as_deref());
        Ok(reloaded)
    }

    /// Settings that are read once stay as they are: `data`, `[log]`, `[recording]`,
    /// `server.workers` and `guards.counters`.
    fn keep_what_needs_a_restart(&self, config: &mut Config) {
        config.data.clone_from(&self.config.data);
        config.log = self.config.log.clone();
        config.recording = self.config.recording.clone();
        config.server.workers = self.config.server.workers;
        config.guards.counters = self.config.guards.counters;
    }

    /// Once the store is open, so do `[store]`, `[mail]`, and `[identity]` but for what the application is told.
    fn keep_what_the_store_was_opened_with(&self, config: &mut Config) {
        config.store = self.config.store.clone();
        config.mail = self.config.mail.clone();
        let assertion = std::mem::take(&mut config.identity.assertion);
        config.identity = IdentitySection { assertion, ..self.config.identity.clone() };
    }

    /// An admin listener on another address, where that is asked for. It answers at once, on an
    /// address where nothing answered before.
    fn start_admin(
        &self,
        keeper: &Keeper,
        auth: &Arc<dyn AdminAuth>,
        (config, live): (&Config, &Arc<Live>),
    ) -> Result<Option<AdminServer>, Box<dyn std::error::Error>> {
        if config.admin.listen == self.config.admin.listen {
            return Ok(None);
        }
        let socket = config.admin.bind()?;
        let _inside = keeper.runtime.enter();
        Ok(Some(AdminServer::start(socket, admin_services(keeper, auth, config, live))?))
    }
}

/// What the admin listener needs under `config`.
pub(super) fn admin_services(
    keeper: &Keeper,
    auth: &Arc<dyn AdminAuth>,
    config: &Config,
    live: &Arc<Live>,
) -> AdminServices {
    AdminServices {
        events: keeper.events.clone(),
        metrics: keeper.metrics.clone(),
        is_ready: Arc::clone(&keeper.is_ready.0),
        auth: Arc::clone(auth),
        hosts: config.admin.hosts.clone(),
        api: config.admin.api.enabled.then(|| api::services(keeper, config, live)),
    }
}

fn unreadable(error: &mantlet_config::SecretError) -> Refused {
    Refused::new(error, "correct this, then `mantlet reload`")
}

fn told(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    let more = lines.len().saturating_sub(MAX_TOLD);
    lines.truncate(MAX_TOLD);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// Puts the change in the journal; without that it is not made.
fn record(keeper: &Keeper, reloaded: &Reloaded, cause: &str) -> Result<(), Refused> {
    let event = Event::new(&catalogue::CONFIG_SETTINGS_REPLACED)
        .text(field::CAUSE, cause.to_owned())
        .number(field::COUNT, i64::try_from(reloaded.changed.len()).unwrap_or(i64::MAX))
        .text(field::MESSAGE, reloaded.changed.join("; "));
    keeper.events.record(event).map_err(|error| {
        let message = format!("not done: the audit record could not be written: {error}");
        Refused::new(message, "free space or repair the disk of the data folder")
    })
}
