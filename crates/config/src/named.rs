//! Sections that are told apart by a name of the operator's choice.

use std::collections::BTreeMap;

use crate::node::{Content, Entry};
use crate::{Complaint, Description, Element, Node, Reader, Setting, Shown};

/// The most sections of one kind.
const MAX_SECTIONS: usize = 64;

/// The longest name, in bytes.
const MAX_NAME: usize = 32;

/// Sections of one kind, each under a name: `[identity.issuers.NAME]`. A name is 1 to 32 lower-case
/// letters, digits, `-` and `_`.
#[derive(Debug, Clone)]
pub struct Named<T>(BTreeMap<String, T>);

impl<T> Named<T> {
    /// Every section with its name, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, section)| (name.as_str(), section))
    }

    /// The section of this name; `None` where there is none.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<&T> {
        self.0.get(name)
    }

    /// Whether there is no section.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Element> Setting for Named<T> {
    fn read(node: Option<&Node>, base: &Self, reader: &mut Reader<'_>) -> Self {
        let Some(node) = node else { return base.clone() };
        let Content::Table(entries) = &node.content else {
            reader.expected_table(node);
            return base.clone();
        };
        if entries.len() > MAX_SECTIONS {
            let message = format!("there are {} of them", entries.len());
            let hint = format!("at most {MAX_SECTIONS} are allowed");
            reader.complain(node, Complaint::new(message, hint));
            return base.clone();
        }
        let parent = reader.key().to_owned();
        let read = |(name, entry): (&String, &Entry)| {
            if !is_name(name) {
                let shown: String = name.chars().take(60).collect();
                let message = format!("`{}` is no name", shown.escape_debug());
                let hint = "use 1 to 32 lower-case letters, digits, `-` and `_`";
                reader.complain(&entry.node, Complaint::new(message, hint));
                return None;
            }
            let path = format!("{parent}.{name}");
            let section = reader.within(path, |reader| T::read_entry(&entry.node, reader));
            Some((name.clone(), section?))
        };
        Self(entries.iter().filter_map(read).collect())
    }

    fn show(&self) -> Shown {
        let shown = |(name, section): (&String, &T)| (name.clone(), section.show());
        Shown::Named(self.0.iter().map(shown).collect())
    }

    fn describe() -> Description {
        Description { is_named: true, ..T::describe() }
    }
}

fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    };
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Environment, Layers, changes, effective, load, reference, section};

    section! {
        /// One of them.
        struct One {
            /// A number.
            number: u16 = 1,
        }
    }

    section! {
        /// All.
        struct All {
            /// Them.
            them: Named<One> = Named::default(),
        }
    }

    fn loaded(text: &str) -> crate::Loaded<All> {
        load(&Layers::new(Environment::default()).text("a.toml", text), |_: &All, _| {})
    }

    #[test]
    fn sections_are_read_by_their_names_and_shown_as_they_were_written() {
        let read = loaded("[them.b]\nnumber = 2\n[them.a-1]\n");
        let config = read.config.unwrap();
        let found: Vec<_> = config.them.iter().map(|(name, one)| (name, one.number)).collect();
        assert_eq!(found, [("a-1", 1), ("b", 2)]);
        assert_eq!(config.them.lookup("b").map(|one| one.number), Some(2));
        let text = effective(&config, &read.provenance);
        assert!(text.contains("[them.a-1]") && text.contains("[them.b]"), "{text}");
        let again = loaded(&text).config.unwrap();
        assert!(changes(&config, &again).is_empty(), "{text}");
        let other = loaded("[them.b]\nnumber = 3\n").config.unwrap();
        let told: Vec<String> = changes(&config, &other).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["them.a-1.number: 1 -> not set", "them.b.number: 2 -> 3"]);
        assert!(reference::<All>().contains("## `[them.NAME]`"), "{}", reference::<All>());
    }

    #[test]
    fn what_is_no_name_or_no_section_is_told_with_its_place() {
        for (text, told) in [
            ("[them.A]\n", "`A` is no name"),
            ("[them.\"a b\"]\n", "`a b` is no name"),
            ("[them]\na = 1\n", "expected a table"),
            ("them = 1\n", "expected a table"),
            ("[them.a]\nnumer = 1\n", "unknown key `them.a.numer`"),
        ] {
            let problems = loaded(text).problems.to_string();
            assert!(problems.contains(told), "{text}: {problems}");
        }
        let many: String = (0..65).map(|number| format!("[them.n{number}]\n")).collect();
        assert!(loaded(&many).problems.to_string().contains("at most 64"));
    }
}
