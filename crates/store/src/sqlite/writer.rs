//! The one writer. SQLite has one anyway; with a queue of our own nobody waits for a lock, and acts
//! that wait together share one transaction and one sync to disk (group commit). An act is answered
//! when it is on disk, and never before.

mod held;
#[cfg(test)]
mod taking_over;

use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use mantlet_identity::store::StoreError;
use mantlet_types::{Clock, Monotonic};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Executor as _};
use tokio::sync::{mpsc, oneshot};

use super::failed::Failed;
use super::meter::Meter;
pub(crate) use held::{Held, Mark};

/// How many acts may wait. Each waits for at most `wait`, so more would only be turned away later.
const MAX_WAITING: usize = 1024;

/// How many acts share a transaction at most.
const MAX_TOGETHER: usize = 256;

/// The sending end of the queue.
#[derive(Debug)]
pub(super) struct Writer {
    /// `None` once closed.
    queue: Mutex<Option<Queue>>,
    /// Answers when the thread has ended.
    ended: Mutex<Option<oneshot::Receiver<()>>>,
    clock: Arc<dyn Clock>,
    wait: Duration,
    meter: Arc<Meter>,
}

type Queue = mpsc::Sender<Job>;

/// What the thread is asked for.
enum Job {
    Act(Box<dyn Act>),
    /// Its connection, until it is given back; acts wait meanwhile.
    Lend(oneshot::Sender<Held>),
}

impl Writer {
    /// Starts the thread that writes on `connection`. No act waits longer than `wait`.
    pub(super) fn start(
        connection: SqliteConnection,
        wait: Duration,
        clock: Arc<dyn Clock>,
        meter: Arc<Meter>,
    ) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(MAX_WAITING);
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let own_clock = clock.clone();
        let work = move || {
            runtime.block_on(work(connection, jobs, &*own_clock));
            let _ = end.send(());
        };
        thread::Builder::new().name("store-writer".to_owned()).spawn(work)?;
        let (queue, ended) = (Mutex::new(Some(queue)), Mutex::new(Some(ended)));
        Ok(Self { queue, ended, clock, wait, meter })
    }

    /// Does `act` as one atomic act. What it returned is on disk when this answers. After an error
    /// nothing of it is there, unless the time ran out while it was being done.
    pub(super) async fn write<T, F>(&self, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut SqliteConnection) -> Result<T, Failed> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let deadline = self.clock.monotonic().plus(self.wait);
        let act = Job::Act(Box::new(Waiting { act: Some(act), outcome: None, reply, deadline }));
        let queue = self.queue()?;
        if queue.capacity() == 0 {
            self.meter.queue_was_full();
        }
        let done = async move {
            queue.send(act).await.map_err(|_| unavailable(CLOSED))?;
            answer.await.map_err(|_| unavailable(CLOSED))?
        };
        let outcome = tokio::time::timeout(self.wait, done).await;
        outcome.unwrap_or_else(|_| {
            self.meter.ran_out_of_time();
            Err(too_late())
        })
    }

    /// Holds the writer up once it has done what waits: it goes on when the answer is dropped.
    pub(super) async fn hold(&self) -> Result<Held, StoreError> {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue()?;
        let lent = async move {
            queue.send(Job::Lend(reply)).await.map_err(|_| unavailable(CLOSED))?;
            answer.await.map_err(|_| unavailable(CLOSED))
        };
        tokio::time::timeout(self.wait, lent).await.map_err(|_| too_late())?
    }

    fn queue(&self) -> Result<Queue, StoreError> {
        lock(&self.queue).clone().ok_or_else(|| unavailable(CLOSED))
    }

    /// Whether it takes no more acts.
    pub(super) fn is_closed(&self) -> bool {
        lock(&self.queue).is_none()
    }

    /// Takes no more acts, and answers when those that wait are done and the connection is closed.
    pub(super) async fn close(&self) {
        drop(lock(&self.queue).take());
        let ended = lock(&self.ended).take();
        if let Some(ended) = ended {
            let _ = ended.await;
        }
    }
}

const CLOSED: &str = "it was closed";

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unavailable(why: &str) -> StoreError {
    StoreError::Unavailable(why.to_owned())
}

fn too_late() -> StoreError {
    unavailable("writing took too long: the disk is slow, or more is written than it can take")
}

/// An act in the queue.
trait Act: Send {
    /// Until when it is worth beginning.
    fn deadline(&self) -> Monotonic;

    /// Does it, and says whether the transaction can go on. What it gave is kept until `answer`.
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> LocalBoxFuture<'c, Ran>;

    /// Tells the caller; `failure` when the transaction was not committed.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

/// What became of an act within its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ran {
    /// It is to be kept.
    Well,
    /// It is to be undone; the others are not affected.
    Badly,
    /// The transaction is lost.
    Fatally,
}

struct Waiting<F, T> {
    /// `None` once it has begun.
    act: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    deadline: Monotonic,
}

impl<T, F> Act for Waiting<F, T>
where
    T: Send,
    F: AsyncFnOnce(&mut SqliteConnection) -> Result<T, Failed> + Send,
{
    fn deadline(&self) -> Monotonic {
        self.deadline
    }

    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> LocalBoxFuture<'c, Ran> {
        Box::pin(async move {
            let Some(act) = self.act.take() else { return Ran::Badly };
            // A panic is a mistake of ours; it must not end the writing of everybody else.
            let outcome = AssertUnwindSafe(act(connection)).catch_unwind().await;
            let (ran, outcome) = match outcome {
                Ok(Ok(value)) => (Ran::Well, Ok(value)),
                Ok(Err(failed)) if failed.is_of_all() => (Ran::Fatally, Err(failed.into())),
                Ok(Err(failed)) => (Ran::Badly, Err(failed.into())),
                Err(_) => (Ran::Fatally, Err(unavailable("an act on the store panicked"))),
            };
            self.outcome = Some(outcome);
            ran
        })
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let outcome = match (self.outcome, failure) {
            (Some(Ok(_)) | None, Some(failure)) => Err(failure),
            (Some(outcome), _) => outcome,
            (None, None) => Err(too_late()),
        };
        // Whoever no longer listens has been told that the time ran out.
        let _ = self.reply.send(outcome);
    }
}

/// Takes acts until the last sender is gone.
async fn work(mut connection: SqliteConnection, mut jobs: mpsc::Receiver<Job>, clock: &dyn Clock) {
    while let Some(first) = jobs.recv().await {
        let mut asked = None;
        let mut together = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Act(act) => together.push(act),
                Job::Lend(whom) => asked = Some(whom),
            }
            let is_more = asked.is_none() && together.len() < MAX_TOGETHER;
            next = if is_more { jobs.try_recv().ok() } else { None };
        }
        if !together.is_empty() {
            transact(&mut connection, together, clock).await;
        }
        if let Some(whom) = asked {
            let Some(back) = held::lend(connection, whom).await else { return };
            connection = back;
        }
    }
    let _ = connection.close().await;
}

/// Does `acts` in one transaction and answers them.
async fn transact(
    connection: &mut SqliteConnection,
    mut acts: Vec<Box<dyn Act>>,
    clock: &dyn Clock,
) {
    let done = run_all(connection, &mut acts, clock).await;
    if done.is_err() {
        // Where SQLite has rolled back by itself, this finds nothing to do.
        let _ = connection.execute("ROLLBACK").await;
    }
    let failure = done.err().map(StoreError::from);
    for act in acts {
        act.answer(failure.clone());
    }
}

/// Begins a transaction. Where another process writes for long, which is one that takes over and
/// brings the schema up to date, this waits as long as any act is worth it.
async fn begin(
    connection: &mut SqliteConnection,
    acts: &[Box<dyn Act>],
    clock: &dyn Clock,
) -> Result<(), Failed> {
    loop {
        let failed = match connection.execute("BEGIN IMMEDIATE").await {
            Ok(_) => return Ok(()),
            Err(error) => Failed::from(error),
        };
        // SQLite has waited a good while already before it says so.
        let now = clock.monotonic();
        if !failed.is_locked() || acts.iter().all(|act| act.deadline() <= now) {
            return Err(failed);
        }
    }
}

async fn run_all(
    connection: &mut SqliteConnection,
    acts: &mut [Box<dyn Act>],
    clock: &dyn Clock,
) -> Result<(), Failed> {
    begin(connection, acts, clock).await?;
    for act in acts {
        if act.deadline() <= clock.monotonic() {
            continue;
        }
        connection.execute("SAVEPOINT act").await?;
        match act.run(connection).await {
            Ran::Well => {}
            Ran::Badly => {
                connection.execute("ROLLBACK TO act").await?;
            }
            Ran::Fatally => return Err(unavailable("what was to be written with it failed").into()),
        }
        connection.execute("RELEASE act").await?;
    }
    connection.execute("COMMIT").await?;
    Ok(())
}
