//! What the tests of this crate share.

use futures_util::FutureExt as _;
use mantlet_identity::UserId;

/// The user of this name.
pub(crate) fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

/// The answer of a future that memory has at once.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("memory answers at once")
}
