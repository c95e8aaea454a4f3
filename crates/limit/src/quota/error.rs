//! Why a quota cannot be.

use std::fmt;

use super::Quota;

/// A quota that cannot be. The message says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuotaError {
    /// The text has another form; at most the first 40 characters of it.
    Form(String),
    /// This is not a whole number, or one too large to read.
    NotANumber(String),
    /// This is not a unit of time.
    UnknownUnit(String),
    /// The limit is zero.
    ZeroLimit,
    /// The burst is zero.
    ZeroBurst,
    /// The limit or the burst is above [`Quota::MAX_LIMIT`].
    TooLarge(u64),
    /// The window is zero or has a fraction of a millisecond.
    NoWindow,
    /// The window is above [`Quota::MAX_WINDOW`].
    WindowTooLong,
}

impl fmt::Display for QuotaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(text) => write!(
                f,
                "`{text}` is not a quota: write it like `60/min`, `100/3600s` or `100/s burst 1000`"
            ),
            Self::NotANumber(text) => write!(
                f,
                "`{text}` is not a number of requests or units: write a whole number above zero"
            ),
            Self::UnknownUnit(text) => {
                write!(f, "`{text}` is not a unit of time: use `ms`, `s`, `min`, `h` or `d`")
            }
            Self::ZeroLimit => {
                f.write_str("a quota of 0 would refuse everything: write at least 1")
            }
            Self::ZeroBurst => f.write_str(
                "a burst of 0 would refuse everything: write at least 1 or leave it out",
            ),
            Self::TooLarge(number) => {
                write!(f, "`{number}` is too large for a quota: write at most {}", Quota::MAX_LIMIT)
            }
            Self::NoWindow => f.write_str(
                "the window of a quota must be whole milliseconds above zero: write at least `1ms`",
            ),
            Self::WindowTooLong => {
                f.write_str("the window of a quota is too long: write at most `366d`")
            }
        }
    }
}

impl std::error::Error for QuotaError {}
