//! To the application and back: connections that are kept, deadlines, one clean request out, one
//! clean answer in.

mod body;
mod config;
mod connection;
mod error;
mod forward;
mod group;
mod pool;
mod tunnel;

pub(crate) use body::Patience;
pub use body::{AnswerBody, BodyError, BodyWatch, Pace, UpstreamBody};
pub use config::{Rules, UpstreamSection};
pub use error::UpstreamError;
pub use forward::{Outgoing, X_REQUEST_ID, clean_answer, id_value};
pub use group::{Group, Upstream, Upstreams};
pub use pool::Pool;
pub use tunnel::{Slot, Tunnel, TunnelRegistry};
pub(crate) use tunnel::{Stream, leave_http};

/// The body of a client's request, and the other side of a connection that leaves HTTP.
pub(crate) use hyper::{
    body::Incoming,
    upgrade::{OnUpgrade, on as on_upgrade},
};
