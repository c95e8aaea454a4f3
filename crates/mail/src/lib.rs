//! Letters to people, by SMTP. The one room that knows how mail is spoken.
//!
//! | wanted | use |
//! |---|---|
//! | settings | [`MailSection`] |
//! | carrying letters | [`MailQueue`], a [`mantlet_types::Post`] |
//!
//! TLS is required (from the start, or by STARTTLS) but for a server on this machine. Letters wait in
//! memory, a thousand at most, and are tried six times within a quarter of an hour.

mod carrier;
mod config;
mod queue;

pub use config::{MailSection, SmtpUrl};
pub use queue::MailQueue;
