//! A table that is read later, over something else.

use std::sync::Arc;

use crate::{Description, Element, Node, Reader, Setting, Shown};

/// A table whose keys are not known here. It is kept as it stands, until
/// [`RawTable::read_over`] reads it over the values that hold without it.
#[derive(Debug, Clone, Default)]
pub struct RawTable {
    /// The key path of the table; `None` when it was never read.
    key: Option<String>,
    node: Option<Arc<Node>>,
}

impl RawTable {
    /// Reads the table as a section in which `base` holds for every absent key. Problems go to
    /// `reader`, at the table's own place.
    pub fn read_over<S: Setting>(&self, base: &S, reader: &mut Reader<'_>) -> S {
        match &self.key {
            Some(key) => {
                reader.within(key.clone(), |reader| S::read(self.node.as_deref(), base, reader))
            }
            None => base.clone(),
        }
    }

    /// Whether nothing was written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.node.is_none()
    }
}

impl Setting for RawTable {
    fn read(node: Option<&Node>, base: &Self, reader: &mut Reader<'_>) -> Self {
        let key = Some(reader.key().to_owned());
        let Some(node) = reader.effective(node) else {
            return Self { key, node: base.node.clone() };
        };
        Self::read_entry(&node, reader).unwrap_or_else(|| base.clone())
    }

    fn show(&self) -> Shown {
        self.node.as_ref().map_or(Shown::Absent, |node| Shown::Value(node.to_value()))
    }

    fn describe() -> Description {
        Description::of_kind("table")
    }
}

impl Element for RawTable {
    // For lists they are values: they are shown inline.
    const IS_TABLE: bool = false;

    fn read_entry(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if !node.is_table() {
            reader.expected_table(node);
            return None;
        }
        Some(Self { key: Some(reader.key().to_owned()), node: Some(Arc::new(node.clone())) })
    }
}
