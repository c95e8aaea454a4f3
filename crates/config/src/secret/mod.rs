//! Secrets: the configuration names them, and never contains them.

mod placeholder;
mod reference;
mod sources;
#[cfg(test)]
mod tests;

pub use reference::SecretRef;
pub use sources::{SecretError, SecretSource, Sources};
