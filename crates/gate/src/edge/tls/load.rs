//! From PEM files to certificates that can be used, with what they say.

use std::fs;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use mantlet_types::Timestamp;
use rustls::SignatureAlgorithm;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::config::Files;
use super::{TlsError, profile};

/// Largest PEM file that is read, in bytes; a bundle of all public authorities has 250,000.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// A certificate with its key, and what it says.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub(super) key: Arc<CertifiedKey>,
    /// The DNS names it is for, in lower case; `*.` stands for one label.
    pub(super) names: Vec<String>,
    /// When it ends; `None` when it says that in no way we know.
    pub(super) ends: Option<Timestamp>,
}

impl Loaded {
    /// Whether signing with it is cheap; RSA is not.
    pub(super) fn is_cheap(&self) -> bool {
        self.key.key.algorithm() != SignatureAlgorithm::RSA
    }
}

/// Reads one certificate and its key.
pub(super) fn certificate(files: Files<'_>) -> Result<Loaded, TlsError> {
    let chain = chain(files.cert)?;
    let wrong = |why: &dyn std::fmt::Display| TlsError::new(files.cert, why);
    let leaf = chain.first().ok_or_else(|| wrong(&"no certificate in it"))?;
    let about = Certificate::from_der(leaf).map_err(|error| wrong(&error))?;
    let private = PrivateKeyDer::from_pem_slice(&read(files.key)?)
        .map_err(|error| TlsError::new(files.key, &error))?;
    let key =
        CertifiedKey::from_der(chain, private, profile::provider()).map_err(
            |error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    let why = format!("it is not the key of `{}`", files.cert.display());
                    TlsError::new(files.key, &why)
                }
                error => TlsError::new(files.key, &error),
            },
        )?;
    let (names, _) = subject_names(&about);
    Ok(Loaded { key: Arc::new(key), names, ends: end(&about) })
}

/// The certificates in a PEM file; at least one.
pub(super) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |why: &dyn std::fmt::Display| TlsError::new(path, why);
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(path)?)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(&error))?;
    if chain.is_empty() {
        return Err(wrong(&"no certificate in it"));
    }
    Ok(chain)
}

/// The DNS names and addresses a certificate is for (RFC 5280 section 4.2.1.6). The common name
/// of its subject is not one: no client takes it for one any more.
pub(super) fn subject_names(certificate: &Certificate) -> (Vec<String>, Vec<IpAddr>) {
    let extension = certificate.tbs_certificate().get_extension::<SubjectAltName>();
    let Ok(Some((_, names))) = extension else { return (Vec::new(), Vec::new()) };
    let (mut dns, mut addresses) = (Vec::new(), Vec::new());
    for name in names.0 {
        match name {
            GeneralName::DnsName(name) => dns.push(name.as_str().to_ascii_lowercase()),
            GeneralName::IpAddress(bytes) => addresses.extend(address(bytes.as_bytes())),
            _ => {}
        }
    }
    (dns, addresses)
}

/// The alternative names of the kind that `of` reads.
pub(super) fn alternatives(
    certificate: &Certificate,
    of: impl Fn(&GeneralName) -> Option<&str>,
) -> Vec<String> {
    let extension = certificate.tbs_certificate().get_extension::<SubjectAltName>();
    let Ok(Some((_, names))) = extension else { return Vec::new() };
    names.0.iter().filter_map(of).map(str::to_owned).collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// When a certificate ends.
pub(super) fn end(certificate: &Certificate) -> Option<Timestamp> {
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok()
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let wrong = |why: &dyn std::fmt::Display| TlsError::new(path, why);
    let file = fs::File::open(path).map_err(|error| wrong(&error))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| wrong(&error))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(wrong(&"it is too large"));
    }
    Ok(bytes)
}
