//! The regression tests of the OWASP Core Rule Set, read where they are, never kept here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::case::Case;
use crate::request;

#[derive(Debug, Deserialize)]
struct Suite {
    rule_id: u64,
    #[serde(default)]
    tests: Vec<Test>,
}

#[derive(Debug, Deserialize)]
struct Test {
    test_id: u64,
    #[serde(default)]
    stages: Vec<Stage>,
}

#[derive(Debug, Deserialize)]
struct Stage {
    input: Request,
    #[serde(default)]
    output: Output,
}

#[derive(Debug, Default, Deserialize)]
struct Request {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    data: Option<String>,
    #[serde(default)]
    headers: Option<HashMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
struct Output {
    #[serde(default)]
    log: Option<Log>,
}

#[derive(Debug, Default, Deserialize)]
struct Log {
    #[serde(default)]
    expect_ids: Option<Vec<u64>>,
    #[serde(default)]
    no_expect_ids: Option<Vec<u64>>,
}

/// The families of rules that are about attacks the detectors know, with the name in the report.
const FAMILIES: &[(&str, &str)] = &[
    ("921", "protocol"),
    ("930", "path-traversal"),
    ("931", "rfi"),
    ("932", "shell"),
    ("933", "php"),
    ("934", "generic"),
    ("941", "xss"),
    ("942", "sqli"),
    ("943", "protocol"),
    ("944", "java"),
];

/// Rules whose cases are no attack by what they say, with the reason: a site may forbid them, a
/// parser cannot tell them from honest values. Shown by themselves and not counted.
const POLICY: &[(u64, &str)] = &[
    (930_130, "names of files that a list forbids"),
    (931_120, "the scheme of an address and a question mark, no address"),
    (932_175, "an alias that is defined and not used"),
    (932_180, "names of uploads that a list forbids"),
    (932_235, "the name of a program at the start of a value, from a list"),
    (932_250, "the name of a program at the start of a value, from a list"),
    (932_260, "the name of a program at the start of a value, from a list"),
    (932_270, "two signs that a shell expands"),
    (932_330, "two signs that a shell expands"),
    (932_380, "the name of a program at the start of a value, from a list"),
    (933_120, "the name of a setting, from a list"),
    (942_140, "the name of a database, from a list"),
    (942_151, "the name of a function and a parenthesis, from a list"),
    (942_220, "a number that one version of one language reads slowly"),
    (942_240, "a character set of a table definition"),
    (943_110, "the name of a session parameter beside a foreign referrer"),
    (943_120, "the name of a session parameter without a referrer"),
];

/// Why cases of `rule` are not counted; `None` when they are attacks by what they say.
pub(crate) fn policy(rule: u64) -> Option<&'static str> {
    POLICY.iter().find(|(known, _)| *known == rule).map(|(_, reason)| *reason)
}

/// The rules that are not counted, with the reason.
pub(crate) fn policies() -> &'static [(u64, &'static str)] {
    POLICY
}

/// The folder of the rule set, or nothing with a word about it.
fn folder() -> Option<PathBuf> {
    let found = mantlet_testkit::shared("waf-accuracy")?.join("data/crs");
    if !found.is_dir() {
        mantlet_testkit::left_out(
            "waf-accuracy",
            "no copy of the OWASP Core Rule Set in the shared data",
        );
        return None;
    }
    Some(found)
}

/// The paranoia level of each rule, by its tag.
fn levels(rules: &Path) -> HashMap<u64, u8> {
    let mut levels = HashMap::new();
    for entry in std::fs::read_dir(rules).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default().replace("\\\n", "");
        for line in text.lines() {
            let number = |key: &str| {
                line.split_once(key).map(|(_, rest)| {
                    rest.chars().take_while(char::is_ascii_digit).collect::<String>()
                })
            };
            let id = number("id:").and_then(|id| id.parse().ok());
            let level = number("paranoia-level/").and_then(|level| level.parse().ok());
            if let (Some(id), Some(level)) = (id, level) {
                levels.insert(id, level);
            }
        }
    }
    levels
}

fn each(mut visit: impl FnMut(&str, u64, u64, &Stage)) {
    let Some(folder) = folder() else { return };
    let mut suites: Vec<PathBuf> = std::fs::read_dir(folder.join("tests/regression/tests"))
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.to_string_lossy().contains("REQUEST-9"))
        .collect();
    suites.sort();
    for suite in suites {
        let name = suite.file_name().unwrap().to_string_lossy().into_owned();
        let family = name["REQUEST-".len()..].chars().take(3).collect::<String>();
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(&suite).unwrap().flatten().map(|e| e.path()).collect();
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let Ok(suite) = serde_saphyr::from_str::<Suite>(&text) else { continue };
            for test in &suite.tests {
                for stage in &test.stages {
                    visit(&family, suite.rule_id, test.test_id, stage);
                }
            }
        }
    }
}

fn case(group: &str, rule: u64, test: u64, stage: &Stage) -> Case {
    let input = &stage.input;
    let mut headers: Vec<(String, String)> =
        input.headers.clone().unwrap_or_default().into_iter().collect();
    headers.sort();
    let method = input.method.as_deref().unwrap_or("GET");
    let uri = input.uri.as_deref().unwrap_or("/").as_bytes();
    let body = input.data.as_deref().unwrap_or("").as_bytes();
    request::case(group, format!("crs {rule}-{test}"), method, uri, &headers, body)
}

/// Requests that a rule of paranoia level 1 must match.
pub(crate) fn attacks() -> Vec<Case> {
    let Some(levels) = folder().map(|folder| levels(&folder.join("rules"))) else {
        return Vec::new();
    };
    let mut cases = Vec::new();
    each(|family, rule, test, stage| {
        let expected = stage
            .output
            .log
            .as_ref()
            .and_then(|log| log.expect_ids.as_ref())
            .is_some_and(|ids| ids.contains(&rule));
        let Some((_, group)) = FAMILIES.iter().find(|(known, _)| *known == family) else { return };
        if expected && levels.get(&rule) == Some(&1) {
            let group = match policy(rule) {
                Some(_) => "policy crs".to_owned(),
                None => format!("crs {group}"),
            };
            cases.push(case(&group, rule, test, stage));
        }
    });
    cases
}

/// Requests that some rule of any level must not match. Many of them are attacks that another rule
/// is for: only those of the families about languages count, where the suite means honest text.
pub(crate) fn negatives() -> Vec<Case> {
    let mut cases = Vec::new();
    each(|family, rule, test, stage| {
        let log = stage.output.log.as_ref();
        let honest = log.is_some_and(|log| log.no_expect_ids.is_some() && log.expect_ids.is_none());
        if honest && FAMILIES.iter().any(|(known, _)| *known == family) {
            cases.push(case("crs negative", rule, test, stage));
        }
    });
    cases
}
