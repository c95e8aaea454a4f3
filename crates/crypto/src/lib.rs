//! Keys, sealing, message authentication and password hashing. The only crate that names
//! cryptographic libraries (TLS has its own provider); it knows nothing of the server.
//!
//! | wanted | use |
//! |---|---|
//! | one key out of another, for one purpose | [`Key::derive`] |
//! | a value that only we can read | [`seal`], [`open`] |
//! | proof that we wrote something | [`Key::tag`], [`Key::has_tagged`] |
//! | the same many times a second | [`MacKey`], [`MacKeys`] |
//! | the secret everything else hangs on | [`RootKey`] |
//! | keys with versions and states | [`KeyRing`], [`RingFile`] |
//! | signed tokens | [`jws`] |
//! | one-time codes | [`hotp`] |
//! | keys of authenticators | [`cose`], and [`cbor`] that they are written in |
//! | passwords | [`password`] |

pub mod cbor;
pub mod cose;
pub mod jws;
mod key;
mod mac;
mod otp;
pub mod password;
mod ring;
mod root;
mod sealed;
mod text;

pub use key::{Key, Sha256, TAG_SIZE, legacy_sha1, sha256};
pub use mac::{MacKey, MacKeys};
pub use otp::{OtpDigest, hotp};
pub use ring::{KeyId, KeyRing, KeyState, KeyView, RingError, RingFile};
pub use root::{RootError, RootKey};
pub use sealed::{OVERHEAD, OpenError, open, seal};
pub use text::{from_base64url, to_base64url};
