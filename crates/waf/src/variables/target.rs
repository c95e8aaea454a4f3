//! What a rule looks at: a list of variables with selectors, counts and exclusions.

use regex::bytes::{Regex, RegexBuilder};

use super::name::{Shape, Variable};
use crate::seclang::problem::Fault;

/// Which values of a variable are meant.
#[derive(Debug, Clone)]
pub(crate) enum Selector {
    /// All of them.
    All,
    /// The values with this key, in any case of letters; lower case here.
    Key(Box<[u8]>),
    /// The values whose key matches, in any case of letters.
    Pattern(Box<Regex>),
    /// The values whose key begins with this, in any case of letters: a pattern such as `^score_`.
    Prefix(Box<[u8]>),
    /// The value of `TX` with this number and key. Only in compiled rules.
    Slot(usize, Box<[u8]>),
    /// The text of the whole document.
    XmlText,
    /// The values of all attributes.
    XmlAttributes,
}

impl Selector {
    /// Whether a value with this key is meant.
    pub(crate) fn selects(&self, key: &[u8]) -> bool {
        match self {
            Self::All | Self::XmlText | Self::XmlAttributes => true,
            Self::Key(wanted) | Self::Slot(_, wanted) => wanted.eq_ignore_ascii_case(key),
            Self::Pattern(pattern) => pattern.is_match(key),
            Self::Prefix(prefix) => {
                key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            }
        }
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, Self::All)
            | (Self::XmlText, Self::XmlText)
            | (Self::XmlAttributes, Self::XmlAttributes) => true,
            (Self::Key(left) | Self::Slot(_, left), Self::Key(right) | Self::Slot(_, right)) => {
                left == right
            }
            (Self::Pattern(left), Self::Pattern(right)) => left.as_str() == right.as_str(),
            (Self::Prefix(left), Self::Prefix(right)) => left.eq_ignore_ascii_case(right),
            _ => false,
        }
    }
}

/// A variable with its selector.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) variable: Variable,
    pub(crate) selector: Selector,
    /// The number of values is looked at, not the values.
    pub(crate) count: bool,
}

impl Target {
    /// Whether this target, as an exclusion, takes `variable:key` out.
    pub(crate) fn covers(&self, variable: Variable, key: &[u8]) -> bool {
        let same = self.variable == variable || self.variable == covering(variable);
        same && self.selector.selects(key)
    }

    /// Whether both select the same by their text.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.variable == other.variable
            && self.count == other.count
            && self.selector.same(&other.selector)
    }
}

/// An exclusion of `ARGS:x` also takes out what `ARGS_GET` and `ARGS_POST` give of it.
const fn covering(variable: Variable) -> Variable {
    match variable {
        Variable::ArgsGet | Variable::ArgsPost => Variable::Args,
        Variable::ArgsGetNames | Variable::ArgsPostNames => Variable::ArgsNames,
        other => other,
    }
}

/// The parsed first argument of a rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Targets {
    pub(crate) included: Vec<Target>,
    pub(crate) excluded: Vec<Target>,
}

impl Targets {
    /// Parses `VAR|&VAR:key|!VAR:/re/|XML:/*`. Faults come with their offset.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<(usize, Fault)>> {
        let mut targets = Self::default();
        let mut faults = Vec::new();
        let mut offset = 0;
        for piece in pieces(text) {
            match parse_one(piece.trim()) {
                Ok((true, target)) => targets.excluded.push(target),
                Ok((false, target)) => targets.included.push(target),
                Err(fault) => faults.push((offset, fault)),
            }
            offset += piece.len() + 1;
        }
        if faults.is_empty() { Ok(targets) } else { Err(faults) }
    }

    /// Adds what another list names, without repeating.
    pub(crate) fn extend(&mut self, other: &Self) {
        for target in &other.excluded {
            if !self.excluded.iter().any(|known| known.same(target)) {
                self.excluded.push(target.clone());
            }
        }
        for target in &other.included {
            if !self.included.iter().any(|known| known.same(target)) {
                self.included.push(target.clone());
            }
        }
    }
}

/// The parts between `|`, except where it stands in a quoted or `/pattern/` selector.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let end = piece_end(rest);
        pieces.push(rest.get(..end).unwrap_or_default());
        match rest.get(end + 1..) {
            Some(next) => rest = next,
            None => return pieces,
        }
    }
}

fn piece_end(text: &str) -> usize {
    let first_bar = text.find('|').unwrap_or(text.len());
    let Some(colon) = text.find(':').filter(|colon| *colon < first_bar) else { return first_bar };
    let is_xml = text.trim_start_matches(['!', '&']).to_ascii_uppercase().starts_with("XML:");
    let selector = text.get(colon + 1..).unwrap_or_default();
    let closing = match selector.chars().next() {
        Some('\'') => closing_quote(selector, '\''),
        Some('/') if !is_xml => closing_quote(selector, '/'),
        _ => None,
    };
    match closing {
        Some(end) => {
            let after = selector.get(end..).unwrap_or_default();
            colon + 1 + end + after.find('|').unwrap_or(after.len())
        }
        None => first_bar,
    }
}

/// Where the second `quote` ends that no backslash precedes.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        if character == quote && !escaped {
            return Some(index + 1);
        }
        escaped = character == '\\' && !escaped;
    }
    None
}

fn parse_one(text: &str) -> Result<(bool, Target), Fault> {
    let (excluded, text) = strip(text, '!');
    let (count, text) = strip(text, '&');
    let (name, selector) = match text.split_once([':', '.']) {
        Some((name, selector)) => (name, Some(selector)),
        None => (text, None),
    };
    if name.is_empty() {
        return Err(Fault::new("a variable is missing").hint("write a name between the bars"));
    }
    let variable = Variable::parse(name)?;
    let selector = match selector {
        Some(selector) => parse_selector(variable, selector)?,
        None => Selector::All,
    };
    Ok((excluded, Target { variable, selector, count }))
}

fn strip(text: &str, sign: char) -> (bool, &str) {
    match text.strip_prefix(sign) {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

fn parse_selector(variable: Variable, text: &str) -> Result<Selector, Fault> {
    if variable == Variable::Xml {
        return match text {
            "/*" => Ok(Selector::XmlText),
            "//@*" => Ok(Selector::XmlAttributes),
            _ => Err(Fault::new(format!("unsupported XPath expression `{text}`"))
                .hint("`XML:/*` is the text of the document, `XML://@*` its attributes")),
        };
    }
    if variable.shape() == Shape::Scalar {
        return Err(Fault::new(format!("`{}` has no keys to select by", variable.name()))
            .hint(format!("write `{}` alone", variable.name())));
    }
    let bare = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text);
    match bare.strip_prefix('/').and_then(|text| text.strip_suffix('/')) {
        Some(pattern) => match pattern.strip_prefix('^').filter(|rest| is_literal(rest)) {
            Some(prefix) => Ok(Selector::Prefix(prefix.as_bytes().into())),
            None => Ok(Selector::Pattern(Box::new(key_pattern(pattern)?))),
        },
        None => Ok(Selector::Key(bare.to_ascii_lowercase().into_bytes().into())),
    }
}

/// Whether a pattern means its own text.
fn is_literal(pattern: &str) -> bool {
    pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// A pattern over keys: any case, `.` matches every byte.
fn key_pattern(pattern: &str) -> Result<Regex, Fault> {
    let translated = crate::operators::pcre::translate(&pattern.replace("\\/", "/"))?;
    RegexBuilder::new(&translated)
        .unicode(false)
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .build()
        .map_err(|error| crate::operators::pcre::not_compiled(pattern, &error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_with_patterns_counts_and_exclusions_are_parsed() {
        let targets =
            Targets::parse("ARGS|&TX:a|!REQUEST_COOKIES:/^_ga|x/|XML:/*|XML://@*").unwrap();
        assert_eq!(targets.included.len(), 4);
        assert!(targets.included[1].count);
        assert!(targets.excluded[0].covers(Variable::RequestCookies, b"_GA1"));
        assert!(targets.excluded[0].covers(Variable::RequestCookies, b"ax"));
        assert!(!targets.excluded[0].covers(Variable::RequestCookies, b"other"));
    }

    #[test]
    fn patterns_of_a_beginning_mean_what_patterns_mean() {
        let parse = |text: &str| Targets::parse(text).unwrap().included.remove(0).selector;
        let prefix = parse("TX:/^Name_1/");
        let pattern = parse("TX:/^(?:Name_1)/");
        assert!(matches!((&prefix, &pattern), (Selector::Prefix(_), Selector::Pattern(_))));
        for key in [&b""[..], b"name", b"name_1", b"NAME_12", b"xname_1", b"name-1"] {
            assert_eq!(prefix.selects(key), pattern.selects(key), "{}", key.escape_ascii());
        }
    }

    #[test]
    fn unknown_names_come_with_the_nearest_one() {
        let faults = Targets::parse("ARGS|REQEST_HEADERS:x").unwrap_err();
        assert_eq!(faults[0].0, 5);
        assert_eq!(faults[0].1.hint.as_deref(), Some("did you mean `REQUEST_HEADERS`?"));
    }

    #[test]
    fn scalars_have_no_keys() {
        assert!(Targets::parse("REMOTE_ADDR:x").is_err());
    }
}
