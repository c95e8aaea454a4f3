//! The OWASP Core Rule Set with its own regression cases, all of them, in this process.

#![expect(clippy::panic, reason = "tests may fail loudly")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mantlet_waf::ftw::{Cases, Request, load_rules};
use mantlet_waf::{
    Connection, DiskFiles, Files as _, Limits, Outcome, RuleSet, Source, Transaction,
};

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

/// An order of so many items, whose numbers all have as many digits.
fn order(items: usize) -> String {
    let item = |n: usize| {
        let n = n + 1_000_000;
        format!(
            "{{\"id\":{n},\"name\":\"Item number {n}\",\"note\":\"The quick brown fox, at 9.99\"}}"
        )
    };
    format!("{{\"items\":[{}]}}", (0..items).map(item).collect::<Vec<_>>().join(","))
}

fn work_a_byte(rules: &Arc<RuleSet>, body: &str) -> u64 {
    let header = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    let request = Request {
        method: b"POST".to_vec(),
        target: b"/api/orders".to_vec(),
        protocol: b"HTTP/1.1".to_vec(),
        headers: vec![
            header("Host", "shop.example.com"),
            header("User-Agent", "Mozilla/5.0"),
            header("Accept", "*/*"),
            header("Content-Type", "application/json"),
            header("Content-Length", &body.len().to_string()),
        ],
        body: body.as_bytes().to_vec(),
    };
    let rules = Arc::clone(rules);
    let mut transaction = Transaction::new(rules, Connection::local(), Limits::default(), None);
    let inspected = request.go_through(&mut transaction);
    assert_eq!(inspected.outcome, Outcome::Pass, "{} bytes", body.len());
    transaction.work_done() * 100 / body.len() as u64
}

#[test]
fn work_grows_with_the_body_and_no_faster() {
    let Some(crs) = data() else { return };
    let settings = "SecRuleEngine On\nSecRequestBodyAccess On\nSecArgumentsLimit 10000000\n\
        SecRule REQUEST_HEADERS:Content-Type \"@rx json\" \
        \"id:200001,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\"\n";
    let files = DiskFiles.matching(&crs.join("rules/*.conf")).unwrap();
    let setup = crs.join("crs-setup.conf.example");
    let mut sources = vec![Source::Text("settings", settings), Source::File(&setup)];
    sources.extend(files.iter().map(|file| Source::File(file)));
    let rules = Arc::new(RuleSet::load(&DiskFiles, &sources).unwrap());
    let [small, large] = [1_000, 10_000].map(|items| work_a_byte(&rules, &order(items)));
    assert!(large * 10 <= small * 13, "{small} hundredths of a unit a byte, then {large}");
}
