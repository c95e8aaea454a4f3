//! What is spoken: Mozilla's guideline 6.0, "Intermediate". Every suite is authenticated
//! encryption with forward secrecy; the hybrid post-quantum group comes first.

use std::sync::{Arc, LazyLock};

use rustls::crypto::aws_lc_rs::{self, cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, ProducesTickets, ResolvesServerCert};
use rustls::{ServerConfig, SupportedCipherSuite};

/// The client's order decides between them, as the guideline has it.
static SUITES: [SupportedCipherSuite; 9] = [
    cipher_suite::TLS13_AES_128_GCM_SHA256,
    cipher_suite::TLS13_AES_256_GCM_SHA384,
    cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

static GROUPS: [&dyn SupportedKxGroup; 4] =
    [kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider {
        cipher_suites: SUITES.to_vec(),
        kx_groups: GROUPS.to_vec(),
        ..aws_lc_rs::default_provider()
    })
});

/// The algorithms, all from one library.
pub(super) fn provider() -> &'static Arc<CryptoProvider> {
    &PROVIDER
}

/// The keys of session tickets: made at the start, renewed every six hours, never on disk, so that
/// no ticket outlives the process and a stolen disk opens nothing.
pub(super) fn tickets() -> Result<Arc<dyn ProducesTickets>, rustls::Error> {
    aws_lc_rs::Ticketer::new()
}

/// One configuration of the listener.
pub(super) fn server(
    certificates: Arc<dyn ResolvesServerCert>,
    clients: Arc<dyn ClientCertVerifier>,
    tickets: Arc<dyn ProducesTickets>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Sessions live in tickets at the client: nothing to hold, nothing to lock.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = tickets;
    // Early data can be replayed, and requests change things.
    config.max_early_data_size = 0;
    Ok(config)
}

/// The SHA-256 of `bytes`, in pairs of hexadecimal digits as browsers and openssl show it.
pub(super) fn fingerprint(bytes: &[u8]) -> String {
    let SupportedCipherSuite::Tls13(suite) = cipher_suite::TLS13_AES_128_GCM_SHA256 else {
        return String::new();
    };
    let digest = suite.common.hash_provider.hash(bytes);
    let pairs: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}
