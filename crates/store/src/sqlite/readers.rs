//! A few connections that read. In write-ahead mode they see the last transaction that is complete
//! and never wait for the writer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use mantlet_identity::store::StoreError;
use sqlx::Connection as _;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqliteRow};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::failed::Failed;
use super::meter::Meter;
use super::row::Row;

/// A statement with its arguments.
pub(super) type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// The connections that read.
#[derive(Debug)]
pub(super) struct Readers {
    idle: Mutex<Vec<SqliteConnection>>,
    free: Semaphore,
    count: u32,
    wait: Duration,
    meter: Arc<Meter>,
}

impl Readers {
    /// Over these connections. No caller waits longer than `wait`.
    pub(super) fn new(
        connections: Vec<SqliteConnection>,
        wait: Duration,
        meter: Arc<Meter>,
    ) -> Self {
        let count = u32::try_from(connections.len()).unwrap_or(u32::MAX);
        let free = Semaphore::new(connections.len());
        Self { idle: Mutex::new(connections), free, count, wait, meter }
    }

    /// The only row of an answer; `None` when it has none.
    pub(super) async fn one<T>(
        &self,
        query: Query<'_>,
        read: fn(&Row<'_>) -> Result<T, Failed>,
    ) -> Result<Option<T>, StoreError> {
        let row = self
            .within(async {
                let mut reader = self.reader().await?;
                Ok(query.fetch_optional(reader.connection()?).await?)
            })
            .await?;
        Ok(row.map(|row| read(&Row(&row))).transpose()?)
    }

    /// Every row of an answer. One statement is one look at the store: rows fit each other.
    pub(super) async fn all(&self, query: Query<'_>) -> Result<Vec<SqliteRow>, StoreError> {
        self.within(async {
            let mut reader = self.reader().await?;
            Ok(query.fetch_all(reader.connection()?).await?)
        })
        .await
    }

    /// Every row of an answer, each read by itself.
    pub(super) async fn many<T>(
        &self,
        query: Query<'_>,
        read: fn(&Row<'_>) -> Result<T, Failed>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.all(query).await?;
        let read = rows.iter().map(|row| read(&Row(row)));
        Ok(read.collect::<Result<_, Failed>>()?)
    }

    /// Ends the connections, once those in use have come back, until others are put in their place:
    /// who reads waits meanwhile.
    pub(super) async fn pause(&self) -> Result<Paused<'_>, StoreError> {
        let all = tokio::time::timeout(self.wait, self.free.acquire_many(self.count)).await;
        let all = all.map_err(|_| StoreError::Unavailable(BUSY.to_owned()))?;
        let all = all.map_err(|_| StoreError::Unavailable(CLOSED.to_owned()))?;
        let idle = std::mem::take(&mut *self.lock());
        join_all(idle.into_iter().map(SqliteConnection::close)).await;
        Ok(Paused { pool: self, _all: all })
    }

    /// Ends the connections, once those in use have come back.
    pub(super) async fn close(&self) {
        let all = self.free.acquire_many(self.count).await;
        self.free.close();
        drop(all);
        let idle = std::mem::take(&mut *self.lock());
        join_all(idle.into_iter().map(SqliteConnection::close)).await;
    }

    async fn within<T>(
        &self,
        asked: impl Future<Output = Result<T, Failed>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.wait, asked).await {
            Ok(answer) => Ok(answer?),
            Err(_) => {
                self.meter.ran_out_of_time();
                let why =
                    "reading took too long: the disk is slow, or more is asked than it can take";
                Err(StoreError::Unavailable(why.to_owned()))
            }
        }
    }

    async fn reader(&self) -> Result<Reader<'_>, Failed> {
        let permit = self.free.acquire().await.map_err(|_| closed())?;
        let connection = self.lock().pop();
        Ok(Reader { connection, pool: self, _permit: permit })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const CLOSED: &str = "it was closed";
const BUSY: &str = "what is being read does not end";

fn closed() -> StoreError {
    StoreError::Unavailable(CLOSED.to_owned())
}

/// No connection reads. Dropped, those read that were put in by then.
#[derive(Debug)]
pub(super) struct Paused<'p> {
    pool: &'p Readers,
    /// Dropped after the connections are there.
    _all: SemaphorePermit<'p>,
}

impl Paused<'_> {
    /// How many connections are wanted.
    pub(super) const fn count(&self) -> u32 {
        self.pool.count
    }

    /// Puts a connection in.
    pub(super) fn put(&self, connection: SqliteConnection) {
        self.pool.lock().push(connection);
    }
}

/// A connection that goes back when this is dropped, also when its caller stopped listening: SQLite
/// ends the statement then before it takes up the next.
struct Reader<'p> {
    connection: Option<SqliteConnection>,
    pool: &'p Readers,
    /// Dropped after the connection has gone back.
    _permit: SemaphorePermit<'p>,
}

impl Reader<'_> {
    fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.connection.as_mut().ok_or_else(closed)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.pool.lock().extend(self.connection.take());
    }
}
