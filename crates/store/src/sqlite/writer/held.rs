//! The connection of the writer in other hands, while nothing is written.

use sqlx::query_scalar;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::oneshot;

use crate::sqlite::failed::Failed;

/// Changes by other connections; and rows that this one has changed so far.
const VERSION: &str = "PRAGMA data_version";
const CHANGES: &str = "SELECT total_changes()";

/// What says whether anything was written in between: the same on one connection when nothing was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(i64, i64);

/// Lends `connection` and waits until it is back; `None` when it is lost.
pub(super) async fn lend(
    connection: SqliteConnection,
    whom: oneshot::Sender<Held>,
) -> Option<SqliteConnection> {
    let (back, returned) = oneshot::channel();
    // Where nobody listens any more, it comes back at once.
    let _ = whom.send(Held { connection: Some(connection), back: Some(back) });
    returned.await.ok()
}

/// The writer, held up. Dropped, it goes on; without a connection it ends.
#[derive(Debug)]
pub(crate) struct Held {
    connection: Option<SqliteConnection>,
    back: Option<oneshot::Sender<SqliteConnection>>,
}

impl Held {
    /// What was written so far.
    pub(crate) async fn mark(&mut self) -> Result<Mark, Failed> {
        let connection = self.connection.as_mut().ok_or(Failed::Unreadable("connection"))?;
        let version = query_scalar(VERSION).fetch_one(&mut *connection).await?;
        let changes = query_scalar(CHANGES).fetch_one(connection).await?;
        Ok(Mark(version, changes))
    }

    /// Takes the connection out.
    pub(crate) const fn take(&mut self) -> Option<SqliteConnection> {
        self.connection.take()
    }

    /// Puts another connection in its place.
    pub(crate) fn put(&mut self, connection: SqliteConnection) {
        self.connection = Some(connection);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let (Some(connection), Some(back)) = (self.connection.take(), self.back.take()) {
            // A writer that has ended has no use for it.
            let _ = back.send(connection);
        }
    }
}
