//! `[mail]`: how letters go out.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use mantlet_config::{Complaint, Reader, Scalar, SecretError, SecretRef, Sources, Value, section};
use mantlet_types::Secret;
use url::{Host, Url};

section! {
    /// Letters to people: links to set a password, and that one was changed. Without `smtp` none goes out,
    /// and the command line shows the links.
    pub struct MailSection {
        /// The server that takes letters: `smtps://host` for TLS from the start (port 465),
        /// `smtp://host` for STARTTLS (port 587), which is required unless the server is on this
        /// machine.
        pub smtp: Option<SmtpUrl> = None,
        /// Whom letters come from, for example `mantlet@example.org`.
        pub from: String = String::new(),
        /// The name to log in with; unset, nobody logs in.
        pub username: Option<String> = None,
        /// The password for that.
        pub password: Option<SecretRef> = None,
        /// Authorities to trust beside the system's, PEM.
        pub ca: Option<PathBuf> = None,
    }
}

/// A server that takes letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    pub(crate) is_wrapped: bool,
    pub(crate) host: String,
    port: Option<u16>,
}

impl SmtpUrl {
    /// The port; 465 or 587 where none is written.
    pub(crate) const fn port(&self) -> u16 {
        match self.port {
            Some(port) => port,
            None if self.is_wrapped => 465,
            None => 587,
        }
    }

    /// Whether it is on this machine, where nobody is on the way.
    pub(crate) fn is_here(&self) -> bool {
        let plain = self.host.trim_matches(['[', ']']);
        plain == "localhost" || plain.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback())
    }
}

impl FromStr for SmtpUrl {
    type Err = Complaint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hint = "write `smtps://smtp.example.org` or `smtp://smtp.example.org:587`";
        let refuse = |message: &str| Complaint::new(message, hint);
        let url = Url::parse(text).map_err(|_| refuse("not the address of a mail server"))?;
        let is_wrapped = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(refuse("the address does not begin with smtp:// or smtps://")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            let hint = "use `username` and `password`, which names a secret";
            return Err(Complaint::new("the address holds a user or password", hint));
        }
        let has_more =
            !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
        let host = match url.host() {
            // Of other schemes than those of the web, hosts are not looked at.
            Some(Host::Domain(name)) => Host::parse(name).ok().map(|host| host.to_string()),
            other => other.map(|host| host.to_string()),
        };
        match host.filter(|host| !host.is_empty() && !has_more && url.port() != Some(0)) {
            Some(host) => Ok(Self { is_wrapped, host, port: url.port() }),
            None => Err(refuse("not the address of a mail server")),
        }
    }
}

impl fmt::Display for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_wrapped { "smtps" } else { "smtp" };
        write!(f, "{scheme}://{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Scalar for SmtpUrl {
    const KIND: &'static str = "address of a mail server";
    const EXAMPLE: &'static str = "smtps://smtp.example.org";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?.parse()
    }

    fn show(&self) -> Value {
        Value::String(self.to_string())
    }
}

impl MailSection {
    /// Finds what the types cannot say.
    pub fn check(&self, reader: &mut Reader<'_>) {
        let Some(smtp) = &self.smtp else { return };
        if self.from.parse::<lettre::message::Mailbox>().is_err() {
            let hint = "write `from = \"mantlet@example.org\"`";
            reader.error("mail.from", "letters come from nobody", hint);
        }
        if self.username.is_some() != self.password.is_some() {
            let hint = "write both, or neither";
            reader.error("mail.username", "a name and its password belong together", hint);
        }
        if let Err(error) = crate::carrier::tls(smtp, self.ca.as_deref()) {
            let hint = "name a PEM file of authorities, or leave `ca` out for the system's";
            reader.error("mail.ca", error, hint);
        }
    }

    /// The password of the server; `None` where nobody logs in.
    ///
    /// # Errors
    /// [`SecretError`] when it cannot be read.
    pub fn secret(&self, sources: &Sources) -> Result<Option<Secret<String>>, SecretError> {
        self.password.as_ref().map(|password| sources.resolve(password, 1)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_named_by_its_scheme_and_host() {
        for (text, port, is_here) in [
            ("smtps://smtp.example.org", 465, false),
            ("smtp://smtp.example.org", 587, false),
            ("smtp://127.0.0.1:25", 25, true),
            ("smtp://[::1]:2525", 2525, true),
            ("smtp://localhost", 587, true),
            ("smtp://127.0.0.1.example.org", 587, false),
        ] {
            let url: SmtpUrl = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(
                (url.to_string().as_str(), url.port(), url.is_here()),
                (text, port, is_here)
            );
        }
        for text in [
            "http://smtp.example.org",
            "smtp.example.org",
            "smtp://",
            "smtp://a:0",
            "smtp://user:word@a",
            "smtp://a/path",
            "smtp://a?tls=none",
            "",
        ] {
            assert!(text.parse::<SmtpUrl>().is_err(), "{text}");
        }
    }
}
