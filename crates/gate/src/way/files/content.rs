//! Opening and reading. Everything here but the hand-over to the client may block.

use std::fs::File;
use std::future::Future as _;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use rustix::fs::OFlags;
use tokio::task::JoinHandle;

use super::Version;
use super::coding::Coding;
use super::condition::{Conditions, Outcome};

use crate::upstream::{AnswerBody, BodyError, Source};

/// How much is read at once, in bytes; a file that is no larger is read whole.
pub(super) const CHUNK: usize = 32 * 1024;

/// What a name stands for.
#[derive(Debug)]
pub(super) enum Found {
    Folder,
    Served(Served),
}

/// A file, and what is sent of it.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) version: Version,
    pub(super) outcome: Outcome,
    pub(super) content: Content,
    /// How the content is coded; `None` as it is.
    pub(super) coding: Option<&'static str>,
}

/// The bytes to send.
#[derive(Debug)]
pub(super) enum Content {
    /// Nothing is read; the length is what a GET would have got.
    Unread(u64),
    Held(Bytes),
    /// From where the file stands, this many bytes.
    File(File, u64),
}

/// Looks a name up; a sibling in one of `codings` goes before the file itself.
pub(super) fn find_coded(
    folder: &Dir,
    name: &Path,
    conditions: &Conditions,
    codings: &[Coding],
) -> io::Result<Found> {
    for coding in codings {
        // Whatever is wrong with the sibling, the file itself is there.
        if let Ok(Found::Served(served)) = find(folder, &coding.sibling(name), conditions) {
            return Ok(Found::Served(Served { coding: Some(coding.name), ..served }));
        }
    }
    find(folder, name, conditions)
}

/// Looks a name up and reads what fits into one chunk.
fn find(folder: &Dir, name: &Path, conditions: &Conditions) -> io::Result<Found> {
    let file = open(folder, name)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Ok(Found::Folder);
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "not a regular file"));
    }
    let version = Version::new(metadata.len(), metadata.modified()?, conditions.now);
    let outcome = conditions.decide(&version);
    let (first, length) = match outcome {
        Outcome::Whole => (0, version.size),
        Outcome::Part(part) => (part.first, part.length()),
        Outcome::Changed | Outcome::NotModified | Outcome::Unsatisfiable => (0, 0),
    };
    let content = if conditions.is_head || length == 0 {
        Content::Unread(length)
    } else {
        read_start(file, first, length)?
    };
    Ok(Found::Served(Served { version, outcome, content, coding: None }))
}

/// Opens without waiting for anyone: a pipe in the folder must not hold up a thread.
fn open(folder: &Dir, name: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    folder.open_with(name, &options).map(cap_std::fs::File::into_std)
}

/// Whether symbolic links lead in a circle.
pub(super) fn is_link_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

fn read_start(mut file: File, first: u64, length: u64) -> io::Result<Content> {
    if first > 0 {
        file.seek(SeekFrom::Start(first))?;
    }
    match usize::try_from(length) {
        Ok(length) if length <= CHUNK => read_exactly(&file, length).map(Content::Held),
        _ => Ok(Content::File(file, length)),
    }
}

fn read_exactly(mut file: &File, length: usize) -> io::Result<Bytes> {
    let mut chunk = vec![0; length];
    file.read_exact(&mut chunk)?;
    Ok(chunk.into())
}

impl Content {
    pub(super) const fn length(&self) -> u64 {
        match self {
            Self::Unread(length) | Self::File(_, length) => *length,
            Self::Held(bytes) => bytes.len() as u64,
        }
    }

    /// The body of the answer; a large file is read as the client takes it.
    pub(super) fn into_body(self) -> AnswerBody {
        match self {
            Self::Unread(_) => AnswerBody::empty(),
            Self::Held(bytes) => AnswerBody::full(bytes),
            Self::File(file, length) => AnswerBody::from_source(Box::new(Reading {
                file: Arc::new(file),
                left: length,
                chunk: None,
            })),
        }
    }
}

/// A large file on its way to the client: chunk after chunk, each when it is asked for. A thread is
/// held only while one is read, never while a client is slow.
#[derive(Debug)]
struct Reading {
    file: Arc<File>,
    left: u64,
    /// The chunk that is being read.
    chunk: Option<JoinHandle<io::Result<Bytes>>>,
}

impl Source for Reading {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(self.left).map_or(CHUNK, |left| left.min(CHUNK));
        let chunk = self.chunk.get_or_insert_with(|| {
            let file = Arc::clone(&self.file);
            tokio::task::spawn_blocking(move || read_exactly(&file, length))
        });
        let read = ready!(Pin::new(chunk).poll(cx));
        self.chunk = None;
        let read = read.unwrap_or_else(|error| Err(io::Error::other(error)));
        self.left = if read.is_ok() { self.left.saturating_sub(length as u64) } else { 0 };
        let failed = |error| BodyError(format!("the file cannot be read: {error}"));
        Poll::Ready(Some(read.map_err(failed)))
    }

    fn left(&self) -> u64 {
        self.left
    }
}
