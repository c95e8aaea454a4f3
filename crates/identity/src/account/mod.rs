//! Accounts: who exists, under which name, with which password and roles.

mod record;
mod store;

pub use record::{Account, AccountName, BadAccountName, PasswordHash, Standing};
pub use store::Accounts;
