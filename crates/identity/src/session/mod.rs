//! Sessions of people: kept here, not in the cookie.
//!
//! The cookie holds 256 random bits; the store holds their hash. A session ends when it is not used
//! for a while, at the latest a fixed time after the sign-in, and whenever its owner or an
//! administrator ends it. It gets a new id at the sign-in and whenever it may do more than before,
//! so that an id planted or seen earlier is worth nothing.

mod cookie;
mod record;
mod service;
mod store;

pub use cookie::SessionCookie;
pub use record::{NewSession, Session, SessionHandle, SessionHash, SessionRefusal, SessionToken};
pub use service::{SessionPolicy, Sessions};
pub use store::SessionStore;
