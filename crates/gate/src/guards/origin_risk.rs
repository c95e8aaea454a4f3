//! What is doubtful about trusting an origin, told when the configuration is checked.

use mantlet_config::{Reader, WebOrigin};

/// Hosts that serve the pages of many people from one origin, and so are no line between them.
/// The public suffix list only knows those who give each tenant a name.
const ONE_ORIGIN_FOR_ALL: [&str; 12] = [
    "app.streamlit.io",
    "codepen.io",
    "cdpn.io",
    "colab.research.google.com",
    "docs.google.com",
    "gist.githack.com",
    "huggingface.co",
    "jsfiddle.net",
    "raw.githack.com",
    "share.streamlit.io",
    "sites.google.com",
    "storage.googleapis.com",
];

/// Warns at `key` about an origin that is trusted with what users may do.
pub(crate) fn warn(key: &str, origin: &WebOrigin, reader: &mut Reader<'_>) {
    let host = origin.host();
    match SharedHost::of(host) {
        Some(SharedHost::Everyone) => {
            let message = format!("`{origin}` is the origin of every tenant of `{host}`");
            reader.warn(key, message, "name an origin that is yours alone");
        }
        Some(SharedHost::Tenant(suffix)) => {
            let message =
                format!("`{origin}` is on shared hosting: anyone can have a name below `{suffix}`");
            let hint =
                "make sure that the name is yours and stays yours, or use a domain of your own";
            reader.warn(key, message, hint);
        }
        None if is_local(host) => {
            let message = format!("`{origin}` is whatever runs on the visitor's own machine");
            let hint = "trust it where you develop and nowhere else: leave it out of this file";
            reader.warn(key, message, hint);
        }
        None if !origin.is_tls() => {
            let message =
                format!("`{origin}` is plain http: anyone on the way can put words in its mouth");
            reader.warn(key, message, "trust `https://` origins");
        }
        None => {}
    }
}

/// Whether an origin is on shared hosting: who has it today need not have it tomorrow.
pub(crate) fn is_shared(origin: &WebOrigin) -> bool {
    SharedHost::of(origin.host()).is_some()
}

/// How a host is shared.
#[derive(Debug, PartialEq, Eq)]
enum SharedHost {
    /// All tenants are one origin.
    Everyone,
    /// A tenant's name below this suffix.
    Tenant(String),
}

impl SharedHost {
    /// `None` for hosts below which strangers cannot have names, as far as is known.
    fn of(host: &str) -> Option<Self> {
        let host = host.trim_end_matches('.');
        if ONE_ORIGIN_FOR_ALL.contains(&host) {
            return Some(Self::Everyone);
        }
        let suffix = psl::suffix(host.as_bytes())?;
        if suffix.typ() != Some(psl::Type::Private) {
            return None;
        }
        let suffix = std::str::from_utf8(suffix.as_bytes()).ok()?;
        Some(if suffix == host { Self::Everyone } else { Self::Tenant(suffix.to_owned()) })
    }
}

fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = address.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    host == "localhost" || host.ends_with(".localhost") || is_loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etsm_d03_shared_hosting_is_known() {
        let tenant = |suffix: &str| Some(SharedHost::Tenant(suffix.to_owned()));
        for (host, expected) in [
            ("app.streamlit.io", Some(SharedHost::Everyone)),
            ("mine.streamlit.app", tenant("streamlit.app")),
            ("github.io", Some(SharedHost::Everyone)),
            ("mine.github.io", tenant("github.io")),
            ("mine.github.io.", tenant("github.io")),
            ("a.mine.vercel.app", tenant("vercel.app")),
            ("app.example.org", None),
            ("example.co.uk", None),
            ("localhost", None),
            ("[::1]", None),
            ("192.0.2.1", None),
        ] {
            assert_eq!(SharedHost::of(host), expected, "{host}");
        }
    }

    #[test]
    fn ymera_d23_the_visitors_own_machine_is_known() {
        for (host, expected) in [
            ("localhost", true),
            ("app.localhost", true),
            ("127.0.0.1", true),
            ("[::1]", true),
            ("localhost.example.org", false),
            ("192.0.2.1", false),
        ] {
            assert_eq!(is_local(host), expected, "{host}");
        }
    }
}
