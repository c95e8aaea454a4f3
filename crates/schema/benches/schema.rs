//! What checking one request costs on one core: `cargo bench -p mantlet-schema`.

use std::hint::black_box;
use std::io::Write;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use mantlet_schema::{Contract, Found, Head, Options, parse};
use mantlet_types::{Clock as _, SystemClock};

const ROUNDS: u32 = 20_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let document = parse(include_bytes!("../../../examples/samo/openapi.json"))?;
    let contract = Contract::from_openapi(&document, &Options::default());
    let contract = contract.map_err(|problems| format!("{problems:?}"))?;
    let short = r#"{"text": "I don't know why, but today I am glad", "threshold": 0.4}"#.to_owned();
    let text = "It rained all day and it didn't matter. ".repeat(100);
    let long = format!(r#"{{"text": "{text}", "threshold": 0.4}}"#);
    let batch = format!(r#"{{"texts": [{}"x"]}}"#, r#""a text of the batch", "#.repeat(99));
    let wrong = r#"{"text": "", "threshold": 4}"#.to_owned();
    let mut out = std::io::stdout().lock();
    for (name, line, body) in [
        ("health, no parameters", "GET /health", ""),
        ("search, three parameters", "GET /journal?q=rain&limit=5&emotion=joy", ""),
        ("analysis, 67 bytes", "POST /analyze", short.as_str()),
        ("analysis, 4 KB", "POST /analyze", &long),
        ("batch of 100 texts", "POST /analyze/batch", &batch),
        ("analysis that is refused", "POST /analyze", &wrong),
    ] {
        let clock = SystemClock::new();
        let begun = clock.monotonic();
        for _ in 0..ROUNDS {
            black_box(judge(&contract, black_box(line), black_box(body.as_bytes())));
        }
        let took = clock.monotonic().since(begun) / ROUNDS;
        writeln!(out, "{name:28} {took:>10.2?}")?;
    }
    Ok(())
}

/// Whether the request passes, as the guard asks.
fn judge(contract: &Contract, line: &str, body: &[u8]) -> bool {
    let (method, target) = line.split_once(' ').unwrap_or_default();
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let method = if method == "GET" { Method::GET } else { Method::POST };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let Found::Operation(operation, captures) = contract.find(&method, path) else { return false };
    operation.judge_head(Head { query, headers: &headers }, captures.iter()).is_ok()
        && operation.judge_body(&method, &headers, body).is_ok()
}
