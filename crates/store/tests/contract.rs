//! The contract of the repositories: memory and SQLite keep the same.

mod common;

use common::Folder;
use mantlet_store::{Store, contract};

/// One test for each repository of a store that `$open` opens.
macro_rules! keeps_the_contract {
    ($name:ident, $open:expr) => {
        mod $name {
            use super::*;

            keeps_the_contract!(@each $open, accounts, api_keys, approvals, factors, links, passkeys, password_links, refresh, revocations, sessions);
        }
    };
    (@each $open:expr, $($repository:ident),*) => {$(
        #[tokio::test]
        async fn $repository() {
            let (_keep, repositories) = $open.await;
            contract::$repository::holds(&*repositories.$repository).await;
        }
    )*};
}

keeps_the_contract!(memory, async { ((), mantlet_identity::memory::repositories()) });
keeps_the_contract!(sqlite, async {
    let folder = Folder::new();
    let store = Store::open(&folder.options()).await.unwrap();
    let repositories = store.repositories();
    ((store, folder), repositories)
});
