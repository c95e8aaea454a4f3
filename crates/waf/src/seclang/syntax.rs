//! A rule as it is written: targets, operator and actions, each parsed, none connected yet.

use super::problem::{Fault, Place};
use crate::actions::Action;
use crate::operators::Operator;
use crate::variables::Targets;

/// What a rule asks of its targets.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) operator: Operator,
    pub(crate) negated: bool,
    /// The operator's name and argument as they were written, for explanations.
    pub(crate) written: Box<str>,
}

/// One `SecRule` or `SecAction`.
#[derive(Debug, Clone)]
pub(crate) struct RuleSyntax {
    pub(crate) place: Place,
    pub(crate) targets: Targets,
    pub(crate) question: Question,
    pub(crate) actions: Vec<Action>,
}

/// Parses `@op argument`, `!@op argument` or a bare pattern.
pub(crate) fn question(
    text: &str,
    files: &mut dyn FnMut(&str) -> Result<Vec<u8>, Fault>,
) -> Result<Question, Fault> {
    let trimmed = text.trim_start();
    let (negated, rest) = match trimmed.strip_prefix('!') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, trimmed),
    };
    let (name, argument) = match rest.strip_prefix('@') {
        Some(named) => {
            let (name, argument) = named.split_once(char::is_whitespace).unwrap_or((named, ""));
            (name, argument.trim_start())
        }
        None => ("rx", rest),
    };
    let operator = Operator::compile(name, argument, files)?;
    Ok(Question { operator, negated, written: format!("@{name} {argument}").into() })
}

/// Splits a list of actions at its commas and parses each. Faults come with their offset.
pub(crate) fn actions(text: &str) -> Result<Vec<Action>, Vec<(usize, Fault)>> {
    let mut actions = Vec::new();
    let mut faults = Vec::new();
    for (offset, name, value) in split_actions(text) {
        if name.is_empty() {
            if value.is_some() {
                faults.push((offset, Fault::new("an action without a name")));
            }
            continue;
        }
        match Action::parse(name, value.as_deref()) {
            Ok(action) => actions.push(action),
            Err(fault) => faults.push((offset, fault)),
        }
    }
    if faults.is_empty() { Ok(actions) } else { Err(faults) }
}

/// The parts of an action list: where each begins, its name, and its value without quotes.
fn split_actions(text: &str) -> Vec<(usize, &str, Option<String>)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.trim_start().is_empty() {
        let begin = text.len() - rest.trim_start().len();
        let end = action_end(rest);
        let part = rest.get(..end).unwrap_or_default().trim();
        let (name, value) = match part.split_once(':') {
            Some((name, value)) => (name.trim(), Some(unquote(value.trim()))),
            None => (part, None),
        };
        parts.push((begin, name, value));
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    parts
}

/// Where the comma stands that ends the first action: the first one outside single quotes.
fn action_end(text: &str) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        match character {
            '\'' if !escaped => quoted = !quoted,
            ',' if !quoted => return index,
            _ => {}
        }
        escaped = character == '\\' && !escaped;
    }
    text.len()
}

fn unquote(value: &str) -> String {
    // `setvar:tx.a='b'` has its quotes inside; only quotes around the whole value are taken off.
    match value.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')) {
        Some(inner) => inner.replace("\\'", "'"),
        None => value.replace("\\'", "'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_lists_are_split_outside_quotes() {
        let parts =
            split_actions("id:1,msg:'a, b\\'s',t:none,ctl:ruleRemoveTargetById=1;ARGS:x,chain");
        let texts: Vec<(&str, Option<&str>)> =
            parts.iter().map(|(_, name, value)| (*name, value.as_deref())).collect();
        let expected = [
            ("id", Some("1")),
            ("msg", Some("a, b's")),
            ("t", Some("none")),
            ("ctl", Some("ruleRemoveTargetById=1;ARGS:x")),
            ("chain", None),
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn operators_are_negated_and_default_to_patterns() {
        let mut files = |_: &str| Err(Fault::new("none"));
        assert!(question("!@streq x", &mut files).unwrap().negated);
        assert_eq!(&*question("^a b", &mut files).unwrap().written, "@rx ^a b");
        let fault = question("@contians x", &mut files).unwrap_err();
        assert_eq!(fault.hint.as_deref(), Some("did you mean `contains`?"));
    }
}
