//! Settings of HTTPS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mantlet_config::{Reader, choice, section};

use super::{client, load};

/// Most certificates: each is looked at anew whenever one of the files changes.
const MAX_CERTIFICATES: usize = 1000;

section! {
    /// HTTPS: TLS 1.2 and 1.3 with certificates from files, which are read anew when they change.
    pub struct TlsSection {
        /// Addresses for HTTPS. Empty: none.
        pub listen: Vec<SocketAddr> = Vec::new(),
        /// The certificate chain, PEM. It is used for the names in it, and where nothing else fits.
        pub cert: Option<PathBuf> = None,
        /// Its private key, PEM.
        pub key: Option<PathBuf> = None,
        /// Further certificates. The one whose names the client asks for is used; where several
        /// have the name, ECDSA before RSA, as far as the client knows it. Without `cert` the
        /// first of these is used where nothing else fits.
        pub certificates: Vec<CertificateSection> = Vec::new(),
        /// What a client is shown that asks for a name no certificate is for.
        pub unknown_name: UnknownName = UnknownName::Default,
        /// Make a certificate of our own and use it, for trying out: browsers do not trust it.
        pub local: bool = false,
        /// The certificate authorities whose clients are known, PEM. Given, clients show a
        /// certificate; see `client_certificates`.
        pub client_ca: Option<PathBuf> = None,
        /// Whether every client must show a certificate of `client_ca`; unset, it must.
        pub client_certificates: Option<ClientCertificates> = None,
        /// How often to look whether a certificate has changed.
        pub reload_interval: Duration = Duration::from_secs(5),
        /// How long a handshake may take.
        pub handshake_timeout: Duration = Duration::from_secs(10),
    }
}

section! {
    /// One more certificate.
    pub struct CertificateSection {
        /// The certificate chain, PEM.
        pub cert: PathBuf = PathBuf::new(),
        /// Its private key, PEM.
        pub key: PathBuf = PathBuf::new(),
    }
}

choice! {
    /// What a client is shown that asks for a name no certificate is for.
    pub enum UnknownName {
        /// The default certificate.
        Default => "default",
        /// Nothing: the handshake ends. So it does for clients that ask for no name.
        Refuse => "refuse",
    }
}

choice! {
    /// Whether clients must show a certificate.
    pub enum ClientCertificates {
        /// A client without one gets no connection.
        Required => "required",
        /// A client may show one; one that is shown and not valid ends the handshake.
        Optional => "optional",
    }
}

/// The files of one certificate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Files<'a> {
    pub(super) cert: &'a Path,
    pub(super) key: &'a Path,
}

impl TlsSection {
    /// Every certificate that is named, the default one first.
    pub(super) fn files(&self) -> Vec<Files<'_>> {
        let first = self.cert.as_deref().zip(self.key.as_deref());
        let more = self.certificates.iter().map(|one| (one.cert.as_path(), one.key.as_path()));
        first.into_iter().chain(more).map(|(cert, key)| Files { cert, key }).collect()
    }

    fn has_certificates(&self) -> bool {
        self.cert.is_some() || self.key.is_some() || !self.certificates.is_empty()
    }

    /// Finds what the types cannot say.
    pub(in crate::edge) fn check(&self, reader: &mut Reader<'_>) {
        self.check_presence(reader);
        if self.certificates.len() > MAX_CERTIFICATES {
            let message = format!("more than {MAX_CERTIFICATES} certificates");
            reader.error("server.tls.certificates", message, "use certificates with several names");
        }
        let range = Duration::from_millis(100)..=Duration::from_secs(24 * 60 * 60);
        if !range.contains(&self.reload_interval) {
            let hint = "choose something between `100ms` and `1d`";
            reader.error("server.tls.reload_interval", "such an interval is not meant", hint);
        }
        let sound = self.pairs().filter(|(key, files)| is_sound(key, files, reader)).count();
        if self.client_ca.is_none() && self.client_certificates.is_some() {
            let hint = "name the authorities in `client_ca`";
            reader.error("server.tls.client_certificates", "nobody could be known by it", hint);
        }
        if sound > 0
            && let Some(file) = &self.client_ca
            && let Err(error) = client::authorities(file)
        {
            let hint = "name the certificates of the authorities, in PEM";
            reader.error("server.tls.client_ca", error.message(), hint);
        }
    }

    /// Whether there is what a listener needs, and a listener for what there is.
    fn check_presence(&self, reader: &mut Reader<'_>) {
        let key = if self.cert.is_some() { "server.tls.key" } else { "server.tls.cert" };
        if self.local && self.has_certificates() {
            let hint = "leave out `local`, or the files";
            reader.error("server.tls.local", "there are certificates from files already", hint);
        } else if self.cert.is_some() != self.key.is_some() {
            let hint = "name the two PEM files";
            reader.error(key, "HTTPS needs a certificate and its key", hint);
        } else if !self.listen.is_empty() && !self.local && !self.has_certificates() {
            let hint = "name the two PEM files, or use `local = true` to try it out";
            reader.error(key, "HTTPS needs a certificate and its key", hint);
        } else if self.listen.is_empty() && (self.local || self.has_certificates()) {
            let hint = "add for example `listen = \"0.0.0.0:8443\"`";
            reader.error("server.tls.listen", "nothing listens with this certificate", hint);
        }
    }

    /// The files with the key of the setting that names them.
    fn pairs(&self) -> impl Iterator<Item = (String, Files<'_>)> {
        let is_first = self.cert.is_some() && self.key.is_some();
        self.files().into_iter().enumerate().map(move |(index, files)| {
            let key = match index.checked_sub(usize::from(is_first)) {
                None => "server.tls".to_owned(),
                Some(index) => format!("server.tls.certificates[{index}]"),
            };
            (key, files)
        })
    }
}

/// Whether this certificate can be used; says why not.
fn is_sound(key: &str, files: &Files<'_>, reader: &mut Reader<'_>) -> bool {
    let mut is_there = true;
    for (name, path) in [("cert", files.cert), ("key", files.key)] {
        if !path.is_file() {
            let message = format!("`{}` is not a file", path.display());
            reader.error(&format!("{key}.{name}"), message, "correct the path");
            is_there = false;
        }
    }
    if !is_there {
        return false;
    }
    match load::certificate(*files) {
        Ok(_) => true,
        Err(error) => {
            let name = if error.is_about(files.key) { "key" } else { "cert" };
            let hint = "name a certificate chain and its own private key, both in PEM";
            reader.error(&format!("{key}.{name}"), error.message(), hint);
            false
        }
    }
}
