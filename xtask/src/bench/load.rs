//! One slice of load by `wrk`, with its result read back.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::interrupt::Interrupt;
use super::peer::write;
use super::upstream::{Ask, UPLOAD};
use crate::Outcome;
use crate::process::Background;

/// Keep-alive connections held open by the load.
pub(super) const CONNECTIONS: u32 = 64;

/// What makes wrk send uploads.
const POST: &str = "wrk.method = 'POST'\nwrk.body = string.rep('x', @BYTES@)\nwrk.headers['Content-Type'] = 'application/octet-stream'\n";

/// What a browser sends with the requests of a page.
const BROWSER: [&str; 10] = [
    "Host: shop.example",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept: application/json, text/plain, */*",
    "Accept-Language: en-US,en;q=0.5",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Referer: http://shop.example/catalogue?page=1",
    "Cookie: session=7d1f0b5c9e2a4f60b8a3c1d5e7f90246; theme=dark; seen=42",
    "Sec-Fetch-Dest: empty",
    "Sec-Fetch-Mode: cors",
    "Sec-Fetch-Site: same-origin",
];

/// What one slice measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Load {
    pub(super) requests: f64,
    pub(super) per_second: f64,
    /// The 99th percentile of latency as wrk prints it, such as `3.05ms`.
    pub(super) p99: String,
}

/// Loads `url` for `seconds` from core 1, asking in this way, with one more header field. An error when any request failed: a
/// proxy that refuses is not a fast proxy.
pub(super) fn run(
    (url, field): (&str, Option<&str>),
    ask: Ask,
    seconds: u32,
    folder: &Path,
    interrupt: &Interrupt,
) -> Outcome<Load> {
    let log = folder.join("wrk.txt");
    let file = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut command = Command::new("taskset");
    command
        .args(["-c", "1", "wrk", "-t1", "--latency", "--timeout", "30s"])
        .args([format!("-c{CONNECTIONS}"), format!("-d{seconds}s")])
        .stdout(file);
    match ask {
        Ask::Get | Ask::Tls => {}
        Ask::NewTls => {
            command.args(["-H", "Connection: close"]);
        }
        Ask::Browser => {
            for field in BROWSER {
                command.args(["-H", field]);
            }
        }
        Ask::Post => {
            let script = folder.join("post.lua");
            write(&script, &POST.replace("@BYTES@", &UPLOAD.to_string()))?;
            command.arg("-s").arg(script);
        }
    }
    if let Some(field) = field {
        command.args(["-H", field]);
    }
    command.arg(url);
    let mut wrk = Background::start("wrk", &mut command)?;
    let limit = Duration::from_secs(u64::from(seconds) + 20);
    interrupt.wait_for("wrk", limit, || wrk.ended())?;
    let text = fs::read_to_string(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    parse(&text)
}

fn parse(text: &str) -> Outcome<Load> {
    let line_with = |word: &str| text.lines().map(str::trim).find(|line| line.contains(word));
    for failure in ["Socket errors", "Non-2xx or 3xx responses"] {
        if let Some(line) = line_with(failure) {
            return Err(format!("the load met failures: {line}"));
        }
    }
    let requests = line_with(" requests in ").and_then(|line| line.split(' ').next()?.parse().ok());
    let per_second =
        line_with("Requests/sec:").and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    let p99 = line_with("99%").and_then(|line| line.split_whitespace().nth(1));
    match (requests, per_second, p99) {
        (Some(requests), Some(per_second), Some(p99)) if requests > 0.0 => {
            Ok(Load { requests, per_second, p99: p99.to_owned() })
        }
        _ => Err(format!("wrk printed no result:\n{text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Running 3s test @ http://127.0.0.1:1/\n  1 threads and 64 connections\n  Latency Distribution\n     50%    1.10ms\n     99%    3.05ms\n  90210 requests in 3.01s, 98.00MB read\nRequests/sec:  29970.10\nTransfer/sec:     32.56MB\n";

    #[test]
    fn counts_rate_and_latency_are_read() {
        let expected = Load { requests: 90210.0, per_second: 29970.1, p99: "3.05ms".to_owned() };
        assert_eq!(parse(TEXT), Ok(expected));
    }

    #[test]
    fn failed_requests_spoil_the_slice() {
        let refused = format!("{TEXT}  Non-2xx or 3xx responses: 12\n");
        assert!(parse(&refused).unwrap_err().contains("responses: 12"));
        assert!(parse("").is_err());
    }
}
