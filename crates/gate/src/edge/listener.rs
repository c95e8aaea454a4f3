//! Listening sockets, bound before anything else starts.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

use rustix::io::{FdFlags, fcntl_setfd};
use socket2::{Domain, Protocol, Socket, Type};

use super::ServerSection;

/// Connections that may wait to be accepted.
pub(super) const BACKLOG: i32 = 4096;

/// One listening socket.
#[derive(Debug)]
pub struct Listener {
    /// The address as the configuration says it; its port may be 0.
    pub wanted: SocketAddr,
    /// The address as it is bound.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub is_tls: bool,
    /// The socket; it never blocks.
    pub socket: TcpListener,
}

/// The listening sockets of the server.
#[derive(Debug, Default)]
pub struct Listeners(pub(super) Vec<Listener>);

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

impl BindError {
    pub(super) const fn new(address: SocketAddr, error: io::Error) -> Self {
        Self { address, error }
    }
}

impl Listeners {
    /// A socket for everything the section names: the one that `inherited` gives for its address,
    /// or a new one.
    ///
    /// # Errors
    /// [`BindError`] for the first address that cannot be bound; nothing stays bound then.
    pub fn bind(
        section: &ServerSection,
        mut inherited: impl FnMut(SocketAddr) -> Option<TcpListener>,
    ) -> Result<Self, BindError> {
        let open = |(address, is_tls)| match inherited(address) {
            Some(socket) => Listener::adopt(address, is_tls, socket),
            None => Listener::bind(address, is_tls),
        };
        wanted(section).map(open).collect::<Result<_, _>>().map(Self)
    }

    /// The sockets.
    pub fn iter(&self) -> impl Iterator<Item = &Listener> {
        self.0.iter()
    }
}

/// Every address that a section names, and whether it is for TLS.
pub(super) fn wanted(section: &ServerSection) -> impl Iterator<Item = (SocketAddr, bool)> {
    let plain = section.listen.iter().map(|address| (*address, false));
    let asking = section.forward_auth.listen.iter().map(|address| (*address, false));
    let plain = plain.chain(asking);
    plain.chain(section.tls.listen.iter().map(|address| (*address, true)))
}

impl Listener {
    /// One listening socket. Workers share it: an address that is in use is always an error, which
    /// it would not be if every worker bound its own.
    pub(super) fn bind(address: SocketAddr, is_tls: bool) -> Result<Self, BindError> {
        let open = || {
            let kind = Domain::for_address(address);
            let socket = Socket::new(kind, Type::STREAM, Some(Protocol::TCP))?;
            // A restart must not wait for connections of the process before it to time out.
            socket.set_reuse_address(true)?;
            if address.is_ipv6() {
                socket.set_only_v6(false)?;
            }
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            Ok(TcpListener::from(socket))
        };
        let socket = open().map_err(|error| BindError { address, error })?;
        Self::adopt(address, is_tls, socket)
    }

    /// A socket that listens already, for the address `wanted`.
    pub(super) fn adopt(
        wanted: SocketAddr,
        is_tls: bool,
        socket: TcpListener,
    ) -> Result<Self, BindError> {
        let prepare = || {
            socket.set_nonblocking(true)?;
            // No program that is started from here gets it by accident.
            fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
            socket.local_addr()
        };
        match prepare() {
            Ok(address) => Ok(Self { wanted, address, is_tls, socket }),
            Err(error) => Err(BindError { address: wanted, error }),
        }
    }

    /// The same socket under another handle, for TLS or not.
    pub(super) fn share(&self, is_tls: bool) -> Result<Self, BindError> {
        let Self { wanted, address, .. } = *self;
        let socket = self.socket.try_clone().map_err(|error| BindError { address, error })?;
        Ok(Self { wanted, address, is_tls, socket })
    }
}
