//! Files of sealed records. The newest is written, the oldest go; a file is never changed once the
//! next one has begun.
//!
//! ```text
//! MANTLETREC1\n                      12 bytes
//! fingerprint of the key             16 bytes of text
//! random name of the file            16 bytes
//! length, record; length, record …    length: 4 bytes, little endian; record: nonce, text, tag
//! ```
//! Each record is sealed with a key of its file alone, and with its number in it: it opens nowhere
//! else. What a crash leaves is a last record that is not whole; the next start begins a new file.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mantlet_crypto::{Key, OVERHEAD, RootKey, seal};
use mantlet_types::{Rng, Timestamp};

pub(super) const MAGIC: &[u8; 12] = b"MANTLETREC1\n";
pub(super) const HEAD: usize = MAGIC.len() + 16 + 16;
/// The largest record, sealed: a body and a head at their largest, and room for JSON.
pub(super) const RECORD_LIMIT: usize = 8 * 1024 * 1024;
/// Files of one ring: more are small ones of many short runs.
const FILES: u64 = 16;
/// What a file's name ends with.
const EXTENSION: &str = "rec";

/// What bounds a ring.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) bytes: u64,
    pub(super) records: u64,
    pub(super) age: Duration,
}

/// One ring of files: those whose names begin with its name.
#[derive(Debug)]
pub(super) struct Ring {
    folder: PathBuf,
    name: &'static str,
    bounds: Bounds,
    root: RootKey,
    files: VecDeque<Segment>,
    open: Option<Open>,
}

/// A file of the ring that is no longer written.
#[derive(Debug)]
struct Segment {
    path: PathBuf,
    bytes: u64,
    records: u64,
    /// When its first and its newest record came, in seconds since 1970.
    first: i64,
    newest: i64,
}

#[derive(Debug)]
struct Open {
    file: File,
    key: Key,
    about: Segment,
}

impl Ring {
    /// The ring in `folder`, which is made where it is not there.
    pub(super) fn open(
        folder: &Path,
        name: &'static str,
        bounds: Bounds,
        root: RootKey,
    ) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let files = files(folder, name)?.into_iter().map(Segment::of).collect();
        Ok(Self { folder: folder.to_owned(), name, bounds, root, files, open: None })
    }

    /// Adds a record of the time `at`. It is with the system when this returns: the end of the
    /// process does not lose it.
    pub(super) fn add(&mut self, text: &[u8], at: Timestamp, rng: &dyn Rng) -> io::Result<()> {
        let size = HEAD.saturating_add(text.len()).saturating_add(OVERHEAD + 4) as u64;
        if text.len().saturating_add(OVERHEAD) > RECORD_LIMIT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let is_full = self.open.as_ref().is_some_and(|open| {
            open.about.bytes.saturating_add(size) > self.bounds.bytes / 4
                || open.about.records >= (self.bounds.records / 4).max(1)
        });
        if is_full {
            self.files.extend(self.open.take().map(|open| open.about));
        }
        self.expire(at);
        self.make_room(size);
        if self.open.is_none() {
            self.open = Some(self.begin(rng)?);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let written = open.add(text, at, rng);
        if written.is_err() {
            // Half a record may stand there: nothing is to follow it.
            self.files.extend(self.open.take().map(|open| open.about));
        }
        written
    }

    /// Removes what is too old. A file goes as a whole, so it is closed long before that.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let age = i64::try_from(self.bounds.age.as_secs()).unwrap_or(i64::MAX);
        let before = |part: i64| now.as_second().saturating_sub(age / part);
        if self.open.as_ref().is_some_and(|open| open.about.first < before(4)) {
            self.files.extend(self.open.take().map(|open| open.about));
        }
        while self.files.front().is_some_and(|file| file.newest < before(1)) {
            self.forget_oldest();
        }
    }

    /// Removes files until `more` bytes and one record fit.
    fn make_room(&mut self, more: u64) {
        while !self.files.is_empty() {
            let of_open = self.open.as_ref().map(|open| &open.about);
            let all = || self.files.iter().chain(of_open);
            let bytes: u64 = all().map(|file| file.bytes).sum();
            let records: u64 = all().map(|file| file.records).sum();
            let is_over = bytes.saturating_add(more) > self.bounds.bytes
                || records >= self.bounds.records
                || self.files.len() as u64 >= FILES;
            if !is_over {
                return;
            }
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.files.pop_front() {
            // Another process that shares the folder may have removed it.
            let _ = fs::remove_file(&oldest.path);
        }
    }

    fn begin(&self, rng: &dyn Rng) -> io::Result<Open> {
        let mut id = [0; 16];
        rng.fill(&mut id);
        let last = files(&self.folder, self.name)?.last().and_then(|path| number(path, self.name));
        let mut number = last.map_or(1, |last| last.saturating_add(1));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let (mut file, path) = loop {
            let path = self.folder.join(format!("{}-{number:010}.{EXTENSION}", self.name));
            match options.open(&path) {
                Ok(file) => break (file, path),
                // Another process that shares the folder was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    number = number.saturating_add(1);
                }
                Err(error) => return Err(error),
            }
        };
        let head = [MAGIC.as_slice(), self.root.fingerprint().as_bytes(), &id].concat();
        file.write_all(&head)?;
        let about = Segment {
            path,
            bytes: head.len() as u64,
            records: 0,
            first: i64::MAX,
            newest: i64::MAX,
        };
        Ok(Open { file, key: key(&self.root, &id), about })
    }
}

impl Open {
    fn add(&mut self, text: &[u8], at: Timestamp, rng: &dyn Rng) -> io::Result<()> {
        let sealed = seal(&self.key, &context(self.about.records), text, rng);
        let length = u32::try_from(sealed.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        // One write: a crash leaves whole records and at most one that is not.
        let framed = [&length.to_le_bytes(), sealed.as_slice()].concat();
        self.file.write_all(&framed)?;
        self.about.bytes = self.about.bytes.saturating_add(framed.len() as u64);
        self.about.records = self.about.records.saturating_add(1);
        self.about.first = self.about.first.min(at.as_second());
        self.about.newest = at.as_second();
        Ok(())
    }
}

impl Segment {
    /// A file of an earlier run.
    fn of(path: PathBuf) -> Self {
        let about = fs::metadata(&path).ok();
        let newest = about.as_ref().and_then(|about| about.modified().ok()).and_then(|time| {
            let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
            i64::try_from(since.as_secs()).ok()
        });
        let records = super::read::count(&path).unwrap_or(0);
        Self {
            path,
            bytes: about.map_or(0, |about| about.len()),
            records,
            first: newest.unwrap_or(0),
            newest: newest.unwrap_or(0),
        }
    }
}

/// The key of one file.
pub(super) fn key(root: &RootKey, id: &[u8]) -> Key {
    root.derive("recording").derive("recording-file", id)
}

/// What a record is bound to: its number in its file.
pub(super) fn context(number: u64) -> [u8; 8] {
    number.to_le_bytes()
}

/// The files of the ring `name`, oldest first.
pub(super) fn files(folder: &Path, name: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        found.extend(number(&path, name).map(|number| (number, path)));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

fn number(path: &Path, name: &str) -> Option<u64> {
    let stem = path.file_name()?.to_str()?.strip_suffix(EXTENSION)?.strip_suffix('.')?;
    stem.strip_prefix(name)?.strip_prefix('-')?.parse().ok()
}
