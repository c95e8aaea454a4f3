//! `mantlet waf` of the real binary: rules are checked, and cases run, without a server.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests may fail loudly")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mantlet_testkit::{Finished, Running, TempFolder};

const PATIENCE: Duration = Duration::from_secs(60);

const RULES: &str = r#"
SecRule ARGS "@rx ev.l" "id:100,phase:2,block,log,msg:'evil in %{MATCHED_VAR_NAME}',t:lowercase"
SecRule REQUEST_BODY|ARGS:json.note "@contains secret" "id:101,phase:2,block,log"
"#;

const CASES: &str = r#"
rule_id: 100
tests:
  - test_id: 1
    stages:
      - input: { uri: "/?q=EVIL", headers: { Host: a } }
        output: { log: { expect_ids: [100], match_regex: "evil in ARGS:q" } }
  - test_id: 2
    stages:
      - input: { uri: "/?q=good", headers: { Host: a } }
        output: { log: { no_expect_ids: [100, 101] } }
  - test_id: 3
    stages:
      - input: { method: POST, uri: "/", headers: { Host: a, Content-Type: application/json }, data: '{"note":"secret"}' }
        output: { log: { expect_ids: [101] } }
  - test_id: 4
    stages:
      - input: { uri: "/a b", headers: { Host: a } }
        output: { status: 400 }
"#;

fn mantlet(folder: &TempFolder, arguments: &[&str]) -> Finished {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mantlet"));
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::null());
    command.env_clear().env("HOME", folder.path());
    let mut running = Running::start(command);
    let finished = running.wait(PATIENCE);
    finished.unwrap_or_else(|| panic!("{arguments:?} still runs: {}", running.stderr()))
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn folder(cases: &str) -> TempFolder {
    let folder = TempFolder::new();
    write(&folder.path().join("rules/a.conf"), RULES);
    write(&folder.path().join("cases/100/100.yaml"), cases);
    folder
}

#[test]
fn cases_run_and_the_result_is_counted() {
    let folder = folder(CASES);
    let finished = mantlet(
        &folder,
        &["waf", "test", "--rules", "rules", "--cases", "cases", "--json", "out.json"],
    );
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    assert_eq!(finished.stdout, "passed 4 failed 0 skipped 0\n");
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("out.json")).unwrap()).unwrap();
    assert_eq!(json["passed"], 4);
}

#[test]
fn failures_are_named_with_their_reason_and_overrides_leave_out() {
    let folder = folder(
        &CASES
            .replace("expect_ids: [101]", "expect_ids: [102]")
            .replace("\"/?q=good\"", "\"/?q=evil\""),
    );
    write(
        &folder.path().join("overrides.yaml"),
        "test_overrides:\n  - rule_id: 100\n    test_ids: [2]\n    reason: not ours\n",
    );
    let arguments =
        ["waf", "test", "--rules", "rules", "--cases", "cases", "--overrides", "overrides.yaml"];
    let finished = mantlet(&folder, &arguments);
    assert_eq!(finished.code, Some(1), "{}{}", finished.stdout, finished.stderr);
    let lines: Vec<&str> = finished.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "failed 100-3: 102 was not logged; logged [101]",
            "skipped 100-2: not ours",
            "passed 2 failed 1 skipped 1"
        ]
    );
}

#[test]
fn lint_names_every_problem_with_its_place() {
    let folder = folder(CASES);
    assert_eq!(mantlet(&folder, &["waf", "lint", "rules/a.conf"]).stdout, "2 rules, no problem\n");
    write(&folder.path().join("bad.conf"), "SecRule ARGZ x \"id:1\"\nSecRuleScript a.lua\n");
    let finished = mantlet(&folder, &["waf", "lint", "bad.conf"]);
    assert_eq!(finished.code, Some(2));
    for part in [
        "bad.conf:1:9: unknown variable `ARGZ`",
        "did you mean `ARGS`?",
        "bad.conf:2:1: the directive `SecRuleScript` is not supported",
    ] {
        assert!(finished.stderr.contains(part), "{part} in {}", finished.stderr);
    }
}
