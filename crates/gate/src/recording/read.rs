//! The records back, whatever a crash left behind.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use mantlet_crypto::{Key, RootKey, open};
use mantlet_types::Timestamp;

use super::Recorded;
use super::ring::{HEAD, MAGIC, RECORD_LIMIT, context, files, key};

/// The rings of a recording: what was refused cannot push out what passed.
pub(super) const RINGS: [&str; 2] = ["refused", "passed"];

/// What was found in a recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadReport {
    /// Requests that were read.
    pub requests: u64,
    /// Records that were not whole, or do not open; of a crash there is one at most.
    pub damaged: u64,
    /// Files that another key sealed.
    pub foreign: u64,
    /// The size of all files, in bytes.
    pub bytes: u64,
}

/// Reads every request in `folder` that came after `oldest`, one at a time: those that were refused,
/// then those that passed, each in their order.
///
/// # Errors
/// When the folder or a file cannot be read. A folder that is not there holds nothing.
pub fn read(
    folder: &Path,
    root: &RootKey,
    oldest: Timestamp,
    mut each: impl FnMut(Recorded),
) -> io::Result<ReadReport> {
    let mut report = ReadReport::default();
    for ring in RINGS {
        let paths = match files(folder, ring) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(report),
            paths => paths?,
        };
        for path in paths {
            match File::open(&path) {
                // The ring removed it while we looked.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                file => read_file(file?, root, oldest, &mut report, &mut each)?,
            }
        }
    }
    Ok(report)
}

fn read_file(
    file: File,
    root: &RootKey,
    oldest: Timestamp,
    report: &mut ReadReport,
    each: &mut impl FnMut(Recorded),
) -> io::Result<()> {
    report.bytes = report.bytes.saturating_add(file.metadata()?.len());
    let mut file = BufReader::with_capacity(64 * 1024, file);
    let Some(id) = head(&mut file, root)? else {
        report.foreign = report.foreign.saturating_add(1);
        return Ok(());
    };
    let key = key(root, &id);
    let mut number = 0;
    loop {
        match next(&mut file)? {
            Next::End => return Ok(()),
            Next::Torn => {
                report.damaged = report.damaged.saturating_add(1);
                return Ok(());
            }
            Next::Record(sealed) => match opened(&key, number, &sealed) {
                Some(request) if is_since(&request, oldest) => {
                    report.requests = report.requests.saturating_add(1);
                    each(request);
                }
                Some(_) => {}
                None => report.damaged = report.damaged.saturating_add(1),
            },
        }
        number = number.saturating_add(1);
    }
}

fn opened(key: &Key, number: u64, sealed: &[u8]) -> Option<Recorded> {
    Recorded::parse(&open(key, &context(number), sealed).ok()?).ok()
}

fn is_since(request: &Recorded, oldest: Timestamp) -> bool {
    request.at.parse::<Timestamp>().is_ok_and(|at| at >= oldest)
}

/// The name of a file that this key sealed; `None` for others.
fn head(file: &mut BufReader<File>, root: &RootKey) -> io::Result<Option<[u8; 16]>> {
    let mut head = [0; HEAD];
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let ours = [MAGIC.as_slice(), root.fingerprint().as_bytes()].concat();
    Ok(head.strip_prefix(ours.as_slice()).and_then(|id| <[u8; 16]>::try_from(id).ok()))
}

enum Next {
    Record(Vec<u8>),
    /// The last record is not whole, or what stands there is no record.
    Torn,
    End,
}

fn next(file: &mut BufReader<File>) -> io::Result<Next> {
    let mut length = [0; 4];
    let mut got = Vec::new();
    file.by_ref().take(4).read_to_end(&mut got)?;
    if got.is_empty() {
        return Ok(Next::End);
    }
    if got.len() < length.len() {
        return Ok(Next::Torn);
    }
    length.copy_from_slice(&got);
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > RECORD_LIMIT {
        return Ok(Next::Torn);
    }
    let mut sealed = Vec::new();
    file.by_ref().take(length as u64).read_to_end(&mut sealed)?;
    Ok(if sealed.len() == length { Next::Record(sealed) } else { Next::Torn })
}

/// How many records a file holds, whoever sealed it.
pub(super) fn count(path: &Path) -> io::Result<u64> {
    let mut file = BufReader::with_capacity(64 * 1024, File::open(path)?);
    io::copy(&mut file.by_ref().take(HEAD as u64), &mut io::sink())?;
    let mut number = 0_u64;
    while let Next::Record(_) = next(&mut file)? {
        number = number.saturating_add(1);
    }
    Ok(number)
}
