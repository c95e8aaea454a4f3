//! Passwords, by NIST SP 800-63B-4: long ones, none that everybody knows, and no rules about kinds
//! of characters.
//!
//! | wanted | use |
//! |---|---|
//! | whether a new password may be taken | [`PasswordPolicy::check`] |
//! | one for somebody who has none | [`PasswordPolicy::generate`] |
//! | making and comparing hashes, beside the threads that serve | [`Passwords`] |
//!
//! Passwords are compared in Unicode's normal form C, as RFC 8265 (section 4.2) wants it, so that the
//! same password of another keyboard is the same. Hashes that applications before us made of other
//! forms still fit.

mod blocklist;
mod generate;
mod patterns;
mod policy;
mod pool;
mod service;

pub use policy::{Composition, NewPassword, PasswordContext, PasswordPolicy, PasswordProblem};
pub use pool::{HashPool, PoolError};
pub use service::{Checked, Passwords};
