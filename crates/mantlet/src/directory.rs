//! The directory of users over the store of a data folder: opened by a server once something asks
//! for it, and by commands about accounts where no server runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mantlet_config::{Reader, SecretError, SecretRef, Sources, section};
use mantlet_event::{Event, Events, catalogue, field};
use mantlet_gate::identity::IdentitySection;
use mantlet_identity::directory::{Directory, PURPOSES};
use mantlet_store::{Notice, Options, RootSource, Store};
use mantlet_types::{Clock, Revocation, Rng, Secret};

use crate::config::Config;

/// How often what other processes ended is read.
const FOLLOW: Duration = Duration::from_millis(300);
/// After how many times something is cleaned up, and how much of it at once.
const CLEAN_UP: (u32, usize) = (200, 1000);

section! {
    /// The encrypted store of the data folder. It is made once something is to be kept in it.
    pub struct StoreSection {
        /// The key that everything hangs on: 32 random bytes, in base64 or hexadecimal. Unset: a
        /// key of its own is made beside the store.
        pub root_key: Option<SecretRef> = None,
        /// A passphrase in place of a key, of 20 characters and more.
        pub passphrase: Option<SecretRef> = None,
    }
}

impl StoreSection {
    /// Finds what the types cannot say.
    pub(crate) fn check(&self, reader: &mut Reader<'_>) {
        if self.root_key.is_some() && self.passphrase.is_some() {
            let message = "`root_key` and `passphrase` both name the key of the store";
            reader.error("store.passphrase", message, "keep the one that the store was made with");
        }
    }

    /// The secrets that it names, for the redaction of logs.
    pub(crate) fn secrets(&self, sources: &Sources) -> Result<Vec<Secret<String>>, SecretError> {
        let named = self.root_key.iter().chain(&self.passphrase);
        named.map(|reference| sources.resolve(reference, 1)).collect()
    }

    fn root(&self, sources: &Sources) -> Result<RootSource, SecretError> {
        if let Some(reference) = &self.root_key {
            return sources.resolve(reference, 1).map(RootSource::Key);
        }
        if let Some(reference) = &self.passphrase {
            return sources.resolve(reference, 1).map(RootSource::Passphrase);
        }
        Ok(RootSource::Beside)
    }
}

/// What a directory is opened with.
pub(crate) struct Opening<'a> {
    /// The data folder, locked by this process.
    pub(crate) folder: &'a Path,
    pub(crate) store: &'a StoreSection,
    pub(crate) identity: &'a IdentitySection,
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
        Self { folder, store, identity, sources, connections: Vec::new(), clock, rng }
    }

    /// Opens store and directory.
    pub(crate) async fn open(self) -> Result<Opened, Box<dyn std::error::Error>> {
        let root = self.store.root(self.sources)?;
        let (clock, rng) = (self.clock, self.rng);
        let options = Options::new(self.folder, root, Arc::clone(&clock), Arc::clone(&rng));
        let store = Store::open(&options).await?;
        let ring = store.keys().ensure(&PURPOSES)?;
        let policies = self.identity.policies();
        let times = (clock, rng);
        let directory =
            Directory::open(store.repositories(), &ring, policies, self.connections, times)?;
        directory.revocations.refresh().await?;
        Ok(Opened { directory: Arc::new(directory), store })
    }
}

/// A directory and the store below it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) directory: Arc<Directory>,
    /// Closed at the end, so that everything is in its one file.
    pub(crate) store: Store,
}

impl Opened {
    /// Tells the operator what happened while it was opened, and follows what other processes end
    /// until this one ends. To be called inside a runtime.
    pub(crate) fn serve(&self, events: &Events) {
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
        let following = follow(Arc::clone(&self.directory), events.clone());
        mantlet_event::task::spawn(events, "accounts", following);
    }
}

/// Reads what other processes ended, and cleans up now and then.
async fn follow(directory: Arc<Directory>, events: Events) {
    let (mut is_failing, mut round) = (false, 0_u32);
    loop {
        tokio::time::sleep(FOLLOW).await;
        round = round.wrapping_add(1);
        let mut done = directory.revocations.refresh().await;
        if done.is_ok() && round.is_multiple_of(CLEAN_UP.0) {
            done = directory.clean_up(CLEAN_UP.1).await.map(drop);
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
