//! Tickets: credentials that count once, within seconds, for one user on pages of one origin.
//!
//! A page cannot send a header with the handshake of a WebSocket. Its application asks for a ticket
//! and hands it to the page, which shows it in the handshake. Tickets are kept in memory alone: one
//! that a restart forgets was about to end, and its page asks for another.

mod record;
mod refusal;
mod service;
mod text;

pub use record::{MAX_ORIGIN, NewTicket, Ticket, TicketPolicy};
pub use refusal::{TicketError, TicketRefusal};
pub use service::Tickets;
