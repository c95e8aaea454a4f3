//! TLS 1.2 and 1.3 from PEM files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::TlsSection;

/// A certificate or key that cannot be used.
#[derive(Debug)]
pub struct TlsError {
    path: PathBuf,
    why: String,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = "name a certificate chain and its own private key, both in PEM";
        write!(f, "cannot use `{}`: {}\n  hint: {hint}", self.path.display(), self.why)
    }
}

impl std::error::Error for TlsError {}

impl TlsError {
    /// What is wrong, without the hint.
    pub(super) fn message(&self) -> String {
        format!("cannot use `{}`: {}", self.path.display(), self.why)
    }
}

/// The acceptor a section asks for; `None` when it asks for none.
pub(super) fn acceptor(section: &TlsSection) -> Result<Option<TlsAcceptor>, TlsError> {
    let (Some(cert), Some(key)) = (&section.cert, &section.key) else { return Ok(None) };
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: &dyn fmt::Display| TlsError { path, why: error.to_string() }
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .map_err(|error| failed(cert)(&error))?;
    if chain.is_empty() {
        return Err(failed(cert)(&"no certificate in it"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key)(&error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| failed(cert)(&error))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| failed(cert)(&error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}
