//! A TLS client that takes every certificate and tells what it was shown.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::wire;

/// How to connect; clones of the configuration share their sessions.
#[derive(Debug, Clone)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
}

/// A connection after its handshake.
#[derive(Debug)]
pub struct TlsConnection {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Default for TlsClient {
    fn default() -> Self {
        Self::new(&["http/1.1"], None)
    }
}

impl TlsClient {
    /// A client that offers these protocols and shows this certificate, when it is asked for one.
    ///
    /// # Panics
    /// When certificate or key are not PEM.
    #[must_use]
    pub fn new(protocols: &[&str], certificate: Option<&(String, String)>) -> Self {
        // As browsers have it: the post-quantum group first.
        let kx_groups = vec![
            aws_lc_rs::kx_group::X25519MLKEM768,
            aws_lc_rs::kx_group::X25519,
            aws_lc_rs::kx_group::SECP256R1,
        ];
        let provider = CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() };
        let provider = Arc::new(provider);
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TakeAll(provider)));
        let mut config = match certificate {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![chain], key).unwrap()
            }
        };
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self { config: Arc::new(config) }
    }

    /// Connects and shakes hands; `name` is what is asked for, where it is an address nothing is.
    ///
    /// # Errors
    /// When the server refuses.
    ///
    /// # Panics
    /// When `name` is no name.
    pub fn connect(&self, address: SocketAddr, name: &str) -> io::Result<TlsConnection> {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut session = ClientConnection::new(Arc::clone(&self.config), name).unwrap();
        let mut stream = TcpStream::connect_timeout(&address, wire::PATIENCE)?;
        stream.set_read_timeout(Some(wire::PATIENCE))?;
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        Ok(TlsConnection { stream: StreamOwned::new(session, stream) })
    }
}

impl TlsConnection {
    /// The server's certificate, DER.
    ///
    /// # Panics
    /// When it showed none.
    #[must_use]
    pub fn certificate(&self) -> Vec<u8> {
        self.stream.conn.peer_certificates().unwrap()[0].to_vec()
    }

    /// What was agreed on: version, group, suite, protocol, and whether a session was resumed.
    #[must_use]
    pub fn agreed(&self) -> String {
        let session = &self.stream.conn;
        let group = session.negotiated_key_exchange_group().map(|group| group.name());
        let protocol = session.alpn_protocol().map(String::from_utf8_lossy);
        format!(
            "{:?} {group:?} {:?} {protocol:?} {:?}",
            session.protocol_version(),
            session.negotiated_cipher_suite().map(|suite| suite.suite()),
            session.handshake_kind()
        )
    }

    /// Asks for `path` over HTTP/1.1; everything that comes back until the server closes.
    ///
    /// # Errors
    /// When the connection breaks, also with a late refusal of the client's certificate.
    pub fn ask(&mut self, path: &str, headers: &str) -> io::Result<String> {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        self.stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Asks for `path` on a connection that stays open; what came back at once.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn ask_and_stay(&mut self, path: &str) -> io::Result<String> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.stream.write_all(request.as_bytes())?;
        let mut buffer = [0; 16 * 1024];
        let count = self.stream.read(&mut buffer)?;
        Ok(String::from_utf8_lossy(&buffer[..count]).into_owned())
    }
}

/// Who the server is, is the test's question.
#[derive(Debug)]
struct TakeAll(Arc<CryptoProvider>);

impl ServerCertVerifier for TakeAll {
    fn verify_server_cert(
        &self,
        _end: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
