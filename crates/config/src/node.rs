//! What was written, with the place of every key and value.

use std::collections::BTreeMap;

use toml::Value;

use crate::Place;

/// A value of the configuration and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    pub(crate) place: Place,
    pub(crate) content: Content,
    /// The text as a variable or flag holds it: `8080` may be meant as text.
    pub(crate) raw: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Neither an array nor a table.
    Value(Value),
    Array(Vec<Node>),
    Table(BTreeMap<String, Entry>),
}

/// A value in a table.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Where the key stands.
    pub(crate) place: Place,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) const fn new(place: Place, content: Content) -> Self {
        Self { place, content, raw: None }
    }

    /// Where it stands.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Whether it is a table.
    #[must_use]
    pub const fn is_table(&self) -> bool {
        matches!(self.content, Content::Table(_))
    }

    /// The value under `key`; `None` when it is not there or this is not a table.
    #[must_use]
    pub fn lookup(&self, key: &str) -> Option<&Self> {
        Some(&self.entry(key)?.node)
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Table(entries) => entries.get(key),
            _ => None,
        }
    }

    pub(crate) fn item(&self, index: usize) -> Option<&Self> {
        match &self.content {
            Content::Array(items) => items.get(index),
            _ => None,
        }
    }

    /// The value without its places.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.content {
            Content::Value(value) => value.clone(),
            Content::Array(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Content::Table(entries) => {
                let pair = |(key, entry): (&String, &Entry)| (key.clone(), entry.node.to_value());
                Value::Table(entries.iter().map(pair).collect())
            }
        }
    }
}
