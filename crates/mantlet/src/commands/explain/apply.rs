//! Writing an exception into the configuration file.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::Path;

/// Puts `text` in the place of `file`, which must hold `before` still. All of it is there, or
/// nothing has changed, whatever happens in between. A link stays one; owner and mode stay.
///
/// # Errors
/// When the file has changed meanwhile, or cannot be written.
pub(super) fn replace(file: &Path, before: &[u8], text: &str) -> io::Result<()> {
    let file = fs::canonicalize(file)?;
    if fs::read(&file)? != before {
        return Err(io::Error::other("it has changed meanwhile: ask again"));
    }
    let about = fs::metadata(&file)?;
    let folder = file.parent().ok_or(io::ErrorKind::NotFound)?;
    let mut fresh = tempfile::Builder::new().prefix(".mantlet-").tempfile_in(folder)?;
    fresh.write_all(text.as_bytes())?;
    let made = fresh.as_file().metadata()?;
    if (made.uid(), made.gid()) != (about.uid(), about.gid()) {
        fchown(fresh.as_file(), Some(about.uid()), Some(about.gid()))?;
    }
    fresh.as_file().set_permissions(fs::Permissions::from_mode(about.mode() & 0o7777))?;
    fresh.as_file().sync_all()?;
    fresh.persist(&file).map_err(|error| error.error)?;
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_and_the_mode_stay_and_a_changed_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real.toml"), folder.path().join("mantlet.toml"));
        fs::write(&file, "a = 1\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("real.toml", &link).unwrap();
        replace(&link, b"a = 1\n", "a = 2\n").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "a = 2\n");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
        replace(&link, b"a = 1\n", "a = 3\n").unwrap_err();
        assert_eq!(fs::read_to_string(&file).unwrap(), "a = 2\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }
}
