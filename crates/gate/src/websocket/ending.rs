//! Why a WebSocket ends, and what each side is told.

use mantlet_event::reasons;
use mantlet_types::Reason;

/// Close codes (RFC 6455 section 7.4.1).
mod code {
    pub(super) const GOING_AWAY: u16 = 1001;
    pub(super) const PROTOCOL_ERROR: u16 = 1002;
    pub(super) const INVALID_DATA: u16 = 1007;
    pub(super) const POLICY: u16 = 1008;
    pub(super) const TOO_BIG: u16 = 1009;
    pub(super) const INTERNAL: u16 = 1011;
    pub(super) const TRY_LATER: u16 = 1013;
}

/// Why a WebSocket ends, where it does not end by the two sides' own agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The client broke the protocol; says how.
    Protocol(&'static str),
    /// A text of the client is not UTF-8, or what it compressed cannot be read.
    InvalidData(&'static str),
    /// A frame or message is larger than the limit with this key.
    TooLarge(&'static str),
    /// More came in a time than the limit with this key allows.
    TooFast(&'static str),
    /// A guard refused a message.
    Refused,
    /// A guard failed and its fail mode is closed.
    GuardFailed,
    /// No memory for a message that guards are to see.
    Memory,
    /// A message that guards are to see did not go on in time.
    MessageTimeout,
    /// The client did not prove that it may.
    Token,
    /// Nothing came from either side for too long.
    Idle,
    /// It was open for as long as it may be.
    Lifetime,
    /// The server is stopping.
    Stopping,
    /// Its client was blocked.
    Blocked,
    /// Its identity was revoked.
    Revoked,
    /// What it was opened with has come to its end.
    Outlived,
    /// The application broke the protocol, or sent a message above its limit; says how.
    Application(&'static str),
    /// The application cannot be reached, or did not agree.
    Unreachable,
    /// The application went away without a word.
    ApplicationGone,
    /// The client went away without a word.
    ClientGone,
    /// A side did not answer the other's goodbye.
    Unanswered,
}

impl Ending {
    /// The close code for the client and for the application.
    #[must_use]
    pub const fn codes(self) -> (u16, u16) {
        match self {
            Self::Protocol(_) => (code::PROTOCOL_ERROR, code::PROTOCOL_ERROR),
            Self::InvalidData(_) => (code::INVALID_DATA, code::INVALID_DATA),
            Self::TooLarge(_) => (code::TOO_BIG, code::TOO_BIG),
            Self::TooFast(_)
            | Self::Refused
            | Self::MessageTimeout
            | Self::Token
            | Self::Blocked
            | Self::Revoked
            | Self::Outlived => (code::POLICY, code::POLICY),
            Self::GuardFailed | Self::Unreachable | Self::ApplicationGone => {
                (code::INTERNAL, code::INTERNAL)
            }
            Self::Memory => (code::TRY_LATER, code::TRY_LATER),
            Self::Application(_) => (code::INTERNAL, code::PROTOCOL_ERROR),
            Self::Idle | Self::Lifetime | Self::Stopping | Self::ClientGone | Self::Unanswered => {
                (code::GOING_AWAY, code::GOING_AWAY)
            }
        }
    }

    /// What the record of the end says.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Protocol(what) | Self::InvalidData(what) | Self::Application(what) => what,
            Self::TooLarge(limit) | Self::TooFast(limit) => limit,
            Self::Refused => "message refused",
            Self::GuardFailed => "guard failed",
            Self::Memory => "no memory for inspection",
            Self::MessageTimeout => "message too slow",
            Self::Token => "token",
            Self::Idle => "idle",
            Self::Lifetime => "lifetime over",
            Self::Stopping => "server is stopping",
            Self::Blocked => "address blocked",
            Self::Revoked => "identity revoked",
            Self::Outlived => "credential over",
            Self::Unreachable => "application not reached",
            Self::ApplicationGone => "upstream closed",
            Self::ClientGone => "client closed",
            Self::Unanswered => "goodbye not answered",
        }
    }

    /// The reason on record where the gate refused something; `None` where it only ended.
    #[must_use]
    pub const fn reason(self) -> Option<&'static Reason> {
        Some(match self {
            Self::Protocol(_) => &reasons::WEBSOCKET_PROTOCOL,
            Self::InvalidData(_) => &reasons::WEBSOCKET_DATA,
            Self::TooLarge(_) => &reasons::WEBSOCKET_TOO_LARGE,
            Self::TooFast(_) => &reasons::WEBSOCKET_RATE,
            Self::Memory => &reasons::BODY_MEMORY_EXHAUSTED,
            Self::MessageTimeout => &reasons::BODY_TIMEOUT,
            Self::Idle | Self::Lifetime => &reasons::WEBSOCKET_TIME,
            Self::Application(_) => &reasons::WEBSOCKET_APPLICATION,
            _ => return None,
        })
    }

    /// The key of the limit that was reached; `None` when it was none.
    #[must_use]
    pub const fn limit(self) -> Option<&'static str> {
        match self {
            Self::TooLarge(limit) | Self::TooFast(limit) => Some(limit),
            Self::Memory => Some("server.body_memory"),
            Self::MessageTimeout => Some("server.body_timeout"),
            Self::Idle => Some("websocket.idle_timeout"),
            Self::Lifetime => Some("websocket.lifetime"),
            _ => None,
        }
    }
}

/// Whether a peer may send this close code (RFC 6455 section 7.4, and the registry of IANA).
pub(super) const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
