//! The file of reports.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::Known;

/// The largest file that is read, in bytes: far more than is ever written.
const LARGEST: u64 = 16 * 1024 * 1024;

/// A file of reports that cannot be read.
#[derive(Debug)]
pub struct ReportsError {
    path: PathBuf,
    why: String,
}

impl fmt::Display for ReportsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, why } = self;
        let path = path.display();
        write!(
            f,
            "cannot read the reports `{path}`: {why}\n  hint: they are only collected; move the file away to begin anew"
        )
    }
}

impl std::error::Error for ReportsError {}

pub(super) fn load(path: &Path) -> Result<Vec<Known>, ReportsError> {
    let failed = |why: String| ReportsError { path: path.to_owned(), why };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error.to_string())),
    };
    let mut text = Vec::new();
    file.take(LARGEST).read_to_end(&mut text).map_err(|error| failed(error.to_string()))?;
    let document: Json =
        serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
    let entries = document.as_array().ok_or_else(|| failed("not a list".to_owned()))?;
    let known = entries.iter().map(read).collect::<Option<_>>();
    known.ok_or_else(|| failed("an entry without directive, source, count or time".to_owned()))
}

fn read(entry: &Json) -> Option<Known> {
    let text = |key: &str| entry.get(key).and_then(Json::as_str).map(str::to_owned);
    let documents = entry.get("documents")?.as_array()?.iter().filter_map(Json::as_str);
    Some(Known {
        directive: text("directive")?,
        source: text("source")?,
        count: entry.get("count")?.as_u64()?,
        last: text("last")?.parse().ok()?,
        documents: documents.map(str::to_owned).collect(),
        sample: text("sample").unwrap_or_default(),
    })
}

/// Writes the reports beside the old ones, then puts them in their place: a crash leaves one of the
/// two.
pub(super) fn save(path: &Path, known: &[Known]) -> io::Result<()> {
    let entries = known.iter().map(|one| {
        json!({
            "directive": one.directive,
            "source": one.source,
            "count": one.count,
            "last": one.last.to_string(),
            "documents": one.documents,
            "sample": one.sample,
        })
    });
    let text = serde_json::to_vec_pretty(&Json::Array(entries.collect()))?;
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&text)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
