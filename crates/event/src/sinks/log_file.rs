//! A file of lines that survives kills, full disks, removal and its own growth.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Lines are collected up to this many bytes before they are written.
const BATCH_BYTES: usize = 64 * 1024;
/// While the disk refuses, at most this many bytes wait; further lines are refused.
const WAITING_BYTES: usize = 1024 * 1024;

/// What happens to full files.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keep {
    /// They become `.1` (the newest), `.2` …; the ones after this number are deleted.
    Newest(u32),
    /// They become `.1` (the oldest), `.2` …; none is ever deleted.
    All,
}

/// An append-only file of lines with rotation by size. Owner-readable only when created here.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    /// Device and inode, to notice that the path means another file by now.
    identity: (u64, u64),
    /// Bytes in the file.
    size: u64,
    rotate_bytes: u64,
    keep: Keep,
    /// Lines that are not written yet; after a partial write it starts inside a line.
    waiting: Vec<u8>,
    /// A rotation that failed, told by the next [`LogFile::flush`].
    rotation_error: Option<io::Error>,
}

impl LogFile {
    /// Opens or creates the file. A last line that a kill cut off is ended, so that the next one
    /// stands alone.
    pub(super) fn open(path: &Path, rotate_bytes: u64, keep: Keep) -> io::Result<Self> {
        let (file, size) = open_append(path)?;
        let metadata = file.metadata()?;
        let identity = identity(&metadata);
        // A device or a pipe is never full, and above all never renamed.
        let rotate_bytes = if metadata.is_file() { rotate_bytes.max(1) } else { u64::MAX };
        Ok(Self {
            path: path.to_owned(),
            file,
            identity,
            size,
            rotate_bytes,
            keep,
            waiting: Vec::new(),
            rotation_error: None,
        })
    }

    /// Adds one line (without its line break); it is on its way to the disk after
    /// [`LogFile::flush`].
    ///
    /// # Errors
    /// When the line was not taken, because too many wait for a disk that refuses.
    pub(super) fn push(&mut self, line: &str) -> io::Result<()> {
        let bytes = line.len() + 1;
        if self.is_full_with(bytes) {
            // Should the disk refuse, the line waits with the others and rotation comes later.
            if self.write_waiting().is_ok() && self.is_full_with(bytes) {
                self.rotate();
            }
        }
        if self.waiting.len() + bytes > WAITING_BYTES {
            self.write_waiting()?;
        }
        self.waiting.extend_from_slice(line.as_bytes());
        self.waiting.push(b'\n');
        if self.waiting.len() >= BATCH_BYTES && self.waiting.len() < 2 * BATCH_BYTES {
            // A refusal is told by the next flush; the lines are not lost yet.
            let _ = self.write_waiting();
        }
        Ok(())
    }

    /// Hands all lines to the system, first reopening the path if someone moved the file away.
    ///
    /// # Errors
    /// When the disk refuses; the lines wait for the next flush.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if !self.waiting.is_empty() {
            self.follow_path()?;
            self.write_waiting()?;
        }
        self.rotation_error.take().map_or(Ok(()), Err)
    }

    /// Waits until everything flushed is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Makes the names of created files durable as well.
    pub(super) fn sync_folder(&self) -> io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
    }

    /// The file now behind the path; changes with every rotation.
    pub(super) const fn identity(&self) -> (u64, u64) {
        self.identity
    }

    fn is_full_with(&self, more: usize) -> bool {
        let bytes = u64::try_from(self.waiting.len() + more).unwrap_or(u64::MAX);
        let holds_lines = self.size > 0 || !self.waiting.is_empty();
        holds_lines && self.size.saturating_add(bytes) > self.rotate_bytes
    }

    fn write_waiting(&mut self) -> io::Result<()> {
        let mut written = 0;
        let outcome = loop {
            match self.file.write(self.waiting.get(written..).unwrap_or_default()) {
                Ok(0) if written >= self.waiting.len() => break Ok(()),
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.size = self.size.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        self.waiting.drain(..written.min(self.waiting.len()));
        outcome
    }

    /// Opens the path again when it is gone or means another file.
    fn follow_path(&mut self) -> io::Result<()> {
        let there = fs::metadata(&self.path).map(|there| identity(&there));
        if there.is_ok_and(|there| there == self.identity) {
            return Ok(());
        }
        self.reopen()
    }

    fn reopen(&mut self) -> io::Result<()> {
        let (file, size) = open_append(&self.path)?;
        self.identity = identity(&file.metadata()?);
        self.file = file;
        self.size = size;
        Ok(())
    }

    fn rotate(&mut self) {
        // Another process that shares the file may have rotated it already.
        let moved = fs::metadata(&self.path).is_ok_and(|there| identity(&there) != self.identity);
        let outcome = if moved { Ok(()) } else { self.move_away() };
        if let Err(error) = outcome.and_then(|()| self.reopen()) {
            self.rotation_error = Some(error);
            // Go on with the full file, and try again when as much has been added.
            self.size = 0;
        }
    }

    fn move_away(&self) -> io::Result<()> {
        match self.keep {
            Keep::Newest(0) => fs::remove_file(&self.path),
            Keep::Newest(last) => {
                for number in (1..last).rev() {
                    rename_if_there(&self.numbered(number), &self.numbered(number + 1))?;
                }
                fs::rename(&self.path, self.numbered(1))
            }
            Keep::All => {
                // What is never deleted is not left to the mercy of the page cache either.
                self.file.sync_data()?;
                let free =
                    (1..=u32::MAX).map(|number| self.numbered(number)).find(|path| !path.exists());
                fs::rename(&self.path, free.ok_or(io::ErrorKind::AlreadyExists)?)
            }
        }
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// The file, open for appending, and its size; its last line is complete.
fn open_append(path: &Path) -> io::Result<(File, u64)> {
    let mut file =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    let metadata = file.metadata()?;
    // A pipe or a terminal has no last line to look at.
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok((file, 0));
    }
    let mut last = [0_u8];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok((file, metadata.len()));
    }
    file.write_all(b"\n")?;
    Ok((file, metadata.len() + 1))
}
