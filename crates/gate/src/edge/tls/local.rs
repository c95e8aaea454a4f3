//! A certificate of our own, for trying out: ECDSA P-256, signed by itself, so that no authority
//! comes into being whose key could sign for other names.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use jiff::{Timestamp, ToSpan as _, civil, tz::TimeZone};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::config::Files;
use super::{TlsError, load};

/// How long it is good for. Browsers take no certificate for longer than 398 days.
const DAYS: i32 = 90;
/// It is made anew when less than this is left, in seconds.
pub(super) const LEAST_LEFT: i64 = 30 * 24 * 60 * 60;

/// Where it is kept, certificate and key in one file, which no crash leaves half-written.
#[derive(Debug)]
pub(super) struct LocalCertificate {
    file: PathBuf,
}

impl LocalCertificate {
    /// Below the data folder.
    pub(super) fn in_folder(data: &Path) -> Self {
        Self { file: data.join("tls").join("local.pem") }
    }

    /// The files, with a certificate in them that is for `names` and good for a while.
    pub(super) fn ensure(&self, names: &BTreeSet<String>, now: Timestamp) -> Result<(), TlsError> {
        let wrong = |why: &dyn std::fmt::Display| TlsError::new(&self.file, why);
        if self.is_good(names, now) {
            return Ok(());
        }
        let pem = make(names, now).map_err(|error| wrong(&error))?;
        self.write(&pem).map_err(|error| wrong(&error))
    }

    /// Where it is.
    pub(super) fn files(&self) -> Files<'_> {
        Files { cert: &self.file, key: &self.file }
    }

    /// Whether what is there can go on being used.
    fn is_good(&self, names: &BTreeSet<String>, now: Timestamp) -> bool {
        let is_private = fs::metadata(&self.file).is_ok_and(|about| about.mode() & 0o077 == 0);
        let Ok(loaded) = load::certificate(self.files()) else { return false };
        let leaf = loaded.key.cert.first().and_then(|leaf| Certificate::from_der(leaf).ok());
        let Some(leaf) = leaf else { return false };
        let (dns, addresses) = load::subject_names(&leaf);
        let held: BTreeSet<String> =
            dns.into_iter().chain(addresses.iter().map(IpAddr::to_string)).collect();
        let soon = now.as_second().saturating_add(LEAST_LEFT);
        is_private && held == *names && loaded.ends.is_some_and(|end| end.as_second() >= soon)
    }

    fn write(&self, pem: &str) -> std::io::Result<()> {
        let folder = self.file.parent().unwrap_or_else(|| Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // Mode 0600 from the first byte on.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(pem.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.file).map_err(|error| error.error)?;
        fs::File::open(folder)?.sync_all()
    }
}

/// The names it is for: this machine as it calls itself, and what the configuration names.
pub(super) fn names(
    hosts: impl IntoIterator<Item = String>,
    addresses: impl IntoIterator<Item = IpAddr>,
) -> BTreeSet<String> {
    let own = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    let addresses = addresses.into_iter().filter(|address| !address.is_unspecified());
    let hosts = hosts.into_iter().map(|host| host.trim_matches(['[', ']']).to_owned());
    std::iter::once("localhost".to_owned())
        .chain(hosts)
        .chain(own.into_iter().chain(addresses).map(|address| address.to_string()))
        .collect()
}

fn make(names: &BTreeSet<String>, now: Timestamp) -> Result<String, rcgen::Error> {
    let today = now.to_zoned(TimeZone::UTC).date();
    // Clocks of clients may be behind.
    let (start, end) = (today.saturating_sub(1.day()), today.saturating_add(DAYS.days()));
    let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
    let ((year, month, day), end) = (ymd(start), ymd(end));
    params.not_before = rcgen::date_time_ymd(year, month, day);
    params.not_after = rcgen::date_time_ymd(end.0, end.1, end.2);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Mantlet, local and not for the public");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(format!("{}{}", certificate.pem(), key.serialize_pem()))
}

/// A day as numbers that are never negative.
fn ymd(day: civil::Date) -> (i32, u8, u8) {
    let part = |number: i8| u8::try_from(number).unwrap_or(1);
    (i32::from(day.year()), part(day.month()), part(day.day()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn it_is_made_once_private_and_anew_only_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let local = LocalCertificate::in_folder(folder.path());
        let one = names(["app.example".to_owned()], [IpAddr::from([192, 0, 2, 1])]);
        local.ensure(&one, at("2026-05-01T10:00:00Z")).unwrap();
        let first = fs::read(&local.file).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&local.file), mode(local.file.parent().unwrap())), (0o600, 0o700));
        let loaded = load::certificate(local.files()).unwrap();
        assert_eq!(loaded.names, ["app.example", "localhost"]);
        assert_eq!(loaded.ends, Some(at("2026-07-30T00:00:00Z")));

        let is_same = |names: &BTreeSet<String>, now: &str| {
            local.ensure(names, at(now)).unwrap();
            fs::read(&local.file).unwrap() == first
        };
        assert!(is_same(&one, "2026-06-29T00:00:00Z"), "31 days left");
        assert!(!is_same(&one, "2026-07-02T00:00:00Z"), "28 days left");
        fs::write(&local.file, &first).unwrap();
        assert!(!is_same(&names([], []), "2026-05-02T00:00:00Z"), "other names");
        fs::write(&local.file, &first).unwrap();
        fs::set_permissions(&local.file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(!is_same(&one, "2026-05-02T00:00:00Z"), "others have read the key");
        fs::write(&local.file, "half a certif").unwrap();
        assert!(!is_same(&one, "2026-05-02T00:00:00Z"));
        load::certificate(local.files()).unwrap();
    }
}
