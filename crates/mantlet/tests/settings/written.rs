//! Which settings the texts in Rust files write, each with its section.
//!
//! A configuration is often put together: `"[guards.limit]\n{setting}"` in one place and
//! `"cost = 2"` in another. Such a section is open, and lines without a section of their own count
//! for the open sections of the file and of those that it uses. Where a name is put in, as in `"[websocket]\n{key} = 2"`,
//! every text of the file that is a single word counts as that name.

use std::collections::BTreeSet;
use std::str::Chars;

use toml::{Table, Value};

/// What one file of tests writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written {
    /// Settings with their section, such as `guards.limit.cost`.
    settings: BTreeSet<String>,
    /// Settings without one.
    loose: BTreeSet<String>,
    /// Settings without one, behind a text that is put in: `"{BASE}cost = 2"`.
    continued: BTreeSet<String>,
    /// Sections that something else goes on writing.
    open: BTreeSet<String>,
    /// Sections that a text ends with.
    last: BTreeSet<String>,
    /// Whether texts are put together, as in `"{BASE}{more}"`.
    is_joined: bool,
    /// Texts of one word.
    words: BTreeSet<String>,
}

/// What stands for a placeholder.
const ANY: &str = "?";

impl Written {
    /// What the texts of this Rust file write.
    pub(crate) fn read(source: &str) -> Self {
        let mut written = Self::default();
        texts(source).iter().for_each(|text| written.read_text(text));
        written
    }

    /// Sections that something else goes on writing.
    pub(crate) fn open(&self) -> impl Iterator<Item = &String> {
        self.open.iter()
    }

    /// The same with such sections of other files.
    pub(crate) fn with_open(mut self, sections: impl Iterator<Item = String>) -> Self {
        self.open.extend(sections);
        self
    }

    /// Whether it holds this setting, for everything or for one route; `NAME` stands for any name.
    pub(crate) fn holds(&self, setting: &str) -> bool {
        let put = |key, sections: &BTreeSet<String>| {
            let whole: Vec<_> = sections.iter().map(|section| format!("{section}.{key}")).collect();
            whole
        };
        let loose = self.loose.iter().flat_map(|key| put(key, &self.open));
        let joined = self.loose.iter().filter(|_| self.is_joined);
        let continued = self.continued.iter().chain(joined).flat_map(|key| put(key, &self.last));
        let alone = self.settings.iter().chain(&self.loose).cloned();
        alone.chain(loose).chain(continued).any(|written| {
            let for_a_route = written.strip_prefix("routes.");
            let for_a_route = for_a_route
                .filter(|rest| rest.starts_with("guards.") || rest.starts_with("websocket."));
            self.is_same(setting, &written)
                || for_a_route.is_some_and(|written| self.is_same(setting, written))
        })
    }

    fn is_same(&self, setting: &str, written: &str) -> bool {
        let (wanted, found) = (setting.split('.'), written.split('.'));
        wanted.clone().count() == found.clone().count()
            && wanted.zip(found).all(|(wanted, found)| {
                wanted == found || wanted == "NAME" || found == ANY && self.words.contains(wanted)
            })
    }

    /// Adds what one text writes.
    pub(crate) fn read_text(&mut self, text: &str) {
        if text.chars().all(|it| it.is_alphanumeric() || it == '_') {
            self.words.insert(text.to_owned());
            return;
        }
        let is_format = text.contains("{{");
        let (mut header, mut body, mut is_behind) = (String::new(), Vec::new(), false);
        for line in text.lines() {
            let (line, is_open) = without_placeholders(line.trim(), is_format);
            is_behind |= is_open && header.is_empty();
            if is_open {
                self.open.extend(name(&header));
            }
            if is_header(&line) {
                self.read_section(&header, &std::mem::take(&mut body), is_behind);
                header = line;
            } else if !line.is_empty() {
                body.push(line);
            }
        }
        self.last.extend(name(&header));
        self.is_joined |= is_behind && header.is_empty() && body.is_empty() && text.contains("}{");
        if body.is_empty() {
            self.open.extend(name(&header));
        }
        self.read_section(&header, &body, is_behind);
    }

    fn read_section(&mut self, header: &str, body: &[String], is_behind: bool) {
        let parse = |body: &str| format!("{header}\n{body}").parse::<Table>();
        let mut found = BTreeSet::new();
        match parse(&body.join("\n")) {
            Ok(table) => flatten("", &table, &mut found),
            // Placeholders can stand where nothing makes sense: each line for itself.
            Err(_) => body
                .iter()
                .filter_map(|line| parse(line).ok())
                .for_each(|table| flatten("", &table, &mut found)),
        }
        let place = match (header.is_empty(), is_behind) {
            (false, _) => &mut self.settings,
            (true, false) => &mut self.loose,
            (true, true) => &mut self.continued,
        };
        // A name that is put in says nothing without a section: it may be that of a form's field.
        found.retain(|key| !header.is_empty() || !key.contains(ANY));
        place.extend(found);
    }
}

/// Adds the path of every key; the items of an array count as what they are arrays of.
fn flatten(path: &str, table: &Table, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let items = match value {
            Value::Array(items) => items.as_slice(),
            other => std::slice::from_ref(other),
        };
        items.iter().filter_map(Value::as_table).for_each(|table| flatten(&path, table, found));
        found.insert(path);
    }
}

fn is_header(line: &str) -> bool {
    name(line)
        .is_some_and(|name| name.chars().all(|it| it.is_alphanumeric() || "._-\"?".contains(it)))
}

fn name(header: &str) -> Option<String> {
    let name = header.strip_prefix('[')?.strip_suffix(']')?.trim_matches(['[', ']']);
    Some(name.replace('"', ""))
}

/// A line with a value in place of each placeholder of `format!`, and without those that stand
/// where a line begins; and whether there was one of these.
fn without_placeholders(line: &str, is_format: bool) -> (String, bool) {
    let (mut rest, mut is_open) = (line, false);
    while let Some(after) = placeholder(rest).filter(|after| !after.trim_start().starts_with('=')) {
        (rest, is_open) = (after, true);
    }
    let (mut text, mut is_quoted) = (String::new(), false);
    while let Some(next) = rest.chars().next() {
        if let Some(after) = placeholder(rest) {
            text.push_str(&if is_quoted { ANY.to_owned() } else { format!("\"{ANY}\"") });
            rest = after;
            continue;
        }
        let brace = ["{{", "}}"].into_iter().find(|it| is_format && rest.starts_with(it));
        let length = brace.map_or_else(|| next.len_utf8(), str::len);
        is_quoted ^= next == '"';
        text.push(next);
        rest = rest.get(length..).unwrap_or_default();
    }
    (text, is_open)
}

/// What follows the placeholder that `text` begins with.
fn placeholder(text: &str) -> Option<&str> {
    let (inside, after) = text.strip_prefix('{')?.split_once('}')?;
    let name = inside.split(':').next().unwrap_or_default();
    name.chars().all(|it| it.is_alphanumeric() || it == '_').then_some(after)
}

/// The texts of a Rust file, as the program has them.
fn texts(source: &str) -> Vec<String> {
    let (mut found, mut chars) = (Vec::new(), source.chars());
    loop {
        let rest = chars.as_str();
        if let Some((text, after)) = raw(rest) {
            found.push(text.to_owned());
            chars = after.chars();
        } else if rest.starts_with("//") {
            chars.find(|it| *it == '\n');
        } else if rest.starts_with("'\\") {
            // A character behind a backslash, which may be a quotation mark.
            chars.by_ref().take(3).for_each(drop);
            chars.find(|it| *it == '\'');
        } else if rest.starts_with("'\"'") {
            chars.by_ref().take(3).for_each(drop);
        } else {
            match chars.next() {
                Some('"') => found.push(plain(&mut chars)),
                Some(_) => {}
                None => return found,
            }
        }
    }
}

/// The raw text that `source` begins with, and what follows.
fn raw(source: &str) -> Option<(&str, &str)> {
    let rest = source.strip_prefix('r')?;
    let marked = rest.trim_start_matches('#');
    let end = format!("\"{}", "#".repeat(rest.len() - marked.len()));
    marked.strip_prefix('"')?.split_once(&end)
}

/// The text up to the quotation mark that ends it.
fn plain(chars: &mut Chars<'_>) -> String {
    let mut text = String::new();
    while let Some(next) = chars.next() {
        match next {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('\n') => *chars = chars.as_str().trim_start().chars(),
                Some('u') => drop(chars.find(|it| *it == '}')),
                other => text.extend(other),
            },
            other => text.push(other),
        }
    }
    text
}

#[test]
fn a_key_counts_in_its_own_section_alone() {
    let source = r#####"
        // "[upstream]\nretries = 1"
        const OPEN: &str = "[guards.limit]\n";
        let quote = ['"', '\''];
        let config = format!("[penalty]\nstrikes = [\"{count}\"]\n[websocket]\n{more}\n");
        let one = "[[routes]]\npath = \"/\"\n[routes.guards.cors]\nmax_age = \"1s\"\n";
        let two = format!("access.facts = {{ url = \"{url}\" }}");
        let three = r#"penalty.offences = [{ reason = "x" }]"#;
        let loose = "cost = 2";
        let named = format!("[guards.{guard}]\n{key} = 7\n");
        let words = ["json", "depth"];
        let behind = format!("{OPEN}announce = 1\n[log]\nkeep = 1");
    "#####;
    let written = Written::read(source);
    for one in [
        "penalty.strikes",
        "penalty.offences.reason",
        "guards.cors.max_age",
        "access.facts.url",
        "guards.limit.cost",
        "websocket.cost",
        "guards.json.depth",
        "penalty.strikes",
        "guards.limit.announce",
        "log.announce",
    ] {
        assert!(written.holds(one), "{one}: {written:#?}");
    }
    for other in [
        "upstream.retries",
        "penalty.cost",
        "penalty.announce",
        "cors.max_age",
        "json.depth",
        "log.cost",
    ] {
        assert!(!written.holds(other), "{other}: {written:#?}");
    }
}
