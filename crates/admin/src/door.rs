//! What every request must pass first: host and origin.
//!
//! A web page can make the browser of somebody on this machine send requests to the listener, and
//! by DNS rebinding even read the answers. Such requests carry the page's own name as `Host`, so
//! only names that are ours are answered.

use std::net::SocketAddr;

use http::HeaderName;
use http::header::{HOST, ORIGIN};
use http::request::Parts;

use crate::refusal::Refusal;

/// The names under which the listener is asked.
#[derive(Debug)]
pub(crate) struct Door {
    /// Host and port.
    exact: Vec<String>,
    /// Host, whatever the port.
    names: Vec<String>,
}

impl Door {
    /// The names of a listener on `address`, and the operator's own `hosts`.
    pub(crate) fn new(address: SocketAddr, hosts: &[String]) -> Self {
        let port = address.port();
        let mut exact = vec![authority(address)];
        for name in ["localhost", "127.0.0.1", "[::1]"] {
            exact.push(format!("{name}:{port}"));
            if port == 80 {
                exact.push(name.into());
            }
        }
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase());
        let (names, with_port): (Vec<_>, Vec<_>) = hosts.partition(|host| name(host) == host);
        exact.extend(with_port);
        Self { exact, names }
    }

    /// Whether the request may go on; `local` is the address it came in at.
    pub(crate) fn check(&self, request: &Parts, local: SocketAddr) -> Result<(), Refusal> {
        let host = single(request, &HOST).flatten().ok_or(Refusal::Host)?;
        // A target with a host of its own outweighs the header (RFC 9112, section 3.2.2).
        let target = request.uri.authority().map_or(host, http::uri::Authority::as_str);
        if !self.is_ours(host, local) || !self.is_ours(target, local) {
            return Err(Refusal::Host);
        }
        match single(request, &ORIGIN) {
            None => {}
            Some(Some(origin)) if self.is_own_origin(origin, local) => {}
            Some(_) => return Err(Refusal::Origin),
        }
        Ok(())
    }

    fn is_ours(&self, host: &str, local: SocketAddr) -> bool {
        let host = host.to_ascii_lowercase();
        // A page has a name, never the address of this machine: that is safe even when the
        // listener is bound to all addresses.
        host == authority(local)
            || self.exact.contains(&host)
            || self.names.iter().any(|known| known == name(&host))
    }

    fn is_own_origin(&self, origin: &str, local: SocketAddr) -> bool {
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.is_some_and(|host| self.is_ours(host, local))
    }
}

/// The address as a client writes it.
fn authority(address: SocketAddr) -> String {
    SocketAddr::new(address.ip().to_canonical(), address.port()).to_string()
}

/// A host without its port.
fn name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// The one value of a header: `None` when it is absent, `Some(None)` when it is repeated or not
/// text.
fn single<'r>(request: &'r Parts, name: &HeaderName) -> Option<Option<&'r str>> {
    let mut values = request.headers.get_all(name).iter();
    let value = values.next()?;
    Some(value.to_str().ok().filter(|_| values.next().is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let hosts = ["Admin.example.org".to_owned(), "other.example.org:8443".to_owned()];
        let door = Door::new("0.0.0.0:9443".parse().unwrap(), &hosts);
        let mut request = http::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        door.check(&parts, "[::ffff:192.0.2.7]:9443".parse().unwrap())
    }

    #[test]
    fn only_our_names_are_answered() {
        for (host, is_ours) in [
            ("0.0.0.0:9443", true),
            ("192.0.2.7:9443", true),
            ("localhost:9443", true),
            ("LOCALHOST:9443", true),
            ("127.0.0.1:9443", true),
            ("[::1]:9443", true),
            ("admin.example.org", true),
            ("ADMIN.example.org:1234", true),
            ("other.example.org:8443", true),
            ("other.example.org", false),
            ("localhost", false),
            ("localhost:80", false),
            ("192.0.2.8:9443", false),
            ("evil.example:9443", false),
            ("admin.example.org.evil.example", false),
            ("admin.example.org:", false),
            ("admin.example.org:1:2", false),
            ("", false),
        ] {
            let expected = if is_ours { Ok(()) } else { Err(Refusal::Host) };
            assert_eq!(check("GET", "/livez", &[("host", host)]), expected, "{host}");
        }
    }

    #[test]
    fn a_host_is_named_once_and_agrees_with_the_target() {
        let ours = ("host", "localhost:9443");
        assert_eq!(check("GET", "/", &[]), Err(Refusal::Host));
        assert_eq!(check("GET", "/", &[ours, ("host", "evil.example")]), Err(Refusal::Host));
        assert_eq!(check("GET", "http://evil.example/", &[ours]), Err(Refusal::Host));
        assert_eq!(check("GET", "http://localhost:9443/", &[ours]), Ok(()));
    }

    #[test]
    fn foreign_pages_are_refused() {
        let ours = ("host", "localhost:9443");
        for (origin, expected) in [
            ("http://localhost:9443", Ok(())),
            ("https://admin.example.org", Ok(())),
            ("http://evil.example", Err(Refusal::Origin)),
            ("http://localhost:9443.evil.example", Err(Refusal::Origin)),
            ("ftp://localhost:9443", Err(Refusal::Origin)),
            ("null", Err(Refusal::Origin)),
            ("", Err(Refusal::Origin)),
        ] {
            assert_eq!(check("GET", "/", &[ours, ("origin", origin)]), expected, "{origin}");
        }
        assert_eq!(check("HEAD", "/", &[ours]), Ok(()));
    }
}
