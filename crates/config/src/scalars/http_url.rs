//! Addresses of HTTP servers.

use std::fmt;
use std::str::FromStr;

use toml::Value;
use url::Url;

use super::is_not;
use crate::{Complaint, Scalar};

const HINT: &str = "write scheme and host, for example http://127.0.0.1:8501";

/// The longest address in bytes.
const MAX_LEN: usize = 2048;

/// An `http` or `https` address with a host and at most a port and a path: no user, no query, no
/// fragment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpUrl {
    is_tls: bool,
    host: String,
    /// `None` for the one that belongs to the scheme.
    port: Option<u16>,
    path: String,
}

impl HttpUrl {
    /// Whether the scheme is `https`.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The host as it stands in the address: lower case, IPv6 in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host to look up or connect to: IPv6 without brackets.
    #[must_use]
    pub fn connect_host(&self) -> &str {
        let inner = self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        inner.unwrap_or(&self.host)
    }

    /// The port; 80 or 443 when none is written.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self.port {
            Some(port) => port,
            None if self.is_tls => 443,
            None => 80,
        }
    }

    /// The path; `/` when none is written.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Host and port as in a `Host` header: the scheme's own port is left out.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        let path = if self.path == "/" { "" } else { &self.path };
        write!(f, "{scheme}://{}{path}", self.authority())
    }
}

impl FromStr for HttpUrl {
    type Err = Complaint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The address is not echoed before it is known to hold no password.
        let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
        let rest = ["http://", "https://"].iter().find_map(|scheme| {
            lower.starts_with(scheme).then(|| text.get(scheme.len()..)).flatten()
        });
        let Some(rest) = rest else {
            let message = "the address does not begin with http:// or https://";
            return Err(Complaint::new(message, HINT));
        };
        if rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
            let hint = "secrets do not belong in the configuration";
            return Err(Complaint::new("the address holds a user or password", hint));
        }
        let is_odd = |byte: u8| byte <= b' ' || byte == b'\\' || byte == 0x7f;
        if text.len() > MAX_LEN || rest.starts_with('/') || text.bytes().any(is_odd) {
            return Err(Complaint::new(is_not(text, "an address of a server"), HINT));
        }
        let url = Url::parse(text)
            .map_err(|_| Complaint::new(is_not(text, "an address of a server"), HINT))?;
        from_url(text, &url)
    }
}

fn from_url(text: &str, url: &Url) -> Result<HttpUrl, Complaint> {
    let refuse = |what: &str| Err(Complaint::new(is_not(text, "an address of a server"), what));
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("leave out what follows the path, `?` and `#`");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("leave out user and password");
    }
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
        return refuse(HINT);
    };
    if url.port() == Some(0) {
        return refuse("write a port from 1 to 65535");
    }
    Ok(HttpUrl {
        is_tls: url.scheme() == "https",
        host: host.to_owned(),
        port: url.port(),
        path: url.path().to_owned(),
    })
}

impl Scalar for HttpUrl {
    const KIND: &'static str = "address of a server";
    const EXAMPLE: &'static str = "http://127.0.0.1:8501";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?.parse()
    }

    fn show(&self) -> Value {
        Value::String(self.to_string())
    }
}
