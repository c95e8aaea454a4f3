//! Requests out of a file, one at a time.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek as _};
use std::path::Path;

use serde_json::Value;

use super::har;
use crate::recording::Recorded;

/// The longest line of recorded requests, in bytes.
const LINE_LIMIT: u64 = 8 * 1024 * 1024;
/// The largest HAR file, in bytes: browsers make them by hand, of one visit.
const HAR_LIMIT: u64 = 1024 * 1024 * 1024;
/// How much of a file shows what it is.
const SAMPLE: u64 = 64 * 1024;

/// One request of a file, or what stands in the place of one.
#[derive(Debug)]
pub struct Entry {
    /// Where it stands: `line 12`, or `entry 3, line 88`.
    pub place: String,
    /// How much of the file is read by now, in bytes.
    pub read: u64,
    /// The request, or what is wrong with it.
    pub request: Result<Recorded, String>,
}

/// A file that cannot be read, or not to its end.
#[derive(Debug)]
pub enum SourceError {
    /// The system says no.
    Io(io::Error),
    /// It holds neither recorded requests nor HAR.
    Unknown,
    /// It is HAR up to a place.
    Har(String),
    /// It is larger than is read.
    TooLarge,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Unknown => f.write_str(
                "neither recorded requests nor HAR\n  hint: use what `mantlet recording export` writes, or \"Save all as HAR\" of a browser",
            ),
            Self::Har(error) => write!(f, "not HAR 1.2: {error}"),
            Self::TooLarge => write!(
                f,
                "larger than {} MiB\n  hint: record with `[recording]`, or split the visit",
                HAR_LIMIT >> 20
            ),
        }
    }
}

impl std::error::Error for SourceError {}

impl From<io::Error> for SourceError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Hands every request of the file to `each`, in order. Holds one of them at a time.
///
/// # Errors
/// [`SourceError`]; what came before the place has been handed on.
pub fn read(path: &Path, mut each: impl FnMut(Entry)) -> Result<(), SourceError> {
    let mut file = File::open(path)?;
    let mut sample = Vec::new();
    file.by_ref().take(SAMPLE).read_to_end(&mut sample)?;
    file.rewind()?;
    let is_named =
        |ending: &str| path.extension().is_some_and(|is| is.eq_ignore_ascii_case(ending));
    if is_named("har") || is_har(&sample) {
        if file.metadata()?.len() > HAR_LIMIT {
            return Err(SourceError::TooLarge);
        }
        return har::read(BufReader::with_capacity(64 * 1024, file), &mut each)
            .map_err(SourceError::Har);
    }
    if !is_named("ndjson") && !is_named("jsonl") && !has_lines(&sample) {
        return Err(SourceError::Unknown);
    }
    lines(BufReader::with_capacity(64 * 1024, file), &mut each)?;
    Ok(())
}

/// Whether a file begins like HAR: an object whose first name is `log`.
fn is_har(sample: &[u8]) -> bool {
    let text = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample).trim_ascii_start();
    let inside = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    inside.is_some_and(|inside| inside.starts_with(b"\"log\""))
}

/// Whether the first line that is not empty is an object with a method, or at least begins like one.
fn has_lines(sample: &[u8]) -> bool {
    let mut lines = sample.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let Some(first) = lines.find(|line| !line.is_empty()) else { return true };
    match serde_json::from_slice::<Value>(first) {
        Ok(Value::Object(members)) => members.contains_key("method"),
        Ok(_) => false,
        Err(_) => first.starts_with(b"{\""),
    }
}

fn lines(mut file: BufReader<File>, each: &mut impl FnMut(Entry)) -> io::Result<()> {
    let (mut line, mut number, mut read) = (Vec::new(), 0_u64, 0_u64);
    loop {
        line.clear();
        let mut size = file.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line)? as u64;
        if size == 0 {
            return Ok(());
        }
        let is_cut = size == LINE_LIMIT && !line.ends_with(b"\n");
        if is_cut {
            size = size.saturating_add(file.skip_until(b'\n')? as u64);
        }
        number = number.saturating_add(1);
        read = read.saturating_add(size);
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let request = if is_cut {
            Err(format!("longer than {} MiB", LINE_LIMIT >> 20))
        } else {
            Recorded::parse(text)
        };
        each(Entry { place: format!("line {number}"), read, request });
    }
}
