//! Settings that may be absent, and lists of settings.

use crate::node::Content;
use crate::{Complaint, Description, Element, Node, Reader, Setting, Shown, Value};

/// The most entries of a list.
const MAX_ENTRIES: usize = 10_000;

impl<T: Element> Setting for Option<T> {
    fn read(node: Option<&Node>, base: &Self, reader: &mut Reader<'_>) -> Self {
        let node = reader.effective(node);
        node.and_then(|node| T::read_entry(&node, reader)).or_else(|| base.clone())
    }

    fn show(&self) -> Shown {
        self.as_ref().map_or(Shown::Absent, Setting::show)
    }

    fn describe() -> Description {
        T::describe()
    }
}

impl<T: Element> Setting for Vec<T> {
    fn read(node: Option<&Node>, base: &Self, reader: &mut Reader<'_>) -> Self {
        let Some(node) = reader.effective(node) else {
            return base.clone();
        };
        let entries = match &node.content {
            Content::Array(items) if items.len() > MAX_ENTRIES => {
                let message = format!("the list has {} entries", items.len());
                let hint = format!("at most {MAX_ENTRIES} are allowed");
                reader.complain(&node, Complaint::new(message, hint));
                None
            }
            Content::Array(items) => read_items(items, reader),
            Content::Table(_) if T::IS_TABLE => {
                let message = "expected an array of tables, found a table";
                let hint = format!("write `[[{}]]`, with two brackets", reader.key());
                reader.complain(&node, Complaint::new(message, hint));
                None
            }
            _ => T::read_entry(&node, reader).map(|only| vec![only]),
        };
        entries.unwrap_or_else(|| base.clone())
    }

    fn show(&self) -> Shown {
        let shown: Vec<Shown> = self.iter().map(Setting::show).collect();
        if T::IS_TABLE && !shown.is_empty() {
            return Shown::Tables(shown);
        }
        let value = |entry| match entry {
            Shown::Value(value) => Some(value),
            _ => None,
        };
        Shown::Value(Value::Array(shown.into_iter().filter_map(value).collect()))
    }

    fn describe() -> Description {
        let entry = T::describe();
        let kind = if T::IS_TABLE {
            "array of tables".to_owned()
        } else {
            format!("list of {}", entry.kind)
        };
        Description { kind, is_list: true, ..entry }
    }
}

/// Reads every entry, for the sake of all problems; `None` when any is unusable, so that an index
/// always means the same entry.
fn read_items<T: Element>(items: &[Node], reader: &mut Reader<'_>) -> Option<Vec<T>> {
    let list = reader.key().to_owned();
    let read = |(index, item): (usize, &Node)| {
        reader.within(format!("{list}[{index}]"), |reader| T::read_entry(item, reader))
    };
    let entries: Vec<Option<T>> = items.iter().enumerate().map(read).collect();
    entries.into_iter().collect()
}
