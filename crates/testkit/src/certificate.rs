//! Certificates made on the spot.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use mantlet_types::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};

use crate::TempFolder;

/// Writes a self-signed certificate for `localhost` and 127.0.0.1, and its key, into `folder` as
/// PEM files of these names; says where they are.
///
/// # Panics
/// When the files cannot be written.
#[must_use]
pub fn certificate(folder: &TempFolder, cert: &str, key: &str) -> (PathBuf, PathBuf) {
    certificate_for(folder, &["localhost", "127.0.0.1"], cert, key)
}

/// As [`certificate`], for these names.
///
/// # Panics
/// When the files cannot be written.
#[must_use]
pub fn certificate_for(
    folder: &TempFolder,
    names: &[&str],
    cert: &str,
    key: &str,
) -> (PathBuf, PathBuf) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = folder.write(key, made.signing_key.serialize_pem());
    // As keys are kept: the check warns of others.
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    (folder.write(cert, made.cert.pem()), key)
}

/// An authority whose clients are known.
#[derive(Debug)]
pub struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new one of this name.
    ///
    /// # Panics
    /// Never, as long as keys can be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// Its own certificate, PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.certificate
    }

    /// A certificate for a client of this name, and its key, both PEM.
    ///
    /// # Panics
    /// Never, as long as keys can be made.
    #[must_use]
    pub fn client(&self, name: &str) -> (String, String) {
        self.sign(CertificateParams::default(), name, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// The same, with these alternative names: of the DNS, URIs, and addresses of e-mail.
    ///
    /// # Panics
    /// When they are not ASCII.
    #[must_use]
    pub fn client_called(&self, name: &str, [dns, uris, emails]: [&[&str]; 3]) -> (String, String) {
        let mut params = CertificateParams::default();
        let ascii = |text: &&str| (*text).try_into().unwrap();
        let names = &mut params.subject_alt_names;
        names.extend(dns.iter().map(|name| SanType::DnsName(ascii(name))));
        names.extend(uris.iter().map(|uri| SanType::URI(ascii(uri))));
        names.extend(emails.iter().map(|email| SanType::Rfc822Name(ascii(email))));
        self.sign(params, name, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// A certificate for a client of exactly this subject, in this order, and its key, both PEM.
    ///
    /// # Panics
    /// Never, as long as keys can be made.
    #[must_use]
    pub fn client_of(&self, subject: Vec<(DnType, DnValue)>) -> (String, String) {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in subject {
            params.distinguished_name.push(kind, value);
        }
        self.sign_as_it_is(params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// A certificate for a server of this name, good for some months from now, and its key, both
    /// PEM.
    ///
    /// # Panics
    /// Never, as long as keys can be made.
    #[must_use]
    pub fn server(&self, name: &str) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let today = Timestamp::now().to_string();
        let mut parts = today.split(['-', 'T']).map(|part| part.parse::<i32>().unwrap_or(1));
        let (year, month) = (parts.next().unwrap(), parts.next().unwrap());
        let first = |months: i32| {
            let (year, month) = (year + (month - 1 + months) / 12, (month - 1 + months) % 12 + 1);
            rcgen::date_time_ymd(year, u8::try_from(month).unwrap(), 1)
        };
        params.not_before = first(0);
        params.not_after = first(3);
        self.sign(params, name, ExtendedKeyUsagePurpose::ServerAuth)
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        name: &str,
        usage: ExtendedKeyUsagePurpose,
    ) -> (String, String) {
        params.distinguished_name.push(DnType::CommonName, name);
        self.sign_as_it_is(params, usage)
    }

    fn sign_as_it_is(
        &self,
        mut params: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
    ) -> (String, String) {
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}
