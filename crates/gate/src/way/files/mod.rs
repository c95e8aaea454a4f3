//! Static files of `[[routes]] static`.
//!
//! The whole path of a request is looked up below the folder, so a route for `/assets` serves what
//! lies in `assets/` there. The folder is opened once, and every file relative to it: neither a
//! path nor a symbolic link leads outside. Hidden files are never served, folders never listed.
//! Where a route names a fallback, it answers the page loads of paths that name no file: the
//! addresses that an application of a single page makes up ([`single_page`]).
//!
//! A small file is read at once; a larger one goes out in chunks, a few ahead of the client.

mod answer;
mod caching;
mod coding;
mod condition;
mod content;
mod name;
mod range;
mod response;
mod single_page;
#[cfg(test)]
mod tests;
mod version;

use std::io;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use self::version::Version;
use crate::stages::route::StaticFiles;

/// A folder whose files are served; nothing outside it can be reached.
#[derive(Debug)]
pub(crate) struct Files {
    folder: Arc<Dir>,
    settings: StaticFiles,
}

impl Files {
    /// Opens the folder; it stays the same one when the path is later given to another.
    pub(crate) fn open(settings: &StaticFiles) -> io::Result<Self> {
        let folder = Dir::open_ambient_dir(&settings.folder, ambient_authority())?;
        Ok(Self { folder: Arc::new(folder), settings: settings.clone() })
    }
}
