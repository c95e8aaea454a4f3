//! Repositories in memory: for tests and trials. Everything is lost when the process ends.

mod accounts;
mod api_keys;
mod factors;
mod refresh;
mod revocations;
mod sessions;

pub use accounts::MemoryAccounts;
pub use api_keys::MemoryApiKeys;
pub use factors::MemoryFactors;
pub use refresh::MemoryRefresh;
pub use revocations::MemoryRevocations;
pub use sessions::MemorySessions;

use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::{StoreError, Stored};

/// The lock of `mutex`, whatever became of the thread that held it before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer that is there already.
fn answer<'a, T: Send + 'a>(result: Result<T, StoreError>) -> Stored<'a, T> {
    Box::pin(ready(result))
}
