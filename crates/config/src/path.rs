//! Paths: relative ones in the file start at the file's folder, others at the current folder.

use std::path::PathBuf;

use crate::{Complaint, Description, Element, Node, Reader, Setting, Shown, Value};

impl Setting for PathBuf {
    fn read(node: Option<&Node>, base: &Self, reader: &mut Reader<'_>) -> Self {
        reader
            .effective(node)
            .and_then(|node| Self::read_entry(&node, reader))
            .unwrap_or_else(|| base.clone())
    }

    fn show(&self) -> Shown {
        Shown::Value(Value::String(self.to_string_lossy().into_owned()))
    }

    fn describe() -> Description {
        Description::of_kind("path, e.g. `/srv/www`")
    }
}

impl Element for PathBuf {
    const IS_TABLE: bool = false;

    fn read_entry(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let value = node.to_value();
        match value.as_str().or(node.raw.as_deref()) {
            Some(text) if !text.is_empty() && !text.contains('\0') => {
                Some(reader.resolve(node, text))
            }
            _ => {
                let hint = "write for example `\"/srv/www\"`";
                reader.complain(node, Complaint::new("expected a path", hint));
                None
            }
        }
    }
}
