//! The OWASP Core Rule Set with its own regression cases, all of them, in this process.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mantlet_waf::ftw::{Cases, engine_settings};
use mantlet_waf::{DiskFiles, RuleSet, Source};

fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/crs");
    if folder.is_dir() {
        return Some(folder);
    }
    mantlet_testkit::left_out("CRS regression", "the rule set is not here");
    None
}

fn rules(crs: &Path) -> Arc<RuleSet> {
    let (before, after) = engine_settings();
    let mut files: Vec<PathBuf> = fs::read_dir(crs.join("rules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
        .collect();
    files.sort();
    let setup = crs.join("crs-setup.conf.example");
    let mut sources = vec![Source::Text("before", before), Source::File(&setup), Source::Text("after", after)];
    sources.extend(files.iter().map(|path| Source::File(path)));
    match RuleSet::load(&DiskFiles, &sources) {
        Ok(rules) => Arc::new(rules),
        Err(problems) => panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
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
    let failed: Vec<String> = report.failed.iter().map(|case| format!("{}: {}", case.id, case.reason)).collect();
    assert!(failed.is_empty(), "{}\n{}", report.summary(), failed.join("\n"));
}
