//! Looks for slow inputs: `slow RULES_DIR SETUP_FILE CASES_DIR [SECONDS]`. Requests of 100 KB are made of
//! pieces of the rule set's own cases, repeated, in every place a value can stand; those that take
//! longest are changed further. Prints the slowest with their CPU time in milliseconds and how they
//! ended.

#![expect(clippy::print_stdout, reason = "a measuring program prints its figures")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mantlet_waf::ftw::{Cases, Request, load_rules};
use mantlet_waf::{Limits, Outcome, RuleSet};
use rustix::time::{ClockId, clock_gettime};

/// How large a request is.
const SIZE_BYTES: usize = 100_000;

/// How many of the slowest are kept and changed.
const KEPT: usize = 24;

/// How long the search takes when nothing is said.
const SECONDS: u64 = 60;

/// A request that was measured.
struct Measured {
    time: Duration,
    outcome: Outcome,
    place: usize,
    piece: Vec<u8>,
}

struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound.max(1)
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn repeated(piece: &[u8], length: usize) -> Vec<u8> {
    piece.iter().copied().cycle().take(length).collect()
}

/// Every place a value can stand, with its content type.
const PLACES: [(&str, &str); 8] = [
    ("value", "application/x-www-form-urlencoded"),
    ("many values", "application/x-www-form-urlencoded"),
    ("many names", "application/x-www-form-urlencoded"),
    ("query", ""),
    ("cookie", ""),
    ("json", "application/json"),
    ("xml", "text/xml"),
    ("multipart", "multipart/form-data; boundary=B"),
];

fn encoded(piece: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    let one = |byte: &u8| {
        if plain(byte) { vec![*byte] } else { format!("%{byte:02x}").into_bytes() }
    };
    piece.iter().flat_map(one).collect()
}

fn request(place: usize, piece: &[u8]) -> Request {
    let (name, content_type) = PLACES.get(place).copied().unwrap_or_default();
    let long = || repeated(piece, SIZE_BYTES);
    let body = match name {
        "value" => [b"a=", encoded(piece).repeat(SIZE_BYTES / piece.len()).as_slice()].concat(),
        "many values" => [b"a=", encoded(piece).as_slice(), b"&"].concat().repeat(900),
        "many names" => [encoded(piece).as_slice(), b"=1&"].concat().repeat(900),
        "json" => serde_json::json!({ "a": String::from_utf8_lossy(&long()) }).to_string().into(),
        "xml" => [b"<a>", long().as_slice(), b"</a>"].concat(),
        "multipart" => [
            b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n",
            long().as_slice(),
            b"\r\n--B--\r\n",
        ]
        .concat(),
        _ => Vec::new(),
    };
    let header = |name: &str, value: Vec<u8>| (name.as_bytes().to_vec(), value);
    let mut headers = vec![
        header("Host", b"example.com".to_vec()),
        header("User-Agent", b"Mozilla/5.0".to_vec()),
        header("Accept", b"*/*".to_vec()),
    ];
    let mut target = b"/index.html".to_vec();
    match name {
        "query" => target.extend([b"?a=", encoded(&long()).as_slice()].concat()),
        "cookie" => headers.push(header("Cookie", [b"a=", long().as_slice()].concat())),
        _ => {
            headers.push(header("Content-Type", content_type.into()));
            headers.push(header("Content-Length", body.len().to_string().into()));
        }
    }
    let method = if body.is_empty() { "GET" } else { "POST" };
    Request { method: method.into(), target, protocol: b"HTTP/1.1".to_vec(), headers, body }
}

fn measure(rules: &Arc<RuleSet>, place: usize, piece: Vec<u8>) -> Measured {
    let request = request(place, &piece);
    let run = || {
        let start = cpu_time();
        let outcome = request.inspect(rules, Limits::default()).outcome;
        (cpu_time() - start, outcome)
    };
    // The better of two: the first one may build automata.
    let (first, outcome) = run();
    let time = if first > Duration::from_millis(5) { first.min(run().0) } else { first };
    Measured { time, outcome, place, piece }
}

/// The texts of the cases: what stands in them as a whole, and pieces of it.
fn pieces(cases: &Path) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let cases = Cases::load(cases, None).map_err(|error| error.to_string())?;
    let texts = cases.requests().flat_map(|(_, request)| {
        let mut all = vec![request.target, request.body];
        all.extend(request.headers.into_iter().map(|(_, value)| value));
        all
    });
    let mut all: Vec<Vec<u8>> = texts.filter(|text| text.len() > 3 && text.len() < 400).collect();
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn changed(piece: &[u8], pieces: &[Vec<u8>], choices: &mut Choices) -> Vec<u8> {
    let mut changed = piece.to_vec();
    let at = choices.below(changed.len());
    match choices.below(5) {
        0 => changed.truncate(at.max(1)),
        1 => drop(changed.drain(..at)),
        2 => changed.extend(pieces.get(choices.below(pieces.len())).into_iter().flatten()),
        3 => changed.insert(at, u8::try_from(choices.below(256)).unwrap_or_default()),
        _ => {
            if let Some(byte) = changed.get_mut(at) {
                *byte = u8::try_from(32 + choices.below(95)).unwrap_or_default();
            }
        }
    }
    changed.truncate(2_000);
    if changed.is_empty() { piece.to_vec() } else { changed }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, rules, setup, cases, rest @ ..] = arguments.as_slice() else {
        return Err("usage: slow RULES_DIR SETUP_FILE CASES_DIR [SECONDS]".into());
    };
    let seconds = rest.first().map_or(Ok(SECONDS), |text| text.parse())?;
    let rules = load_rules(Path::new(rules), Some(Path::new(setup)))
        .map_err(|problems| format!("{} problems in the rules", problems.len()))?;
    let pieces = pieces(Path::new(cases))?;
    let mut choices = Choices(1);
    let mut slowest: Vec<Measured> = Vec::new();
    let mut count = 0_u32;
    let end = cpu_time() + Duration::from_secs(seconds);
    while cpu_time() < end {
        count += 1;
        let known = (count.is_multiple_of(2)).then(|| slowest.get(choices.below(slowest.len())));
        let (place, piece) = match known.flatten() {
            Some(known) => (known.place, changed(&known.piece, &pieces, &mut choices)),
            None => {
                let piece = pieces.get(choices.below(pieces.len())).cloned().unwrap_or_default();
                (choices.below(PLACES.len()), piece)
            }
        };
        slowest.push(measure(&rules, place, piece));
        slowest.sort_by_key(|measured| std::cmp::Reverse(measured.time));
        slowest.truncate(KEPT);
    }
    println!("{count} requests of {SIZE_BYTES} bytes");
    for measured in &slowest {
        let place = PLACES.get(measured.place).map_or("", |(name, _)| *name);
        let piece = measured.piece.get(..120).unwrap_or(&measured.piece).escape_ascii();
        println!(
            "{:.1} {} {place} {piece}",
            measured.time.as_secs_f64() * 1e3,
            match &measured.outcome {
                Outcome::OverBudget(budget) => budget.name(),
                Outcome::Pass => "pass",
                Outcome::Interrupted(_) => "interrupted",
            }
        );
    }
    Ok(())
}
