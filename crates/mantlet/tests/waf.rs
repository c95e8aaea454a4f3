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

#[test]
fn lint_tells_what_is_hardly_meant_and_scripts_can_read_it() {
    let folder = folder(CASES);
    let rules = r#"SecRule ARGS "@rx a" "id:1,block"
SecRule ARGS_POST "@rx b" "id:2,phase:1,block"
SecRule RESPONSE_BODY "@rx a\x{41}" "id:3,phase:2,block"
SecAction "id:4,phase:2,pass,nolog,skipAfter:END"
SecRule ARGS "@rx c" "id:5,phase:2,block"
SecMarker END
SecRule ARGS "@rx d" "id:6,phase:2,block,ctl:ruleRemoveById=77"
SecRuleRemoveById 5 88
SecRuleUpdateTargetById 99 "!ARGS:x"
"#;
    write(&folder.path().join("odd.conf"), rules);
    let told = mantlet(&folder, &["waf", "lint", "odd.conf", "--json"]);
    assert_eq!(told.code, Some(1), "{told:#?}");
    let json: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let found: Vec<(u64, &str)> = json["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["line"].as_u64().unwrap(), one["kind"].as_str().unwrap()))
        .collect();
    let expected = [
        (1, "no-phase"),
        (2, "unavailable-target"),
        (3, "unavailable-target"),
        (3, "rewritten-pattern"),
        (5, "unreached-rule"),
        (7, "unknown-rule"),
        (8, "unknown-rule"),
        (9, "unknown-rule"),
    ];
    assert_eq!(found, expected, "{json:#}");
    let plain = mantlet(&folder, &["waf", "lint", "odd.conf"]);
    assert_eq!(plain.code, Some(1), "{plain:#?}");
    assert!(plain.stdout.contains("7 warnings"), "{plain:#?}");
    assert!(plain.stderr.contains("odd.conf:8:1: there is no rule `88`"), "{plain:#?}");
    // What runs in another phase, or can be skipped to, is reached.
    let fine = "SecRule ARGS \"@rx a\" \"id:1,phase:2,pass,skipAfter:MIDDLE\"\nSecAction \"id:2,phase:2,pass,skipAfter:END\"\nSecMarker MIDDLE\nSecRule ARGS x \"id:3,phase:2,block\"\nSecRule ARGS x \"id:4,phase:1,block\"\nSecMarker END\n";
    write(&folder.path().join("fine.conf"), fine);
    let told = mantlet(&folder, &["waf", "lint", "fine.conf"]);
    assert_eq!((told.code, told.stdout.as_str()), (Some(0), "4 rules, no problem\n"), "{told:#?}");
    // The same number twice, and a directive that is nearly one.
    write(
        &folder.path().join("bad.conf"),
        "SecRule ARGS x \"id:1,phase:2\"\nSecRule ARGS y \"id:1,phase:2\"\nSecRuel ARGS x \"id:2\"\n",
    );
    let told = mantlet(&folder, &["waf", "lint", "bad.conf", "--json"]);
    assert_eq!(told.code, Some(2), "{told:#?}");
    for part in ["the id `1` is taken", "unknown directive `SecRuel`", "did you mean `SecRule`?"] {
        assert!(told.stdout.contains(part), "{part}: {told:#?}");
    }
}
