//! Another key for the store while it is in use.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use mantlet_crypto::KeyId;
use mantlet_identity::store::StoreError;
use mantlet_types::Clock;

use crate::error::OpenError;
use crate::files;
use crate::opening::{self, Ready};
use crate::sqlite::{Database, Exchanged, Held, Mark, Place, Put};

/// How often the file is copied while writers go on, before they are held up for it.
const ATTEMPTS: u32 = 3;

/// Why a store that is in use keeps its key.
#[derive(Debug)]
pub enum RekeyError {
    /// A backup is being made, or the key is being changed already.
    Occupied,
    /// Another process has the file open.
    InUse,
    /// Copying takes longer than writers may be held up, and they wrote meanwhile.
    Busy {
        /// How long it took.
        took: Duration,
        /// How long writers may be held up.
        pause: Duration,
    },
    /// The store does not answer.
    Store(StoreError),
    /// The copy cannot be made, or cannot be put in place.
    Open(OpenError),
    /// What is there now could not be opened again.
    Closed(OpenError),
}

impl RekeyError {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Occupied => "wait for its end and try again",
            Self::InUse => "a server that has handed over ends by itself: try again then",
            Self::Busy { .. } => {
                "try again when less is written, or stop the server and run `mantlet store rekey` then"
            }
            Self::Store(_) => "see that the disk has room and is quick enough, and try again",
            Self::Open(error) => error.hint(),
            Self::Closed(_) => {
                "start the server again: it opens the store with the one key or the other"
            }
        }
    }
}

impl fmt::Display for RekeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occupied => {
                f.write_str("a backup is being made, or the key is being changed already")
            }
            Self::InUse => f.write_str("another process has the store open"),
            Self::Busy { took, pause } => write!(
                f,
                "copying the store took {} ms and something was written meanwhile; writers are not held up for more than {} ms",
                took.as_millis(),
                pause.as_millis()
            ),
            Self::Store(error) => write!(f, "the store does not answer: {error}"),
            Self::Open(error) => error.tell(f),
            Self::Closed(error) => {
                f.write_str("the store is closed until the server starts again: ")?;
                error.tell(f)
            }
        }
    }
}

impl std::error::Error for RekeyError {}

impl From<StoreError> for RekeyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<OpenError> for RekeyError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

/// A change of the key of a database in use.
pub(crate) struct Rekeying<'s> {
    pub(crate) database: &'s Database,
    pub(crate) ready: &'s Ready,
    /// Where it is now.
    pub(crate) place: Place,
    /// The longest that writers are held up for the copying.
    pub(crate) pause: Duration,
    pub(crate) clock: &'s dyn Clock,
}

impl Rekeying<'_> {
    /// Copies everything under a new key and puts the copy in place: its key, and where it is.
    pub(crate) async fn run(&self) -> Result<(KeyId, Place), RekeyError> {
        let (id, key) = self.ready.keys.next_file_key().map_err(OpenError::from)?;
        let next = Place { path: self.ready.files.next_database(), key, ..self.place.clone() };
        let done = match self.copy(&next).await {
            Ok(copied) => self.put_in_place(copied, id, &next).await,
            Err(error) => Err(error),
        };
        match &done {
            // The next start says which of the two holds.
            Ok(_) | Err(RekeyError::Closed(_)) => {}
            Err(_) => files::remove_database(&next.path).map_err(OpenError::of_file(&next.path))?,
        }
        done.map(|place| (id, place))
    }

    /// Makes a copy that holds everything; writers are held up since.
    async fn copy(&self, next: &Place) -> Result<(Held, Mark), RekeyError> {
        let mut took = Duration::ZERO;
        for _ in 0..ATTEMPTS {
            let before = mark(&mut self.database.hold().await?).await?;
            let start = self.clock.monotonic();
            self.copy_once(next).await?;
            took = self.clock.monotonic().since(start);
            let mut held = self.database.hold().await?;
            if mark(&mut held).await? == before {
                return Ok((held, before));
            }
            if took <= self.pause
                && let Some(copied) = self.copy_held_up(held, next).await?
            {
                return Ok(copied);
            }
        }
        Err(RekeyError::Busy { took, pause: self.pause })
    }

    /// Makes a copy while writers are held up; `None` where that takes too long for them.
    async fn copy_held_up(
        &self,
        mut held: Held,
        next: &Place,
    ) -> Result<Option<(Held, Mark)>, RekeyError> {
        let before = mark(&mut held).await?;
        let mut copying = pin!(self.copy_once(next));
        if let Ok(copied) = tokio::time::timeout(self.pause, &mut copying).await {
            copied?;
            return Ok(Some((held, before)));
        }
        drop(held);
        // SQLite goes on to the end whoever listens: nothing else may use the file until then.
        copying.await?;
        Ok(None)
    }

    /// Writes everything under the new key, and reads it as a whole.
    async fn copy_once(&self, next: &Place) -> Result<(), RekeyError> {
        let copied = self.place.copy_to_other_key(next).await;
        copied.map_err(OpenError::of_database(&next.path))?;
        Ok(opening::see_that_it_is_whole(next).await?)
    }

    async fn put_in_place(
        &self,
        copied: (Held, Mark),
        id: KeyId,
        next: &Place,
    ) -> Result<Place, RekeyError> {
        let put = || match self.ready.activate_next(id) {
            Ok(()) => Put::Done(Place { path: self.place.path.clone(), ..next.clone() }),
            Err(error) => self.undo(next, error),
        };
        match self.database.exchange(copied, &self.place, put).await? {
            Exchanged::Done(place) => Ok(place),
            Exchanged::InUse => Err(RekeyError::InUse),
            Exchanged::Undone(error) => Err(RekeyError::Open(error)),
            Exchanged::Unknown(error) => Err(RekeyError::Closed(error)),
            Exchanged::Lost(failed) => {
                Err(RekeyError::Closed(OpenError::of_database(&self.place.path)(failed)))
            }
        }
    }

    /// What is there after putting the copy in place has failed. A copy whose key is active already
    /// would take the place of what is written from now on at the next start: it goes, or nothing is
    /// written.
    fn undo(&self, next: &Place, error: OpenError) -> Put<OpenError> {
        let path = &self.place.path;
        match self.ready.keys.key_of_file(path) {
            Ok((_, _, key)) if *key.salt() == *next.key.salt() => {
                Put::Done(Place { path: path.clone(), ..next.clone() })
            }
            Ok(_)
                if files::remove_database(&next.path).is_ok()
                    && files::sync_folder_of(path).is_ok() =>
            {
                Put::Undone(error)
            }
            _ => Put::Unknown(error),
        }
    }
}

async fn mark(held: &mut Held) -> Result<Mark, RekeyError> {
    Ok(held.mark().await.map_err(StoreError::from)?)
}
