//! The configuration file: from bytes to nodes with places.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Value;
use toml::de::{DeInteger, DeTable, DeValue};

use crate::node::{Content, Entry};
use crate::{Level, Node, Place, Problem, Problems};

/// The largest file that is read, in bytes.
pub(crate) const MAX_FILE_BYTES: usize = 1024 * 1024;
/// The most tables and lists inside one another.
const MAX_DEPTH: usize = 32;
/// Columns further right are counted in bytes: counting characters would be slow.
const MAX_COUNTED_COLUMN: usize = 1000;

/// The file, as far as it could be read.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// The tables of the file; `None` when there is no file or it is not text.
    pub(crate) root: Option<Node>,
    pub(crate) problems: Problems,
    /// Where relative paths start; empty for the current folder.
    pub(crate) folder: PathBuf,
    name: Option<Arc<str>>,
    /// Lines that are not TOML: what was guessed from them is not worth a complaint.
    broken: BTreeSet<usize>,
}

impl Document {
    /// Reads the text of a file called `name`.
    pub(crate) fn parse(name: &str, bytes: &[u8]) -> Self {
        let mut document = Self::named(name);
        if bytes.len() > MAX_FILE_BYTES {
            let hint = format!("the limit is {MAX_FILE_BYTES} bytes");
            document.report_whole("the file is too large".to_owned(), hint);
            return document;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => document.read(text),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let lines = Lines::new(std::str::from_utf8(valid).unwrap_or_default(), name.into());
                let place = lines.place(valid.len());
                document.report(place, "not valid UTF-8".to_owned(), "save the file as UTF-8");
            }
        }
        document
    }

    /// The document of a file that cannot be read.
    pub(crate) fn unreadable(name: &str, why: &std::io::Error) -> Self {
        let mut document = Self::named(name);
        let hint = "check the path and the permissions".to_owned();
        document.report_whole(format!("cannot read `{name}`: {why}"), hint);
        document
    }

    /// The file as a whole.
    pub(crate) fn whole(&self) -> Place {
        self.name.clone().map_or(Place::Configuration, Place::file)
    }

    /// Whether the line of `place` is not TOML.
    pub(crate) fn is_broken_at(&self, place: &Place) -> bool {
        matches!(place, Place::File { line, .. } if self.broken.contains(line))
    }

    /// Where exactly this key stands; `None` when it does not.
    pub(crate) fn place_of(&self, key: &str) -> Option<Place> {
        let mut node = self.root.as_ref()?;
        let mut place = &node.place;
        for step in key.split(['.', '[']) {
            if let Some(index) = step.strip_suffix(']') {
                node = node.item(index.parse().ok()?)?;
                place = &node.place;
            } else {
                let entry = node.entry(step)?;
                node = &entry.node;
                // A table is best found by its name, a value by itself.
                place = if node.is_table() { &entry.place } else { &node.place };
            }
        }
        Some(place.clone())
    }

    fn named(name: &str) -> Self {
        let folder = Path::new(name).parent().map(Path::to_owned).unwrap_or_default();
        Self { name: Some(name.into()), folder, ..Self::default() }
    }

    fn read(&mut self, text: &str) {
        let name = self.name.clone().unwrap_or_default();
        let lines = Lines::new(text, name);
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut errors: Vec<(usize, &str)> = errors
            .iter()
            .map(|error| (error.span().map_or(0, |span| span.start), error.message()))
            .collect();
        errors.sort_by_key(|(at, _)| *at);
        for (at, message) in &errors {
            let place = lines.place(*at);
            // Further ones on the same line mostly follow from the first.
            if !self.is_broken_at(&place) {
                self.report(place.clone(), message.replace('\n', "; "), syntax_hint(message));
            }
            if let Place::File { line, .. } = place {
                self.broken.insert(line);
            }
        }
        let broken = errors.into_iter().map(|(at, _)| at).collect();
        let mut builder = Builder { lines: &lines, problems: &mut self.problems, broken };
        let place = Place::file(Arc::clone(&lines.name));
        let content = builder.table(table.get_ref(), 0);
        self.root = Some(Node::new(place, content));
    }

    fn report_whole(&mut self, message: String, hint: String) {
        self.report(self.whole(), message, hint);
    }

    fn report(&mut self, place: Place, message: String, hint: impl Into<String>) {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        self.problems.add(Problem { place, level: Level::Error, message, hint });
    }
}

/// The value that a variable or flag holds: TOML where that is possible, else the text itself.
pub(crate) fn from_text(text: &str, place: &Place) -> Node {
    let as_text = || Content::Value(Value::String(text.to_owned()));
    let lines = Lines::new(text, "".into());
    let fits = text.len() <= MAX_FILE_BYTES;
    let parsed = fits.then(|| DeValue::parse(text).ok()).flatten();
    let mut problems = Problems::default();
    let mut builder = Builder { lines: &lines, problems: &mut problems, broken: Vec::new() };
    let content = parsed.and_then(|value| builder.content(value.get_ref(), 0, &(0..0)));
    let mut node = Node::new(place.clone(), content.unwrap_or_else(as_text));
    move_to(&mut node, place);
    node.raw = Some(text.to_owned());
    node
}

/// Everything in a variable or flag stands at the same place.
fn move_to(node: &mut Node, place: &Place) {
    node.place = place.clone();
    match &mut node.content {
        Content::Value(_) => {}
        Content::Array(items) => items.iter_mut().for_each(|item| move_to(item, place)),
        Content::Table(entries) => {
            for entry in entries.values_mut() {
                entry.place = place.clone();
                move_to(&mut entry.node, place);
            }
        }
    }
}

/// What to do about a mistake of syntax; the parser's message mostly says what it expected.
fn syntax_hint(message: &str) -> &'static str {
    if message.starts_with("duplicate key") { "write every key and table once" } else { "" }
}

struct Builder<'b> {
    lines: &'b Lines<'b>,
    problems: &'b mut Problems,
    /// Where the text is not TOML, in order.
    broken: Vec<usize>,
}

impl Builder<'_> {
    fn table(&mut self, table: &DeTable<'_>, depth: usize) -> Content {
        let mut entries = std::collections::BTreeMap::new();
        for (key, value) in table {
            if self.is_guessed(&value.span()) {
                continue;
            }
            let place = self.lines.place(key.span().start);
            let Some(content) = self.content(value.get_ref(), depth, &value.span()) else {
                continue;
            };
            let node = Node::new(self.lines.place(value.span().start), content);
            entries.insert(key.get_ref().to_string(), Entry { place, node });
        }
        Content::Table(entries)
    }

    /// Whether a value had to be guessed, because there is a mistake inside it.
    fn is_guessed(&self, value: &Range<usize>) -> bool {
        let next = self.broken.partition_point(|at| *at < value.start);
        self.broken.get(next).is_some_and(|at| *at <= value.end)
    }

    /// `None` when the value cannot be held, which is then reported.
    fn content(&mut self, value: &DeValue<'_>, depth: usize, at: &Range<usize>) -> Option<Content> {
        let simple = match value {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Integer(number) => {
                let Some(number) = integer(number) else {
                    let hint = format!("the largest is {}", i64::MAX);
                    return self.refuse(at, "the number is too large", hint);
                };
                Value::Integer(number)
            }
            DeValue::Float(number) => {
                let Ok(number) = number.as_str().parse() else {
                    return self.refuse(at, "not a number", String::new());
                };
                Value::Float(number)
            }
            DeValue::Boolean(truth) => Value::Boolean(*truth),
            DeValue::Datetime(date) => Value::Datetime(*date),
            DeValue::Array(_) | DeValue::Table(_) if depth >= MAX_DEPTH => {
                return self.refuse(at, "nested too deep", format!("at most {MAX_DEPTH} levels"));
            }
            DeValue::Array(items) => {
                let node = |item: &toml::Spanned<DeValue<'_>>| {
                    let content = self.content(item.get_ref(), depth + 1, &item.span())?;
                    Some(Node::new(self.lines.place(item.span().start), content))
                };
                return Some(Content::Array(items.iter().filter_map(node).collect()));
            }
            DeValue::Table(table) => return Some(self.table(table, depth + 1)),
        };
        Some(Content::Value(simple))
    }

    fn refuse(&mut self, at: &Range<usize>, message: &str, hint: String) -> Option<Content> {
        let place = self.lines.place(at.start);
        let hint = Some(hint).filter(|hint| !hint.is_empty());
        self.problems.add(Problem {
            place,
            level: Level::Error,
            message: message.to_owned(),
            hint,
        });
        None
    }
}

fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// Where the lines of a text begin.
struct Lines<'t> {
    text: &'t str,
    name: Arc<str>,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str, name: Arc<str>) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        Self { text, name, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let bytes = offset.saturating_sub(start);
        let before = self.text.get(start..offset).filter(|_| bytes <= MAX_COUNTED_COLUMN);
        let column = before.map_or(bytes, |before| before.chars().count());
        Place::File { path: Arc::clone(&self.name), line, column: column.saturating_add(1) }
    }
}
