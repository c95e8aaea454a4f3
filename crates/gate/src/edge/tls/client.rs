//! Certificates of clients.

use std::path::Path;
use std::sync::Arc;

use mantlet_types::Timestamp;
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::name::GeneralName;

use super::{ClientCertificates, TlsError, TlsSection, load, profile};
use crate::pipeline::ClientCertificate;

/// The authorities in a PEM file.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in load::chain(path)? {
        roots.add(certificate).map_err(|error| TlsError::new(path, &error))?;
    }
    Ok(roots)
}

/// What is asked of clients.
pub(super) fn verifier(section: &TlsSection) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let Some(path) = &section.client_ca else { return Ok(WebPkiClientVerifier::no_client_auth()) };
    let roots = Arc::new(authorities(path)?);
    let provider = Arc::clone(profile::provider());
    let mut builder = WebPkiClientVerifier::builder_with_provider(roots, provider);
    if section.client_certificates == Some(ClientCertificates::Optional) {
        builder = builder.allow_unauthenticated();
    }
    builder.build().map_err(|error| TlsError::new(path, &error))
}

/// What a certificate that has been verified says about the client; `None` for one that cannot be
/// read, which nobody then is known by.
pub(super) fn describe(certificate: &CertificateDer<'_>) -> Option<ClientCertificate> {
    let parsed = Certificate::from_der(certificate).ok()?;
    let about = parsed.tbs_certificate();
    let (names, _) = load::subject_names(&parsed);
    let serial = about.serial_number().as_bytes().iter().map(|byte| format!("{byte:02x}"));
    Some(ClientCertificate {
        subject: about.subject().to_string(),
        issuer: about.issuer().to_string(),
        serial: serial.collect(),
        names,
        uris: load::alternatives(&parsed, |name| match name {
            GeneralName::UniformResourceIdentifier(uri) => Some(uri.as_str()),
            _ => None,
        }),
        emails: load::alternatives(&parsed, |name| match name {
            GeneralName::Rfc822Name(email) => Some(email.as_str()),
            _ => None,
        }),
        // One whose end cannot be told has ended.
        until: load::end(&parsed).unwrap_or(Timestamp::MIN),
        fingerprint: profile::fingerprint(certificate),
    })
}
