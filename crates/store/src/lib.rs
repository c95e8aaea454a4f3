//! The encrypted store: everything that must last, in one file, behind the repository traits of
//! `mantlet-identity`.
//!
//! | wanted | read |
//! |---|---|
//! | opening it, and what can be wrong then | [`Store::open`], [`OpenError`] |
//! | where the key of everything comes from | [`RootSource`] |
//! | a copy of it all, and back | [`Store::backup`], [`backup::verify`], [`backup::restore`] |
//! | another key, a look at what a migration would do | [`Store::rekey`], [`rekey`], [`try_migrations`] |
//! | what every implementation of the repositories has to do | [`contract`] |
//! | SQL | `sqlite/`, and nowhere else |
//!
//! This crate depends on what it stores, not the other way round: the traits stand beside the
//! services that use them. Another database is another folder beside `sqlite/`, file by file.

pub mod backup;
mod config;
pub mod contract;
mod error;
mod files;
mod keys;
mod maintenance;
mod opening;
mod rekeying;
mod sqlite;
mod store;

pub use config::StoreSection;
pub use error::OpenError;
pub use keys::{Keys, RootSource};
pub use maintenance::{rekey, try_migrations};
pub use opening::{Notice, Options};
pub use rekeying::RekeyError;
pub use sqlite::Pressure;
pub use store::Store;
