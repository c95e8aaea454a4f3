//! One unambiguous request, or 400.
//!
//! Framing is settled before this stage, byte by byte, in `edge/wire`. Here the host, the path and
//! the headers get their one meaning; whatever a client could claim about itself is removed.

mod claims;
mod config;
mod head;
pub(crate) mod hop;
mod host;
mod path;
mod stage;
#[cfg(test)]
mod tests;

pub(crate) use claims::{fold, is_disguised};
pub use config::HygieneSection;
pub use head::HeadLimits;
pub(crate) use head::is_method;
pub(crate) use host::canonical_ipv6;
pub use path::{
    Doubtful, DuplicateSlashes, NormalPath, PathError, PathFault, PathPolicy, normalize,
};
pub use stage::{CleanRequest, HygieneStage};
