//! The socket's file.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use super::socket_path;

/// The file of a listening socket; removed when this is dropped.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // One that stays is replaced by the next server.
        let _ = fs::remove_file(&self.0);
    }
}

/// Listens in `folder`, in place of a socket that a server left there which is gone.
///
/// The file appears under its name only with its final mode, whatever the umask: it is made under
/// another name first. INVARIANT: the caller holds the lock of the folder, so no other server
/// listens here.
pub(super) fn listen(folder: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let path = socket_path(folder);
    // Of the same length, since the path of a socket may not be long.
    let fresh = SocketFile(folder.join("control.temp"));
    remove(&fresh.0)?;
    let listener = UnixListener::bind(&fresh.0)?;
    fs::set_permissions(&fresh.0, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    fs::rename(&fresh.0, &path)?;
    Ok((listener, SocketFile(path)))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
