//! Latency at a steady rate by `h2load`, which sends on time whether or not answers come.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::interrupt::Interrupt;
use super::peer::Kind;
use crate::Outcome;
use crate::process::Background;

/// Connections that share the rate.
const CONNECTIONS: u32 = 32;

/// The 99th percentile of one slice at a steady rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Steady {
    /// `None` for the application itself, without a proxy.
    pub(super) kind: Option<Kind>,
    /// In microseconds.
    pub(super) p99: f64,
}

/// Asks `url` at `rate` requests per second for `seconds`, from core 1. The 99th percentile in
/// microseconds; an error when any request failed.
pub(super) fn run(
    url: &str,
    rate: f64,
    seconds: u32,
    folder: &Path,
    interrupt: &Interrupt,
) -> Outcome<f64> {
    let log = folder.join("h2load.log");
    // It appends.
    let _ = fs::remove_file(&log);
    let each = (rate / f64::from(CONNECTIONS)).max(1.0).floor();
    let mut command = Command::new("taskset");
    command
        .args(["-c", "1", "h2load", "--h1", "-t1"])
        .args([format!("-c{CONNECTIONS}"), format!("--rps={each}"), format!("-D{seconds}")])
        .arg(format!("--log-file={}", log.display()))
        .arg(url)
        .stdout(std::process::Stdio::null());
    let mut program = Background::start("h2load", &mut command)?;
    let limit = Duration::from_secs(u64::from(seconds) + 20);
    interrupt.wait_for("h2load", limit, || program.ended())?;
    let text = fs::read_to_string(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    percentile(&text)
}

/// The 99th percentile of the third column: start, status, microseconds.
fn percentile(text: &str) -> Outcome<f64> {
    let mut times = Vec::new();
    for line in text.lines() {
        let mut columns = line.split('\t').skip(1);
        let (status, time) = (columns.next(), columns.next());
        if status != Some("200") {
            return Err(format!("a request failed: {line}"));
        }
        let time: f64 = time
            .and_then(|time| time.parse().ok())
            .ok_or_else(|| format!("h2load wrote an odd line: {line}"))?;
        times.push(time);
    }
    times.sort_by(f64::total_cmp);
    let place = times.len() * 99 / 100;
    times.get(place).copied().ok_or_else(|| "h2load got no answer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_that_of_the_third_column() {
        let text: String = (1..=200).map(|time| format!("17\t200\t{time}\n")).collect();
        assert_eq!(percentile(&text), Ok(199.0));
        assert!(percentile("17\t502\t3\n").unwrap_err().contains("failed"));
        assert!(percentile("").is_err());
    }
}
