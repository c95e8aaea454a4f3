//! What a ticket looks like: letters and digits alone, so that it fits where WebSockets name their
//! subprotocols.

use mantlet_types::{Rng, Secret};

use crate::checked_text::{
    CHECKSUM_LEN, SECRET_LEN, append_checksum, is_digits, random_digits, strip_checksum,
};

/// What every ticket begins with.
const TICKET_PREFIX: &str = "mt_";

/// A new ticket.
pub(super) fn generate(rng: &dyn Rng) -> Secret<String> {
    let mut text = String::with_capacity(TICKET_PREFIX.len() + SECRET_LEN + CHECKSUM_LEN);
    text.push_str(TICKET_PREFIX);
    text.push_str(&random_digits(SECRET_LEN, rng));
    append_checksum(&mut text);
    Secret::new(text)
}

/// Whether a text has the form of a ticket.
pub(super) fn is_ticket(text: &str) -> bool {
    let secret = strip_checksum(text).and_then(|body| body.strip_prefix(TICKET_PREFIX));
    secret.is_some_and(|secret| secret.len() == SECRET_LEN && is_digits(secret))
}
