//! Refresh tokens: `mr_<family><generation>_<secret><checksum>`, opaque, each good for one use.
//!
//! Using one gives the next of its family. Nothing of a secret is stored: it is the tag of family
//! and generation under a key of the ring (purpose [`PURPOSE`]) and a salt of the family, so that the
//! store alone can make none. A token that was used before is either an answer that got lost or a
//! theft:
//!
//! - within the grace, and while its successor was not used, the same successor is given again: no
//!   second line begins, so nothing is gained by whoever asks second;
//! - otherwise the whole family ends, the thief's line and the owner's.
//!
//! Permissions are not in it: whoever refreshes is asked anew what they may, and whether they still
//! exist.

mod error;
mod family;
mod service;
mod store;
mod text;

pub use error::RefreshError;
pub use family::{Family, FamilyId};
pub use service::{RefreshPolicy, RefreshTokens, Refreshed};
pub use store::RefreshStore;
pub use text::IssuedRefresh;

/// The purpose of the ring's keys that make refresh tokens.
pub const PURPOSE: &str = "refresh-token";
