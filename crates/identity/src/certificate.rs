//! Certificates of clients: whose they are. That one is in order, and of an authority that counts, has been
//! found out before.

use std::sync::Arc;

use mantlet_types::Timestamp;

use crate::UserId;
use crate::account::Standing;

/// What a certificate says of its client.
#[derive(Debug, Clone, Copy)]
pub struct ShownCertificate<'a> {
    /// Its subject, RFC 4514.
    pub subject: &'a str,
    /// The DNS names in it, in lower case.
    pub dns: &'a [String],
    /// The URIs in it.
    pub uris: &'a [String],
    /// The addresses of e-mail in it.
    pub emails: &'a [String],
    /// Its fingerprint.
    pub fingerprint: &'a str,
    /// When it ends.
    pub until: Timestamp,
}

/// The name by which a certificate is known: exactly this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateName {
    /// A DNS name among its alternative names, in lower case.
    Dns(String),
    /// A URI among them.
    Uri(String),
    /// An address of e-mail among them.
    Email(String),
    /// Its whole subject, RFC 4514.
    Subject(String),
}

impl CertificateName {
    fn is_of(&self, shown: &ShownCertificate<'_>) -> bool {
        match self {
            Self::Dns(name) => shown.dns.contains(name),
            Self::Uri(name) => shown.uris.contains(name),
            Self::Email(name) => shown.emails.contains(name),
            Self::Subject(name) => shown.subject == name,
        }
    }
}

/// For whom a certificate stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// An account, with its roles, as long as it is open.
    Account(UserId),
    /// Somebody without one: `certificate:name`, with these roles.
    Own(UserId, Arc<Standing>),
}

impl Holder {
    /// Somebody without an account.
    #[must_use]
    pub fn own(user: UserId, roles: Vec<String>) -> Self {
        Self::Own(user, Arc::new(Standing { is_active: true, roles, not_before: None }))
    }
}

/// Every certificate that stands for somebody.
#[derive(Debug, Clone, Default)]
pub struct Certificates(Vec<(CertificateName, Holder)>);

impl Certificates {
    /// These, in this order.
    #[must_use]
    pub const fn new(known: Vec<(CertificateName, Holder)>) -> Self {
        Self(known)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For whom a certificate stands: by the first of its names that is listed. `None` for nobody.
    #[must_use]
    pub fn holder(&self, shown: &ShownCertificate<'_>) -> Option<&Holder> {
        self.0.iter().find(|(name, _)| name.is_of(shown)).map(|(_, holder)| holder)
    }

    /// The roles of somebody without an account.
    pub(crate) fn roles_of(&self, user: &UserId) -> impl Iterator<Item = &str> {
        let own = self.0.iter().filter_map(move |(_, holder)| match holder {
            Holder::Own(own, standing) if own == user => Some(&standing.roles),
            Holder::Own(..) | Holder::Account(_) => None,
        });
        own.flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_for_its_own_kind_and_as_a_whole() {
        let holder = |name: &str| Holder::own(UserId::parse(name).unwrap(), Vec::new());
        let known = Certificates::new(vec![
            (CertificateName::Dns("a.example".to_owned()), holder("dns")),
            (CertificateName::Uri("spiffe://x/a".to_owned()), holder("uri")),
            (CertificateName::Email("a@x".to_owned()), holder("email")),
            (CertificateName::Subject("CN=a,O=x".to_owned()), holder("subject")),
        ]);
        let find = |subject: &str, dns: &[&str], uris: &[&str], emails: &[&str]| {
            let owned =
                |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
            let (dns, uris, emails) = (owned(dns), owned(uris), owned(emails));
            let shown = ShownCertificate {
                subject,
                dns: &dns,
                uris: &uris,
                emails: &emails,
                fingerprint: "",
                until: Timestamp::MAX,
            };
            known.holder(&shown).cloned()
        };
        for (found, name) in [
            (find("", &["b", "a.example"], &[], &[]), Some("dns")),
            (find("", &[], &["spiffe://x/a"], &[]), Some("uri")),
            (find("", &[], &[], &["a@x"]), Some("email")),
            (find("CN=a,O=x", &[], &[], &[]), Some("subject")),
            (find("CN=a.example", &["x.a.example", "a.example.x", "*.example"], &[], &[]), None),
            (find("CN=a", &["spiffe://x/a", "a@x"], &["a.example", "a@x"], &["a.example"]), None),
            (find("CN=a\\,O=x", &[], &["spiffe://x/a/b", "spiffe://x/A"], &["A@x"]), None),
        ] {
            assert_eq!(found, name.map(holder));
        }
    }
}
