use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use mantlet_config::{Environment, Layers, load, section};
use mantlet_types::{SystemClock, SystemRng};

use super::guard::Waf;
use super::looker::Looker;
use super::*;
use crate::coding::{Fault, unpacked};
use crate::pipeline::{Denial, Guard, Inspection, Verdict, sample};

section! {
    struct Root {
        waf: WafSection = WafSection::default(),
    }
}

/// The guard under these settings, and what is wrong with them.
fn guard(settings: &str) -> (Waf, Vec<String>) {
    let text = format!("[waf]\n{settings}");
    let layers = Layers::new(Environment::default()).text("mantlet.toml", text);
    let loaded = load(&layers, |root: &Root, reader| root.waf.check("waf", reader));
    let problems = loaded.problems.iter().map(|problem| problem.message.clone()).collect();
    let section = loaded.config.map(|root| root.waf).unwrap_or_default();
    (Waf(Arc::new(Looker::new(&section, &services()))), problems)
}

fn services() -> Services {
    let counters = Arc::new(mantlet_limit::MemoryCounters::new(10));
    let blocking = Arc::new(mantlet_testkit::FakeBlocking::new(Arc::new(SystemClock::new())));
    Services::new(Arc::new(SystemClock::new()), Arc::new(SystemRng), counters, blocking)
}

fn denied(verdict: Inspection<'_>) -> Option<Denial> {
    match verdict {
        Inspection::Ready(Ok(Verdict::Deny(denial))) => Some(*denial),
        Inspection::Ready(Ok(Verdict::Pass)) => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_that_cannot_be_meant_are_told() {
    for (settings, expected) in [
        ("threshold = 0", "`0` is out of range"),
        ("threshold = 101", "`101` is out of range"),
        ("decoded_limit = 1", "`1B` is out of range"),
        ("paranoia = 5", "`5` is out of range"),
        ("paranoia = 2", "without `rules` this has no effect"),
        ("native = false", "without `rules` nothing would look"),
        ("[[waf.exceptions]]\nrule = \"x\"", "`x` is not the number of a rule"),
        ("[[waf.exceptions]]\nparameter = \"a\"", "the exception does not say from what"),
        ("[[waf.exceptions]]\nclass = \"sql\"", "`sql` is not a class of attacks"),
        (
            "[[waf.exceptions]]\nclass = \"sqli\"\nplace = \"args\"",
            "`args` is not a part of a request",
        ),
        ("[[waf.exceptions]]\nclass = \"sqli\"\nparameter = \"\"", "the name is empty"),
        (
            "[[waf.exceptions]]\nclass = \"sqli\"",
            "the exception holds for every value of a request",
        ),
    ] {
        let problems = guard(settings).1;
        assert!(problems.iter().any(|problem| problem == expected), "{settings}: {problems:?}");
    }
    let fine = "threshold = 80\n[[waf.exceptions]]\nclass = \"sqli\"\nparameter = \"items.*.text\"";
    assert_eq!(guard(fine).1, [""; 0]);
}

#[test]
fn a_refusal_says_what_was_found_where_and_keeps_secrets() {
    let (waf, _) = guard("");
    let mut exchange = sample::exchange();
    exchange.query = Some("id=1%2527%20or%201%3D1--%20-".into());
    let denial = denied(waf.inspect(&exchange)).expect("an attack");
    let finding = denial.findings().first().expect("a finding");
    assert_eq!((finding.place.as_ref(), finding.name.as_str()), ("query", "id"));
    assert_eq!(finding.decoding, "url");
    assert!(!finding.evidence.is_empty() && finding.score >= 60, "{finding:?}");
    exchange.query = Some("password=1%27%20or%201%3D1--%20-".into());
    let denial = denied(waf.inspect(&exchange)).expect("an attack");
    assert_eq!(denial.findings()[0].evidence, "[withheld]");
}

#[test]
fn a_threshold_lets_pass_what_is_less_sure() {
    let mut exchange = sample::exchange();
    exchange.query = Some("id=1%27%20or%201%3D1--%20-".into());
    let sure = denied(guard("").0.inspect(&exchange)).expect("an attack").findings()[0].score;
    let above = format!("threshold = {}", sure + 1);
    if sure < 100 {
        assert!(denied(guard(&above).0.inspect(&exchange)).is_none());
    }
}

#[test]
fn compressed_bodies_are_unpacked_within_their_bounds() {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    let headers = |coding: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("content-encoding", HeaderValue::from_static(coding));
        headers
    };
    let gzip = |text: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    };
    let text = b"{\"id\":\"1' or 1=1-- -\"}".repeat(100);
    assert_eq!(unpacked(&headers("gzip"), &gzip(&text), 1 << 20).unwrap(), text);
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&text).unwrap();
    assert_eq!(unpacked(&headers("deflate"), &zlib.finish().unwrap(), 1 << 20).unwrap(), text);
    assert_eq!(unpacked(&HeaderMap::new(), b"x", 1).unwrap(), &b"x"[..]);
    let bomb = gzip(&vec![b'a'; 8 << 20]);
    assert_eq!(unpacked(&headers("gzip"), &bomb, 1 << 30), Err(Fault::TooLarge), "ratio");
    assert_eq!(unpacked(&headers("gzip"), &gzip(&text), 100), Err(Fault::TooLarge), "limit");
    let half = gzip(&text);
    let half = half.get(..half.len() / 2).unwrap();
    assert_eq!(unpacked(&headers("gzip"), half, 1 << 20), Err(Fault::Broken));
    assert_eq!(unpacked(&headers("gzip, br"), b"x", 1 << 20), Err(Fault::Unknown));
}

#[test]
fn doubt_can_be_let_pass() {
    let mut exchange = sample::exchange();
    exchange.headers.insert("content-encoding", HeaderValue::from_static("rot13"));
    assert!(denied(guard("").0.inspect_body(&exchange, b"x")).is_some());
    let lenient = guard("unreadable = \"pass\"").0;
    assert!(denied(lenient.inspect_body(&exchange, b"x")).is_none());
    exchange.headers.clear();
    exchange.query = Some("a=b&".repeat(20_000));
    let denial = denied(guard("").0.inspect(&exchange)).expect("too much");
    assert_eq!(denial.evidence.as_deref(), Some("too much: parameters"));
    assert!(denied(guard("over_budget = \"pass\"").0.inspect(&exchange)).is_none());
}

#[test]
fn a_plain_request_costs_few_allocations() {
    let (waf, _) = guard("");
    let mut exchange = sample::exchange();
    exchange.query = Some("page=2&sort=price".into());
    for (name, value) in [
        ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"),
        ("accept-language", "en-GB,en;q=0.5"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
        ("cookie", "session=9f8a7b6c5d4e3f2a1b0c; theme=dark"),
    ] {
        exchange.headers.insert(name, HeaderValue::from_static(value));
    }
    let _ = waf.inspect(&exchange);
    let counted = allocation_counter::measure(|| drop(waf.inspect(&exchange)));
    assert!(counted.count_total <= 1, "{counted:?}");
}
