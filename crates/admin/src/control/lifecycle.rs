//! What a running server can do with itself.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::Path;

use mantlet_config::Cidr;
use mantlet_types::Timestamp;
use serde_json::Value;

use super::{Actor, ControlError};
use crate::desk::{Desk, PathQuestion, PathRule};

/// What is known about a server while it runs.
#[derive(Debug, Clone)]
pub struct ServerFacts {
    /// Where it listens.
    pub listen: Vec<SocketAddr>,
    /// Where its admin listener does.
    pub admin: SocketAddr,
    /// Since when.
    pub started: Timestamp,
    /// Since when the configuration in force holds.
    pub configured: Timestamp,
    /// The proxies in front of it that name the client.
    pub proxies: Vec<Cidr>,
    /// The servers behind it: `[{"address","state","active","connections"}]`.
    pub servers: Value,
}

/// Whether the data folder may be changed at the moment.
pub trait Changes: Debug + Send + Sync {
    /// Does what changes the data folder, unless another process is about to take it over.
    ///
    /// # Errors
    /// [`ControlError`] when one is; `change` is not called then.
    fn change(&self, change: &mut dyn FnMut()) -> Result<(), ControlError>;
}

/// A server that can look at itself, take a new configuration, and hand over to a new binary.
pub trait Lifecycle: Changes {
    /// How it is now.
    fn facts(&self) -> ServerFacts;

    /// Reads the configuration again, for `actor`; it holds from now on, all of it or nothing.
    ///
    /// # Errors
    /// [`ControlError`] with every problem, when it cannot be used. Nothing has changed then.
    fn reload(&self, actor: Actor) -> Result<Value, ControlError>;

    /// Starts the binary anew on the same sockets; when it is ready this process begins to end.
    ///
    /// # Errors
    /// [`ControlError`] when the new process does not get ready. This one goes on then.
    fn upgrade(&self, actor: Actor) -> Result<Value, ControlError>;

    /// Makes a backup of the store in the folder `to`, which must not exist, while everything goes
    /// on: `{"folder","bytes","manifest"}`.
    ///
    /// # Errors
    /// [`ControlError`] when there is no store, or the backup cannot be made; there is no folder then.
    fn back_up(&self, to: &Path) -> Result<Value, ControlError>;

    /// Encrypts the store with a new key while everything goes on: `{"key"}`.
    ///
    /// # Errors
    /// [`ControlError`] when there is no store, or its key cannot be changed now; it has the old one then.
    fn rekey(&self) -> Result<Value, ControlError>;

    /// Brings the schema of the store up to date, which opening it does, or only says what opening it
    /// would do: `{"schema","migrations":[…],"applied"}`.
    ///
    /// # Errors
    /// [`ControlError`] when there is no store, or it cannot be opened.
    fn migrate(&self, is_check: bool) -> Result<Value, ControlError>;

    /// What a path asks for by the configuration in force.
    ///
    /// # Errors
    /// [`ControlError`] when the question makes no sense.
    fn rule_at(&self, question: &PathQuestion) -> Result<PathRule, ControlError>;

    /// Who answers what is asked about accounts; opens the store where nothing has yet.
    ///
    /// # Errors
    /// [`ControlError`] when it cannot be opened.
    fn desk(&self) -> Result<Desk, ControlError>;
}
