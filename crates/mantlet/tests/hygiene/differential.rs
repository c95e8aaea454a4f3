//! The same bytes to Mantlet and to nginx, or to hyper's own server: what both let through, both read
//! alike, and what Mantlet lets through the other does not refuse.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection, Headers, Response};
use mantlet_testkit::{
    Answer, FakeUpstream, HyperServer, MantletProcess, ProxyKind, SeededRng, lacking, left_out,
};
use mantlet_types::Rng;
use serde_json::Value;

use crate::common::gate;

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
    body: String,
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

impl Reading {
    /// How the server behind read a request, as its answer says. `decided` is the header that holds
    /// the path, where there is one.
    fn told_by(answer: &Response, decided: Option<&str>) -> Self {
        let told = answer.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let fields = told["headers"].as_array().unwrap().iter();
        let headers: Headers = fields.map(|field| (text(&field[0]), text(&field[1]))).collect();
        let values = |name: &str| headers.get_all(name).join("|");
        let target = text(&told["target"]);
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        Self {
            method: text(&told["method"]),
            path: decided.map_or_else(|| decoded(path), values),
            query: query.to_owned(),
            host: one_host(&values("host")),
            body: text(&told["body"]),
        }
    }
}

/// Settings under which only how requests are read decides.
const SETTINGS: &str = "[guards.limit]\nmode = \"off\"\n[server]\nidle_timeout = \"1s\"\n";

/// The next stream, and what became of its requests up to the last that Mantlet let through: how the
/// server behind read each, `None` for those that were refused.
fn let_through(choices: &Choices, gate: &MantletProcess) -> (Vec<u8>, Vec<Option<Reading>>) {
    let stream = choices.stream();
    let mut answers = wire::send_raw_within(gate.address(), &stream, SILENCE).responses();
    answers.retain(|answer| answer.status >= 200);
    let came_through = |answer: &Response| answer.status == 200 && answer.is_complete;
    let count = answers.iter().rposition(came_through).map_or(0, |last| last + 1);
    let read = |answer| came_through(answer).then(|| Reading::told_by(answer, None));
    (stream, answers[..count].iter().map(read).collect())
}

/// The answers of a server to a stream, at most `most`.
fn ask(address: SocketAddr, stream: &[u8], most: usize) -> Vec<Response> {
    let mut connection = Connection::open(address).unwrap();
    // A server may refuse and close while the rest is still being sent: what it said counts.
    let _ = connection.write(stream);
    (0..most).map_while(|_| connection.read_response().ok()).collect()
}

/// Compares what Mantlet lets through of many streams with what the server at `address` answers;
/// returns how many requests both read. `is_alike` judges one request: `None` ends its stream.
fn compare(
    seed: u64,
    address: SocketAddr,
    is_alike: impl Fn(&[u8], &Reading, Option<&Response>) -> Option<bool>,
) -> usize {
    let choices = Choices(SeededRng::new(seed));
    let ours = FakeUpstream::answering(Answer::Echo);
    let gate = gate(&ours, SETTINGS);
    let mut both = 0;
    for _ in 0..STREAMS {
        let (stream, read_all) = let_through(&choices, &gate);
        let answers = ask(address, &stream, read_all.len());
        for (at, read) in read_all.iter().enumerate() {
            let Some(read) = read else { continue };
            let answer = answers.get(at);
            // Others close where both refuse; Mantlet goes on with the next clean request.
            if answer.is_none() && read_all[..at].contains(&None) {
                break;
            }
            let Some(is_alike) = is_alike(&stream, read, answer) else { break };
            assert!(is_alike, "{at} of `{}`\n{read:?}\n{answer:?}", stream.escape_ascii());
            both += 1;
        }
    }
    both
}

fn in_lanes(seeds: Range<u64>, lane: fn(u64) -> usize) {
    let both: usize = std::thread::scope(|scope| {
        let lanes: Vec<_> = seeds.map(|seed| scope.spawn(move || lane(seed))).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).sum()
    });
    assert!(both > STREAMS, "too little came through to mean anything: {both}");
}
fn beside_nginx(seed: u64) -> usize {
    let behind = FakeUpstream::answering(Answer::Echo);
    let nginx = ProxyKind::Nginx.start_with(behind.address(), "proxy_set_header X-Decided $uri;");
    compare(seed, nginx.address(), |stream, read, answer| {
        let other = answer.filter(|answer| answer.status == 200);
        // RFC 9112 lets tabs stand around a value; nginx takes them for a part of it.
        if other.is_none() && stream.contains(&b'\t') {
            return None;
        }
        Some(other.is_some_and(|other| Reading::told_by(other, Some("x-decided")) == *read))
    })
}

#[test]
fn what_is_let_through_is_read_as_nginx_reads_it() {
    if !lacking(&["nginx"]).is_empty() {
        return left_out("the differential test against nginx", "nginx is not installed");
    }
    in_lanes(0..LANES, beside_nginx);
}

fn beside_hyper(seed: u64) -> usize {
    let hyper = HyperServer::start();
    compare(seed, hyper.address(), |_, read, answer| {
        let Some(answer) = answer.filter(|answer| answer.status == 200) else { return Some(false) };
        let other = Reading::told_by(answer, None);
        // A path with several forms comes as it was sent, and the authority of an absolute target
        // is no `Host`.
        let target = answer.json()["target"].to_string();
        let has_one_form = target.starts_with("\"/")
            && ["%", "//", "/.", "\\", ";", "#"].iter().all(|form| !target.contains(form));
        let framed = (&read.method, &read.body) == (&other.method, &other.body);
        Some(framed && (!has_one_form || *read == other))
    })
}

#[test]
fn what_is_let_through_is_read_as_hyper_reads_it() {
    in_lanes(100..100 + LANES, beside_hyper);
}
