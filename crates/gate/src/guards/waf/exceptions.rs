//! What is ordinary on a route although it looks like an attack.

use mantlet_config::{Complaint, Reader, Scalar, Value, section};
use mantlet_waf::detect::Class;
use mantlet_waf::native::{Exempt, Spot};
use mantlet_waf::{Exclusion, RuleSet};

section! {
    /// One class of attacks, or one rule, that leaves one parameter alone.
    pub struct ExceptionSection {
        /// The class, as the event names it: `sqli`, `xss`, `shell`.
        pub class: Option<ClassName> = None,
        /// The rule, as the event names it: `942100`, or a range `942100-942199`.
        pub rule: Option<RuleNumbers> = None,
        /// The parameter, as the event names it: `comment`, or `messages.0.text` in JSON, in which
        /// `*` stands for one step. Unset: wherever it stands.
        pub parameter: Option<ParameterName> = None,
        /// The part of the request, as the event names it: `query`, `form`, `json`, `cookie`,
        /// `header`. Unset: any.
        pub place: Option<PartName> = None,
    }
}

impl ExceptionSection {
    /// Finds what the types cannot say; the settings are at `key`.
    pub(super) fn check(&self, key: &str, reader: &mut Reader<'_>) {
        if self.class.is_none() && self.rule.is_none() {
            let hint = "add `class` or `rule`, as the event names it: `class = \"sqli\"`";
            reader.error(key, "the exception does not say from what", hint);
        }
        if self.parameter.is_none() && self.place.is_none() {
            let hint = "add `parameter`, as the event names it: `parameter = \"comment\"`";
            reader.warn(key, "the exception holds for every value of a request", hint);
        }
    }

    /// What the rules of `set` leave alone; `None` when the exception names no rule.
    pub(super) fn exclusion(&self, set: &RuleSet) -> Option<Result<Exclusion, String>> {
        let targets = self.targets();
        self.rule.as_ref().map(|rule| Exclusion::new(set, &rule.0, &targets))
    }

    /// The parameter in the language of rules.
    fn targets(&self) -> String {
        let variables: &[&str] = match self.place.as_ref().map(|place| place.0) {
            None => &EVERYWHERE,
            Some("query") => &["ARGS_GET", "ARGS_GET_NAMES", "QUERY_STRING"],
            Some("cookie") => &["REQUEST_COOKIES", "REQUEST_COOKIES_NAMES"],
            Some("header" | "head") => &["REQUEST_HEADERS", "REQUEST_HEADERS_NAMES"],
            Some("path") => &["REQUEST_FILENAME", "REQUEST_BASENAME", "REQUEST_URI", "PATH_INFO"],
            Some("file" | "file-name") => &["FILES", "FILES_NAMES"],
            Some("xml") => &["XML"],
            Some("body") => &["REQUEST_BODY", "ARGS_POST", "ARGS_POST_NAMES"],
            Some(_) => &["ARGS_POST", "ARGS_POST_NAMES"],
        };
        let named = |variable: &&str| match &self.parameter {
            None => Some((*variable).to_owned()),
            Some(name) => name.selects(variable),
        };
        variables.iter().filter_map(named).collect::<Vec<_>>().join("|")
    }

    fn covers(&self, class: Class, spot: &Spot<'_>) -> bool {
        self.class.as_ref().is_some_and(|name| name.0 == class)
            && self.place.as_ref().is_none_or(|place| place.0 == spot.part)
            && self.parameter.as_ref().is_none_or(|name| name.matches(spot.name))
    }
}

/// Variables in which a parameter can be, wherever it stands in a request.
const EVERYWHERE: [&str; 6] =
    ["ARGS", "ARGS_NAMES", "REQUEST_COOKIES", "REQUEST_COOKIES_NAMES", "REQUEST_HEADERS", "FILES"];
/// Variables whose values have names.
const NAMED: [&str; 12] = [
    "ARGS",
    "ARGS_NAMES",
    "ARGS_GET",
    "ARGS_GET_NAMES",
    "ARGS_POST",
    "ARGS_POST_NAMES",
    "FILES",
    "FILES_NAMES",
    "REQUEST_COOKIES",
    "REQUEST_COOKIES_NAMES",
    "REQUEST_HEADERS",
    "REQUEST_HEADERS_NAMES",
];

/// The exceptions of one route.
#[derive(Debug)]
pub(super) struct Exceptions(pub(super) Vec<ExceptionSection>);

impl Exempt for Exceptions {
    fn exempts(&self, class: Class, spot: &Spot<'_>) -> bool {
        self.0.iter().any(|exception| exception.covers(class, spot))
    }
}

/// A class of attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassName(pub Class);

impl Scalar for ClassName {
    const KIND: &'static str = "class of attacks";
    const EXAMPLE: &'static str = "sqli";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        Class::named(text).map(Self).ok_or_else(|| {
            let known: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
            let shown: String = text.chars().take(60).collect();
            let hint = format!("there are {}", known.join(", "));
            Complaint::new(format!("`{shown}` is not a class of attacks"), hint)
        })
    }

    fn show(&self) -> Value {
        Value::String(self.0.name().to_owned())
    }
}

/// Numbers of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleNumbers(pub String);

impl Scalar for RuleNumbers {
    const KIND: &'static str = "number of a rule, or a range";
    const EXAMPLE: &'static str = "942100";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = match value {
            Value::Integer(number) => number.to_string(),
            Value::String(text) => text.clone(),
            _ => return Err(Complaint::mismatch::<Self>(value)),
        };
        if !Exclusion::names_rules(&text) {
            let hint = "write `942100` or `942100-942199`";
            return Err(Complaint::new(format!("`{text}` is not the number of a rule"), hint));
        }
        Ok(Self(text))
    }

    fn show(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// The name of a parameter; `*` stands for one step of a path in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterName(pub String);

impl ParameterName {
    /// How a rule would name it among the values of `variable`; `None` where values have no names.
    /// In the language of rules the name of a value in JSON begins with `json`, and places in
    /// arrays with `array_`.
    fn selects(&self, variable: &str) -> Option<String> {
        if !NAMED.contains(&variable) {
            return None;
        }
        let steps = self.0.split('.').map(|step| match step {
            "*" => r"[^.]+".to_owned(),
            step if step.bytes().all(|byte| byte.is_ascii_digit()) => format!("(?:array_)?{step}"),
            step => escaped(step),
        });
        let pattern = steps.collect::<Vec<_>>().join(r"\.");
        Some(format!("{variable}:/^(?:json\\.)?{pattern}$/"))
    }

    fn matches(&self, name: &[u8]) -> bool {
        let wanted: Vec<&[u8]> = self.0.as_bytes().split(|byte| *byte == b'.').collect();
        let given: Vec<&[u8]> = name.split(|byte| *byte == b'.').collect();
        let is_step = |(wanted, given): (&&[u8], &&[u8])| *wanted == b"*" || wanted == given;
        wanted.len() == given.len() && wanted.iter().zip(&given).all(is_step)
    }
}

impl Scalar for ParameterName {
    const KIND: &'static str = "name of a parameter";
    const EXAMPLE: &'static str = "comment";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        if text.is_empty() {
            let hint = "write it as the event names it, or leave it out for every parameter";
            return Err(Complaint::new("the name is empty", hint));
        }
        Ok(Self(text.to_owned()))
    }

    fn show(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// Parts of a request that an exception can name.
pub(super) const PARTS: [&str; 12] = [
    "path",
    "query",
    "cookie",
    "header",
    "head",
    "form",
    "file-name",
    "file",
    "json",
    "graphql",
    "xml",
    "body",
];

/// A part of a request, as events name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartName(pub &'static str);

impl Scalar for PartName {
    const KIND: &'static str = "part of a request";
    const EXAMPLE: &'static str = "json";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        let known = PARTS.iter().chain(&["message"]).find(|part| **part == text);
        known.map(|part| Self(part)).ok_or_else(|| {
            let shown: String = text.chars().take(60).collect();
            let hint = format!("there are {}, message", PARTS.join(", "));
            Complaint::new(format!("`{shown}` is not a part of a request"), hint)
        })
    }

    fn show(&self) -> Value {
        Value::String(self.0.to_owned())
    }
}

/// `text` as a pattern that means it alone.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if !character.is_alphanumeric() && !matches!(character, '_' | '-') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
