//! The same bytes to Mantlet and to nginx, or to hyper's own server: what both let through, both read
//! alike, and what Mantlet lets through the other does not refuse.

use std::time::Duration;

use mantlet_testkit::wire::{self, Ending, RawAnswer};
use mantlet_testkit::{
    Answer, FakeUpstream, HyperRequest, HyperServer, MantletProcess, ProxyKind, SeededRng, lacking,
    left_out,
};
use mantlet_types::Rng;

use crate::common::{PATIENCE, gate};

/// How many streams of requests each lane sends.
const STREAMS: usize = 800;
const LANES: u64 = 3;

/// How long a server may be silent until the rest of the stream counts as swallowed.
const SILENCE: Duration = Duration::from_millis(150);

/// One clean request; the mutations spoil them.
const BASES: [&str; 7] = [
    "GET /a/b?c=d HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
    "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello=world",
    "POST /q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "GET http://a/abs HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /old HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    "PUT /x/../y HTTP/1.1\r\nHost: a:80\r\nContent-Length: 0\r\nX-A: b\r\n\r\n",
    "DELETE /%7euser/%41 HTTP/1.1\r\nHost: A\r\nCookie: a=b; c=d\r\n\r\n",
];

const LAST: &str = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// What a mutation puts somewhere.
const PIECES: [&str; 44] = [
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
    "\0",
    " ",
    "\t",
    ":",
    ";",
    ",",
    "%",
    "/",
    ".",
    "..",
    "#",
    "?",
    "@",
    "\\",
    "\"",
    "+",
    "-",
    "_",
    "0",
    "1",
    "A",
    "\u{b}",
    "\u{c}",
    "\u{80}",
    "chunked",
    "%2f",
    "%2e",
    "//",
    "Content-Length: 3\r\n",
    "Content-Length: 11\r\n",
    "Content-Length : 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding:\tchunked\r\n",
    "Host: b\r\n",
    " x: y\r\n",
    "Connection: Content-Length\r\n",
    "Expect: 100-continue\r\n",
    "HTTP/1.0",
    "HTTP/1.1",
    "5\r\n",
];

#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    method: String,
    path: String,
    query: String,
    host: String,
    body: Vec<u8>,
}

/// A source of choices.
struct Choices(SeededRng);

impl Choices {
    fn below(&self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % u64::try_from(bound).unwrap()).unwrap()
    }

    fn stream(&self) -> Vec<u8> {
        let count = 1 + self.below(2);
        let bases = (0..count).map(|_| BASES[self.below(BASES.len())]);
        let mut bytes = bases.collect::<String>().into_bytes();
        for _ in 0..=self.below(3) {
            self.spoil(&mut bytes);
        }
        bytes.extend_from_slice(LAST.as_bytes());
        bytes
    }

    fn spoil(&self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        match self.below(5) {
            0 => drop(bytes.remove(at)),
            1 => {
                let piece = PIECES[self.below(PIECES.len())];
                bytes.splice(at..at, piece.bytes());
            }
            2 => bytes[at] = PIECES[self.below(PIECES.len())].as_bytes()[0],
            // A line more, or one twice, where lines begin.
            choice => {
                let ends: Vec<usize> =
                    (1..bytes.len()).filter(|&at| bytes[at - 1] == b'\n').collect();
                let Some(&at) = ends.get(self.below(ends.len().max(1))) else { return };
                let line: Vec<u8> = if choice == 3 {
                    PIECES[self.below(PIECES.len())].bytes().collect()
                } else {
                    bytes[at..].split_inclusive(|&byte| byte == b'\n').next().unwrap().to_vec()
                };
                bytes.splice(at..at, line);
            }
        }
    }
}

fn decoded(path: &str) -> String {
    let bytes = percent_encoding::percent_decode_str(path).collect::<Vec<u8>>();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One spelling of a host with its port, so that both sides can be compared.
fn one_host(value: &str) -> String {
    let value = value.to_ascii_lowercase();
    let (name, port) = value.split_once(':').unwrap_or((&value, ""));
    format!("{}:{}", name.trim_end_matches('.'), port.trim_start_matches('0'))
}

/// What became of each request of a stream: how the upstream got it, `None` where it was refused.
/// `decided` is the header that holds the path, where there is one.
fn outcome(
    answer: &RawAnswer,
    upstream: &FakeUpstream,
    decided: Option<&str>,
) -> Vec<Option<Reading>> {
    let mut whole = upstream.requests().into_iter().filter(|request| request.is_complete);
    let mut reading = || {
        let request = whole.next()?;
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let path = match decided {
            Some(name) => request.header(name).unwrap_or_default().to_owned(),
            None => decoded(path),
        };
        let host = one_host(&request.headers.get_all("host").join("|"));
        let query = query.to_owned();
        Some(Reading { method: request.method.clone(), path, query, host, body: request.body })
    };
    let statuses = answer.statuses().into_iter().filter(|status| *status >= 200);
    statuses.map(|status| if status == 200 { reading() } else { None }).collect()
}

fn lane(seed: u64) -> usize {
    let choices = Choices(SeededRng::new(seed));
    let behind = || FakeUpstream::answering(Answer::ok("application"));
    let (ours, theirs) = (behind(), behind());
    let gate: MantletProcess =
        gate(&ours, "[guards.limit]\nmode = \"off\"\n[server]\nidle_timeout = \"1s\"\n");
    let nginx = ProxyKind::Nginx.start_with(theirs.address(), "proxy_set_header X-Decided $uri;");
    let mut both = 0;
    for _ in 0..STREAMS {
        let stream = choices.stream();
        ours.clear();
        let answer = wire::send_raw_within(gate.address(), &stream, SILENCE);
        let read_all = outcome(&answer, &ours, None);
        if read_all.iter().all(Option::is_none) {
            continue;
        }
        theirs.clear();
        let mut answer = wire::send_raw_within(nginx.address(), &stream, SILENCE);
        if answer.responses().len() < read_all.len() && answer.ending == Ending::TimedOut {
            theirs.clear();
            answer = wire::send_raw_within(nginx.address(), &stream, PATIENCE);
        }
        let compared = outcome(&answer, &theirs, Some("x-decided"));
        for (at, read) in read_all.iter().enumerate().filter(|(_, read)| read.is_some()) {
            let other = compared.get(at).unwrap_or(&None);
            let is_after_refusal = at >= compared.len() && read_all[..at].contains(&None);
            // nginx closes where both refuse a path; Mantlet goes on with the next clean request.
            if is_after_refusal {
                break;
            }
            if other.is_none() && stream.contains(&b'\t') {
                // RFC 9112 lets tabs stand around a value; nginx takes them for a part of it.
                break;
            }
            assert_eq!(read, other, "{at} of `{}`\n{}", stream.escape_ascii(), answer.text());
            both += 1;
        }
    }
    both
}

#[test]
fn what_is_let_through_is_read_as_nginx_reads_it() {
    if !lacking(&["nginx"]).is_empty() {
        return left_out("the differential test against nginx", "nginx is not installed");
    }
    let both: usize = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|seed| scope.spawn(move || lane(seed))).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).sum()
    });
    assert!(both > STREAMS, "too little came through to mean anything: {both}");
}

/// As `Reading`, of a request whose path has one form alone; `None` for another path.
fn as_hyper_reads(request: &HyperRequest) -> Option<Reading> {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let is_plain = path.starts_with('/')
        && ["%", "//", "/.", "\\", ";", "#"].iter().all(|form| !path.contains(form));
    is_plain.then(|| Reading {
        method: request.method.clone(),
        path: path.to_owned(),
        query: query.to_owned(),
        host: one_host(&request.hosts.join("|")),
        body: request.body.clone(),
    })
}

fn lane_beside_hyper(seed: u64) -> usize {
    let choices = Choices(SeededRng::new(seed));
    let ours = FakeUpstream::answering(Answer::ok("application"));
    let gate: MantletProcess =
        gate(&ours, "[guards.limit]\nmode = \"off\"\n[server]\nidle_timeout = \"1s\"\n");
    let hyper = HyperServer::start();
    let mut both = 0;
    for _ in 0..STREAMS {
        let stream = choices.stream();
        ours.clear();
        let answer = wire::send_raw_within(gate.address(), &stream, SILENCE);
        let read_all = outcome(&answer, &ours, None);
        if read_all.iter().all(Option::is_none) {
            continue;
        }
        let _ = hyper.take();
        let answer = wire::send_raw_within(hyper.address(), &stream, SILENCE);
        let mut whole = hyper.take().into_iter();
        let statuses = answer.statuses().into_iter().filter(|status| *status >= 200);
        let compared: Vec<_> =
            statuses.map(|status| if status == 200 { whole.next() } else { None }).collect();
        for (at, read) in read_all.iter().enumerate() {
            let Some(read) = read else { continue };
            // hyper closes where both refuse; Mantlet goes on with the next clean request.
            if at >= compared.len() && read_all[..at].contains(&None) {
                break;
            }
            let other = compared.get(at).and_then(Option::as_ref);
            let spoken = || format!("{at} of `{}`\n{}", stream.escape_ascii(), answer.text());
            assert!(other.is_some(), "refused: {}", spoken());
            let Some(other) = other else { continue };
            let framed = (&read.method, &read.body);
            assert_eq!(framed, (&other.method, &other.body), "{}", spoken());
            if let Some(other) = as_hyper_reads(other) {
                assert_eq!(*read, other, "{}", spoken());
            }
            both += 1;
        }
    }
    both
}

#[test]
fn what_is_let_through_is_read_as_hyper_reads_it() {
    let both: usize = std::thread::scope(|scope| {
        let lanes = (100..100 + LANES).map(|seed| scope.spawn(move || lane_beside_hyper(seed)));
        let lanes: Vec<_> = lanes.collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).sum()
    });
    assert!(both > STREAMS, "too little came through to mean anything: {both}");
}
