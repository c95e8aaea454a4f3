//! Clients that ask without pause while something happens to the server, and keep account of what
//! they sent and what they got.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};

use mantlet_testkit::wire::{self, Connection};

/// What a load came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sent: usize,
    pub(crate) answered: usize,
    /// Requests that were sent and got no answer, each with how.
    pub(crate) lost: Vec<String>,
    /// Connections that could not be made.
    pub(crate) refused: usize,
    /// Answers with another status than 200.
    pub(crate) others: usize,
    /// Answers that said it was the last on their connection.
    pub(crate) last_words: usize,
}

impl Tally {
    fn add(mut self, other: Self) -> Self {
        self.sent += other.sent;
        self.answered += other.answered;
        self.lost.extend(other.lost);
        self.refused += other.refused;
        self.others += other.others;
        self.last_words += other.last_words;
        self
    }
}

/// Runs `while_loaded` under the load of `clients` clients, half of which keep their connections
/// and half of which open one for each request. It is given a count of the answers so far.
pub(crate) fn under_load(
    address: SocketAddr,
    clients: usize,
    while_loaded: impl FnOnce(&AtomicUsize),
) -> Tally {
    let (is_over, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let start = |index: usize| {
            let (is_over, answers) = (&is_over, &answers);
            scope.spawn(move || ask(address, index.is_multiple_of(2), is_over, answers))
        };
        let running: Vec<_> = (0..clients).map(start).collect();
        while_loaded(&answers);
        is_over.store(true, Ordering::Relaxed);
        let tallies = running.into_iter().map(|client: ScopedJoinHandle<'_, _>| client.join());
        tallies.fold(Tally::default(), |sum, tally| sum.add(tally.unwrap()))
    })
}

fn ask(address: SocketAddr, keeps: bool, is_over: &AtomicBool, answers: &AtomicUsize) -> Tally {
    let mut tally = Tally::default();
    let mut kept = None;
    while !is_over.load(Ordering::Relaxed) {
        let Some(mut connection) = kept.take().or_else(|| Connection::open(address).ok()) else {
            tally.refused += 1;
            return tally;
        };
        tally.sent += 1;
        match exchange(&mut connection, address) {
            Ok((status, is_last)) => {
                tally.answered += 1;
                answers.fetch_add(1, Ordering::Relaxed);
                tally.others += usize::from(status != 200);
                tally.last_words += usize::from(is_last);
                kept = (keeps && !is_last).then_some(connection);
            }
            Err(error) => tally.lost.push(format!("request {}: {error}", tally.sent)),
        }
    }
    tally
}

fn exchange(connection: &mut Connection, address: SocketAddr) -> io::Result<(u16, bool)> {
    connection.write(&wire::render(address, "GET", "/load", &[], b""))?;
    let response = connection.read_response()?;
    if !response.is_complete {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((response.status, response.header("connection") == Some("close")))
}
