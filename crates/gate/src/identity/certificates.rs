//! `[[identity.certificates]]`: for whom the certificates of clients stand.

use mantlet_access::Roles;
use mantlet_config::{Reader, section};
use mantlet_identity::UserId;
use mantlet_identity::account::AccountName;
use mantlet_identity::certificate::{CertificateName, Certificates, Holder, ShownCertificate};

use super::issuers::CERTIFICATE;
use crate::pipeline::ClientCertificate;

section! {
    /// A client that shows a certificate of `[server.tls] client_ca` with this name is somebody, where it
    /// shows no other credential. One of `dns`, `uri`, `email` and `subject`; `account`, or `name`
    /// with `roles`.
    pub struct CertificateSection {
        /// A DNS name among its alternative names.
        pub dns: Option<String> = None,
        /// A URI among them, for example `spiffe://example.org/agent`.
        pub uri: Option<String> = None,
        /// An address of e-mail among them.
        pub email: Option<String> = None,
        /// Its whole subject as logs show it (RFC 4514), for example `CN=agent,O=Example`.
        pub subject: Option<String> = None,
        /// The account that it stands for, with the roles of that.
        pub account: Option<String> = None,
        /// Who it is without an account: `certificate:NAME`.
        pub name: Option<String> = None,
        /// The roles of who has no account.
        pub roles: Vec<String> = Vec::new(),
    }
}

impl CertificateSection {
    fn name(&self) -> Option<CertificateName> {
        let Self { dns, uri, email, subject, .. } = self;
        match (dns, uri, email, subject) {
            (Some(name), None, None, None) => Some(CertificateName::Dns(name.to_ascii_lowercase())),
            (None, Some(name), None, None) => Some(CertificateName::Uri(name.clone())),
            (None, None, Some(name), None) => Some(CertificateName::Email(name.clone())),
            (None, None, None, Some(name)) => Some(CertificateName::Subject(name.clone())),
            _ => None,
        }
    }

    fn holder(&self) -> Option<Holder> {
        match (&self.account, &self.name) {
            (Some(account), None) if self.roles.is_empty() => {
                let name = AccountName::parse(account).ok()?;
                UserId::parse(name.as_str()).ok().map(Holder::Account)
            }
            (None, Some(name)) => {
                let user = UserId::outside(CERTIFICATE, name).ok()?;
                Some(Holder::own(user, self.roles.clone()))
            }
            _ => None,
        }
    }

    fn check(&self, key: &str, reader: &mut Reader<'_>) {
        let texts = [&self.dns, &self.uri, &self.email, &self.subject];
        let is_odd = |text: &String| text.is_empty() || text.contains('*');
        if self.name().is_none() || texts.into_iter().flatten().any(is_odd) {
            let message = "a certificate is known by exactly one whole name";
            reader.error(key, message, "write one of `dns`, `uri`, `email` and `subject`");
        }
        if self.holder().is_none() {
            let message = "nobody is named for whom the certificate stands";
            let hint = "write `account = \"alice\"`, or `name = \"agent\"` with `roles`";
            reader.error(key, message, hint);
        }
    }
}

/// Finds what the types cannot say.
pub(super) fn check(sections: &[CertificateSection], reader: &mut Reader<'_>) {
    for (index, section) in sections.iter().enumerate() {
        section.check(&format!("identity.certificates[{index}]"), reader);
    }
}

/// Finds roles that the table does not have, and certificates that nobody can show.
pub(crate) fn check_names(
    sections: &[CertificateSection],
    (roles, has_authority): (&Roles, bool),
    reader: &mut Reader<'_>,
) {
    if !sections.is_empty() && !has_authority {
        let hint = "name the authorities of clients: [server.tls] client_ca = \"clients.pem\"";
        reader.error("identity.certificates", "no client is asked for a certificate", hint);
    }
    for (index, section) in sections.iter().enumerate() {
        for role in section.roles.iter().filter(|role| roles.role(role).is_none()) {
            let message = format!("there is no role `{}`", role.escape_debug());
            let key = format!("identity.certificates[{index}].roles");
            reader.error(&key, message, "names of roles come from `[access]`");
        }
    }
}

/// What the directory is opened with.
pub(super) fn settings(sections: &[CertificateSection]) -> Certificates {
    let known = sections.iter().filter_map(|it| Some((it.name()?, it.holder()?)));
    Certificates::new(known.collect())
}

/// A certificate as the directory looks at it.
pub(crate) fn shown(certificate: &ClientCertificate) -> ShownCertificate<'_> {
    ShownCertificate {
        subject: &certificate.subject,
        dns: &certificate.names,
        uris: &certificate.uris,
        emails: &certificate.emails,
        fingerprint: &certificate.fingerprint,
        until: certificate.until,
    }
}
