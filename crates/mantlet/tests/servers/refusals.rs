//! Servers that speak HTTP/2 and send requests back unseen.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use mantlet_testkit::wire::{self, Connection};

use crate::common::assert_refused;
use crate::gate_of;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const NO_ERROR: u32 = 0;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

/// What a server does with a request, once all of it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// Answers 200 and says how many bytes the body had.
    Answer,
    /// Answers 200 with these bytes, and resets the stream in the place of an end.
    BreakOff(&'static [u8]),
    /// The same at once, after the end, and before the request has come.
    Hurry(&'static [u8]),
    /// Answers 200, announces ten bytes, and ends before.
    Lie,
    /// Resets the stream, with this error.
    Reset(u32),
    /// Says that it takes no more requests, this one included, and which error made it; goes on
    /// reading.
    Leave(u32),
}

/// A server of HTTP/2 without TLS.
struct Server {
    address: SocketAddr,
    /// Of each request so far: on which connection it came, and how long its body was.
    seen: Arc<Mutex<Vec<(usize, usize)>>>,
}

impl Server {
    /// A server that does with the n-th request what `script` says there, and answers those after.
    fn start(script: &'static [Deed]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, seen) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<_>>>::default());
        let noted = Arc::clone(&seen);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (stream, noted) = (stream.unwrap(), Arc::clone(&noted));
                // However the connection ends.
                thread::spawn(move || drop(serve(stream, number, script, &noted)));
            }
        });
        Self { address, seen }
    }

    fn url(&self) -> String {
        format!("h2c://{}", self.address)
    }

    fn seen(&self) -> Vec<(usize, usize)> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    number: usize,
    script: &[Deed],
    seen: &Mutex<Vec<(usize, usize)>>,
) -> io::Result<()> {
    stream.read_exact(&mut [0; 24])?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[]))?;
    let mut body = 0;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let (kind, flags, on) = (head[3], head[4], [head[5], head[6], head[7], head[8]]);
        stream.read_exact(&mut vec![0; length])?;
        match kind {
            SETTINGS if flags & 1 == 0 => stream.write_all(&frame(SETTINGS, 1, 0, &[]))?,
            HEADERS => body = 0,
            DATA if length > 0 => {
                body += length;
                let more = u32::try_from(length).unwrap().to_be_bytes();
                stream.write_all(&frame(WINDOW_UPDATE, 0, 0, &more))?;
            }
            _ => {}
        }
        let is_hurried = || matches!(script.get(seen.lock().unwrap().len()), Some(Deed::Hurry(_)));
        let is_over = matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0;
        if is_over || kind == HEADERS && is_hurried() {
            let mut seen = seen.lock().unwrap();
            let deed = script.get(seen.len()).copied().unwrap_or(Deed::Answer);
            seen.push((number, body));
            drop(seen);
            carry_out(&mut stream, deed, u32::from_be_bytes(on), body)?;
        }
    }
}

fn carry_out(stream: &mut TcpStream, deed: Deed, on: u32, body: usize) -> io::Result<()> {
    match deed {
        Deed::Answer => {
            // `:status: 200` is the eighth entry of the static table (RFC 7541).
            let head = frame(HEADERS, END_HEADERS, on, &[0x88]);
            let text = frame(DATA, END_STREAM, on, body.to_string().as_bytes());
            stream.write_all(&[head, text].concat())
        }
        Deed::BreakOff(text) | Deed::Hurry(text) => {
            let head = frame(HEADERS, END_HEADERS, on, &[0x88]);
            let end = if matches!(deed, Deed::Hurry(_)) { END_STREAM } else { 0 };
            let text = frame(DATA, end, on, text);
            let reset = frame(RST_STREAM, 0, on, &NO_ERROR.to_be_bytes());
            stream.write_all(&[head, text, reset].concat())
        }
        Deed::Lie => {
            // `content-length: 10`, whose name is the 28th entry of the static table.
            let head = frame(HEADERS, END_HEADERS, on, &[0x88, 0x5c, 2, b'1', b'0']);
            stream.write_all(&[head, frame(DATA, END_STREAM, on, b"short")].concat())
        }
        Deed::Reset(error) => stream.write_all(&frame(RST_STREAM, 0, on, &error.to_be_bytes())),
        Deed::Leave(error) => {
            let payload = [on.saturating_sub(2).to_be_bytes(), error.to_be_bytes()].concat();
            stream.write_all(&frame(GOAWAY, 0, 0, &payload))
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

const ONE_WORKER: &str = "[server]\nworkers = 1\n";

#[test]
fn a_request_that_is_sent_back_unseen_is_answered_on_another_connection() {
    for script in [
        &[Deed::Reset(REFUSED_STREAM)][..],
        &[Deed::Leave(0)],
        &[Deed::Leave(ENHANCE_YOUR_CALM)],
        &[Deed::Answer, Deed::Reset(REFUSED_STREAM)],
        &[Deed::Answer, Deed::Leave(0)],
    ] {
        // JSON is held for inspection; a body that streams comes only once.
        for body in [String::new(), format!("[{}]", "1,".repeat(2000) + "1")] {
            let server = Server::start(script);
            let gate = gate_of(&[server.url()], ONE_WORKER);
            let method = if body.is_empty() { "GET" } else { "POST" };
            for turn in 0..script.len() {
                let json = [("Content-Type", "application/json")];
                let answer = wire::request(gate.address(), method, "/", &json, body.as_bytes());
                let expected = (200, body.len().to_string());
                assert_eq!((answer.status, answer.text()), expected, "{script:?} {turn}");
            }
            let seen = server.seen();
            assert_eq!(seen.len(), script.len() + 1, "{script:?}: {seen:?}");
            assert!(seen.iter().all(|(_, length)| *length == body.len()), "{script:?}: {seen:?}");
            assert_ne!(seen[seen.len() - 1].0, seen[seen.len() - 2].0, "{script:?}: {seen:?}");
        }
    }
}

#[test]
fn a_request_that_is_sent_back_unseen_goes_to_the_other_server() {
    let refusing = Server::start(&[Deed::Reset(REFUSED_STREAM); 100]);
    let well = Server::start(&[]);
    let gate = gate_of(&[refusing.url(), well.url()], ONE_WORKER);
    for _ in 0..10 {
        assert_eq!(wire::request(gate.address(), "DELETE", "/", &[], b"").text(), "0");
    }
    assert_eq!(well.seen().len(), 10);
    assert!(!refusing.seen().is_empty());
}

#[test]
fn a_server_that_sends_everything_back_is_asked_twice_and_no_more() {
    let server = Server::start(&[Deed::Reset(REFUSED_STREAM); 100]);
    let gate = gate_of(&[server.url()], ONE_WORKER);
    let answer = wire::get(gate.address(), "/", &[]);
    let event = assert_refused(&gate, &answer, (502, "upstream-invalid"), "sent back twice");
    assert!(event.to_string().contains("refused stream"), "{event:#}");
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn a_request_that_the_server_may_have_acted_on_is_not_sent_twice() {
    // INTERNAL_ERROR and CANCEL say nothing of what was done before.
    for error in [2, 8] {
        let server = Server::start(if error == 2 { &[Deed::Reset(2)] } else { &[Deed::Reset(8)] });
        let gate = gate_of(&[server.url()], ONE_WORKER);
        let answer = wire::request(gate.address(), "POST", "/", &[], b"once");
        assert_refused(&gate, &answer, (502, "upstream-invalid"), "acted on, perhaps");
        assert_eq!(server.seen(), [(0, 4)]);
    }
}

/// A reset without an error stands behind a whole answer, while the request is still on its way
/// (RFC 9113 section 8.1), and is no end of half an answer.
#[test]
fn half_an_answer_never_passes_for_a_whole_one() {
    let server = Server::start(&[Deed::BreakOff(b"half"), Deed::Hurry(b"whole")]);
    let routes = "[[routes]]\npath = \"/upload\"\nupload = true\n";
    let gate = gate_of(&[server.url()], &format!("{ONE_WORKER}{routes}"));
    let half = wire::get(gate.address(), "/", &[]);
    assert!(!half.is_complete, "{half:?}");
    let mut client = Connection::open(gate.address()).unwrap();
    let upload = "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbegun";
    client.write(upload.as_bytes()).unwrap();
    let whole = client.read_response().unwrap();
    assert_eq!((whole.text().as_str(), whole.is_complete), ("whole", true), "{whole:?}");
}

#[test]
fn an_answer_that_is_broken_from_its_start_is_refused_in_so_many_words() {
    let server = Server::start(&[Deed::Lie]);
    let gate = gate_of(&[server.url()], ONE_WORKER);
    let answer = wire::get(gate.address(), "/", &[]);
    let _ = assert_refused(&gate, &answer, (502, "upstream-invalid"), "fewer bytes than announced");
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200, "the connection goes on");
}
