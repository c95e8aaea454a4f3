//! TLS to servers: verified, unless the configuration says otherwise in so many words.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::config::UpstreamTlsSection;

/// How TLS is spoken to servers.
#[derive(Clone)]
pub(super) struct Tls {
    /// Offers HTTP/2.
    either: Arc<ClientConfig>,
    /// For connections that are to leave HTTP, which HTTP/2 cannot.
    one: Arc<ClientConfig>,
    server_name: Option<String>,
    material: Material,
}

/// What was read, to know whether a new configuration means the same.
#[derive(Clone, PartialEq, Eq)]
struct Material {
    ca: Option<Vec<u8>>,
    cert: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
    accepts_any: bool,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        self.server_name == other.server_name && self.material == other.material
    }
}

impl Tls {
    /// What the section asks for; an error says what is wrong with it.
    pub(super) fn load(section: &UpstreamTlsSection) -> Result<Self, String> {
        let read = |path: &Option<std::path::PathBuf>| path.as_deref().map(read).transpose();
        let material = Material {
            ca: read(&section.ca)?,
            cert: read(&section.cert)?,
            key: read(&section.key)?,
            accepts_any: section.dangerous_accept_any_certificate,
        };
        let server_name = section.server_name.clone();
        if let Some(name) = &server_name {
            ServerName::try_from(name.as_str())
                .map_err(|_| format!("`{name}` is no name of a server"))?;
        }
        let one = client(&material)?;
        let mut either = one.clone();
        either.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { either: Arc::new(either), one: Arc::new(one), server_name, material })
    }

    /// Speaks TLS on `stream` to the server with this name; whether it speaks HTTP/2.
    pub(super) async fn connect(
        &self,
        stream: TcpStream,
        host: &str,
        may_be_two: bool,
    ) -> std::io::Result<(TlsStream<TcpStream>, bool)> {
        let name = self.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned()).map_err(std::io::Error::other)?;
        let config = if may_be_two { &self.either } else { &self.one };
        let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await?;
        let is_two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((stream, is_two))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

fn client(material: &Material) -> Result<ClientConfig, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| error.to_string())?;
    let builder = if material.accepts_any {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptsAny(provider)))
    } else {
        builder.with_root_certificates(roots(material.ca.as_deref())?)
    };
    let mut config = match (&material.cert, &material.key) {
        (Some(cert), Some(key)) => {
            let key = PrivateKeyDer::from_pem_slice(key)
                .map_err(|error| format!("cannot use the key: {error}"))?;
            builder
                .with_client_auth_cert(certificates(cert)?, key)
                .map_err(|error| format!("cannot use the certificate: {error}"))?
        }
        _ => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| format!("cannot read a certificate: {error}"))?;
    if found.is_empty() { Err("no certificate in the file".into()) } else { Ok(found) }
}

/// The given authorities, or the system's.
fn roots(ca: Option<&[u8]>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if let Some(ca) = ca {
        for certificate in certificates(ca)? {
            let added = roots.add(certificate);
            added.map_err(|error| format!("cannot use an authority: {error}"))?;
        }
        return Ok(roots);
    }
    let found = rustls_native_certs::load_native_certs();
    // The system's store may hold some that nobody can use any more.
    let (added, _unusable) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err("the system has no authorities to trust: name some with `ca`".into());
    }
    Ok(roots)
}

/// Takes every certificate; the handshake is signed with it all the same.
#[derive(Debug)]
struct AcceptsAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptsAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
