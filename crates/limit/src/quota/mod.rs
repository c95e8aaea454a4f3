//! How much is allowed in how long.

mod allowance;
mod error;
mod text;

pub use allowance::Quota;
pub use error::QuotaError;
