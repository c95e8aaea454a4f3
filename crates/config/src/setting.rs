//! What a setting is: read from a node, shown, described.

use std::fmt;

use toml::Value;

use crate::nearest::shown;
use crate::{Node, Reader};

/// Something that can be configured: a single value, a list, or a section of keys.
pub trait Setting: Sized + Clone {
    /// Reads the value at `node`; `base` is what holds when it is absent, so that a route's table
    /// can be read over the global one. Problems go to `reader`; then `base` is returned.
    fn read(node: Option<&Node>, base: &Self, reader: &mut Reader<'_>) -> Self;

    /// The value as it would be written.
    fn show(&self) -> Shown;

    /// What can be written.
    fn describe() -> Description;
}

/// A setting that can be an entry of a list: scalars, paths and sections.
pub trait Element: Setting {
    /// Whether an entry is a table.
    const IS_TABLE: bool;

    /// Reads one entry as it stands in the file; `None` when it is unusable, which `reader` knows.
    fn read_entry(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;
}

/// What is wrong with a value, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong: lower case, no full stop, input in backticks.
    pub message: String,
    /// What to do; empty for nothing.
    pub hint: String,
}

impl Complaint {
    /// A complaint.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }

    /// The value is of another type than `T` is written in.
    #[must_use]
    pub fn mismatch<T: Scalar>(value: &Value) -> Self {
        let found = match value {
            Value::String(text) => format!("the text `{}`", shown(text)),
            Value::Integer(number) => format!("the number `{number}`"),
            Value::Float(number) => format!("the number `{number}`"),
            Value::Boolean(truth) => format!("`{truth}`"),
            Value::Datetime(_) => "a date".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Table(_) => "a table".to_owned(),
        };
        Self::new(
            format!("expected {}, found {found}", T::KIND),
            format!("write for example `{}`", T::EXAMPLE),
        )
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.hint.is_empty() {
            return Ok(());
        }
        write!(f, "; {}", self.hint)
    }
}

impl std::error::Error for Complaint {}

/// A setting of a single value. Implement this for a type of your own.
pub trait Scalar: Sized + Clone {
    /// What it is, for messages and docs: `duration`.
    const KIND: &'static str;
    /// An example as it is written: `30s`.
    const EXAMPLE: &'static str;

    /// Reads a value.
    ///
    /// # Errors
    /// [`Complaint`] when the value is none of this type.
    fn parse(value: &Value) -> Result<Self, Complaint>;

    /// The value as it would be written: [`Scalar::parse`] reads it back.
    fn show(&self) -> Value;

    /// The values that can be written, with their docs, when they are few. Empty: many.
    #[must_use]
    fn choices() -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

impl<T: Scalar> Setting for T {
    fn read(node: Option<&Node>, base: &Self, reader: &mut Reader<'_>) -> Self {
        reader
            .effective(node)
            .and_then(|node| Self::read_entry(&node, reader))
            .unwrap_or_else(|| base.clone())
    }

    fn show(&self) -> Shown {
        Shown::Value(Scalar::show(self))
    }

    fn describe() -> Description {
        let choices = Self::choices();
        let kind = if choices.is_empty() {
            format!("{}, e.g. `{}`", Self::KIND, Self::EXAMPLE)
        } else {
            Self::KIND.to_owned()
        };
        Description { choices, ..Description::of_kind(kind) }
    }
}

impl<T: Scalar> Element for T {
    const IS_TABLE: bool = false;

    fn read_entry(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let complaint = match Self::parse(&node.to_value()) {
            Ok(value) => return Some(value),
            Err(complaint) => complaint,
        };
        // A variable cannot say whether `8080` is a number or a text.
        let as_text = node.raw.clone().and_then(|raw| Self::parse(&Value::String(raw)).ok());
        if as_text.is_none() {
            reader.complain(node, complaint);
        }
        as_text
    }
}

/// A setting as it would be written.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// One value, which may be a list or an inline table.
    Value(Value),
    /// A section.
    Table(Vec<(&'static str, Self)>),
    /// Not set.
    Absent,
    /// An array of tables.
    Tables(Vec<Self>),
    /// Tables under names of the operator's choice.
    Named(Vec<(String, Self)>),
}

/// What can be written for a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// What it is, in words: "duration, e.g. `30s`".
    pub kind: String,
    /// What the section is for; empty for other settings.
    pub docs: String,
    /// The keys of a section, in the order of its declaration; empty for other settings.
    pub keys: Vec<KeyDescription>,
    /// Whether it is an array of such tables.
    pub is_list: bool,
    /// Whether there is one such table for each name of the operator's choice.
    pub is_named: bool,
    /// The values that can be written, with their docs, when they are few. Empty: many.
    pub choices: Vec<(&'static str, String)>,
}

impl Description {
    /// The description of a setting without keys.
    #[must_use]
    pub fn of_kind(kind: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            docs: String::new(),
            keys: Vec::new(),
            is_list: false,
            is_named: false,
            choices: Vec::new(),
        }
    }
}

/// One key of a section.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyDescription {
    /// The key as it is written.
    pub key: &'static str,
    /// What it is for.
    pub docs: String,
    /// What holds when it is not written.
    pub default: Shown,
    /// What can be written.
    pub description: Description,
}
