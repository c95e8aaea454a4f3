//! The edge: sockets, connections, TLS, and the end of all of them in good order.

mod accept;
mod admission;
mod body;
mod config;
mod connection;
mod forward_auth;
mod http1;
mod http2;
mod listener;
mod phase;
pub(crate) mod proxy_protocol;
mod rules;
mod server;
mod stall;
mod tls;
pub mod wire;

pub(crate) use body::{ClientStream, RequestBody, WayOut};
pub(crate) use config::MAX_ADDRESSES;
pub use config::{OPEN_HINT, ServerSection};
pub use forward_auth::ForwardAuthSection;
pub use listener::{BindError, Listener, Listeners};
pub use phase::{Phase, PhaseSwitch};
pub use proxy_protocol::{ProxyProtocol, ProxyProtocolSection};
pub(crate) use rules::ConnectionRules;
pub use server::{Farewell, NextListeners, Server, StartError};
pub use tls::{
    CertificateSection, ClientCertificates, TlsError, TlsFront, TlsSection, UnknownName,
    watch_certificates,
};
