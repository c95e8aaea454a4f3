//! Connecting to a server: every address of its name, until one answers.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use mantlet_types::Clock;
use tokio::net::{TcpStream, UnixStream};

use super::http1::Connection;
use super::server::Open;
use super::stream::Stream;
use super::{Upstream, UpstreamError};

/// How long one address is waited for before the next one is tried beside it (RFC 8305 section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// A connection that was just made.
#[derive(Debug)]
pub(super) enum Dialled {
    /// To a server that speaks HTTP/1.1.
    One(Box<Connection>),
    /// To a server that speaks HTTP/2.
    Two(Stream, Open),
}

/// Connects to `upstream`. `may_be_two`: whether HTTP/2 will do.
pub(super) async fn dial(
    upstream: &Upstream,
    may_be_two: bool,
    clock: &dyn Clock,
) -> Result<Dialled, UpstreamError> {
    let open = upstream.open()?;
    let dialling = stream(upstream, may_be_two, clock);
    let dialled = tokio::time::timeout(upstream.rules.connect_timeout, dialling).await;
    let (stream, peer, is_two) = dialled.map_err(|_| UpstreamError::Timeout("connection"))??;
    Ok(if is_two {
        Dialled::Two(stream, open)
    } else {
        Dialled::One(Connection::new(stream, peer, open))
    })
}

async fn stream(
    upstream: &Upstream,
    may_be_two: bool,
    clock: &dyn Clock,
) -> Result<(Stream, Option<SocketAddr>, bool), UpstreamError> {
    let failed = |error: io::Error| UpstreamError::Unreachable(error.to_string());
    let (Some(url), Some(names)) = (upstream.address.url(), &upstream.names) else {
        let path =
            upstream.address.socket().ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        let unconnected = |error| UpstreamError::unconnected(&path.display(), &error);
        let stream = UnixStream::connect(path).await.map_err(unconnected)?;
        return Ok((Stream::Unix(stream), None, false));
    };
    let addresses = names.addresses(clock, upstream.rules.connect_timeout).await?;
    let (tcp, peer) = race(&addresses).await?;
    // Without this, small writes wait for the other side's acknowledgement.
    tcp.set_nodelay(true).map_err(failed)?;
    match &upstream.tls {
        Some(tls) => {
            let connected = tls.connect(tcp, url.connect_host(), may_be_two).await;
            let why = |error| UpstreamError::Unreachable(format!("TLS: {error}"));
            let (stream, is_two) = connected.map_err(why)?;
            Ok((Stream::Tls(Box::new(stream)), Some(peer), is_two))
        }
        None => {
            let is_two = may_be_two && upstream.address.is_plain_two();
            Ok((Stream::Tcp(tcp), Some(peer), is_two))
        }
    }
}

/// The first connection that stands: one address after another, each with a head start.
async fn race(addresses: &Arc<[SocketAddr]>) -> Result<(TcpStream, SocketAddr), UpstreamError> {
    let mut left = addresses.iter().copied();
    let mut running = FuturesUnordered::new();
    let connect = |address| async move { (TcpStream::connect(address).await, address) };
    let mut last = UpstreamError::Unreachable("there is no address".to_owned());
    loop {
        match left.next() {
            Some(address) => running.push(connect(address)),
            None if running.is_empty() => return Err(last),
            None => {}
        }
        let has_more = left.len() > 0;
        let mut pause = pin!(async {
            if has_more {
                tokio::time::sleep(HEAD_START).await
            } else {
                std::future::pending().await
            }
        });
        let next = std::future::poll_fn(|cx| {
            if let std::task::Poll::Ready(done) = running.poll_next_unpin(cx) {
                return std::task::Poll::Ready(done);
            }
            pause.as_mut().poll(cx).map(|()| None)
        });
        match next.await {
            Some((Ok(stream), address)) => return Ok((stream, address)),
            Some((Err(error), address)) => {
                last = UpstreamError::unconnected(&address, &error);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_address_where_nobody_listens_does_not_hide_the_next_one() {
        let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let dead = gone.local_addr().unwrap();
        drop(gone);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let alive = listener.local_addr().unwrap();
        let (_, address) = race(&[dead, alive].into()).await.unwrap();
        assert_eq!(address, alive);
        assert!(race(&[dead].into()).await.unwrap_err().to_string().contains(&dead.to_string()));
        assert!(race(&[].into()).await.is_err());
    }

    #[tokio::test]
    async fn an_address_that_says_nothing_does_not_hold_up_the_next_one() {
        // A documentation network: nothing answers there, or the machine has no way to it.
        let silent: SocketAddr = "192.0.2.1:9".parse().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let alive = listener.local_addr().unwrap();
        let addresses = [silent, alive].into();
        let raced = tokio::time::timeout(Duration::from_secs(30), race(&addresses));
        assert_eq!(raced.await.unwrap().unwrap().1, alive);
    }
}
