//! One exchange of chosen bytes.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::response::{Parsed, parse, parse_all};
use super::{Connection, PATIENCE, Response};

/// How long the line must be quiet after a complete response before the exchange counts as over:
/// long enough to notice a second response that should not come.
const QUIET: Duration = Duration::from_millis(200);

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The peer closed the connection.
    Closed,
    /// The peer reset the connection.
    Reset,
    /// Complete responses came, then nothing; the connection is open.
    Open,
    /// Time ran out with no response or an incomplete one.
    TimedOut,
}

/// All that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How it ended.
    pub ending: Ending,
    has_body: bool,
}

impl RawAnswer {
    /// Every response in it, the last one perhaps incomplete. Informational ones count.
    #[must_use]
    pub fn responses(&self) -> Vec<Response> {
        parse_all(&self.bytes, self.has_body, self.is_over()).0
    }

    /// The status code of every response.
    #[must_use]
    pub fn statuses(&self) -> Vec<u16> {
        self.responses().iter().map(|response| response.status).collect()
    }

    /// The bytes after the last response that are none.
    #[must_use]
    pub fn rest(&self) -> Vec<u8> {
        parse_all(&self.bytes, self.has_body, self.is_over()).1
    }

    /// The bytes as text; those that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    const fn is_over(&self) -> bool {
        matches!(self.ending, Ending::Closed | Ending::Reset)
    }
}

/// Sends `bytes` on a connection of its own and reads until the peer closes, until complete
/// responses are followed by 200 ms of silence, or for ten seconds.
#[must_use]
pub fn send_raw(address: SocketAddr, bytes: &[u8]) -> RawAnswer {
    send_raw_within(address, bytes, PATIENCE)
}

/// As [`send_raw`], for at most `timeout`: for exchanges that are expected to hang.
#[must_use]
pub fn send_raw_within(address: SocketAddr, bytes: &[u8], timeout: Duration) -> RawAnswer {
    let mut connection = Connection::open(address).unwrap();
    // A server may refuse and close while the rest is still being sent: what it said counts.
    let _ = connection.write(bytes);
    let has_body = !bytes.starts_with(b"HEAD ");
    let mut received = Vec::new();
    let ending = read(&mut connection, &mut received, has_body, timeout);
    RawAnswer { bytes: received, ending, has_body }
}

fn read(
    connection: &mut Connection,
    received: &mut Vec<u8>,
    has_body: bool,
    timeout: Duration,
) -> Ending {
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let is_answered = holds_whole_responses(received, has_body);
        if left.is_zero() {
            return if is_answered { Ending::Open } else { Ending::TimedOut };
        }
        match connection.read_some(if is_answered { left.min(QUIET) } else { left }) {
            Ok(0) => return Ending::Closed,
            Ok(count) => received.extend_from_slice(&connection.take(count)),
            Err(error) if error.kind() == ErrorKind::TimedOut && is_answered => {
                return Ending::Open;
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => {}
            Err(_) => return Ending::Reset,
        }
    }
}

/// Whether `bytes` are whole responses, the last of them a final one.
fn holds_whole_responses(bytes: &[u8], has_body: bool) -> bool {
    let (mut at, mut is_final) = (0, false);
    while at < bytes.len() {
        match parse(&bytes[at..], has_body, false) {
            Parsed::Whole(response, used) => {
                at += used;
                is_final = response.status >= 200 || response.status == 101;
            }
            Parsed::Partial(_) => return false,
            Parsed::Garbage => return is_final,
        }
    }
    is_final
}
