//! The socket's file.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use super::socket_path;

/// The file of a listening socket; removed when this is dropped, unless a server after this one
/// has put its own there.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            // One that stays is replaced by the next server.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|about| (about.dev(), about.ino()))
}

/// Listens in `folder`, in place of a socket that a server left there which is gone.
///
/// The file appears under its name only with its final mode, whatever the umask: it is made under
/// another name first. INVARIANT: the caller holds the lock of the folder, so no other server
/// listens here, but for one that hands over to this one and takes no more commands.
pub(super) fn listen(folder: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let path = socket_path(folder);
    // Of the same length, since the path of a socket may not be long.
    let fresh = folder.join("control.temp");
    remove(&fresh)?;
    let listener = UnixListener::bind(&fresh)?;
    let made = SocketFile { identity: identity(&fresh)?, path: fresh };
    fs::set_permissions(&made.path, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    fs::rename(&made.path, &path)?;
    let identity = made.identity;
    Ok((listener, SocketFile { path, identity }))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
