//! WebSockets (RFC 6455), relayed by rules.
//!
//! A handshake is checked before the application hears of it: the version and key, the host and
//! the page behind it (`origin`), the token of the route (`token`), the number of connections.
//! The application's answer must fit what was asked (`handshake`, `extension`).
//!
//! Then frames pass both ways as they came. Each direction (`pump`) is cut into frames
//! (`scanner`, `frame`) and judged (`judge`): order, sizes, rates, UTF-8, compressed size.
//! A text message of a client is held only where a guard wants to see it (`message`). Whatever
//! goes wrong is an [`Ending`]: a close code for each side, a reason, an event, a metric.

mod config;
mod ending;
mod extension;
mod first;
mod frame;
pub(crate) mod fuzzing;
mod handshake;
mod inflate;
mod judge;
mod mask;
mod message;
mod origin;
mod outlet;
mod pump;
mod rate;
mod relay;
mod scanner;
mod sockets;
#[cfg(test)]
mod tests;
mod token;
mod utf8;

pub use config::{Compression, TokenBy, WebsocketSection};
pub use ending::Ending;
pub(crate) use first::{part, prove};
pub(crate) use handshake::{Agreement, Offer, TICKET_CARRIER};
pub(crate) use relay::{Session, run};
pub(crate) use sockets::{Place, SocketCache, Sockets};
pub(crate) use token::{MIN_TOKEN, Presented};

/// The payload of the gate's own pings.
const PING: &[u8] = b"mantlet";
