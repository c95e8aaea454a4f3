//! Repositories in memory: for tests and trials. Everything is lost when the process ends.

mod accounts;
mod api_keys;
mod approvals;
mod factors;
mod links;
mod passkeys;
mod password_links;
mod refresh;
mod revocations;
mod sessions;

pub use accounts::MemoryAccounts;
pub use api_keys::MemoryApiKeys;
pub use approvals::MemoryApprovals;
pub use factors::MemoryFactors;
pub use links::MemoryLinks;
pub use passkeys::MemoryPasskeys;
pub use password_links::MemoryPasswordLinks;
pub use refresh::MemoryRefresh;
pub use revocations::MemoryRevocations;
pub use sessions::MemorySessions;

use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::{Repositories, StoreError, Stored};

/// An empty store in memory.
#[must_use]
pub fn repositories() -> Repositories {
    Repositories {
        accounts: Arc::new(MemoryAccounts::default()),
        api_keys: Arc::new(MemoryApiKeys::default()),
        approvals: Arc::new(MemoryApprovals::default()),
        factors: Arc::new(MemoryFactors::default()),
        links: Arc::new(MemoryLinks::default()),
        passkeys: Arc::new(MemoryPasskeys::default()),
        password_links: Arc::new(MemoryPasswordLinks::default()),
        refresh: Arc::new(MemoryRefresh::default()),
        revocations: Arc::new(MemoryRevocations::default()),
        sessions: Arc::new(MemorySessions::default()),
    }
}

/// The lock of `mutex`, whatever became of the thread that held it before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer that is there already.
fn answer<'a, T: Send + 'a>(result: Result<T, StoreError>) -> Stored<'a, T> {
    Box::pin(ready(result))
}
