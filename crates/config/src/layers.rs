//! The layers of a configuration and their loading.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::document::{Document, MAX_FILE_BYTES};
use crate::{Environment, Problems, Provenance, Reader, Setting};

/// Where a configuration comes from. Later layers win: defaults, file, environment, flags.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    environment: Environment,
    source: Source,
    flags: Vec<Flag>,
}

#[derive(Debug, Clone, Default)]
enum Source {
    #[default]
    None,
    File(PathBuf),
    Text {
        name: String,
        bytes: Vec<u8>,
    },
}

/// A flag that sets a key.
#[derive(Debug, Clone)]
pub(crate) struct Flag {
    pub(crate) key: String,
    pub(crate) name: Arc<str>,
    pub(crate) value: String,
}

impl Layers {
    /// The defaults, overridden by this environment.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        Self { environment, ..Self::default() }
    }

    /// Adds the configuration file, in place of one named before. It is read by [`load`], which
    /// also reports when that fails. Relative paths in it start at its folder.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.source = Source::File(path.into());
        self
    }

    /// Adds the text of a configuration file that is called `name`, in place of a file.
    #[must_use]
    pub fn text(mut self, name: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        self.source = Source::Text { name: name.into(), bytes: text.into() };
        self
    }

    /// Sets the key `key` to `value`, as the flag `flag` asks. The last one for a key wins.
    #[must_use]
    pub fn flag(mut self, key: &str, flag: &str, value: impl Into<String>) -> Self {
        self.flags.push(Flag { key: key.to_owned(), name: flag.into(), value: value.into() });
        self
    }

    /// The file as it was read, and what stands in it.
    fn document(&self) -> (Document, Option<Vec<u8>>) {
        match &self.source {
            Source::None => (Document::default(), None),
            Source::Text { name, bytes } => (Document::parse(name, bytes), Some(bytes.clone())),
            Source::File(path) => {
                let name = path.to_string_lossy();
                match read_bounded(path) {
                    Ok(bytes) => (Document::parse(&name, &bytes), Some(bytes)),
                    Err(error) => (Document::unreadable(&name, &error), None),
                }
            }
        }
    }
}

/// What loading gave.
#[derive(Debug, Clone)]
pub struct Loaded<S> {
    /// The configuration; `None` when there is any error.
    pub config: Option<S>,
    /// Everything that is wrong, or worth a warning.
    pub problems: Problems,
    /// Where each value came from.
    pub provenance: Provenance,
    /// The file as it was read; `None` when there is none, or it cannot be read.
    pub text: Option<Vec<u8>>,
}

/// Reads the layers. `check` looks at what no single key can know; it is called even when there
/// are problems already, with what could be read, and reports with [`Reader::error`] and
/// [`Reader::warn`].
pub fn load<S: Setting + Default>(
    layers: &Layers,
    check: impl FnOnce(&S, &mut Reader<'_>),
) -> Loaded<S> {
    let (document, text) = layers.document();
    let mut reader = Reader::new(&document, &layers.environment, &layers.flags);
    let config = S::read(document.root.as_ref(), &S::default(), &mut reader);
    check(&config, &mut reader);
    let (problems, provenance) = reader.finish();
    let config = Some(config).filter(|_| !problems.has_errors());
    Loaded { config, problems, provenance, text }
}

/// Reads one byte more than is allowed at most, so that a file that is too large shows.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
