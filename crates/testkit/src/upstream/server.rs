//! The fake upstream itself.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::answer::Answer;
use super::received::{Reader, Received};
use super::send::{Next, send, wait_for_the_end};
use crate::{lock, poll_until};

/// An HTTP/1.1 server on a loopback port of its own. Records every request, answers as told, and
/// ends with all its connections when dropped.
#[derive(Debug)]
pub struct FakeUpstream {
    address: SocketAddr,
    shared: Arc<Shared>,
}

type Behaviour = Box<dyn Fn(&Received) -> Answer + Send + Sync>;

struct Shared {
    behaviour: Behaviour,
    reads_bodies: bool,
    requests: Mutex<Vec<Received>>,
    faults: Mutex<Vec<String>>,
    open: Mutex<BTreeMap<usize, TcpStream>>,
    connections: AtomicUsize,
    is_over: AtomicBool,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("connections", &self.connections).finish_non_exhaustive()
    }
}

impl FakeUpstream {
    /// A server that answers each request, once its body is there, with what `behaviour` says.
    #[must_use]
    pub fn start(behaviour: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        Self::launch(Box::new(behaviour), true)
    }

    /// A server that gives every request the same answer as soon as its head is there, does not
    /// look at the body, and closes the connection.
    #[must_use]
    pub fn answering_early(answer: Answer) -> Self {
        Self::launch(Box::new(move |_| answer.clone()), false)
    }

    fn launch(behaviour: Behaviour, reads_bodies: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            behaviour,
            reads_bodies,
            requests: Mutex::default(),
            faults: Mutex::default(),
            open: Mutex::default(),
            connections: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Self { address, shared }
    }

    /// A server that gives every request the same answer.
    #[must_use]
    pub fn answering(answer: Answer) -> Self {
        Self::start(move |_| answer.clone())
    }

    /// A server that gives the answers one after another, one for each request, and 500 after the
    /// last.
    #[must_use]
    pub fn scripted(answers: impl IntoIterator<Item = Answer>) -> Self {
        let script: Mutex<VecDeque<Answer>> = Mutex::new(answers.into_iter().collect());
        Self::start(move |_| lock(&script).pop_front().unwrap_or_else(|| Answer::status(500)))
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a URL without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request whose head has arrived, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.shared.requests).clone()
    }

    /// What came that was no request, or no whole one; a message each.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        lock(&self.shared.faults).clone()
    }

    /// Whether neither a request nor anything else has come. Connections alone do not count.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.requests().is_empty() && self.faults().is_empty()
    }

    /// How many connections were made so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many connections are open now.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        lock(&self.shared.open).len()
    }

    /// Every request, once there are `count` whole ones.
    ///
    /// # Panics
    /// When there are fewer after `timeout`.
    #[must_use]
    pub fn wait_for(&self, count: usize, timeout: Duration) -> Vec<Received> {
        let whole = || self.requests().iter().filter(|request| request.is_complete).count();
        let found = poll_until(timeout, || (whole() >= count).then(|| self.requests()));
        found.unwrap_or_else(|| panic!("{} of {count} requests after {timeout:?}", whole()))
    }

    /// Forgets the requests and faults so far.
    pub fn clear(&self) {
        lock(&self.shared.requests).clear();
        lock(&self.shared.faults).clear();
    }
}

impl Drop for FakeUpstream {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then ends with its listener.
        let _ = TcpStream::connect(self.address);
        for stream in lock(&self.shared.open).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().filter_map(Result::ok) {
        if shared.is_over.load(Ordering::SeqCst) {
            return;
        }
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        let _ = stream.set_nodelay(true);
        if let Ok(clone) = stream.try_clone() {
            lock(&shared.open).insert(number, clone);
        }
        let serving = Arc::clone(shared);
        thread::spawn(move || {
            if let Err(error) = serve(Reader::new(stream, number), &serving) {
                lock(&serving.faults).push(format!("connection {number}: {error}"));
            }
            if let Some(stream) = lock(&serving.open).remove(&number) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }
}

/// Serves one connection until either side ends it. A connection reset by the other side is an
/// ordinary end.
fn serve(mut reader: Reader, shared: &Shared) -> io::Result<()> {
    while let Some(mut request) = reader.head()? {
        let index = record(shared, &request);
        if !shared.reads_bodies {
            send(&mut reader, &request, &(shared.behaviour)(&request), &mut |_| {})?;
            reader.stream.shutdown(Shutdown::Write)?;
            wait_for_the_end(&mut reader.stream);
            return Ok(());
        }
        let expects =
            request.header("expect").is_some_and(|v| v.eq_ignore_ascii_case("100-continue"));
        if expects {
            reader.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        reader.body(&mut request, |so_far| update(shared, index, so_far))?;
        let answer = (shared.behaviour)(&request);
        let mut so_far = request.clone();
        let mut record = |bytes: &[u8]| {
            so_far.body.extend_from_slice(bytes);
            update(shared, index, &so_far);
        };
        let next = send(&mut reader, &request, &answer, &mut record).unwrap_or(Next::Close);
        if next == Next::Close || asks_to_close(&request) {
            return Ok(());
        }
    }
    Ok(())
}

fn record(shared: &Shared, request: &Received) -> usize {
    let mut requests = lock(&shared.requests);
    requests.push(request.clone());
    requests.len() - 1
}

/// The list may have been cleared since the request was recorded.
fn update(shared: &Shared, index: usize, request: &Received) {
    if let Some(recorded) = lock(&shared.requests).get_mut(index)
        && recorded.raw_head == request.raw_head
    {
        let known = recorded.body.len();
        recorded.body.extend_from_slice(&request.body[known..]);
        recorded.is_complete = request.is_complete;
    }
}

fn asks_to_close(request: &Received) -> bool {
    let values = request.headers.get_all("connection");
    values.iter().any(|value| value.to_ascii_lowercase().contains("close"))
}
