//! Listening sockets, bound before anything else starts.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use super::ServerSection;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// The listening sockets of the server.
#[derive(Debug)]
pub struct Listeners {
    /// For plain HTTP.
    pub plain: Vec<TcpListener>,
    /// For HTTPS.
    pub tls: Vec<TcpListener>,
}

/// An address that cannot be listened on.
#[derive(Debug)]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    error: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, error } = self;
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program uses this address: stop it or choose another port"
            }
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 need CAP_NET_BIND_SERVICE: choose a higher one or grant it"
            }
            io::ErrorKind::AddrNotAvailable => "this machine does not have that address",
            _ => "see that the address is right",
        };
        write!(f, "cannot listen on `{address}`: {error}\n  hint: {hint}")
    }
}

impl std::error::Error for BindError {}

impl Listeners {
    /// Binds everything the section names.
    ///
    /// # Errors
    /// [`BindError`] for the first address that cannot be bound; nothing stays bound then.
    pub fn bind(section: &ServerSection) -> Result<Self, BindError> {
        let all = |addresses: &[SocketAddr]| {
            addresses.iter().map(|at| bind(*at)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { plain: all(&section.listen)?, tls: all(&section.tls.listen)? })
    }

    /// The addresses, as bound.
    pub fn addresses(&self) -> impl Iterator<Item = (SocketAddr, bool)> {
        let plain = self.plain.iter().map(|listener| (listener, false));
        let tls = self.tls.iter().map(|listener| (listener, true));
        plain
            .chain(tls)
            .filter_map(|(listener, is_tls)| Some((listener.local_addr().ok()?, is_tls)))
    }
}

/// One listening socket. Workers share it: an address that is in use is always an error, which it
/// would not be if every worker bound its own.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    let open = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        // A restart must not wait for connections of the process before it to time out.
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(TcpListener::from(socket))
    };
    open().map_err(|error| BindError { address, error })
}
