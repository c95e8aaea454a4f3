//! Sockets that another process gives us: the service manager (socket activation, the protocol of
//! `sd_listen_fds(3)`), or the Mantlet that runs here already and hands over to us.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

use listenfd::ListenFd;
use mantlet_gate::edge::Farewell;
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Role {
    /// Plain HTTP: `[server] listen`.
    Plain,
    /// HTTPS: `[server.tls] listen`.
    Tls,
    /// The admin listener: `[admin] listen`.
    Admin,
}

/// One socket that listens already.
#[derive(Debug)]
struct Socket {
    wanted: SocketAddr,
    socket: TcpListener,
}

/// The sockets that were given to us and that nobody has taken yet.
#[derive(Debug, Default)]
pub(super) struct Inherited {
    sockets: VecDeque<Socket>,
    fixed: Fixed,
}

/// Addresses that the service manager decides on instead of the configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Fixed(pub(super) Vec<(Role, SocketAddr)>);

/// Sockets of the service manager that cannot be used.
#[derive(Debug)]
pub(super) struct ActivationError(String);

impl fmt::Display for ActivationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = "name each socket in its unit: FileDescriptorName=plain, tls or admin";
        write!(f, "socket activation: {}\n  hint: {hint}", self.0)
    }
}

impl std::error::Error for ActivationError {}

impl Role {
    /// The role that a socket's name says; without a name it is plain HTTP, which is what a unit
    /// with one socket means.
    fn of_name(name: &str) -> Option<Self> {
        match name {
            "tls" => Some(Self::Tls),
            "admin" => Some(Self::Admin),
            "plain" | "unknown" | "mantlet.socket" => Some(Self::Plain),
            _ => None,
        }
    }
}

impl Inherited {
    /// The sockets of the service manager; none when it gave none, or not to us.
    ///
    /// # Errors
    /// [`ActivationError`] for a socket whose name says nothing, or that is no TCP socket.
    pub(super) fn of_service_manager() -> Result<Self, ActivationError> {
        let failed = |error: io::Error| ActivationError(error.to_string());
        // The names may be there without sockets: left over in the environment for another process.
        if sd_notify::listen_fds().map_err(failed)?.len() == 0 {
            return Ok(Self::default());
        }
        let named = sd_notify::listen_fds_with_names().map_err(failed)?;
        let mut given = ListenFd::from_env();
        let mut inherited = Self::default();
        for (index, (_, name)) in named.enumerate() {
            let unusable = |error: io::Error| ActivationError(format!("socket `{name}`: {error}"));
            let unknown = || ActivationError(format!("no listener is called `{name}`"));
            let role = Role::of_name(&name).ok_or_else(unknown)?;
            let socket = given.take_tcp_listener(index).map_err(unusable)?;
            let Some(socket) = socket else { continue };
            let address = socket.local_addr().map_err(unusable)?;
            inherited.fixed.0.push((role, address));
            inherited.add(address, socket);
        }
        Ok(inherited)
    }

    /// Nothing yet, under addresses that are fixed like those of the process before.
    pub(super) const fn new(fixed: Fixed) -> Self {
        Self { sockets: VecDeque::new(), fixed }
    }

    pub(super) fn add(&mut self, wanted: SocketAddr, socket: TcpListener) {
        self.sockets.push_back(Socket { wanted, socket });
    }

    /// The socket for an address of the configuration, once.
    pub(super) fn take(&mut self, wanted: SocketAddr) -> Option<TcpListener> {
        let place = self.sockets.iter().position(|socket| socket.wanted == wanted)?;
        self.sockets.remove(place).map(|socket| socket.socket)
    }

    pub(super) fn fixed(&self) -> Fixed {
        self.fixed.clone()
    }
}

impl Fixed {
    /// How a server on these addresses stops: sockets of the service manager stay open.
    pub(super) const fn farewell(&self) -> Farewell {
        if self.0.is_empty() { Farewell::Stop } else { Farewell::StopAccepting }
    }

    /// Puts the addresses in the place of those of the configuration.
    pub(super) fn apply(&self, config: &mut Config) {
        let of = |role: Role| -> Vec<SocketAddr> {
            self.0.iter().filter(|(own, _)| *own == role).map(|(_, address)| *address).collect()
        };
        let (plain, tls) = (of(Role::Plain), of(Role::Tls));
        if !plain.is_empty() || !tls.is_empty() {
            config.server.listen = plain;
            config.server.tls.listen = tls;
        }
        if let Some(admin) = of(Role::Admin).first() {
            config.admin.listen = *admin;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_of_the_manager_replace_the_configured_addresses_of_their_kind() {
        let [one, two, three] =
            ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"].map(|text| text.parse().unwrap());
        let mut config = Config::default();
        let (plain, admin) = (config.server.listen.clone(), config.admin.listen);
        Fixed::default().apply(&mut config);
        assert_eq!((config.server.listen.clone(), config.admin.listen), (plain.clone(), admin));
        Fixed(vec![(Role::Admin, three)]).apply(&mut config);
        assert_eq!((config.server.listen.clone(), config.admin.listen), (plain, three));
        Fixed(vec![(Role::Tls, one), (Role::Tls, two)]).apply(&mut config);
        assert!(config.server.listen.is_empty());
        assert_eq!(config.server.tls.listen, [one, two]);
    }

    #[test]
    fn a_socket_is_taken_once() {
        let mut inherited = Inherited::new(Fixed::default());
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        inherited.add(address, socket);
        assert!(inherited.take("127.0.0.1:1".parse().unwrap()).is_none());
        assert!(inherited.take(address).is_some());
        assert!(inherited.take(address).is_none());
    }
}
