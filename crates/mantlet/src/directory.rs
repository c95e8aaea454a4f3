//! The directory of users over the store of a data folder: opened by a server once something asks
//! for it, and by commands about accounts where no server runs.

mod issuers;
mod letters;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mantlet_config::Sources;
use mantlet_event::{CounterHandle, Event, Events, Metrics, catalogue, field};
use mantlet_gate::identity::IdentitySection;
use mantlet_identity::directory::{Directory, PURPOSES};
use mantlet_store::{Notice, Pressure, Store, StoreSection};
use mantlet_types::{Clock, Revocation, Rng};

use crate::config::{Config, base};

/// How often what other processes ended is read.
const FOLLOW: Duration = Duration::from_millis(300);
/// After how many times something is cleaned up, and how much of it at once: writers wait meanwhile, 70 ms
/// for a thousand sessions.
const CLEAN_UP: (u32, usize) = (200, 200);

/// What a directory is opened with.
pub(crate) struct Opening<'a> {
    /// The data folder, locked by this process.
    pub(crate) folder: &'a Path,
    pub(crate) store: &'a StoreSection,
    pub(crate) identity: &'a IdentitySection,
    /// The address of this host for people.
    pub(crate) base: String,
    pub(crate) sources: &'a Sources,
    /// Those that hold connections of users.
    pub(crate) connections: Vec<Arc<dyn Revocation>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
}

impl<'a> Opening<'a> {
    /// By a configuration.
    pub(crate) fn new(
        folder: &'a Path,
        config: &'a Config,
        sources: &'a Sources,
        (clock, rng): (Arc<dyn Clock>, Arc<dyn Rng>),
    ) -> Self {
        let (store, identity) = (&config.store, &config.identity);
        let base = base(config);
        Self { folder, store, identity, base, sources, connections: Vec::new(), clock, rng }
    }

    /// Opens store and directory.
    pub(crate) async fn open(self) -> Result<Opened, Box<dyn std::error::Error>> {
        let (clock, rng) = (self.clock, self.rng);
        let times = (Arc::clone(&clock), Arc::clone(&rng));
        let options = self.store.options(self.folder, self.sources, times)?;
        let store = Store::open(&options).await?;
        let ring = store.keys().ensure(&PURPOSES)?;
        let mut policies = self.identity.policies();
        policies.password_links.base = self.base;
        policies.legacy = self.identity.legacy(self.sources)?;
        let times = (clock, rng);
        let directory =
            Directory::open(store.repositories(), &ring, policies, self.connections, times)?;
        directory.revocations.refresh().await?;
        issuers::see_that_names_are_free(&directory).await?;
        Ok(Opened { directory: Arc::new(directory), store: Arc::new(store) })
    }
}

/// A directory and the store below it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) directory: Arc<Directory>,
    /// Closed at the end, so that everything is in its one file.
    pub(crate) store: Arc<Store>,
}

impl Opened {
    /// Tells the operator what happened while it was opened, and follows what other processes end
    /// until this one ends, and the keys of issuers outside. To be called inside a runtime.
    ///
    /// # Errors
    /// What is wrong with the authorities that these are asked with, or with how letters go out.
    pub(crate) fn serve(
        &self,
        config: &Config,
        sources: &Sources,
        (events, metrics): (&Events, &Metrics),
    ) -> Result<(), String> {
        issuers::keep(&self.directory, &config.identity, (events, metrics))?;
        letters::serve(&self.directory, &config.mail, sources, (events, metrics))?;
        for notice in self.store.notices() {
            let entry = match notice {
                Notice::KeyBeside { .. } => &catalogue::CONFIG_VALUE_RISKY,
                _ => &catalogue::IDENTITY_STORE_OPENED,
            };
            let event = Event::new(entry).text(field::MESSAGE, notice.to_string());
            events.emit(match notice {
                Notice::KeyBeside { .. } => event.text(field::SETTING, "store.root_key"),
                _ => event,
            });
        }
        let pressure = PressureMeter::new(Arc::clone(&self.store), metrics);
        let following = follow(Arc::clone(&self.directory), pressure, events.clone());
        mantlet_event::task::spawn(events, "accounts", following);
        Ok(())
    }
}

/// How often the store could not keep up, as metrics.
struct PressureMeter {
    store: Arc<Store>,
    counted: Pressure,
    queue: CounterHandle,
    wait: CounterHandle,
}

impl PressureMeter {
    fn new(store: Arc<Store>, metrics: &Metrics) -> Self {
        let queue = metrics.limit_counter("store.queue");
        let wait = metrics.limit_counter("store.wait");
        Self { store, counted: Pressure::default(), queue, wait }
    }

    /// Counts what happened since the last time.
    fn count(&mut self) {
        let now = self.store.pressure();
        for (counter, before, after) in [
            (&self.queue, self.counted.queue_full, now.queue_full),
            (&self.wait, self.counted.timed_out, now.timed_out),
        ] {
            (before..after).for_each(|_| counter.add_one());
        }
        self.counted = now;
    }
}

/// Reads what other processes ended, and cleans up now and then.
async fn follow(directory: Arc<Directory>, mut pressure: PressureMeter, events: Events) {
    let (mut is_failing, mut is_behind, mut round) = (false, false, 0_u32);
    loop {
        tokio::time::sleep(FOLLOW).await;
        pressure.count();
        round = round.wrapping_add(1);
        let mut done = directory.revocations.refresh().await;
        if done.is_ok() && (is_behind || round.is_multiple_of(CLEAN_UP.0)) {
            let removed = directory.clean_up(CLEAN_UP.1).await;
            // A whole part: there is more, and the next one goes soon, for requests come first.
            is_behind = removed.as_ref().is_ok_and(|removed| *removed >= CLEAN_UP.1);
            done = removed.map(drop);
        }
        match done {
            Ok(()) => is_failing = false,
            Err(error) if !is_failing => {
                is_failing = true;
                let event = Event::new(&catalogue::IDENTITY_STORE_FAILED);
                events.emit(event.text(field::ERROR, error.to_string()));
            }
            Err(_) => {}
        }
    }
}
