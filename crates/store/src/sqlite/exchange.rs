//! Another file in the place of the open one, under the same repositories.

use mantlet_identity::store::StoreError;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use super::failed::Failed;
use super::writer::{Held, Mark};
use super::{Database, Place};
use crate::files;

/// What became of putting another file in place.
pub(crate) enum Put<E> {
    /// It is there.
    Done(Place),
    /// The file of before is there as it was.
    Undone(E),
    /// Nobody can say which it is: nothing is written any more.
    Unknown(E),
}

/// What came of an exchange.
pub(crate) enum Exchanged<E> {
    /// The other file is in use.
    Done(Place),
    /// Somebody else has the file of before open, and it stays in use.
    InUse,
    /// The other file could not be put in place; that of before is in use.
    Undone(E),
    /// No file is in use any more.
    Unknown(E),
    /// What is there cannot be opened; no file is in use any more.
    Lost(Failed),
}

impl Database {
    /// Holds the writer up, once what waits is written.
    pub(crate) async fn hold(&self) -> Result<Held, StoreError> {
        self.writer.hold().await
    }

    /// Closes the file at `place`, calls `put`, and opens what is there then. Who reads or writes
    /// waits meanwhile. Nothing is put in place of a file that was written to since `mark`, or that
    /// somebody else has open.
    pub(crate) async fn exchange<E>(
        &self,
        (mut held, mark): (Held, Mark),
        place: &Place,
        put: impl FnOnce() -> Put<E>,
    ) -> Result<Exchanged<E>, StoreError> {
        let paused = self.readers.pause().await?;
        let is_same = held.mark().await.is_ok_and(|now| now == mark);
        if let Some(connection) = held.take() {
            // The last one to close moves the log into the file; where it is left, it was not.
            let _ = connection.close().await;
        }
        let put = if is_same && !files::has_logs(&place.path) { Some(put()) } else { None };
        let (place, exchanged) = match put {
            None => (place.clone(), Exchanged::InUse),
            Some(Put::Done(next)) => (next.clone(), Exchanged::Done(next)),
            Some(Put::Undone(error)) => (place.clone(), Exchanged::Undone(error)),
            Some(Put::Unknown(error)) => return Ok(Exchanged::Unknown(error)),
        };
        match connect(&place, paused.count()).await {
            Ok((writing, reading)) => {
                held.put(writing);
                reading.into_iter().for_each(|connection| paused.put(connection));
                Ok(exchanged)
            }
            Err(failed) => Ok(Exchanged::Lost(failed)),
        }
    }
}

/// The connection that writes and `count` that read.
pub(super) async fn connect(
    place: &Place,
    count: u32,
) -> Result<(SqliteConnection, Vec<SqliteConnection>), Failed> {
    let writing = place.connect_to_write().await?;
    let mut reading = Vec::new();
    for _ in 0..count.max(1) {
        reading.push(place.connect_to_read().await?);
    }
    Ok((writing, reading))
}
