//! Where rule files are read from.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How large a rule or data file may be.
const FILE_LIMIT_BYTES: u64 = 64 << 20;

/// A source of rule and data files.
pub trait Files {
    /// The content of a file.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The files whose last component matches a pattern with `*` and `?`, in the order of their
    /// names. Empty when none does.
    ///
    /// # Errors
    /// Whatever keeps the folder from being read.
    fn matching(&self, pattern: &Path) -> io::Result<Vec<PathBuf>>;
}

/// The file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if fs::metadata(path)?.len() > FILE_LIMIT_BYTES {
            return Err(io::Error::other(format!(
                "larger than the limit of {FILE_LIMIT_BYTES} bytes"
            )));
        }
        fs::read(path)
    }

    fn matching(&self, pattern: &Path) -> io::Result<Vec<PathBuf>> {
        let (Some(folder), Some(name)) =
            (pattern.parent(), pattern.file_name().and_then(|name| name.to_str()))
        else {
            return Ok(Vec::new());
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let matches = entry
                .file_name()
                .to_str()
                .is_some_and(|file| matches(name.as_bytes(), file.as_bytes()));
            if matches && entry.path().is_file() {
                found.push(entry.path());
            }
        }
        found.sort();
        Ok(found)
    }
}

/// Whether `name` matches a pattern in which `*` is any run and `?` any one byte. A leading dot is
/// only matched by a dot.
pub(crate) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.starts_with(b".") && !pattern.starts_with(b".") {
        return false;
    }
    // The place to go back to when a `*` has to take one more byte.
    let (mut pattern, mut name) = (pattern, name);
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern, name) {
            ([b'*', rest @ ..], _) => {
                retry = Some((rest, name));
                pattern = rest;
            }
            ([b'?', rest @ ..], [_, after @ ..]) => (pattern, name) = (rest, after),
            ([wanted, rest @ ..], [byte, after @ ..]) if wanted == byte => {
                (pattern, name) = (rest, after)
            }
            ([], []) => return true,
            _ => match retry {
                Some((rest, [_, after @ ..])) => {
                    retry = Some((rest, after));
                    (pattern, name) = (rest, after);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_in_a_shell() {
        let cases = [
            ("*.conf", "a.conf", true),
            ("*.conf", ".conf", false),
            ("a?c*", "abcd", true),
            ("*b*d", "abcbd", true),
            ("a*b", "acd", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
