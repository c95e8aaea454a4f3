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

/// A request with this body of JSON before the rules, and how it ended.
fn posted(rules: &Arc<RuleSet>, body: &str) -> (Transaction, Outcome) {
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
    (transaction, inspected.outcome)
}

fn work_a_byte(rules: &Arc<RuleSet>, body: &str) -> u64 {
    let (transaction, outcome) = posted(rules, body);
    assert_eq!(outcome, Outcome::Pass, "{} bytes", body.len());
    transaction.work_done() * 100 / body.len() as u64
}

/// The Core Rule Set at its usual level, for any number of arguments.
fn usual_rules(crs: &Path) -> Arc<RuleSet> {
    rules_with("", crs)
}

fn rules_with(more: &str, crs: &Path) -> Arc<RuleSet> {
    let settings = "SecRuleEngine On\nSecRequestBodyAccess On\nSecArgumentsLimit 10000000\n\
        SecRule REQUEST_HEADERS:Content-Type \"@rx json\" \
        \"id:200001,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\"\n";
    let files = DiskFiles.matching(&crs.join("rules/*.conf")).unwrap_or_default();
    let setup = crs.join("crs-setup.conf.example");
    let mut sources = vec![Source::Text("settings", settings), Source::Text("level", more)];
    sources.push(Source::File(&setup));
    sources.extend(files.iter().map(|file| Source::File(file)));
    match RuleSet::load(&DiskFiles, &sources) {
        Ok(rules) => Arc::new(rules),
        Err(problems) => panic!("{} problems in the rules", problems.len()),
    }
}

#[test]
fn work_grows_with_the_body_and_no_faster() {
    let Some(crs) = data() else { return };
    let rules = usual_rules(&crs);
    let [small, large] = [1_000, 10_000].map(|items| work_a_byte(&rules, &order(items)));
    assert!(large * 10 <= small * 11, "{small} hundredths of a unit a byte, then {large}");
}

#[test]
fn ordinary_bodies_need_three_quarters_of_what_each_byte_gets_at_most() {
    let Some(crs) = data() else { return };
    let rules = usual_rules(&crs);
    let numbers = |one: fn(usize) -> String| {
        let all: Vec<String> = (0..20_000).map(one).collect();
        format!("{{\"data\":[{}]}}", all.join(","))
    };
    let prose = "Please review the figures of the quarter, and answer by Monday. ".repeat(2_000);
    let bodies = [
        ("order", order(1_500)),
        ("numbers", numbers(|n| format!("{}.{}", n % 997, n % 89))),
        ("pairs", numbers(|n| format!("[{},{}]", n % 97, n % 7))),
        ("ones", numbers(|_| "1".to_owned())),
        ("words", numbers(|n| format!("\"word{}\"", n % 5_003))),
        ("prose", format!("{{\"text\":\"{prose}\"}}")),
    ];
    for (name, body) in bodies {
        let work = work_a_byte(&rules, &body);
        assert!(work <= 4_800, "{name}: {work} hundredths of a unit a byte");
    }
}

#[test]
fn tables_in_markdown_pass() {
    let Some(crs) = data() else { return };
    let rules = usual_rules(&crs);
    let small = "| a | b | c |\\n|---|---|---|\\n".repeat(200);
    let rows: String =
        (0..900).map(|n| format!("| alice-{n} | {n}.14 | paid in full |\\n")).collect();
    for text in [small, rows] {
        let (transaction, outcome) = posted(&rules, &format!("{{\"text\":\"{text}\"}}"));
        let ids: Vec<_> = transaction.matched().iter().map(|rule| rule.id()).collect();
        assert!(matches!(outcome, Outcome::Pass), "{} bytes: {outcome:?}, {ids:?}", text.len());
    }
}

/// Rule 920273 takes every bracket in a body for one character too many, in libmodsecurity as well.
#[test]
fn at_the_strictest_level_json_is_refused_by_a_rule_and_by_no_budget() {
    let Some(crs) = data() else { return };
    let level = "SecAction \"id:200002,phase:1,pass,nolog,setvar:tx.blocking_paranoia_level=4\"";
    let rules = rules_with(level, &crs);
    for body in ["{\"data\":[0,1,2]}".to_owned(), order(1_500)] {
        let (transaction, outcome) = posted(&rules, &body);
        assert!(matches!(outcome, Outcome::Interrupted(_)), "{} bytes: {outcome:?}", body.len());
        assert!(transaction.matched().iter().any(|rule| rule.id() == 920_273));
    }
}
