//! The data folder: ours alone, and one process at a time.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use mantlet_config::Environment;

const LOCK: &str = "lock";

/// The data folder, locked for as long as this value lives.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    lock: File,
}

/// A data folder that cannot be used.
#[derive(Debug)]
pub(crate) struct DataError {
    path: PathBuf,
    message: String,
    hint: &'static str,
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, message, hint } = self;
        write!(f, "data folder `{}`: {message}\n  hint: {hint}", path.display())
    }
}

impl std::error::Error for DataError {}

/// Where the data folder is when nobody says.
pub(crate) fn usual_place(environment: &Environment) -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/mantlet");
    }
    // The XDG Base Directory Specification wants relative values ignored.
    let absolute =
        |name: &str| environment.lookup(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || absolute("HOME").map(|home| home.join(".local/share"));
    absolute("XDG_DATA_HOME").or_else(home).unwrap_or_else(|| PathBuf::from(".")).join("mantlet")
}

impl DataFolder {
    /// Creates the folder where it is missing, with mode 0700, and locks it.
    pub(crate) fn open(path: PathBuf) -> Result<Self, DataError> {
        let failed = |message: String, hint| DataError { path: path.clone(), message, hint };
        let unusable = |error: io::Error| {
            failed(
                error.to_string(),
                "choose another folder with --data, or make this one writable",
            )
        };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&path).map_err(unusable)?;
        check_owner(&path).map_err(|(message, hint)| failed(message, hint))?;
        let lock = lock(&path.join(LOCK)).map_err(|error| match error {
            Locked::By(holder) => failed(
                format!("another mantlet{holder} is using it"),
                "stop that one, or give this one a folder of its own with --data",
            ),
            Locked::Failed(error) => unusable(error),
        })?;
        for folder in ["log", "audit"] {
            builder.create(path.join(folder)).map_err(unusable)?;
        }
        Ok(Self { path, lock })
    }

    /// The folder of a process that hands over to this one, and gave us its lock.
    pub(crate) fn take_over(path: PathBuf, lock: File) -> Result<Self, DataError> {
        let failed = |message: String| DataError {
            path: path.clone(),
            message,
            hint: "another data folder needs a restart",
        };
        let identity = |about: fs::Metadata| (about.dev(), about.ino());
        let given = lock.metadata().map(identity).map_err(|error| failed(error.to_string()))?;
        let here = fs::metadata(path.join(LOCK)).map(identity);
        if here.ok() != Some(given) {
            return Err(failed("it is not the one that is handed over".into()));
        }
        write_holder(&lock).map_err(|error| failed(error.to_string()))?;
        Ok(Self { path, lock })
    }

    /// The lock, to be given to the process after us.
    pub(crate) fn lock(&self) -> BorrowedFd<'_> {
        self.lock.as_fd()
    }

    /// Where the last configuration file that worked is kept.
    pub(crate) fn last_configuration(path: &Path) -> PathBuf {
        path.join("last-good.toml")
    }

    /// Keeps the configuration file that just worked; `None` for none. For comparison only: that it
    /// cannot be kept is no reason not to use it.
    pub(crate) fn keep_configuration(&self, text: Option<&[u8]>) {
        let Some(text) = text else { return };
        let (kept, fresh) =
            (Self::last_configuration(&self.path), self.path.join("last-good.temp"));
        let write = || {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            options.open(&fresh)?.write_all(text)?;
            fs::rename(&fresh, kept)
        };
        let _ = write();
    }

    /// Whether somebody was ever added to it.
    pub(crate) fn has_store(&self) -> bool {
        mantlet_store::Store::is_in(&self.path)
    }

    /// Makes a folder in it, ours alone.
    pub(crate) fn make(&self, folder: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of event and access log.
    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The folder of the audit journal.
    pub(crate) fn audit(&self) -> PathBuf {
        self.path.join("audit")
    }
}

/// The folder must belong to us and be closed to others; one that is open is closed only where it
/// is clearly ours (empty, or with a lock file of our own).
fn check_owner(path: &Path) -> Result<(), (String, &'static str)> {
    let failed = |error: io::Error| (error.to_string(), "see that this folder can be read");
    let about = fs::metadata(path).map_err(failed)?;
    let own = rustix::process::geteuid().as_raw();
    if about.uid() != own {
        let message = format!("it belongs to user {}, not to user {own}", about.uid());
        return Err((message, "run as its owner, or choose another folder with --data"));
    }
    if about.mode() & 0o077 == 0 {
        return Ok(());
    }
    let is_empty = fs::read_dir(path).map_err(failed)?.next().is_none();
    let was_ours =
        fs::symlink_metadata(path.join(LOCK)).is_ok_and(|lock| lock.is_file() && lock.uid() == own);
    if !is_empty && !was_ours {
        let message = format!("others can read it (mode {:o})", about.mode() & 0o777);
        return Err((message, "choose an empty folder, or close this one: chmod 700"));
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(failed)
}

enum Locked {
    By(String),
    Failed(io::Error),
}

fn lock(path: &Path) -> Result<File, Locked> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path).map_err(Locked::Failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Who holds it is a courtesy; that it is held is what matters.
            let _ = io::Read::take(&file, 32).read_to_string(&mut holder);
            let holder = holder.trim();
            let is_pid = !holder.is_empty() && holder.bytes().all(|byte| byte.is_ascii_digit());
            return Err(Locked::By(if is_pid {
                format!(" (process {holder})")
            } else {
                String::new()
            }));
        }
        Err(TryLockError::Error(error)) => return Err(Locked::Failed(error)),
    }
    write_holder(&file).map_err(Locked::Failed)?;
    Ok(file)
}

/// Who holds the lock: for people, and for the message to a second process.
fn write_holder(mut file: &File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_new_folder_is_ours_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path().join("new/data")).unwrap();
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.path().join(LOCK)), 0o600);
        assert_eq!(mode(&folder.audit()), 0o700);
    }

    #[test]
    fn a_second_process_is_told_who_holds_the_folder() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        let first = DataFolder::open(path.clone()).unwrap();
        let error = DataFolder::open(path.clone()).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        drop(first);
        DataFolder::open(path).unwrap();
    }

    #[test]
    fn a_folder_that_others_can_read_is_not_taken_over() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(path.join("something"), "else").unwrap();
        let error = DataFolder::open(path.clone()).unwrap_err().to_string();
        assert!(error.contains("mode 755") && error.contains("chmod 700"), "{error}");
        assert_eq!(mode(&path), 0o755);
        // Anyone may have put a link there; only a file of ours says that we were here.
        std::os::unix::fs::symlink("/etc/passwd", path.join(LOCK)).unwrap();
        DataFolder::open(path.clone()).unwrap_err();
        assert_eq!(mode(&path), 0o755);
        fs::remove_file(path.join(LOCK)).unwrap();
        fs::remove_file(path.join("something")).unwrap();
        DataFolder::open(path.clone()).unwrap();
        assert_eq!(mode(&path), 0o700);
    }
}
