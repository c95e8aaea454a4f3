//! The reference of all keys, for generated docs.

use std::fmt::Write;

use crate::reader::child;
use crate::{Description, KeyDescription, Setting, Shown};

/// All keys of a configuration as Markdown: a heading and a table for every section.
#[must_use]
pub fn reference<S: Setting>() -> String {
    let mut text = String::new();
    section(&mut text, "", &S::describe());
    text.trim_start().to_owned()
}

fn section(text: &mut String, header: &str, description: &Description) {
    let named = if description.is_named { child(header, "NAME") } else { header.to_owned() };
    let header = named.as_str();
    if !header.is_empty() {
        let brackets = if description.is_list { ("[[", "]]") } else { ("[", "]") };
        let _ = writeln!(text, "\n## `{}{header}{}`", brackets.0, brackets.1);
    }
    if !description.docs.is_empty() {
        let _ = writeln!(text, "\n{}", description.docs);
    }
    let (values, tables): (Vec<_>, Vec<_>) =
        description.keys.iter().partition(|key| key.description.keys.is_empty());
    if !values.is_empty() {
        let _ = writeln!(text, "\n| key | kind | default | meaning |\n|---|---|---|---|");
    }
    for key in values {
        row(text, key);
    }
    for key in tables {
        section(text, &child(header, key.key), &key.description);
    }
}

fn row(text: &mut String, key: &KeyDescription) {
    let default = match &key.default {
        Shown::Value(value) => format!("`{value}`"),
        _ => "not set".to_owned(),
    };
    let mut meaning = key.docs.replace('\n', " ");
    for (word, docs) in &key.description.choices {
        let _ = write!(meaning, "<br>`{word}`: {}", docs.replace('\n', " "));
    }
    let cells = [&key.description.kind, &default, &meaning].map(|cell| cell.replace('|', "\\|"));
    let _ = writeln!(text, "| `{}` | {} |", key.key, cells.join(" | "));
}
