//! An evaluator of generated rules that does the simplest thing: every rule, every value, every
//! transformation anew, one operator at a time. The engine must say the same.

use std::collections::{BTreeMap, HashSet};

use regex::bytes::RegexBuilder;

use crate::fuzzing::generated::{Aim, Asked, Deed, GeneratedLink, GeneratedRequest, GeneratedRule};
use crate::transformations::{Transformation, url};

/// One value with its collection and key.
#[derive(Debug, Clone)]
struct Value {
    collection: &'static str,
    key: Option<Vec<u8>>,
    text: Vec<u8>,
}

impl Value {
    fn name(&self) -> Vec<u8> {
        match &self.key {
            Some(key) => [self.collection.as_bytes(), b":", key].concat(),
            None => self.collection.as_bytes().to_vec(),
        }
    }
}

/// What an operator captured, by group. `None`: it captures nothing.
type Captured = Option<Vec<(usize, Vec<u8>)>>;

/// The state of one request.
#[derive(Debug)]
struct Naive<'a> {
    request: &'a GeneratedRequest,
    groups: BTreeMap<usize, Vec<u8>>,
    sum: Option<i64>,
    kept: Option<Vec<u8>>,
    removed: HashSet<usize>,
    removed_targets: HashSet<(usize, &'static str)>,
    matched: Vec<Value>,
}

/// The rules that match, in their order, each with what it says.
pub(super) fn evaluate(rules: &[GeneratedRule], request: &GeneratedRequest) -> Vec<(u64, String)> {
    let mut state = Naive {
        request,
        groups: BTreeMap::new(),
        sum: None,
        kept: None,
        removed: HashSet::new(),
        removed_targets: HashSet::new(),
        matched: Vec::new(),
    };
    let mut said = Vec::new();
    for phase in [1, 2] {
        for rule in rules.iter().filter(|rule| rule.phase == phase) {
            if !state.removed.contains(&rule.id) && state.rule(rule) {
                said.push((rule.id as u64, state.say()));
            }
        }
    }
    said
}

impl Naive<'_> {
    fn rule(&mut self, rule: &GeneratedRule) -> bool {
        self.matched.clear();
        let mut links = rule.links.iter().enumerate();
        links.all(|(index, link)| self.link((index == 0).then_some(rule.id), link))
    }

    fn link(&mut self, rule: Option<usize>, link: &GeneratedLink) -> bool {
        let values = self.values(rule, &link.aims);
        // The argument is filled in once, before the values are asked.
        let argument = self.filled_in(&link.asked.argument);
        let mut any = false;
        for value in values {
            for text in variants(link, &value.text) {
                let (found, captured) = ask(&link.asked, &argument, &text);
                if found == link.asked.negated {
                    continue;
                }
                any = true;
                if let Some(captured) = captured.filter(|_| link.capture && !link.asked.negated) {
                    self.groups = captured.into_iter().filter(|(group, _)| *group < 10).collect();
                }
                self.matched.push(Value { text, ..value.clone() });
                link.deeds.iter().for_each(|deed| self.act(deed));
            }
        }
        any
    }

    fn values(&self, rule: Option<usize>, aims: &[Aim]) -> Vec<Value> {
        let mut all = Vec::new();
        for aim in aims.iter().filter(|aim| !aim.excluded) {
            let found = self.collection(aim.collection);
            let wanted = |value: &Value| match (aim.key, &value.key) {
                (Some(wanted), Some(key)) => key.eq_ignore_ascii_case(wanted.as_bytes()),
                (wanted, _) => wanted.is_none(),
            };
            let found: Vec<Value> = found.into_iter().filter(wanted).collect();
            if aim.count {
                let key = aim.key.or_else(|| aim.collection.strip_prefix("TX:"));
                let key = key.map(|key| key.as_bytes().to_vec());
                let collection =
                    if aim.collection.starts_with("TX:") { "TX" } else { aim.collection };
                all.push(Value { collection, key, text: found.len().to_string().into_bytes() });
                continue;
            }
            all.extend(found.into_iter().filter(|value| !self.is_excluded(rule, aims, value)));
        }
        all
    }

    fn is_excluded(&self, rule: Option<usize>, aims: &[Aim], value: &Value) -> bool {
        let key = value.key.clone().unwrap_or_default();
        let covers = |collection: &str, wanted: Option<&str>| {
            let same = collection == value.collection
                || collection == "ARGS" && value.collection == "ARGS_GET";
            same && wanted.is_none_or(|wanted| key.eq_ignore_ascii_case(wanted.as_bytes()))
        };
        let by_rule = |rule: usize| {
            let mut all = self.removed_targets.iter().filter(|(id, _)| *id == rule);
            all.any(|(_, key)| covers("ARGS", Some(key)))
        };
        aims.iter().any(|aim| aim.excluded && covers(aim.collection, aim.key))
            || rule.is_some_and(by_rule)
    }

    fn collection(&self, name: &'static str) -> Vec<Value> {
        let pairs = |pairs: &[(String, String)]| -> Vec<(Vec<u8>, Vec<u8>)> {
            pairs.iter().map(|(key, text)| (key.clone().into(), text.clone().into())).collect()
        };
        let mut headers = pairs(&self.request.headers);
        if !self.request.cookies.is_empty() {
            headers.push((b"Cookie".to_vec(), self.request.cookie_header().into_bytes()));
        }
        let of = |pairs: Vec<(Vec<u8>, Vec<u8>)>, is_names: bool| {
            let one = |(key, text): (Vec<u8>, Vec<u8>)| Value {
                collection: name,
                text: if is_names { key.clone() } else { text },
                key: Some(key),
            };
            pairs.into_iter().map(one).collect()
        };
        match name {
            "ARGS" | "ARGS_GET" => of(pairs(&self.request.arguments), false),
            "ARGS_NAMES" => of(pairs(&self.request.arguments), true),
            "REQUEST_HEADERS" => of(headers, false),
            "REQUEST_HEADERS_NAMES" => of(headers, true),
            "REQUEST_COOKIES" => of(pairs(&self.request.cookies), false),
            "MATCHED_VARS" | "MATCHED_VAR" => self.matched_values(name),
            "TX:0" => self.group(0),
            "TX:1" => self.group(1),
            "TX:v" => self.kept.iter().map(|text| tx("v", text.clone())).collect(),
            _ => self.sum.iter().map(|sum| tx("s", sum.to_string().into_bytes())).collect(),
        }
    }

    fn matched_values(&self, name: &'static str) -> Vec<Value> {
        if name == "MATCHED_VAR" {
            let last = self.matched.last();
            return last
                .map(|it| Value { collection: name, key: None, text: it.text.clone() })
                .into_iter()
                .collect();
        }
        let one =
            |it: &Value| Value { collection: name, key: Some(it.name()), text: it.text.clone() };
        self.matched.iter().map(one).collect()
    }

    fn group(&self, number: usize) -> Vec<Value> {
        self.groups
            .get(&number)
            .map(|text| tx(if number == 0 { "0" } else { "1" }, text.clone()))
            .into_iter()
            .collect()
    }

    fn act(&mut self, deed: &Deed) {
        match deed {
            Deed::Add(number) => self.sum = Some(self.sum.unwrap_or(0) + *number as i64),
            Deed::Keep => self.kept = self.matched.last().map(|value| value.text.clone()),
            Deed::Drop => self.kept = None,
            Deed::RemoveRule(id) => drop(self.removed.insert(*id)),
            Deed::RemoveTarget(id, key) => drop(self.removed_targets.insert((*id, key))),
        }
    }

    fn filled_in(&self, argument: &str) -> Vec<u8> {
        let sum = self.sum.map(|sum| sum.to_string()).unwrap_or_default();
        if argument == "%{TX.s}" {
            return sum.into_bytes();
        }
        match argument.strip_suffix("%{TX.v}") {
            Some(start) => [start.as_bytes(), self.kept.as_deref().unwrap_or_default()].concat(),
            None => argument.as_bytes().to_vec(),
        }
    }

    fn say(&self) -> String {
        let last = self.matched.last();
        let parts = [
            self.groups.get(&0).cloned().unwrap_or_default(),
            last.map(|value| value.text.clone()).unwrap_or_default(),
            last.map(Value::name).unwrap_or_default(),
            self.sum.map(|sum| sum.to_string().into_bytes()).unwrap_or_default(),
            self.kept.clone().unwrap_or_default(),
        ];
        let mut text = parts.join(&b'|');
        text.truncate(2_048);
        String::from_utf8_lossy(&text).into_owned()
    }
}

fn tx(key: &str, text: Vec<u8>) -> Value {
    Value { collection: "TX", key: Some(key.as_bytes().to_vec()), text }
}

/// The texts that are asked: the last, or with `multiMatch` the first and each that is another.
fn variants(link: &GeneratedLink, text: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![text.to_vec()];
    for name in &link.transformations {
        let mut out = Vec::new();
        let last = all.last().unwrap();
        Transformation::parse(name).unwrap().unwrap().apply(last, &mut out);
        if out != *last {
            all.push(out);
        }
    }
    if link.multi_match { all } else { vec![all.pop().unwrap()] }
}

/// Whether the operator matches, without regard to negation, and what it captures.
fn ask(asked: &Asked, argument: &[u8], value: &[u8]) -> (bool, Captured) {
    let number = |text: &[u8]| -> i64 {
        let text = text.trim_ascii_start();
        let (sign, digits) = match text.strip_prefix(b"-") {
            Some(digits) => (-1, digits),
            None => (1, text.strip_prefix(b"+").unwrap_or(text)),
        };
        let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
        let add =
            |sum: i64, byte: &u8| sum.saturating_mul(10).saturating_add(i64::from(byte - b'0'));
        digits.fold(0, add) * sign
    };
    let contains =
        |text: &[u8], part: &[u8]| part.is_empty() || text.windows(part.len()).any(|it| it == part);
    let found = match asked.operator {
        "rx" => return rx(&asked.argument, value),
        "pm" => return pm(&asked.argument, value),
        "detectSQLi" => return sqli(value),
        "detectXSS" => {
            let found = libinjectionrs::detect_xss(value).is_injection();
            return (found, found.then(|| vec![(0, value.to_vec())]));
        }
        "contains" => contains(value, argument),
        "containsWord" => word(value, argument),
        "beginsWith" => value.starts_with(argument),
        "endsWith" => value.ends_with(argument),
        "streq" => value == argument,
        "within" => contains(argument, value),
        "eq" => number(value) == number(argument),
        "gt" => number(value) > number(argument),
        "ge" => number(value) >= number(argument),
        "lt" => number(value) < number(argument),
        "le" => number(value) <= number(argument),
        "validateByteRange" => {
            let (low, high) = asked.argument.split_once('-').unwrap();
            let range = low.parse::<u8>().unwrap()..=high.parse::<u8>().unwrap();
            !value.iter().all(|byte| range.contains(byte))
        }
        "validateUrlEncoding" => !url::is_well_encoded(value),
        "unconditionalMatch" => true,
        _ => false,
    };
    (found, None)
}

fn rx(pattern: &str, value: &[u8]) -> (bool, Captured) {
    // Bytes beyond ASCII have to be spelt where characters are no unit.
    let spelt: String = pattern
        .chars()
        .map(|it| if it.is_ascii() { it.to_string() } else { "(?:\\xc3\\xa9)".to_owned() })
        .collect();
    let pattern =
        RegexBuilder::new(&spelt).unicode(false).dot_matches_new_line(true).build().unwrap();
    let Some(found) = pattern.captures(value) else { return (false, None) };
    let groups = found.iter().enumerate();
    let groups = groups.filter_map(|(number, it)| Some((number, it?.as_bytes().to_vec())));
    (true, Some(groups.collect()))
}

fn sqli(value: &[u8]) -> (bool, Captured) {
    let flags = libinjectionrs::SqliFlags::FLAG_NONE;
    let mut state = libinjectionrs::SqliState::new(value, flags);
    let found = state.detect();
    (found, found.then(|| vec![(0, state.fingerprint_string().into_bytes())]))
}

/// The phrase that ends first, the longest of those.
fn pm(phrases: &str, value: &[u8]) -> (bool, Captured) {
    let lower = value.to_ascii_lowercase();
    for end in 1..=value.len() {
        let ending = phrases.split(' ').map(str::to_ascii_lowercase);
        let longest =
            ending.filter(|it| lower[..end].ends_with(it.as_bytes())).map(|it| it.len()).max();
        if let Some(length) = longest {
            return (true, Some(vec![(0, value[end - length..end].to_vec())]));
        }
    }
    (false, None)
}

fn word(value: &[u8], word: &[u8]) -> bool {
    let is_part =
        |byte: Option<&u8>| byte.is_some_and(|it| it.is_ascii_alphanumeric() || *it == b'_');
    let places = (0..=value.len()).filter(|at| value[*at..].starts_with(word));
    word.is_empty()
        || places.into_iter().any(|at| {
            let before = at.checked_sub(1).and_then(|it| value.get(it));
            !is_part(before) && !is_part(value.get(at + word.len()))
        })
}
