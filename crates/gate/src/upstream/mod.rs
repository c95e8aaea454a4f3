//! To the application and back: connections that are kept, deadlines, one clean request out, one
//! clean answer in.

mod address;
mod body;
mod breaker;
mod config;
mod dial;
mod error;
mod fetch;
mod forward;
mod forwarding;
mod group;
mod health;
mod http1;
mod names;
mod outbound;
mod pool;
mod report;
mod server;
mod status;
mod stream;
mod tls;
mod tunnel;
mod two;
mod upkeep;
mod upstreams;

pub use address::ServerAddress;
pub use body::{AnswerBody, BodyError, BodyWatch, Pace, Source, UpstreamBody};
pub(crate) use body::{Patience, poll_two};
pub use config::{BreakerSection, HealthSection, Rules, UpstreamSection, UpstreamTlsSection};
pub use error::UpstreamError;
pub use fetch::{DocumentUrl, Fetcher};
pub use forward::{Outgoing, X_REQUEST_ID, clean_answer, id_value};
pub use group::Group;
pub(crate) use group::MAX_MEMBERS;
pub(crate) use outbound::{Outbound, Question};
pub use pool::{Failed, Pool, answered_by};
pub use server::Upstream;
pub use status::ServerStatus;
pub(crate) use stream::RawStream;
pub use tunnel::{Slot, Tunnel, TunnelRegistry};
pub use upkeep::Upkeep;
pub use upstreams::Upstreams;

/// Reads arbitrary bytes as an answer, for the fuzzer.
pub(crate) fn fuzz_answer(data: &[u8]) {
    http1::fuzz(data);
}
