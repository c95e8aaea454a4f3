//! Threads for work that takes its time on purpose.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A few threads that make and compare hashes of passwords, after everybody else's work, and a short
/// queue before them. Each
/// hash takes 19 MiB and some 20 ms: without a bound a crowd at the door would take all there is.
pub struct HashPool {
    queue: SyncSender<Job>,
    refused: AtomicU64,
}

impl HashPool {
    /// `threads` threads and room for `waiting` jobs.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(threads: usize, waiting: usize) -> io::Result<Self> {
        let (queue, jobs) = sync_channel::<Job>(waiting);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads.max(1) {
            let jobs = jobs.clone();
            let name = format!("password-{number}");
            thread::Builder::new().name(name).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue, refused: AtomicU64::new(0) })
    }

    /// Does `job` on one of the threads. A job whose caller has gone away before it begins is left
    /// out.
    ///
    /// # Errors
    /// [`PoolError::Busy`] at once when the queue is full; [`PoolError::Failed`] when the job
    /// panicked.
    pub async fn run<T, F>(&self, job: F) -> Result<T, PoolError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job = move || {
            if !sender.is_closed() {
                let _ = sender.send(job());
            }
        };
        if self.queue.try_send(Box::new(job)).is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(PoolError::Busy);
        }
        receiver.await.map_err(|_| PoolError::Failed)
    }

    /// How many jobs found the queue full since the start: a metric.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// How much these threads leave to others, as `nice` counts: a tenth is theirs where others want all
/// there is. Who signs in may wait a little; who is signed in shall not notice.
const NICE: i32 = 10;

/// Works until the pool is gone.
fn work(jobs: &Mutex<Receiver<Job>>) {
    // Of this thread alone, as Linux counts. Where it is refused, hashes are only made sooner.
    let _ = rustix::process::setpriority_process(None, NICE);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // The caller learns of a panic by the answer that never comes; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashPool").field("refused", &self.refused).finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolError {
    /// Too many wait already: try again in a moment.
    Busy,
    /// The work failed.
    Failed,
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "too many passwords wait to be checked: try again in a moment",
            Self::Failed => "the password could not be checked",
        })
    }
}

impl std::error::Error for PoolError {}
