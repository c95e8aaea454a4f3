//! Layered configuration with every problem reported at once.
//!
//! A section is declared once, with [`section!`]: its keys, their types, defaults and docs. From
//! that follow the struct, its reading, the effective configuration and the reference docs. Layers
//! are read together, later ones win: defaults, file, environment, flags. Reading never stops at
//! the first mistake: every problem has its place, a hint, and the nearest known name.
//!
//! To add a setting, add a field to its section. To add a type of value, implement [`Scalar`].

mod changes;
mod document;
mod effective;
mod environment;
pub mod fuzzing;
mod layers;
mod lists;
mod macros;
mod named;
mod nearest;
mod node;
mod path;
mod place;
mod problem;
mod raw_table;
mod reader;
mod reference;
mod scalars;
mod secret;
mod setting;

pub use toml::Value;

pub use changes::{Change, changes};
pub use effective::effective;
pub use environment::Environment;
pub use layers::{Layers, Loaded, load};
#[doc(hidden)]
pub use macros::__private;
pub use named::Named;
pub use node::Node;
pub use place::{Origin, Place, Provenance};
pub use problem::{Level, Problem, Problems};
pub use raw_table::RawTable;
pub use reader::Reader;
pub use reference::reference;
pub use scalars::{ByteSize, Cidr, HttpUrl, WebOrigin};
pub use secret::{SecretError, SecretRef, SecretSource, Sources};
pub use setting::{Complaint, Description, Element, KeyDescription, Scalar, Setting, Shown};
