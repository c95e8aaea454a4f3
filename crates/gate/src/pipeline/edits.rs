//! Changes to headers, as values.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::stages::hygiene::fold;

/// One change to a set of headers.
#[derive(Debug, Clone)]
pub enum HeaderEdit {
    /// Exactly one field of this name, with this value.
    Set(HeaderName, HeaderValue),
    /// The value is used where the name is absent.
    SetIfAbsent(HeaderName, HeaderValue),
    /// The application's own field is kept where it is one; the value is used where there is none,
    /// and where there are several that do not agree.
    SetUnlessOne(HeaderName, HeaderValue),
    /// One more field of this name.
    Append(HeaderName, HeaderValue),
    /// No field of this name.
    Remove(HeaderName),
    /// No field of this name in any spelling that an application may take for it, as `x_name`.
    RemoveSpelled(HeaderName),
    /// No field whose name is one of a fixed set: one look at each field that is there, however
    /// large the set.
    RemoveListed(fn(&str) -> bool),
}

impl HeaderEdit {
    pub(super) fn apply(&self, headers: &mut HeaderMap) {
        match self {
            Self::Set(name, value) => {
                headers.insert(name, value.clone());
            }
            Self::SetIfAbsent(name, value) => {
                headers.entry(name).or_insert_with(|| value.clone());
            }
            Self::SetUnlessOne(name, value) => set_unless_one(headers, name, value),
            Self::Append(name, value) => {
                headers.append(name, value.clone());
            }
            Self::Remove(name) => {
                headers.remove(name);
            }
            Self::RemoveSpelled(name) => {
                let name = name.as_str();
                remove_listed(headers, |known| known.len() == name.len() && fold(known) == name)
            }
            Self::RemoveListed(is_listed) => remove_listed(headers, is_listed),
        }
    }
}

fn set_unless_one(headers: &mut HeaderMap, name: &HeaderName, value: &HeaderValue) {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    let (has_more, agrees) =
        values.fold((false, true), |(_, agrees), other| (true, agrees && Some(other) == first));
    match first {
        Some(_) if !has_more => {}
        Some(first) if agrees => {
            let first = first.clone();
            headers.insert(name, first);
        }
        _ => {
            headers.insert(name, value.clone());
        }
    }
}

/// Removes every field whose name `is_listed`; looks at each field once.
pub(crate) fn remove_listed(headers: &mut HeaderMap, is_listed: impl Fn(&str) -> bool) {
    let mut listed = headers.keys().filter(|name| is_listed(name.as_str())).cloned();
    // Almost always none or one: nothing is allocated for these.
    let Some(first) = listed.next() else { return };
    let others: Vec<HeaderName> = listed.collect();
    headers.remove(first);
    for name in others {
        headers.remove(name);
    }
}

/// A list of header changes, applied in order. Cloning a list that was prepared when the
/// configuration was loaded costs one reference count.
#[derive(Debug, Clone)]
pub struct Edits(Arc<[HeaderEdit]>);

impl Edits {
    /// No change.
    #[must_use]
    pub fn none() -> Self {
        Self(Arc::default())
    }

    /// Applies every change to `headers`.
    pub fn apply(&self, headers: &mut HeaderMap) {
        // Room for all of them at once: growing step by step would hash every name again.
        headers.reserve(self.0.len());
        for edit in self.0.iter() {
            edit.apply(headers);
        }
    }

    /// This list and one more change at its end.
    #[must_use]
    pub fn and(&self, edit: HeaderEdit) -> Self {
        Self(self.0.iter().cloned().chain([edit]).collect())
    }

    /// Whether there is nothing to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<HeaderEdit>> for Edits {
    fn from(edits: Vec<HeaderEdit>) -> Self {
        Self(edits.into())
    }
}
