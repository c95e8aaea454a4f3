//! The operators a rule can name.

use std::sync::Arc;

use super::capture::Captures;
use super::digits::{self, Scheme};
use super::ip_match::IpMatch;
use super::number::Comparison;
use super::pm::Pm;
use super::rx::Rx;
use super::text::Relation;
use super::{byte_range, sqli, utf8};
use crate::seclang::problem::Fault;
use crate::transformations::{ByteSet, url};
use crate::variables::Template;

/// A compiled operator.
#[derive(Debug, Clone)]
pub(crate) enum Operator {
    /// Matches every value.
    Always,
    /// Matches no value.
    Never,
    /// `@rx`
    Rx(Arc<Rx>),
    /// `@pm`, `@pmFromFile`
    Pm(Arc<Pm>),
    /// `@ipMatch`, `@ipMatchFromFile`
    IpMatch(Arc<IpMatch>),
    /// `@eq` and its like
    Number(Comparison, Template),
    /// `@contains` and its like
    Text(Relation, Template),
    /// `@detectSQLi`
    DetectSqli,
    /// `@detectXSS`
    DetectXss,
    /// `@validateByteRange` with the allowed bytes
    ByteRange(ByteSet),
    /// `@validateUrlEncoding`
    UrlEncoding,
    /// `@validateUtf8Encoding`
    Utf8Encoding,
    /// `@verifyCC` and its like
    Digits(Scheme, Arc<Rx>),
}

/// Every operator by its name in the rule language.
const NAMES: &[&str] = &[
    "beginsWith",
    "contains",
    "containsWord",
    "detectSQLi",
    "detectXSS",
    "endsWith",
    "eq",
    "ge",
    "gt",
    "ipMatch",
    "ipMatchF",
    "ipMatchFromFile",
    "le",
    "lt",
    "noMatch",
    "pm",
    "pmFromFile",
    "pmf",
    "rx",
    "rxGlobal",
    "streq",
    "strmatch",
    "unconditionalMatch",
    "validateByteRange",
    "validateNid",
    "validateUrlEncoding",
    "validateUtf8Encoding",
    "verifyCC",
    "verifyCPF",
    "verifySSN",
    "verifySVNR",
    "within",
];

/// Operators that are refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("rbl", "a DNS lookup for each request hands the traffic to others: use the block list"),
    ("geoLookup", "there is no location database: use `@ipMatch`"),
    ("gsbLookup", "lookups at others' services are not supported"),
    ("fuzzyHash", "fuzzy hashes are not supported"),
    ("inspectFile", "no program is run: use the upload guard"),
    ("rsub", "a rule does not change the request"),
    ("validateDTD", "use the schema guard"),
    ("validateHash", "use signed cookies and tokens"),
    ("validateSchema", "use the schema guard"),
];

impl Operator {
    /// Compiles `@name argument`; `files` gives the content of a file named in the argument.
    pub(crate) fn compile(
        name: &str,
        argument: &str,
        files: &mut dyn FnMut(&str) -> Result<Vec<u8>, Fault>,
    ) -> Result<Self, Fault> {
        let lower = name.to_ascii_lowercase();
        if let Some(operator) = Self::comparing(&lower, argument)? {
            return Ok(operator);
        }
        Ok(match lower.as_str() {
            "unconditionalmatch" => Self::Always,
            "nomatch" => Self::Never,
            "rx" | "rxglobal" => Self::Rx(pattern(argument)?),
            "pm" => Self::Pm(Arc::new(Pm::from_words(argument)?)),
            "pmf" | "pmfromfile" => {
                Self::Pm(Arc::new(Pm::from_lines(&read_all(argument, files)?)?))
            }
            "ipmatch" => Self::IpMatch(Arc::new(IpMatch::parse(argument)?)),
            "ipmatchf" | "ipmatchfromfile" => {
                let text = read_all(argument, files)?;
                Self::IpMatch(Arc::new(IpMatch::parse(&String::from_utf8_lossy(&text))?))
            }
            "detectsqli" => Self::DetectSqli,
            "detectxss" => Self::DetectXss,
            "validatebyterange" => Self::ByteRange(byte_range::parse(argument)?),
            "validateurlencoding" => Self::UrlEncoding,
            "validateutf8encoding" => Self::Utf8Encoding,
            "verifycc" => Self::Digits(Scheme::Card, pattern(argument)?),
            "verifycpf" => Self::Digits(Scheme::Cpf, pattern(argument)?),
            "verifyssn" => Self::Digits(Scheme::Ssn, pattern(argument)?),
            "verifysvnr" => Self::Digits(Scheme::Svnr, pattern(argument)?),
            "validatenid" => {
                let (scheme, pattern) = digits::parse_nid(argument)?;
                Self::Digits(scheme, Arc::new(pattern))
            }
            _ => return Err(unknown(name)),
        })
    }

    fn comparing(name: &str, argument: &str) -> Result<Option<Self>, Fault> {
        let number =
            |comparison| Ok(Some(Self::Number(comparison, Template::parse(argument.trim())?)));
        let text = |relation| Ok(Some(Self::Text(relation, Template::parse(argument)?)));
        match name {
            "eq" => number(Comparison::Equal),
            "ge" => number(Comparison::AtLeast),
            "gt" => number(Comparison::Above),
            "le" => number(Comparison::AtMost),
            "lt" => number(Comparison::Below),
            "beginswith" => text(Relation::BeginsWith),
            "contains" | "strmatch" => text(Relation::Contains),
            "containsword" => text(Relation::ContainsWord),
            "endswith" => text(Relation::EndsWith),
            "streq" => text(Relation::Equals),
            "within" => text(Relation::Within),
            _ => Ok(None),
        }
    }

    /// The argument that has to be filled in before the operator is asked. `None` when there is none.
    pub(crate) const fn template(&self) -> Option<&Template> {
        match self {
            Self::Number(_, template) | Self::Text(_, template) => Some(template),
            _ => None,
        }
    }

    /// Whether one quick look says that the operator does not match.
    pub(crate) fn surely_misses(&self, value: &[u8]) -> bool {
        matches!(self, Self::DetectSqli) && sqli::is_one_word(value)
    }

    /// Whether the operator matches `value`; `argument` is its filled-in template.
    pub(crate) fn matches(&self, argument: &[u8], value: &[u8], captures: &mut Captures) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Rx(rx) => rx.capture(value, captures),
            Self::Pm(pm) => pm.find(value, captures),
            Self::IpMatch(networks) => networks.contains(value),
            Self::Number(comparison, _) => comparison.holds(value, argument),
            Self::Text(relation, _) => relation.holds(value, argument),
            Self::DetectSqli => sqli::detect(value, captures),
            Self::DetectXss => detect_xss(value, captures),
            Self::ByteRange(allowed) => !value.iter().all(|byte| allowed.has(*byte)),
            Self::UrlEncoding => !url::is_well_encoded(value),
            Self::Utf8Encoding => utf8::is_invalid(value),
            Self::Digits(scheme, rx) => verify(*scheme, rx, value, captures),
        }
    }
}

fn pattern(argument: &str) -> Result<Arc<Rx>, Fault> {
    Ok(Arc::new(Rx::compile(argument)?))
}

fn read_all(
    argument: &str,
    files: &mut dyn FnMut(&str) -> Result<Vec<u8>, Fault>,
) -> Result<Vec<u8>, Fault> {
    let mut content = Vec::new();
    for name in argument.split_ascii_whitespace() {
        content.extend(files(name)?);
        content.push(b'\n');
    }
    Ok(content)
}

fn unknown(name: &str) -> Fault {
    if let Some((_, reason)) =
        REFUSED.iter().find(|(refused, _)| refused.eq_ignore_ascii_case(name))
    {
        return Fault::new(format!("the operator `@{name}` is not supported")).hint(*reason);
    }
    Fault::unknown("operator", &format!("@{name}"), NAMES.iter().copied())
}

fn detect_xss(value: &[u8], captures: &mut Captures) -> bool {
    let found = libinjectionrs::detect_xss(value).is_injection();
    if found {
        captures.span(0, 0..value.len());
    }
    found
}

fn verify(scheme: Scheme, rx: &Rx, value: &[u8], captures: &mut Captures) -> bool {
    let found = rx.matches(value).find(|text| scheme.is_valid(text));
    if let Some(text) = found {
        captures.text(text);
    }
    found.is_some()
}
