//! The edge: sockets, connections, TLS, and the end of all of them in good order.

mod accept;
mod config;
mod connection;
mod listener;
mod phase;
mod rules;
mod server;
mod stall;
mod tls;
pub mod wire;

pub(crate) use config::MAX_ADDRESSES;
pub use config::{ServerSection, TlsSection};
pub use listener::{BindError, Listener, Listeners};
pub use phase::{Phase, PhaseSwitch};
pub(crate) use rules::ConnectionRules;
pub use server::{Farewell, NextListeners, Server, StartError};
pub use tls::TlsError;
