//! What the tests of this crate share.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "tests: what is wrong must end the test, and not every test needs all of it"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mantlet_identity::UserId;
use mantlet_identity::account::{Account, AccountName};
use mantlet_store::{Options, RootSource};
use mantlet_types::{Secret, SystemClock, SystemRng, Timestamp};

/// A data folder that goes away with the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("store.db")
    }

    /// As a server without a configuration opens it.
    pub(crate) fn options(&self) -> Options {
        let clock = Arc::new(SystemClock::new());
        Options::new(self.path(), RootSource::Beside, clock, Arc::new(SystemRng))
    }
}

/// A root key, or a passphrase, as text.
pub(crate) fn root_key(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

/// An account of this name.
pub(crate) fn account(name: &str) -> Account {
    Account {
        id: UserId::parse(name).unwrap(),
        name: AccountName::parse(name).unwrap(),
        password: None,
        roles: vec!["reader".to_owned()],
        is_active: true,
        has_second_factor: false,
        created: Timestamp::UNIX_EPOCH,
        last_signin: None,
        not_before: None,
    }
}
