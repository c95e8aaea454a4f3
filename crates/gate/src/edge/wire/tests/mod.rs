//! Bytes in, requests or a violation out.

mod body;
mod heads;
mod splits;

use std::time::Duration;

use ::bytes::Bytes;

use super::reading::Reading;
use super::{Kind, Rules, Violation};

pub(in crate::edge) fn rules() -> Rules {
    Rules {
        head_limit: 1024,
        target_limit: 256,
        header_count_limit: 16,
        head_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(60),
        discard_limit: 100_000,
        discard_timeout: Duration::from_secs(5),
    }
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Clean,
    Refused(Kind),
    Broken(Kind),
    Left,
}

/// What was taken of a stream, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    passed: Vec<u8>,
    end: End,
}

fn seen_in(bytes: &[u8], sizes: &[usize]) -> Seen {
    let reading = Reading::of(bytes, sizes, &rules());
    let end = match reading.violation.as_ref().map(Violation::kind) {
        Some(kind) if reading.body.is_some() => End::Broken(kind),
        Some(kind) => End::Refused(kind),
        None if reading.leaves_http => End::Left,
        None => End::Clean,
    };
    Seen { passed: bytes[..reading.passed].to_vec(), end }
}

/// Reads the stream in one piece, byte by byte, and in small pieces; all must agree.
fn seen(bytes: &[u8]) -> Seen {
    let whole = seen_in(bytes, &[bytes.len()]);
    assert_eq!(whole, seen_in(bytes, &[1]), "byte by byte");
    assert_eq!(whole, seen_in(bytes, &[7, 5]), "in small pieces");
    whole
}

/// The violation that ends a stream.
#[track_caller]
fn violation_of(bytes: impl AsRef<[u8]>) -> Violation {
    let bytes = bytes.as_ref();
    let reading = Reading::of(bytes, &[bytes.len()], &rules());
    reading.violation.unwrap_or_else(|| panic!("`{}` passes", bytes.escape_ascii()))
}

#[track_caller]
fn passes(bytes: impl AsRef<[u8]>) {
    let bytes = bytes.as_ref();
    let seen = seen(bytes);
    assert_eq!(seen.end, End::Clean, "`{}`", bytes.escape_ascii());
    assert_eq!(seen.passed, bytes);
}

#[track_caller]
fn is_refused(bytes: impl AsRef<[u8]>, kind: Kind) {
    let bytes = bytes.as_ref();
    let seen = seen(bytes);
    assert_eq!(seen.end, End::Refused(kind), "`{}`", bytes.escape_ascii());
    assert_eq!(seen.passed, b"", "nothing of a refused head passes");
}
