//! Listening sockets, bound before anything else starts.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

use rustix::io::{FdFlags, fcntl_setfd};
use socket2::{Domain, Protocol, Socket, Type};

use super::ServerSection;

/// Connections that may wait to be accepted.
pub(super) const BACKLOG: i32 = 4096;

/// Drops what has SYN and not ACK set, in the classic instructions of the Berkeley Packet Filter,
/// as `(code, jt, jf, k)`. On a TCP socket it sees a segment from its own header on (socket(7),
/// SO_ATTACH_FILTER; RFC 9293, section 3.1 for the flags).
#[cfg(target_os = "linux")]
const NO_SYN: [(u16, u8, u8, u32); 5] = [
    (0x30, 0, 0, 13),       // load the byte of the flags
    (0x54, 0, 0, 0x12),     // keep ACK and SYN
    (0x15, 0, 1, 0x02),     // SYN alone?
    (0x06, 0, 0, 0),        // then drop it,
    (0x06, 0, 0, u32::MAX), // else let it pass
];

#[cfg(target_os = "linux")]
fn instruction((code, jt, jf, k): (u16, u8, u8, u32)) -> socket2::SockFilter {
    socket2::SockFilter::new(code, jt, jf, k)
}

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

    /// Lets nobody begin a handshake any more, on any handle of the socket. Between the last
    /// `accept` and the end of a listening socket somebody else could always come, and would be
    /// cut off with the request he sent; a SYN that is dropped is only sent again, a second later,
    /// and finds the port closed or the next process there.
    pub(super) fn turn_away(&self) {
        #[cfg(target_os = "linux")]
        {
            // Where it cannot be had, the gap of a few microseconds stays.
            let _ = socket2::SockRef::from(&self.socket).attach_filter(&NO_SYN.map(instruction));
        }
    }

    /// The same socket under another handle, for TLS or not.
    pub(super) fn share(&self, is_tls: bool) -> Result<Self, BindError> {
        let Self { wanted, address, .. } = *self;
        let socket = self.socket.try_clone().map_err(|error| BindError { address, error })?;
        Ok(Self { wanted, address, is_tls, socket })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_has_connected_is_accepted_and_nobody_connects_any_more() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = Listener::bind(address.parse().unwrap(), false).unwrap();
            let mut early = TcpStream::connect(listener.address).unwrap();
            listener.share(false).unwrap().turn_away();
            let late = TcpStream::connect_timeout(&listener.address, Duration::from_millis(300));
            assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut, "{address}");
            let (mut accepted, _) = listener.socket.accept().unwrap();
            let none = listener.socket.accept().unwrap_err();
            assert_eq!(none.kind(), io::ErrorKind::WouldBlock, "{address}");
            early.write_all(b"ask").unwrap();
            let mut asked = [0; 3];
            accepted.read_exact(&mut asked).unwrap();
            assert_eq!(&asked, b"ask", "{address}");
        }
    }
}
