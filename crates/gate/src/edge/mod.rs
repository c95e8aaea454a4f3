//! The edge: sockets, connections, TLS, and the end of all of them in good order.

mod config;
mod connection;
mod listener;
mod phase;
mod rules;
mod server;
mod stall;
mod tls;
pub mod wire;

pub use config::{ServerSection, TlsSection};
pub use listener::{BindError, Listeners};
pub use phase::{Phase, PhaseSwitch};
pub(crate) use rules::ConnectionRules;
pub use server::{Server, StartError};
pub use tls::TlsError;
