//! `[identity.passkeys]`, and where passkeys can be used at all.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use mantlet_config::{Reader, section};
use mantlet_identity::passkey::Site;

use crate::pipeline::{Exchange, PublicHttps, Scheme};
use crate::stages::https::PublicHost;

section! {
    /// Passkeys: a second factor, and a sign-in without a password. They are bound to a host, so they
    /// are for hosts of `[server] public_host` over HTTPS, and for `localhost`.
    pub struct PasskeysSection {
        /// The host that they are bound to: one of `[server] public_host`, or a domain above several
        /// of them, on all of which one passkey counts then. Whoever changes it makes every passkey
        /// useless. Unset: the host that was asked for.
        pub host: Option<String> = None,
        /// The most passkeys of one user.
        pub max_per_user: u32 = 20,
        /// How long ago somebody may have signed in to add or remove one; longer ago, and they sign
        /// in again first.
        pub signed_in_within: Duration = Duration::from_secs(600),
    }
}

impl PasskeysSection {
    /// Finds what the types cannot say; `public` are the hosts by which we are known outside.
    pub(crate) fn check(&self, public: &[PublicHost], reader: &mut Reader<'_>) {
        let key = "identity.passkeys.host";
        reader.expect_range("identity.passkeys.max_per_user", &self.max_per_user, &(1..=1000));
        let Some(host) = &self.host else { return };
        let shown = host.escape_debug();
        if bare(host).parse::<IpAddr>().is_ok() || host.contains([':', '/', '*']) {
            let message = format!("`{shown}` is no name of a host");
            reader.error(key, message, "write a name alone, for example `example.org`");
        } else if *host != host.to_ascii_lowercase() || psl::domain(host.as_bytes()).is_none() {
            let message = format!("browsers bind no passkey to `{shown}`");
            let hint = "write a domain that is yours, in lower case, for example `example.org`";
            reader.error(key, message, hint);
        } else if !public.iter().any(|public| is_below(public.name(), host)) {
            let message = format!("no host of `[server] public_host` is `{shown}` or below it");
            reader.error(key, message, "add the host to `public_host`, or leave this out");
        }
    }

    /// Where passkeys are used for a request.
    ///
    /// # Errors
    /// [`NoSite`] where they cannot be.
    pub(crate) fn site(&self, exchange: &Exchange) -> Result<Site, NoSite> {
        let host = exchange.host.as_str();
        if bare(host).parse::<IpAddr>().is_ok() {
            return Err(NoSite::Address);
        }
        let authority = exchange.authority.to_str().unwrap_or_default().to_ascii_lowercase();
        let origin = format!("{}://{authority}", exchange.client.scheme.as_str());
        if host == "localhost" || host.ends_with(".localhost") {
            return Ok(Site { host: host.to_owned(), origin });
        }
        if exchange.client.scheme == Scheme::Http {
            return Err(NoSite::Plain);
        }
        let wanted = self.host.as_deref().unwrap_or(host);
        let is_public = exchange.facts.lookup::<PublicHttps>().is_some();
        if !is_public || !is_below(host, wanted) {
            return Err(NoSite::Elsewhere);
        }
        Ok(Site { host: wanted.to_owned(), origin })
    }
}

/// An address without its brackets.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Whether `host` is `domain`, or below it.
fn is_below(host: &str, domain: &str) -> bool {
    let above = host.strip_suffix(domain);
    above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Why passkeys cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoSite {
    /// An address was asked for: browsers bind passkeys to names.
    Address,
    /// It was asked for in the open.
    Plain,
    /// The host is not one by which we are known.
    Elsewhere,
}

impl fmt::Display for NoSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => {
                "Passkeys are for names, not for addresses: open this page under its name, on this machine as localhost."
            }
            Self::Plain => "Passkeys are for HTTPS: open this page over HTTPS.",
            Self::Elsewhere => {
                "Passkeys are not set up for this host: whoever runs this service names it in public_host."
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_with_a_similar_name_is_not_below() {
        for (host, domain, expected) in [
            ("example.org", "example.org", true),
            ("app.example.org", "example.org", true),
            ("evilexample.org", "example.org", false),
            ("example.org", "app.example.org", false),
            ("example.org.evil.test", "example.org", false),
        ] {
            assert_eq!(is_below(host, domain), expected, "{host} {domain}");
        }
    }
}
