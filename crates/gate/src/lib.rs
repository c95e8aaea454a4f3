//! The gate: listeners, the way of a request, guards, upstreams.
//!
//! ```text
//! edge       a connection, TLS, HTTP/1.1 and HTTP/2; framing settled byte by byte
//! stages     hygiene, client, route: fixed, never off
//! guards     in the order of `guards/order.rs`, asked by `pipeline`
//! upstream   the application
//! guards     again, on the answer; the last word is ours
//! ```
//! `identity` says who asks and what paths ask for, `pages` is where people sign in;
//! `penalty` watches what becomes of requests; `way` walks a request through all of it; `live` builds everything from the configuration;
//! `recording` keeps requests, and `replay` tries settings of the WAF on them.

pub mod coding;
pub mod edge;
pub mod fuzzing;
pub mod guards;
mod http1;
pub mod identity;
pub mod live;
mod pages;
pub mod penalty;
pub mod pipeline;
pub mod recording;
mod redact;
pub mod refusal;
pub mod replay;
pub mod stages;
pub mod upstream;
mod way;
pub mod websocket;

pub use edge::{BindError, Listeners, PhaseSwitch, Server, ServerSection};
pub use live::{FoundRule, Live, Resolved, Settings, resolve};
pub use way::Gate;
