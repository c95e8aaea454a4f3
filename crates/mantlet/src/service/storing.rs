//! What is done to the store as a whole while the server runs.

use std::path::Path;
use std::sync::Arc;

use mantlet_admin::control::ControlError;
use mantlet_store::{Notice, Store, try_migrations};
use serde_json::{Value, json};

use super::keeper::{Keeper, lock, stopping};
use crate::config::Config;

impl Keeper {
    /// Makes a backup in the folder `to`.
    pub(super) fn back_up_store(&self, to: &Path) -> Result<Value, ControlError> {
        let made = self.runtime.block_on(self.store()?.backup(to));
        let manifest = made.map_err(|error| {
            ControlError::new(
                error.to_string(),
                "name a folder that does not exist, on a disk with room",
            )
        })?;
        let shown = to.display().to_string();
        Ok(json!({ "folder": shown, "bytes": manifest.bytes(), "manifest": manifest }))
    }

    /// Encrypts the store with a new key.
    pub(super) fn rekey_store(&self) -> Result<Value, ControlError> {
        let key = self.runtime.block_on(self.store()?.rekey());
        let key = key.map_err(|error| ControlError::new(error.to_string(), error.hint()))?;
        Ok(json!({ "key": key.to_string() }))
    }

    /// Says what opening the store has done to its schema, or would do where nothing has opened it yet
    /// and nothing is to be changed.
    pub(super) fn migrate_store(&self, is_check: bool) -> Result<Value, ControlError> {
        let config = self.config_of_store()?;
        let opened = lock(&self.opened);
        let migrations = if opened.is_some() {
            Vec::new()
        } else if is_check {
            let times = (Arc::clone(&self.clock), Arc::clone(&self.services.rng));
            let options = config.store.options(self.data.path(), &self.services.sources, times);
            let options =
                options.map_err(|error| ControlError::new(error.to_string(), "see `[store]`"))?;
            let pending = self.runtime.block_on(try_migrations(&options));
            pending.map_err(|error| ControlError::new(error.summary(), error.hint()))?
        } else {
            drop(opened);
            migrated(&*self.store()?)
        };
        let applied = !is_check;
        Ok(json!({ "schema": Store::schema(), "migrations": migrations, "applied": applied }))
    }

    /// The store; opened where nothing has asked for it before.
    fn store(&self) -> Result<Arc<Store>, ControlError> {
        self.directory(&self.config_of_store()?)?;
        let store = lock(&self.opened).as_ref().map(|opened| Arc::clone(&opened.store));
        Ok(store.ok_or_else(stopping)?)
    }

    /// The configuration in force, where there is a store.
    fn config_of_store(&self) -> Result<Config, ControlError> {
        if !self.data.has_store() {
            let hint = "there is one once an account was added: `mantlet user add`";
            return Err(ControlError::new("there is no store", hint));
        }
        let running = lock(&self.running);
        Ok(running.as_ref().ok_or_else(stopping)?.config.clone())
    }
}

/// The migrations that opening `store` has applied.
fn migrated(store: &Store) -> Vec<String> {
    let applied = store.notices().iter().filter_map(|notice| match notice {
        Notice::Migrated { migrations, .. } => Some(migrations.clone()),
        _ => None,
    });
    applied.flatten().collect()
}
