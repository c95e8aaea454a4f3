//! The store in SQLite, encrypted by SQLCipher. The only room that contains SQL; every value is a
//! parameter (`$1`). Each repository has a file of the name it has in `mantlet-identity`.
//!
//! To add a repository: a migration in `schema/` and its line in `migrations.rs`, a file here that
//! names its statements in `statements!`, and its cases in [`crate::contract`].

mod accounts;
mod api_keys;
mod approvals;
mod check;
mod connect;
mod copy;
mod done;
mod exchange;
mod factors;
pub(crate) mod failed;
mod lifecycle;
mod links;
mod meter;
pub(crate) mod migrations;
mod passkeys;
mod password_links;
#[cfg(test)]
mod plans;
mod readers;
mod refresh;
mod revocations;
mod row;
mod sessions;
mod writer;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mantlet_identity::store::{Repositories, Stored};
use mantlet_types::Clock;
use sqlx::sqlite::SqliteConnection;

pub(crate) use connect::{FileKey, Place, salt_of};
use done::{full, is_done, removed};
pub(crate) use exchange::{Exchanged, Put};
use failed::Failed;
use meter::Meter;
pub use meter::Pressure;
use readers::Readers;
use writer::Writer;
pub(crate) use writer::{Held, Mark};

/// Names the statements of a file, and lists them for the test that asks SQLite how it finds rows.
macro_rules! statements {
    ($($(#[$about:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$about])* const $name: &str = $sql;)*

        #[cfg(test)]
        pub(super) const STATEMENTS: &[&str] = &[$($name),*];
    };
}
use statements;

/// The open database: one writer, a few readers.
#[derive(Debug)]
pub(crate) struct Database {
    writer: Writer,
    readers: Readers,
    meter: Arc<Meter>,
}

impl Database {
    /// Opens the database at `place`, which is migrated already, with `readers` connections that
    /// read. No act waits longer than `wait`.
    pub(crate) async fn open(
        place: &Place,
        readers: usize,
        wait: Duration,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failed> {
        let meter = Arc::new(Meter::default());
        let readers = u32::try_from(readers).unwrap_or(u32::MAX);
        let (writing, reading) = exchange::connect(place, readers).await?;
        let readers = Readers::new(reading, wait, meter.clone());
        let writer = Writer::start(writing, wait, clock, meter.clone());
        let writer = writer.map_err(|error| Failed::Sql(error.into()))?;
        Ok(Self { writer, readers, meter })
    }

    /// The repositories over this database.
    pub(crate) fn repositories(self: &Arc<Self>) -> Repositories {
        Repositories {
            accounts: Arc::new(accounts::SqliteAccounts(self.clone())),
            api_keys: Arc::new(api_keys::SqliteApiKeys(self.clone())),
            approvals: Arc::new(approvals::SqliteApprovals(self.clone())),
            factors: Arc::new(factors::SqliteFactors(self.clone())),
            links: Arc::new(links::SqliteLinks(self.clone())),
            passkeys: Arc::new(passkeys::SqlitePasskeys(self.clone())),
            password_links: Arc::new(password_links::SqlitePasswordLinks(self.clone())),
            refresh: Arc::new(refresh::SqliteRefresh(self.clone())),
            revocations: Arc::new(revocations::SqliteRevocations(self.clone())),
            sessions: Arc::new(sessions::SqliteSessions(self.clone())),
        }
    }

    /// How hard it is to keep up.
    pub(crate) fn pressure(&self) -> Pressure {
        self.meter.pressure()
    }

    /// Ends everything: what was written is in the file itself then, without a log beside it.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// The same, for whoever cannot wait for futures.
    fn close_and_wait(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(self.close());
    }

    /// One atomic act, for a repository.
    fn write<'a, T, F>(&'a self, act: F) -> Stored<'a, T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut SqliteConnection) -> Result<T, Failed> + Send + 'static,
    {
        Box::pin(self.writer.write(act))
    }
}

/// Nothing of SQLite may run any more when the process ends: its cryptography is taken apart then.
/// The wait is on a thread of its own, because this one may belong to a runtime.
impl Drop for Database {
    fn drop(&mut self) {
        if self.writer.is_closed() {
            return;
        }
        thread::scope(|scope| {
            let closing = thread::Builder::new().name("store-closing".to_owned());
            let _ = closing.spawn_scoped(scope, || self.close_and_wait());
        });
    }
}
