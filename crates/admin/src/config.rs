//! Settings of the admin listener.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use mantlet_config::{Reader, SecretError, SecretRef, Sources, section};
use socket2::{Domain, Protocol, Socket, Type};

use crate::api::ApiSection;
use crate::{AdminAuth, BearerToken, Closed, Open};

/// Shortest token, in bytes.
const MIN_TOKEN: usize = 20;
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 128;

section! {
    /// The admin listener: health, readiness, metrics and the service API.
    pub struct AdminSection {
        /// Its address. Loopback unless you say otherwise; it speaks plain HTTP.
        pub listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9443)),
        /// Further host names under which it is asked, with or without a port.
        pub hosts: Vec<String> = Vec::new(),
        /// The bearer token that `/metrics` then requires. A listener that is open to the network
        /// shows no metrics without one.
        pub metrics_token: Option<SecretRef> = None,
        /// The service API.
        pub api: ApiSection = ApiSection::default(),
    }
}

/// An admin address that cannot be listened on.
#[derive(Debug)]
pub struct BindError {
    address: SocketAddr,
    error: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, error } = self;
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program uses this address: stop it or set `[admin] listen`"
            }
            _ => "see that `[admin] listen` is an address of this machine",
        };
        write!(f, "cannot listen on `{address}`: {error}\n  hint: {hint}")
    }
}

impl std::error::Error for BindError {}

impl AdminSection {
    /// Finds what the types cannot say.
    pub fn check(&self, reader: &mut Reader<'_>) {
        for host in self.hosts.iter().filter(|host| !is_host(host)) {
            let hint = "write a name such as `admin.example.org`, without scheme and path";
            reader.error("admin.hosts", format!("`{host}` is not a host name"), hint);
        }
        self.api.check(reader);
        if self.listen.ip().is_loopback() {
            return;
        }
        let message = format!("`{}` is open to the network without TLS", self.listen);
        let hint = "listen on 127.0.0.1 behind a proxy that ends TLS, or in a network you trust";
        reader.warn("admin.listen", message, hint);
        if self.metrics_token.is_none() {
            let message = "without a token an open listener refuses `/metrics`";
            let hint = "name one: `metrics_token = \"env:MANTLET_METRICS_TOKEN\"`";
            reader.warn("admin.metrics_token", message, hint);
        }
    }

    /// What protected endpoints ask for: the token; without one, that the listener is loopback.
    ///
    /// # Errors
    /// [`SecretError`] when the token cannot be read or is too weak.
    pub fn auth(&self, sources: &Sources) -> Result<Arc<dyn AdminAuth>, SecretError> {
        Ok(match &self.metrics_token {
            Some(reference) => Arc::new(BearerToken::new(sources.resolve(reference, MIN_TOKEN)?)),
            None if self.listen.ip().is_loopback() => Arc::new(Open),
            None => Arc::new(Closed),
        })
    }

    /// The listening socket, before anything else starts.
    ///
    /// # Errors
    /// [`BindError`] when the address cannot be bound.
    pub fn bind(&self) -> Result<TcpListener, BindError> {
        let address = self.listen;
        let open = || {
            let domain = Domain::for_address(address);
            let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
            socket.set_nonblocking(true)?;
            // A restart must not wait for connections of the process before it to time out.
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            Ok(TcpListener::from(socket))
        };
        open().map_err(|error| BindError { address, error })
    }
}

/// Whether `host` can stand in a `Host` header.
fn is_host(host: &str) -> bool {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !host.is_empty() && host.len() <= 255 && host.bytes().all(is_valid)
}

#[cfg(test)]
mod tests {
    use mantlet_config::{Environment, Layers, load};

    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let layers = Layers::new(Environment::default()).text("mantlet.toml", text);
        let loaded = load(&layers, AdminSection::check);
        loaded.problems.iter().map(|problem| problem.message.clone()).collect()
    }

    #[test]
    fn an_open_listener_is_warned_of() {
        for (text, expected) in [
            ("", &[][..]),
            ("listen = \"[::1]:1\"", &[]),
            (
                "listen = \"0.0.0.0:1\"",
                &[
                    "`0.0.0.0:1` is open to the network without TLS",
                    "without a token an open listener refuses `/metrics`",
                ],
            ),
            (
                "listen = \"0.0.0.0:1\"\nmetrics_token = \"env:T\"",
                &["`0.0.0.0:1` is open to the network without TLS"],
            ),
            ("hosts = [\"https://a/\"]", &["`https://a/` is not a host name"]),
        ] {
            assert_eq!(problems(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_asked_for_depends_on_token_and_address() {
        let sources = Sources::new(&Environment::default());
        let kind = |section: &AdminSection| format!("{:?}", section.auth(&sources));
        let local = AdminSection::default();
        assert_eq!(kind(&local), "Ok(Open)");
        let open = AdminSection { listen: "0.0.0.0:9443".parse().unwrap(), ..local };
        assert_eq!(kind(&open), "Ok(Closed)");
    }
}
