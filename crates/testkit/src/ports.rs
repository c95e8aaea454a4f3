//! Ports that nobody else takes.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which systems hand out ports on their own, so that no outgoing connection
/// and no listener on port 0 takes one of ours between the look and the use.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// How far this process has come in the range.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A loopback port on which nobody listens. No other call in this process gets it; other test
/// processes start elsewhere in the range.
#[must_use]
pub fn free_port() -> u16 {
    let start = std::process::id().wrapping_mul(61) % u32::from(COUNT);
    for _ in 0..COUNT {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + u16::try_from((start + step) % u32::from(COUNT)).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT);
}

/// A loopback address on which nobody listens, with a port of [`free_port`].
#[must_use]
pub fn free_address() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice_and_each_can_be_bound() {
        let ports: Vec<u16> = (0..50).map(|_| free_port()).collect();
        let distinct: std::collections::BTreeSet<_> = ports.iter().collect();
        assert_eq!(distinct.len(), ports.len());
        assert!(TcpListener::bind(free_address()).is_ok());
    }
}
