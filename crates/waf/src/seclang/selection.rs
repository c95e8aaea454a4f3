//! Which rules a directive or a `ctl` means: by number, by tag, by message.

use regex::Regex;

use super::problem::Fault;

/// A choice of rules.
#[derive(Debug, Clone)]
pub(crate) enum RuleSelection {
    /// Numbers and ranges of numbers, both ends in.
    Ids(Vec<(u64, u64)>),
    /// A pattern that one tag matches.
    Tags(Regex),
    /// A pattern that the message matches.
    Messages(Regex),
}

/// What a choice is made by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleNames<'a> {
    pub(crate) id: u64,
    pub(crate) tags: &'a [Box<str>],
    /// The message as it was written.
    pub(crate) message: &'a str,
}

impl RuleSelection {
    /// Numbers and ranges with spaces or commas between them.
    pub(crate) fn ids(text: &str) -> Result<Self, Fault> {
        let parts = text.split([' ', ',']).filter(|part| !part.is_empty());
        let ranges = parts.map(range).collect::<Result<Vec<_>, _>>()?;
        if ranges.is_empty() {
            return Err(Fault::new("no rule is named")
                .hint("write numbers or ranges such as `942100-942199`"));
        }
        Ok(Self::Ids(ranges))
    }

    /// A pattern over tags.
    pub(crate) fn tags(text: &str) -> Result<Self, Fault> {
        pattern(text).map(Self::Tags)
    }

    /// A pattern over messages.
    pub(crate) fn messages(text: &str) -> Result<Self, Fault> {
        pattern(text).map(Self::Messages)
    }

    /// Whether the rule is meant.
    pub(crate) fn selects(&self, rule: RuleNames<'_>) -> bool {
        match self {
            Self::Ids(ranges) => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&rule.id))
            }
            Self::Tags(pattern) => rule.tags.iter().any(|tag| pattern.is_match(tag)),
            Self::Messages(pattern) => pattern.is_match(rule.message),
        }
    }
}

fn range(text: &str) -> Result<(u64, u64), Fault> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    // In a chain, `id:1` names its second link; the whole chain is one rule here.
    let last = last.split(':').next().unwrap_or_default();
    let first = first.split(':').next().unwrap_or_default();
    let parse = |text: &str| text.trim().parse::<u64>().ok();
    parse(first).zip(parse(last)).filter(|(first, last)| first <= last).ok_or_else(|| {
        Fault::new(format!("`{text}` is neither a rule's number nor a range"))
            .hint("write `942100` or `942100-942199`")
    })
}

fn pattern(text: &str) -> Result<Regex, Fault> {
    let bare = text.trim_matches(['\'', '"']);
    Regex::new(bare).map_err(|_| Fault::new(format!("`{bare}` is no usable pattern")))
}
