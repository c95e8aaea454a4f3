//! Reading requirements.

use std::time::Duration;

use mantlet_types::DataClass;

use super::{Requirement, RequirementError};
use crate::Roles;
use crate::nearest::nearest;

/// The longest text, in bytes.
const MAX_TEXT: usize = 1000;

/// The deepest nesting.
const MAX_DEPTH: usize = 16;

/// The longest time that can be asked for with `within`, in seconds: a day.
const LONGEST_WINDOW: u64 = 86_400;

/// Words that an expression can begin with, for what was probably meant.
const KINDS: [&str; 10] = [
    "signed-in",
    "permission",
    "role",
    "owner",
    "class",
    "within",
    "second-factor",
    "cedar",
    "nobody",
    "none",
];

pub(super) fn parse(text: &str, roles: &Roles) -> Result<Requirement, RequirementError> {
    if text.len() > MAX_TEXT {
        return Err(RequirementError::TooLong);
    }
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut reader = Reader { words: spaced.split_whitespace().peekable(), roles };
    let requirement = reader.any(0)?;
    match reader.words.next() {
        None => Ok(requirement),
        Some(word) => Err(RequirementError::Syntax { found: word.to_owned() }),
    }
}

struct Reader<'a> {
    words: std::iter::Peekable<std::str::SplitWhitespace<'a>>,
    roles: &'a Roles,
}

impl Reader<'_> {
    fn any(&mut self, depth: usize) -> Result<Requirement, RequirementError> {
        let mut list = vec![self.all(depth)?];
        while self.words.next_if_eq(&"or").is_some() {
            list.push(self.all(depth)?);
        }
        Ok(single_or(list, Requirement::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Requirement, RequirementError> {
        let mut list = vec![self.one(depth)?];
        while self.words.next_if_eq(&"and").is_some() {
            list.push(self.one(depth)?);
        }
        Ok(single_or(list, Requirement::All))
    }

    fn one(&mut self, depth: usize) -> Result<Requirement, RequirementError> {
        if depth > MAX_DEPTH {
            return Err(RequirementError::TooLong);
        }
        let word = self.words.next();
        let word = word.ok_or_else(|| RequirementError::Syntax { found: String::new() })?;
        if word != "(" {
            return self.atom(word);
        }
        let inner = self.any(depth + 1)?;
        match self.words.next() {
            Some(")") => Ok(inner),
            other => Err(RequirementError::Syntax { found: other.unwrap_or_default().to_owned() }),
        }
    }

    fn atom(&self, word: &str) -> Result<Requirement, RequirementError> {
        let unknown = |kind, name: &str, nearest| {
            Err(RequirementError::Unknown { kind, name: name.to_owned(), nearest })
        };
        match word.split_once(':') {
            None if word == "signed-in" => Ok(Requirement::SignedIn),
            None if word == "second-factor" => Ok(Requirement::SecondFactor),
            None if word == "nobody" => Ok(Requirement::Nobody),
            None if word == "class" => Ok(Requirement::Class(None)),
            // It opens a route, so it stands alone.
            None if word == "none" => Err(RequirementError::Syntax { found: word.to_owned() }),
            Some(("permission", name)) => match self.roles.permission(name) {
                Some(id) => Ok(Requirement::Permission(id)),
                None => unknown("permission", name, nearest(name, self.roles.permission_names())),
            },
            Some(("role", name)) => match self.roles.role(name) {
                Some(id) => Ok(Requirement::Role(id)),
                None => unknown("role", name, nearest(name, self.roles.role_names())),
            },
            Some(("class", name)) => match DataClass::parse(name) {
                Some(class) => Ok(Requirement::Class(Some(class))),
                None => {
                    let classes = ["public", "internal", "confidential", "restricted"];
                    unknown("class", name, nearest(name, classes.into_iter()))
                }
            },
            Some(("within", text)) => match window(text) {
                Some(window) => Ok(Requirement::Within(window)),
                None => Err(RequirementError::Syntax { found: word.to_owned() }),
            },
            Some(("cedar", action)) if is_simple(action) => {
                Ok(Requirement::Policy(action.to_owned()))
            }
            Some(("owner", fact)) if is_simple(fact) => Ok(Requirement::Owner(fact.to_owned())),
            _ => {
                let kind = word.split(':').next().unwrap_or(word);
                match nearest(kind, KINDS.into_iter().filter(|known| *known != kind)) {
                    Some(near) => unknown("requirement", word, Some(near)),
                    None => Err(RequirementError::Syntax { found: word.to_owned() }),
                }
            }
        }
    }
}

/// A time such as `90s`, `5m` or `1h`.
fn window(text: &str) -> Option<Duration> {
    let unit = match text.bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3600,
        _ => return None,
    };
    let number: u64 = text.get(..text.len().checked_sub(1)?)?.parse().ok()?;
    let seconds = number.checked_mul(unit)?;
    (1..=LONGEST_WINDOW).contains(&seconds).then(|| Duration::from_secs(seconds))
}

/// Whether a fact or an action can be called so.
fn is_simple(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(is_plain)
}

fn single_or(
    mut list: Vec<Requirement>,
    wrap: impl FnOnce(Vec<Requirement>) -> Requirement,
) -> Requirement {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        last => {
            list.extend(last);
            wrap(list)
        }
    }
}
