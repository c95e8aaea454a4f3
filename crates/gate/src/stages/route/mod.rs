//! Which route applies, chosen on the normal form of the path, never on the raw one.
//!
//! The most specific route wins: first by host, then by path, then by methods; where a path names a
//! segment and another has a parameter there, the name is more specific. It inherits what every less
//! specific route that covers it says about guards and bodies, and its action where it has none of
//! its own. Where two routes cross (one is more specific by host, the other by path; or one by one
//! segment, the other by another), what both say applies at the crossing; if both name an action
//! there, a denial wins, and any other pair is an error when the configuration is loaded.

mod compile;
mod config;
mod host;
mod path;
mod router;
#[cfg(test)]
mod tests;

pub use compile::{Layer, Overlap, Site, compile};
pub use config::{Action, MethodName, RouteSection, StaticFiles};
pub use host::HostPattern;
pub use path::PathPattern;
pub(crate) use path::Spot;
pub use router::Router;
