//! The differences that are known, each with its reason.

use mantlet_testkit::root;
use serde::Deserialize;

use crate::Difference;

/// Differences for one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Explanation {
    /// The rules that differ.
    rules: Vec<u64>,
    /// Who matches: `mantlet` or `libmodsecurity`.
    only: Only,
    /// The cases it is about; mutations of a case count as the case. Empty: any.
    #[serde(default)]
    cases: Vec<String>,
    /// A word of the `Content-Type` of the requests it is about. Empty: any.
    #[serde(default)]
    content_type: String,
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
        all
    }

    pub(crate) fn explain(&self, difference: &Difference) -> bool {
        let case = difference.case.split('~').next().unwrap_or_default();
        self.differences.iter().any(|it| {
            it.rules.contains(&difference.rule)
                && (it.only == Only::Mantlet) == difference.ours
                && difference.content_type.contains(&it.content_type)
                && (it.cases.is_empty() || it.cases.iter().any(|known| known == case))
        })
    }
}
