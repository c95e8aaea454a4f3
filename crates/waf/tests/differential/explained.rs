//! The differences that are known, each with its reason.

use mantlet_testkit::root;
use regex::Regex;
use serde::Deserialize;

use crate::Difference;
use crate::when::When;

/// Differences for one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Explanation {
    /// The rules that differ. Empty: any.
    #[serde(default)]
    rules: Vec<u64>,
    /// A pattern that the text of the rule matches. Empty: any.
    #[serde(default)]
    having: String,
    /// Who matches: `mantlet` or `libmodsecurity`. Unset: either.
    #[serde(default)]
    only: Option<Only>,
    /// The cases it is about; mutations of a case count as the case. Empty: any.
    #[serde(default)]
    cases: Vec<String>,
    /// A word of the `Content-Type` of the requests it is about. Empty: any.
    #[serde(default)]
    content_type: String,
    /// What holds of the requests it is about. Unset: nothing in particular.
    #[serde(default)]
    when: Option<When>,
    reason: String,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Only {
    Mantlet,
    Libmodsecurity,
}

/// All of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explanations {
    differences: Vec<Explanation>,
}

impl Explanations {
    pub(crate) fn load() -> Self {
        let path = root().join("crates/waf/differences.yaml");
        let all: Self = serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(all.differences.iter().all(|it| it.reason.len() > 20), "a reason is missing");
        let is_narrow =
            |it: &&Explanation| !it.rules.is_empty() || !it.having.is_empty() || it.when.is_some();
        assert_eq!(all.differences.iter().find(|it| !is_narrow(it)).map(|it| &it.reason), None);
        all
    }

    /// Whether a difference has a reason; `rule` is the text of its rule.
    pub(crate) fn explain(&self, difference: &Difference, rule: &str) -> bool {
        let case = difference.case.split('~').next().unwrap_or_default();
        self.differences.iter().any(|it| {
            (it.rules.is_empty() || it.rules.contains(&difference.rule))
                && it.only.as_ref().is_none_or(|only| (*only == Only::Mantlet) == difference.ours)
                && difference.content_type.contains(&it.content_type)
                && it.when.is_none_or(|when| difference.seen.contains(&when))
                && (it.cases.is_empty() || it.cases.iter().any(|known| known == case))
                && Regex::new(&it.having).unwrap().is_match(rule)
        })
    }
}
