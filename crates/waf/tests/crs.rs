//! The OWASP Core Rule Set with its own regression cases, all of them, in this process.

#![expect(clippy::panic, reason = "tests may fail loudly")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mantlet_waf::RuleSet;
use mantlet_waf::ftw::{Cases, load_rules};

fn data() -> Option<PathBuf> {
    Some(mantlet_testkit::shared("CRS regression")?.join("data/crs"))
}

fn rules(crs: &Path) -> Arc<RuleSet> {
    match load_rules(&crs.join("rules"), Some(&crs.join("crs-setup.conf.example"))) {
        Ok(rules) => rules,
        Err(problems) => {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
    }
}

#[test]
fn every_regression_case_of_the_core_rule_set_passes() {
    let Some(crs) = data() else { return };
    let rules = rules(&crs);
    assert_eq!(rules.len(), 630 + 3, "rules");
    let overrides = Path::new(env!("CARGO_MANIFEST_DIR")).join("crs-overrides.yaml");
    let cases = Cases::load(&crs.join("tests/regression/tests"), Some(&overrides)).unwrap();
    assert_eq!(cases.len(), 4_966);
    let report = cases.run(&rules);
    let failed: Vec<String> =
        report.failed.iter().map(|case| format!("{}: {}", case.id, case.reason)).collect();
    assert!(failed.is_empty(), "{}\n{}", report.summary(), failed.join("\n"));
}

/// Every how many cases the slow evaluation is compared too: all of them take a minute.
const COMPARED: usize = 7;

#[test]
fn gates_change_no_result() {
    let Some(crs) = data() else { return };
    let rules = rules(&crs);
    let cases = Cases::load(&crs.join("tests/regression/tests"), None).unwrap();
    let differences = cases.differences_to_naive(&rules, COMPARED);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
