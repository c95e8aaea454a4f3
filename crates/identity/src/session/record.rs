//! What is kept of a session, and what its owner holds.

use std::fmt;
use std::net::IpAddr;

use mantlet_crypto::sha256;
use mantlet_types::{Rng, Secret, Timestamp};

use crate::checked_text::{SECRET_LEN, is_digits, random_digits};
use crate::store::StoreError;
use crate::{Trace, UserId};

/// The id of a session, for its owner's cookie: 256 random bits. It cannot be printed by accident.
#[derive(Debug, Clone)]
pub struct SessionToken(Secret<String>);

impl SessionToken {
    pub(super) fn generate(rng: &dyn Rng) -> Self {
        Self(Secret::new(random_digits(SECRET_LEN, rng)))
    }

    /// The text for the cookie.
    #[must_use]
    pub const fn expose(&self) -> &String {
        self.0.expose()
    }

    pub(super) fn hash(&self) -> SessionHash {
        SessionHash(sha256(self.expose().as_bytes()))
    }
}

/// The hash of a session's id: under this name it is kept. Of 256 random bits a plain hash is
/// enough, there is nothing to guess.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionHash(pub [u8; 32]);

impl SessionHash {
    /// The hash of what a client sent; `None` when it cannot be an id.
    #[must_use]
    pub fn of(presented: &str) -> Option<Self> {
        let is_id = presented.len() == SECRET_LEN && is_digits(presented);
        is_id.then(|| Self(sha256(presented.as_bytes())))
    }
}

impl fmt::Debug for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "SessionHash({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

/// The name of a session in lists, by which it is ended and not used: 12 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionHandle([u8; Self::LEN]);

impl SessionHandle {
    /// The length of a handle in characters.
    pub const LEN: usize = 12;

    /// The handle that `text` is; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_digits(text).then(|| text.as_bytes().try_into().ok().map(Self)).flatten()
    }

    /// The handle as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(super) fn generate(rng: &dyn Rng) -> Self {
        Self::parse(&random_digits(Self::LEN, rng)).unwrap_or(Self([b'0'; Self::LEN]))
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHandle({})", self.as_str())
    }
}

/// What a session begins with.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Whose.
    pub user: UserId,
    /// Whether a second factor was shown.
    pub has_second_factor: bool,
    /// How they signed in, as RFC 8176 names it.
    pub methods: &'static [&'static str],
    /// When they showed who they are, where that was not now but earlier, elsewhere; `None` for now.
    pub authenticated: Option<Timestamp>,
    /// From where.
    pub address: IpAddr,
    /// With which program, as it says itself; cut at 200 characters.
    pub agent: String,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The hash of its id.
    pub hash: SessionHash,
    /// Its name in lists; stays when the id is renewed.
    pub handle: SessionHandle,
    /// Whose.
    pub user: UserId,
    /// When its owner signed in.
    pub created: Timestamp,
    /// When it got its present id.
    pub renewed: Timestamp,
    /// When it was last used, to within the policy's `touch_every`.
    pub last_seen: Timestamp,
    /// When it ends however much it is used; renewing does not move this.
    pub expires: Timestamp,
    /// Whether a second factor was shown.
    pub has_second_factor: bool,
    /// How its owner signed in, as RFC 8176 names it: `pwd`, `otp`, `pop`, `fed`, `mfa`.
    pub methods: Vec<String>,
    /// From where its owner signed in.
    pub address: IpAddr,
    /// With which program.
    pub agent: String,
    /// Who ended it, when and why; `None` while it runs.
    pub ended: Option<Trace>,
}

/// Why a session does not count: for the operator's log. The client is told the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionRefusal {
    /// What was sent cannot be an id.
    Malformed,
    /// There is no such session.
    Unknown,
    /// It was ended.
    Ended,
    /// It was not used for too long.
    Idle,
    /// Its time is over.
    Expired,
    /// The store cannot tell: identity fails closed.
    Store(StoreError),
}

impl SessionRefusal {
    /// A stable word for logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Ended => "ended",
            Self::Idle => "idle",
            Self::Expired => "expired",
            Self::Store(_) => "store-unavailable",
        }
    }
}

impl fmt::Display for SessionRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not the id of a session",
            Self::Unknown => "there is no such session",
            Self::Ended => "the session was ended",
            Self::Idle => "the session was not used for too long",
            Self::Expired => "the time of the session is over",
            Self::Store(error) => return error.fmt(f),
        })
    }
}

impl std::error::Error for SessionRefusal {}

impl From<StoreError> for SessionRefusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
