//! Reading a header off a connection, and not one byte more: what follows may be TLS.

use std::io;
use std::net::SocketAddr;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::ProxyProtocol;
use super::header::{Header, Parsed, parse};
use super::version_one;

/// Why a connection has no header.
#[derive(Debug)]
pub(in crate::edge) enum NoHeader {
    /// It did not come in time.
    Late,
    /// The client has gone.
    Gone,
    /// What came is none; why.
    Invalid(&'static str),
}

/// The client of a connection from a listed `peer`: the one the header names, or the peer itself.
pub(in crate::edge) async fn read(
    settings: &ProxyProtocol,
    stream: &mut TcpStream,
    peer: SocketAddr,
) -> Result<SocketAddr, NoHeader> {
    let reading = tokio::time::timeout(settings.timeout(), read_header(stream));
    match reading.await.map_err(|_| NoHeader::Late)?? {
        Header::Proxied(client) => Ok(client),
        Header::Own => Ok(peer),
    }
}

async fn read_header(stream: &mut TcpStream) -> Result<Header, NoHeader> {
    let mut held = Vec::with_capacity(256);
    loop {
        let least = match parse(&held).map_err(|invalid| NoHeader::Invalid(invalid.0))? {
            Parsed::Whole(header, _) => return Ok(header),
            Parsed::Open(least) => least,
        };
        read_up_to(stream, &mut held, least).await.map_err(|_| NoHeader::Gone)?;
    }
}

/// Reads what surely belongs to the header; a line is read up to its end at most. What follows is
/// the client's.
async fn read_up_to(stream: &mut TcpStream, held: &mut Vec<u8>, least: usize) -> io::Result<()> {
    let sure = least.saturating_sub(held.len());
    let mut buffer = [0; 256];
    let window = sure.min(buffer.len());
    let count = if sure > 1 || !version_one::is_line(held) {
        window
    } else {
        // Only how far the line goes is unknown: look before taking.
        let came = stream.peek(&mut buffer).await?;
        let came = buffer.get(..came).unwrap_or_default();
        memchr::memchr(b'\n', came).map_or(came.len(), |feed| feed.saturating_add(1)).max(1)
    };
    let part = buffer.get_mut(..count).unwrap_or_default();
    let came = stream.read(part).await?;
    if came == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    held.extend_from_slice(part.get(..came).unwrap_or_default());
    Ok(())
}
