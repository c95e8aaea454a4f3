//! Rules and requests put together from bytes that choose: every operator that a gate knows
//! something about, with transformations, negation, exclusions, counts, chains, captures and what
//! rules do to each other.

use std::fmt::Write as _;

use crate::ftw::Request;

/// Most rules of one set, links of one rule, targets of one link, and so on.
const RULES: usize = 6;
const LINKS: usize = 3;
const TARGETS: usize = 3;
const TRANSFORMATIONS: usize = 4;
const ARGUMENTS: usize = 4;
const PIECES: usize = 4;

/// Texts that patterns, arguments of operators and values are made of, so that they meet.
const WORDS: &[&str] =
    &["a", "ab", "abc", "Select", "evil", "x1", "10", "-3", "0", "EVIL", "union", "_", "é", "aa"];

/// Texts that transformations change, in values alone.
const SIGNS: &[&str] = &[
    " ", "%41", "%2561", "&lt;", "<a ", "' or ", "\\x41", "\\75", "  ", "/*c*/", "../", "/./",
    "QUJD", "ZXZpbA==", "\0", "0x6162", "--", "#", "\t", "%u0041", "+", "ev\"il", "\n", "\u{2019}",
];

/// What patterns are put together from; each may stand beside any other.
const ATOMS: &[&str] = &[
    "a",
    "abc",
    "evil",
    "[a-c]",
    "[^a-z]",
    "\\d",
    "\\s",
    "\\w",
    ".",
    "x1",
    "(?:ab|evil|10)",
    "(a|b)",
    "(evil)?",
    "^",
    "$",
    "\\b",
    "(?:a|)",
    "[0-9]+",
    "'",
    "\\.\\.",
    "(?i:select)",
    "\\W",
    "é",
    "[_%]",
];

const REPEATS: &[&str] = &["", "", "", "?", "*", "+", "{2}", "{1,3}", "{0,2}"];

const TRANSFORMS: &[&str] = &[
    "lowercase",
    "urlDecodeUni",
    "htmlEntityDecode",
    "jsDecode",
    "cssDecode",
    "removeWhitespace",
    "compressWhitespace",
    "replaceComments",
    "removeNulls",
    "normalizePath",
    "base64Decode",
    "base64DecodeExt",
    "hexEncode",
    "hexDecode",
    "cmdLine",
    "trim",
    "length",
    "utf8toUnicode",
    "uppercase",
    "urlDecode",
    "removeComments",
    "escapeSeqDecode",
    "sqlHexDecode",
    "md5",
];

/// The collections that targets name, and keys that arguments have too.
const COLLECTIONS: &[&str] = &[
    "ARGS",
    "ARGS_GET",
    "ARGS_NAMES",
    "REQUEST_HEADERS",
    "REQUEST_HEADERS_NAMES",
    "REQUEST_COOKIES",
];
const KEYS: &[&str] = &["a", "abc", "x1", "evil"];

/// What later links look at besides.
const LATER: &[&str] = &["MATCHED_VARS", "MATCHED_VAR", "TX:0", "TX:1", "TX:v", "TX:s"];

/// Bytes that choose; zero when they are used up.
#[derive(Debug)]
pub(crate) struct Choices<'a>(std::slice::Iter<'a, u8>);

impl<'a> Choices<'a> {
    pub(crate) fn of(data: &'a [u8]) -> Self {
        Self(data.iter())
    }

    fn byte(&mut self) -> usize {
        self.0.next().copied().map_or(0, usize::from)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.byte() % bound.max(1)
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.byte() % count == count - 1
    }

    fn of_list(&mut self, list: &[&'static str]) -> &'static str {
        let index = self.below(list.len());
        list.get(index).copied().unwrap_or_default()
    }
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) operator: &'static str,
    pub(crate) argument: String,
    pub(crate) negated: bool,
}

/// A collection or a key of it, counted or excluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Aim {
    pub(crate) collection: &'static str,
    /// `None`: all of it.
    pub(crate) key: Option<&'static str>,
    pub(crate) count: bool,
    pub(crate) excluded: bool,
}

/// What a link does for every value that matches, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// `setvar:tx.s=+n`
    Add(usize),
    /// `setvar:tx.v=%{MATCHED_VAR}`
    Keep,
    /// `setvar:!tx.v`
    Drop,
    /// `ctl:ruleRemoveById`
    RemoveRule(usize),
    /// `ctl:ruleRemoveTargetById`, always `ARGS:` with this key
    RemoveTarget(usize, &'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GeneratedLink {
    pub(crate) aims: Vec<Aim>,
    pub(crate) asked: Asked,
    pub(crate) transformations: Vec<&'static str>,
    pub(crate) capture: bool,
    pub(crate) multi_match: bool,
    pub(crate) deeds: Vec<Deed>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GeneratedRule {
    pub(crate) id: usize,
    pub(crate) phase: u8,
    pub(crate) links: Vec<GeneratedLink>,
}

/// A request whose values are known without reading it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GeneratedRequest {
    pub(crate) arguments: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) cookies: Vec<(String, String)>,
}

/// Rules that say everything they see: `%{TX.0}`, the last value that matched, and `TX`.
pub(crate) fn rules(choices: &mut Choices<'_>) -> Vec<GeneratedRule> {
    (1..=1 + choices.below(RULES)).map(|id| rule(id, choices)).collect()
}

fn rule(id: usize, choices: &mut Choices<'_>) -> GeneratedRule {
    let phase = if choices.one_in(4) { 1 } else { 2 };
    let count = if choices.one_in(2) { 1 + choices.below(LINKS) } else { 1 };
    GeneratedRule { id, phase, links: (0..count).map(|index| link(index, choices)).collect() }
}

fn link(index: usize, choices: &mut Choices<'_>) -> GeneratedLink {
    let aims = aims(index, choices);
    let asked = asked(choices);
    let count = choices.below(TRANSFORMATIONS);
    GeneratedLink {
        aims,
        asked,
        transformations: (0..count).map(|_| choices.of_list(TRANSFORMS)).collect(),
        capture: choices.one_in(2),
        multi_match: choices.one_in(4),
        deeds: (0..choices.below(3)).map(|_| deed(choices)).collect(),
    }
}

fn aims(index: usize, choices: &mut Choices<'_>) -> Vec<Aim> {
    if (index > 0 && choices.one_in(2)) || choices.one_in(6) {
        let collection = choices.of_list(LATER);
        return vec![Aim { collection, key: None, count: choices.one_in(6), excluded: false }];
    }
    let aim = |place: usize, choices: &mut Choices<'_>| Aim {
        collection: choices.of_list(COLLECTIONS),
        key: choices.one_in(3).then(|| choices.of_list(KEYS)),
        count: choices.one_in(8),
        excluded: place > 0 && choices.one_in(3),
    };
    let all = (0..=choices.below(TARGETS)).map(|place| aim(place, choices));
    // An exclusion is never counted.
    all.map(|aim| Aim { count: aim.count && !aim.excluded, ..aim }).collect()
}

fn asked(choices: &mut Choices<'_>) -> Asked {
    const OPERATORS: &[&str] = &[
        "rx",
        "rx",
        "rx",
        "pm",
        "contains",
        "containsWord",
        "beginsWith",
        "endsWith",
        "streq",
        "within",
        "eq",
        "gt",
        "ge",
        "lt",
        "le",
        "validateByteRange",
        "detectSQLi",
        "detectXSS",
        "unconditionalMatch",
        "noMatch",
        "validateUrlEncoding",
    ];
    let operator = choices.of_list(OPERATORS);
    let argument = match operator {
        "rx" => pattern(choices),
        "pm" => {
            (0..=choices.below(3)).map(|_| choices.of_list(WORDS)).collect::<Vec<_>>().join(" ")
        }
        "eq" | "gt" | "ge" | "lt" | "le" => {
            choices.of_list(&["0", "1", "2", "10", "-3", "%{TX.s}"]).to_owned()
        }
        "validateByteRange" => choices.of_list(&["32-126", "97-122", "1-255"]).to_owned(),
        "contains" | "containsWord" | "beginsWith" | "endsWith" | "streq" | "within" => {
            let more = if choices.one_in(5) { "%{TX.v}" } else { choices.of_list(WORDS) };
            format!("{}{more}", choices.of_list(WORDS))
        }
        _ => String::new(),
    };
    Asked { operator, argument, negated: choices.one_in(5) }
}

fn pattern(choices: &mut Choices<'_>) -> String {
    let sequence = |choices: &mut Choices<'_>| {
        (0..=choices.below(4)).fold(String::new(), |text, _| {
            text + "(?:" + choices.of_list(ATOMS) + ")" + choices.of_list(REPEATS)
        })
    };
    let flags = if choices.one_in(3) { "(?i)" } else { "" };
    let first = sequence(choices);
    let second = if choices.one_in(4) { format!("|{}", sequence(choices)) } else { String::new() };
    format!("{flags}{first}{second}")
}

fn deed(choices: &mut Choices<'_>) -> Deed {
    match choices.below(8) {
        0..=2 => Deed::Add(choices.below(5)),
        3 | 4 => Deed::Keep,
        5 => Deed::Drop,
        6 => Deed::RemoveRule(1 + choices.below(RULES)),
        _ => Deed::RemoveTarget(1 + choices.below(RULES), choices.of_list(KEYS)),
    }
}

/// A request with values of the same words.
pub(crate) fn request(choices: &mut Choices<'_>) -> GeneratedRequest {
    let text = |choices: &mut Choices<'_>, signs: bool| {
        (0..choices.below(PIECES)).fold(String::new(), |text, _| {
            let list = if signs && choices.one_in(2) { SIGNS } else { WORDS };
            text + choices.of_list(list)
        })
    };
    let name = |choices: &mut Choices<'_>| choices.of_list(KEYS).to_owned();
    let arguments = (0..choices.below(ARGUMENTS)).map(|_| {
        let name = if choices.one_in(3) { text(choices, true) } else { name(choices) };
        (name, text(choices, true))
    });
    let arguments =
        arguments.filter(|(name, value)| !(name.is_empty() && value.is_empty())).collect();
    let headers = (0..choices.below(3)).map(|_| (name(choices), text(choices, true))).collect();
    let cookies = (0..choices.below(3)).map(|_| (name(choices), text(choices, false))).collect();
    GeneratedRequest { arguments, headers, cookies }
}

impl GeneratedRequest {
    /// The cookies as a header field.
    pub(crate) fn cookie_header(&self) -> String {
        let all = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        all.collect::<Vec<_>>().join("; ")
    }

    /// The request as an engine gets it.
    pub(crate) fn build(&self) -> Request {
        let encode = |text: &str| {
            text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"))
        };
        let query = self
            .arguments
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        let target = format!("/?{}", query.collect::<Vec<_>>().join("&"));
        let bytes = |(name, value): &(String, String)| {
            (name.clone().into_bytes(), value.clone().into_bytes())
        };
        let mut headers: Vec<_> = self.headers.iter().map(bytes).collect();
        if !self.cookies.is_empty() {
            headers.push((b"Cookie".to_vec(), self.cookie_header().into_bytes()));
        }
        Request {
            method: b"GET".to_vec(),
            target: target.into_bytes(),
            protocol: b"HTTP/1.1".to_vec(),
            headers,
            body: Vec::new(),
        }
    }
}

/// The rules in SecLang.
pub(crate) fn seclang(rules: &[GeneratedRule]) -> String {
    let mut text = String::from("SecRuleEngine On\nSecRequestBodyAccess On\n");
    for rule in rules {
        for (index, link) in rule.links.iter().enumerate() {
            let head = match index {
                0 => format!(
                    "id:{},phase:{},pass,logdata:'%{{TX.0}}|%{{MATCHED_VAR}}|%{{MATCHED_VAR_NAME}}|%{{TX.s}}|%{{TX.v}}',",
                    rule.id, rule.phase
                ),
                _ => String::new(),
            };
            let chain = if index + 1 < rule.links.len() { ",chain" } else { "" };
            let _written =
                writeln!(text, "{} \"{head}{}{chain}\"", link.question(), link.actions());
        }
    }
    text
}

impl GeneratedLink {
    fn question(&self) -> String {
        let aims: Vec<String> = self.aims.iter().map(Aim::written).collect();
        let Asked { operator, argument, negated } = &self.asked;
        let sign = if *negated { "!" } else { "" };
        format!("SecRule {} \"{sign}@{operator} {argument}\"", aims.join("|"))
    }

    fn actions(&self) -> String {
        let mut all = vec!["t:none".to_owned()];
        all.extend(self.transformations.iter().map(|name| format!("t:{name}")));
        all.extend(self.capture.then(|| "capture".to_owned()));
        all.extend(self.multi_match.then(|| "multiMatch".to_owned()));
        all.extend(self.deeds.iter().map(Deed::written));
        all.join(",")
    }
}

impl Aim {
    fn written(&self) -> String {
        let sign = match (self.excluded, self.count) {
            (true, _) => "!",
            (false, true) => "&",
            _ => "",
        };
        let key = self.key.map_or_else(String::new, |key| format!(":{key}"));
        format!("{sign}{}{key}", self.collection)
    }
}

impl Deed {
    fn written(&self) -> String {
        match self {
            Self::Add(number) => format!("setvar:tx.s=+{number}"),
            Self::Keep => "setvar:tx.v=%{MATCHED_VAR}".to_owned(),
            Self::Drop => "setvar:!tx.v".to_owned(),
            Self::RemoveRule(id) => format!("ctl:ruleRemoveById={id}"),
            Self::RemoveTarget(id, key) => format!("ctl:ruleRemoveTargetById={id};ARGS:{key}"),
        }
    }
}
