//! TLS 1.2 and 1.3: which certificate a client is shown, and whether it must show one itself.
//!
//! ```text
//! config     the settings, and what is wrong with them
//! load       PEM files to certificates with their names
//! choice     which of them for which client
//! profile    versions, groups and suites; sessions
//! client     certificates of clients
//! front      all of it behind one swappable value, renewed when files change
//! local      a certificate of our own, for trying out
//! ```

mod choice;
mod client;
mod config;
mod error;
mod front;
mod load;
mod local;
mod profile;
mod watch;

pub use config::{CertificateSection, ClientCertificates, TlsSection, UnknownName};
pub use error::TlsError;
pub use front::TlsFront;
pub(super) use front::client_of;
pub use watch::watch_certificates;
