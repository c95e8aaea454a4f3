//! The documents of the schema guard: read with the settings that name them, compiled once.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use mantlet_config::{Complaint, Description, Element, Node, Reader, Setting, Shown};
use mantlet_schema::{Contract, DOCUMENT_LIMIT, Place, Problem, parse};
use serde_json::Value;

use super::SchemaSection;
use crate::guards::RuleFile;

/// Most ways of compiling one document that are kept: routes differ in few settings.
const MAX_KEPT: usize = 16;

/// A document of schemas, as it was when the settings were read.
#[derive(Clone)]
pub struct SchemaFile(Arc<Loaded>);

struct Loaded {
    source: RuleFile,
    document: Result<Value, Problem>,
    /// What was compiled from it, by the settings that matter.
    compiled: Mutex<Vec<(String, Arc<Contract>)>>,
}

/// The path and what tells the content: guards that are built from other content are other guards.
impl fmt::Debug for SchemaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{:x}", self.path().display(), self.0.source.contents)
    }
}

impl SchemaFile {
    /// Reads the file.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn load(path: &Path) -> std::io::Result<Self> {
        let mut text = Vec::new();
        // One byte more than is allowed shows that there is more.
        File::open(path)?.take(DOCUMENT_LIMIT + 1).read_to_end(&mut text)?;
        let source = RuleFile::of(path, &text);
        let document = parse(&text);
        Ok(Self(Arc::new(Loaded { source, document, compiled: Mutex::default() })))
    }

    /// The file.
    pub(crate) fn source(&self) -> &RuleFile {
        &self.0.source
    }

    fn path(&self) -> &Path {
        &self.0.source.path
    }

    fn told(&self, problem: &Problem) -> (String, String) {
        (format!("`{}` {problem}", self.path().display()), problem.hint.clone())
    }
}

impl Setting for SchemaFile {
    fn read(node: Option<&Node>, base: &Self, reader: &mut Reader<'_>) -> Self {
        let node = reader.effective(node);
        node.and_then(|node| Self::read_entry(&node, reader)).unwrap_or_else(|| base.clone())
    }

    fn show(&self) -> Shown {
        self.0.source.path.show()
    }

    fn describe() -> Description {
        Description { kind: "file, e.g. `openapi.json`".into(), ..PathBuf::describe() }
    }
}

impl Element for SchemaFile {
    const IS_TABLE: bool = false;

    fn read_entry(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let path = PathBuf::read_entry(node, reader)?;
        match Self::load(&path) {
            Ok(file) => Some(file),
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", path.display());
                let hint = "write the path of a JSON or YAML file; relative ones start at this file's folder";
                reader.complain(node, Complaint::new(message, hint));
                None
            }
        }
    }
}

/// What is asked of requests: by path and method, and of all alike.
#[derive(Debug, Clone, Default)]
pub(super) struct Contracts {
    pub(super) by_path: Option<Arc<Contract>>,
    pub(super) everywhere: Option<Arc<Contract>>,
}

/// The documents of one place.
pub(super) struct Documents<'s>(pub(super) &'s SchemaSection);

/// Problems: the key of the file, what is wrong, and what to do.
type Told = Vec<(&'static str, String, String)>;

impl Documents<'_> {
    pub(super) fn contracts(&self) -> Result<Contracts, Told> {
        let (mut contracts, mut told) = (Contracts::default(), Vec::new());
        if let Some(file) = &self.0.openapi {
            match self.openapi(file) {
                Ok(contract) => contracts.by_path = Some(contract),
                Err(problems) => told.extend(problems),
            }
        }
        match self.schemas() {
            Ok(contract) => contracts.everywhere = contract,
            Err(problems) => told.extend(problems),
        }
        if told.is_empty() { Ok(contracts) } else { Err(told) }
    }

    fn openapi(&self, file: &SchemaFile) -> Result<Arc<Contract>, Told> {
        let tell = |problem: &Problem| {
            let (message, hint) = file.told(problem);
            ("openapi", message, hint)
        };
        let document = file.0.document.as_ref().map_err(|problem| vec![tell(problem)])?;
        let options = self.0.options();
        let compile = || Contract::from_openapi(document, &options);
        kept(file, format!("{options:?}"), compile).map_err(|all| all.iter().map(tell).collect())
    }

    fn schemas(&self) -> Result<Option<Arc<Contract>>, Told> {
        let section = self.0;
        let named = [
            ("body", Place::Body, &section.body),
            ("query", Place::Query, &section.query),
            ("headers", Place::Header, &section.headers),
            ("cookies", Place::Cookie, &section.cookies),
        ];
        let named: Vec<_> = named
            .into_iter()
            .filter_map(|(key, place, file)| Some((key, place, file.as_ref()?)))
            .collect();
        let Some((_, _, first)) = named.first() else { return Ok(None) };
        let (mut schemas, mut told) = (Vec::new(), Vec::new());
        for (key, place, file) in &named {
            match &file.0.document {
                Ok(document) => schemas.push((*place, document)),
                Err(problem) => {
                    let (message, hint) = file.told(problem);
                    told.push((*key, message, hint));
                }
            }
        }
        if !told.is_empty() {
            return Err(told);
        }
        let options = section.options();
        let key = format!("{options:?} {named:?}");
        let compiled = kept(first, key, || Contract::from_schemas(&schemas, &options));
        compiled.map(Some).map_err(|problems| {
            let tell = |(place, problem): (Place, Problem)| {
                let (key, _, file) = named.iter().find(|(_, own, _)| *own == place)?;
                let (message, hint) = file.told(&problem);
                Some((*key, message, hint))
            };
            problems.into_iter().filter_map(tell).collect()
        })
    }
}

/// What was compiled under `key` before, or what `compile` makes now.
fn kept<E>(
    file: &SchemaFile,
    key: String,
    compile: impl FnOnce() -> Result<Contract, E>,
) -> Result<Arc<Contract>, E> {
    let lock = || file.0.compiled.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, contract)) = lock().iter().find(|(known, _)| *known == key) {
        return Ok(Arc::clone(contract));
    }
    let contract = Arc::new(compile()?);
    let mut kept = lock();
    if kept.len() < MAX_KEPT {
        kept.push((key, Arc::clone(&contract)));
    }
    Ok(contract)
}
