//! The audit log that rule files ask for, through the wire.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "tests may fail loudly")]

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mantlet_testkit::wire;
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, Signal, TempFolder, left_out, poll_until, root, shared,
    venv_python,
};
use serde_json::{Value, json};

use super::common::{PATIENCE, gate};
use super::{SQL, escaped, get, post};

/// What users of the Core Rule Set have in their file of settings.
const RELEVANT: &str = "SecAuditEngine RelevantOnly\nSecAuditLogRelevantStatus \"^(?:5|4(?!04))\"\n\
    SecAuditLogParts ABIJDEFHZ\nSecAuditLogType Serial\nSecAuditLogFormat JSON\nSecAuditLog audit.json\n";

/// Tests ask by address, which the rule set counts as a warning.
const BY_NAME: &str = "SecRuleRemoveById 920350\n";

const FORM: &str = "application/x-www-form-urlencoded";

/// A folder of rules, and the setting that names it.
fn rules(text: &str) -> (TempFolder, String) {
    let folder = TempFolder::new();
    let file = folder.write("own.conf", text);
    let setting = format!("[guards.waf]\nrules = [\"{}\"]\n", file.display());
    (folder, setting)
}

fn lines(gate: &MantletProcess) -> Vec<Value> {
    let text = fs::read_to_string(gate.data().join("log/audit.json")).unwrap_or_default();
    // The last line may be on its way.
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole.map(|line| serde_json::from_str::<Value>(line).unwrap()["transaction"].clone()).collect()
}

/// The record of the request with this target.
fn line(gate: &MantletProcess, target: &str) -> Value {
    let found = || lines(gate).into_iter().find(|line| line["request"]["uri"] == target);
    poll_until(PATIENCE, found).unwrap_or_else(|| panic!("{target}: {:#?}", lines(gate)))
}

fn ids(line: &Value) -> Vec<String> {
    let messages = line["messages"].as_array().unwrap().iter();
    messages.map(|message| message["details"]["ruleId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_core_rule_set_with_its_usual_audit_settings_records_what_is_relevant() {
    let Some(crs) = shared("waf-guard").map(|folder| folder.join("data/crs")) else { return };
    let (_folder, _) = rules("");
    let own = _folder.write("modsecurity.conf", format!("{RELEVANT}{BY_NAME}"));
    let config = format!("[guards.waf]\nrules = [{:?}, {crs:?}]\n[log]\nrefusals = 0\n", own);
    let upstream = FakeUpstream::start(|request| match request.target.as_str() {
        "/broken" => Answer::of(503, "text/plain", "no"),
        "/missing" => Answer::of(404, "text/plain", "no"),
        _ => Answer::ok("ok"),
    });
    let gate = gate(&upstream, &config);
    let usual = [("User-Agent", "Mozilla/5.0"), ("Accept", "*/*")];
    let ask = |target: &str| wire::get(gate.address(), target, &usual);
    for target in ["/fine", "/missing", "/broken"] {
        assert_ne!(ask(target).status, 403, "{target}");
    }
    let attack = format!("/?id={}&password=S3CRETS3CRET", escaped(SQL));
    let refused = ask(&attack);
    assert_eq!(refused.status, 403);
    let shown = attack.replace("S3CRETS3CRET", "redacted");
    let line = line(&gate, &shown);
    let found = ids(&line);
    for id in ["942100", "949110"] {
        assert!(found.iter().any(|it| it == id), "{line:#}");
    }
    assert_eq!(line["unique_id"], refused.header("x-request-id").unwrap());
    assert_eq!(
        (&line["is_interrupted"], &line["response"]["http_code"]),
        (&true.into(), &403.into())
    );
    assert_eq!(line["producer"]["secrules_engine"], "Enabled");
    let components = line["producer"]["components"].to_string();
    assert!(components.contains("OWASP_CRS/4"), "{components}");
    let all = lines(&gate);
    let uris: Vec<&str> = all.iter().map(|it| it["request"]["uri"].as_str().unwrap()).collect();
    assert_eq!(uris, ["/broken", shown.as_str()]);
}

#[test]
fn etsm_d20_nobody_forges_a_line_or_reads_a_secret_in_one() {
    let (_folder, config) = rules(&format!(
        "{RELEVANT}SecRule ARGS|REQUEST_BODY|REQUEST_HEADERS \"@rx forbidden\" \"id:1,phase:2,deny,log,msg:'in %{{MATCHED_VAR}}',logdata:'%{{MATCHED_VAR}}'\"\n"
    ));
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, &config);
    let forged = b"a=forbidden\r\n{\"transaction\":{\"request\":{\"uri\":\"/forged\"}}}\n\xe2\x80\xa8\xff\xfe\x00&b=1";
    assert_eq!(post(gate.address(), FORM, forged).status, 403);
    let secret = b"password=S3CRETS3CRET+forbidden&note=forbidden";
    assert_eq!(post(gate.address(), FORM, secret).status, 403);
    let header = [("Authorization", "Bearer S3CRETS3CRET-forbidden")];
    assert_eq!(wire::get(gate.address(), "/header", &header).status, 403);
    line(&gate, "/header");
    let text = fs::read_to_string(gate.data().join("log/audit.json")).unwrap();
    assert!(!text.contains("S3CRET"), "{text}");
    let all = lines(&gate);
    assert_eq!((all.len(), text.lines().count()), (3, 3), "{text}");
    assert!(all.iter().all(|line| line["request"]["uri"] != "/forged"));
    assert!(text.contains(r"forbidden\\x0d\\x0a"), "{text}");
}

#[test]
fn a_client_that_goes_away_before_its_answer_is_recorded() {
    let (_folder, config) =
        rules(&format!("{RELEVANT}SecRule ARGS \"@rx seen\" \"id:1,phase:2,pass,log\"\n"));
    let has_come = Arc::new(AtomicBool::new(false));
    let (came, release) = (Arc::clone(&has_come), Arc::new(AtomicBool::new(false)));
    let is_over = Arc::clone(&release);
    let upstream = FakeUpstream::start(move |_| {
        came.store(true, Ordering::Relaxed);
        poll_until(PATIENCE * 2, || is_over.load(Ordering::Relaxed).then_some(()));
        Answer::ok("ok")
    });
    let gate = gate(&upstream, &config);
    let mut client = TcpStream::connect(gate.address()).unwrap();
    client.write_all(b"GET /?q=seen HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert!(poll_until(PATIENCE, || has_come.load(Ordering::Relaxed).then_some(())).is_some());
    drop(client);
    let line = line(&gate, "/?q=seen");
    release.store(true, Ordering::Relaxed);
    assert_eq!((ids(&line), &line["response"]["http_code"]), (vec!["1".to_owned()], &499.into()));
}

#[test]
fn who_watches_records_everything_and_says_that_nothing_was_done() {
    let text = format!(
        "{RELEVANT}SecRuleEngine DetectionOnly\n\
         SecRule ARGS \"@rx one\" \"id:1,phase:1,deny,log\"\n\
         SecRule ARGS \"@rx one\" \"id:2,phase:2,deny,log\"\n\
         SecRule RESPONSE_BODY \"@rx ok\" \"id:4,phase:4,pass,log\"\n\
         SecRule ARGS \"@rx one\" \"id:5,phase:5,pass,log\"\n"
    );
    let upstream = FakeUpstream::answering(Answer::html("ok"));
    let (_folder, only_reports) = rules(&text);
    let (_own, config) = rules(&text.replace("SecRuleEngine DetectionOnly\n", ""));
    for (config, engine) in [
        (only_reports, "DetectionOnly"),
        (format!("{config}mode = \"observe\"\n"), "DetectionOnly"),
    ] {
        let gate = gate(&upstream, &config);
        let answer = post(gate.address(), FORM, "q=one&r=one");
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(get(gate.address(), "/?q=one").status, 200);
        let line = line(&gate, "/?q=one");
        assert_eq!(ids(&line), ["1", "2", "4", "5"], "{line:#}");
        assert_eq!(line["is_interrupted"], false, "{line:#}");
        assert_eq!(line["producer"]["secrules_engine"], engine);
        let id = answer.header("x-request-id").unwrap();
        let refusals = gate
            .events()
            .into_iter()
            .filter(|event| event["request_id"] == id && event["reason"] == "waf-rule");
        assert_eq!(refusals.count(), 1, "told once");
    }
}

#[test]
fn a_full_disk_or_a_slow_one_holds_no_request() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let folder = TempFolder::new();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (file, more) in [("/dev/full", ""), (pipe.to_str().unwrap(), "[log]\nqueue = 4\n")] {
        let (_folder, config) = rules(&format!(
            "SecAuditEngine On\nSecAuditLogFormat JSON\nSecAuditLogParts ABCZ\nSecAuditLog {file}\n"
        ));
        let gate = gate(&upstream, &(config + more));
        let body = format!("a={}", "x".repeat(40_000));
        for _ in 0..60 {
            assert_eq!(post(gate.address(), FORM, &body).status, 200, "{file}");
        }
        let series = "mantlet_events_dropped_total{sink=\"waf-audit\"}";
        let is_counted = || (gate.metric(series) > 0).then_some(());
        assert!(poll_until(PATIENCE, is_counted).is_some(), "{file}: {}", gate.metrics());
    }
}

#[test]
fn a_file_that_cannot_be_opened_keeps_the_server_from_starting_and_the_old_rules_in_force() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let broken = "SecAuditEngine On\nSecAuditLogFormat JSON\nSecAuditLog /nowhere/audit.json\n";
    let (_folder, config) = rules(broken);
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let failed = builder.upstream(&upstream.url()).config(&config).try_start().unwrap_err();
    let text = failed.stderr;
    assert!(text.contains("`/nowhere/audit.json`") && text.contains("SecAuditLog"), "{text}");

    let (folder, config) = rules(RELEVANT);
    let gate = gate(&upstream, &config);
    fs::write(folder.path().join("own.conf"), broken).unwrap();
    let rejected = |event: &Value| event["event.name"] == "config.settings.rejected";
    let event = gate.wait_for_event(rejected, PATIENCE * 2);
    assert!(event.to_string().contains("/nowhere/audit.json"), "{event:#}");
    assert_eq!(get(gate.address(), "/").status, 200);
}

#[test]
fn a_file_moved_away_is_written_anew_and_the_last_line_is_there_at_the_end() {
    let (_folder, config) = rules(&RELEVANT.replace("RelevantOnly", "On"));
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let mut gate = gate(&upstream, &config);
    assert_eq!(get(gate.address(), "/one").status, 200);
    line(&gate, "/one");
    let log = gate.data().join("log/audit.json");
    let moved = log.with_extension("moved");
    fs::rename(&log, &moved).unwrap();
    gate.signal(Signal::HUP);
    assert_eq!(get(gate.address(), "/two").status, 200);
    gate.stop();
    let uris = |line: &Value| line["request"]["uri"].as_str().unwrap().to_owned();
    assert_eq!(lines(&gate).iter().map(uris).collect::<Vec<_>>(), ["/two"]);
    assert_eq!(fs::read_to_string(moved).unwrap().lines().count(), 1);
}

/// Rules that both engines are given, and requests.
const COMPARED: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/html
SecAuditEngine RelevantOnly
SecAuditLogRelevantStatus "^5"
SecAuditLogParts ABCEFHZ
SecAuditLogType Serial
SecAuditLogFormat JSON
SecAuditLog AUDIT_LOG
SecRule ARGS:a "@rx (b)ad" "id:1,phase:1,pass,t:none,t:lowercase,log,capture,msg:'Bad %{TX.1}',logdata:'Data %{MATCHED_VAR}',tag:'t1',tag:'t2',severity:'CRITICAL',rev:'2',ver:'OWASP/4',maturity:'9',accuracy:'8'"
SecRule ARGS:a "@rx ugly" "id:2,phase:2,pass,log,noauditlog,msg:'ugly'"
SecRule ARGS:n "@rx ." "id:3,phase:2,pass,nolog,auditlog,msg:'nolog auditlog'"
SecRule ARGS:m "@rx ." "id:4,phase:2,pass,nolog,msg:'nolog'"
SecRule ARGS:c "@rx foo" "id:6,phase:2,pass,log,msg:'chain',chain"
SecRule ARGS:c "@rx bar" "t:none"
SecRule ARGS:off "@rx ." "id:7,phase:2,pass,nolog,ctl:auditEngine=Off"
SecRule ARGS:x "!@streq 2" "id:9,phase:2,pass,log,auditlog,msg:'x'"
SecRule REQUEST_URI "@contains fin" "id:10,phase:5,pass,log,msg:'fin'"
SecRule ARGS:q "@pm one two" "id:11,phase:1,pass,log,msg:'quote é'"
SecRule ARGS:g "@gt 3" "id:12,phase:2,pass,log,msg:'more',severity:'WARNING'"
"#;

/// What both say of a request, in one form; `None` for nothing.
fn same(line: &str) -> Option<Value> {
    let mut line: Value = serde_json::from_str(line).ok()?;
    let transaction = &mut line["transaction"];
    for message in transaction["messages"].as_array_mut().unwrap() {
        // Where a value stands in the request is not known here, and where a text came from not there.
        for name in ["file", "lineNumber", "reference"] {
            message["details"].as_object_mut().unwrap().remove(name).unwrap();
        }
    }
    let request = &transaction["request"];
    Some(json!({
        "client_ip": transaction["client_ip"],
        "is_interrupted": transaction["is_interrupted"],
        "request": [request["method"], request["http_version"], request["uri"], request["body"]],
        "kind": request["headers"]["content-type"],
        "response": [transaction["response"]["http_code"], transaction["response"]["body"]],
        "engine": transaction["producer"]["secrules_engine"],
        "messages": transaction["messages"],
        "keys": transaction.as_object().unwrap().keys().collect::<Vec<_>>(),
    }))
}

/// What libmodsecurity writes of these requests (target, body, status of the answer), a line each.
fn told_by_libmodsecurity(python: &Path, rules: &Path, requests: &[(String, &str, u16)]) -> String {
    let script = root().join("crates/mantlet/tests/waf_guard/audited.py");
    let asked: String = requests
        .iter()
        .map(|(target, body, status)| {
            let headers = [("host", "a"), ("content-type", FORM)];
            format!(
                "{}\n",
                json!({"target": target, "headers": headers, "body": body, "status": status})
            )
        })
        .collect();
    let mut command = Command::new(python);
    command.arg(script).arg(rules).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut oracle = command.spawn().unwrap();
    oracle.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
    String::from_utf8(oracle.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn records_say_what_those_of_libmodsecurity_say() {
    let Some(python) = venv_python(&["libmodsecurity"]) else {
        return left_out(
            "waf-guard",
            "lacks the packages of bench/waf/requirements.txt in target/venv",
        );
    };
    let requests: Vec<(String, &str, u16)> = [
        ("/?a=bAd", "", 200),
        ("/?a=ugly", "", 200),
        ("/?a=ugly&x=1", "", 200),
        ("/?n=1", "", 200),
        ("/?m=1", "", 200),
        ("/?c=foobar", "", 200),
        ("/?c=foo", "", 200),
        ("/?a=bad&off=1", "", 500),
        ("/fin", "", 200),
        ("/?q=1two%0d%0a%00", "", 200),
        ("/?z=1", "", 503),
        ("/?z=1", "", 404),
        ("/?g=5", "b=1&c=2", 200),
        ("/?x=2", "", 200),
        ("/", "a=bad%20and%20more", 200),
        ("/?z=1", "q=caf\u{e9}", 500),
    ]
    .into_iter()
    .enumerate()
    .map(|(index, (target, body, status))| {
        let mark = if target.contains('?') { "&" } else { "?" };
        (format!("{target}{mark}number={index}"), body, status)
    })
    .collect();
    let folder = TempFolder::new();
    let compared = folder.write("rules.conf", COMPARED);
    let theirs = told_by_libmodsecurity(&python, &compared, &requests);
    assert_eq!(theirs.lines().count(), requests.len(), "{theirs}");

    let (_folder, config) = rules(&COMPARED.replace("AUDIT_LOG", "audit.json"));
    let statuses: Vec<(String, u16)> =
        requests.iter().map(|(target, _, status)| (target.clone(), *status)).collect();
    let upstream = FakeUpstream::start(move |request| {
        let known = statuses.iter().find(|(target, _)| *target == request.target);
        let status = known.map_or(200, |(_, status)| *status);
        Answer::of(status, "text/html", "<p>hello")
    });
    let mut gate = gate(&upstream, &format!("{config}[guards.errors]\nmode = \"off\"\n"));
    for (target, body, status) in &requests {
        let bytes: Vec<u8> = body.chars().map(|letter| letter as u8).collect();
        let answer =
            wire::request(gate.address(), "POST", target, &[("Content-Type", FORM)], &bytes);
        assert_eq!(answer.status, *status, "{target}");
    }
    gate.stop();
    let text = fs::read_to_string(gate.data().join("log/audit.json")).unwrap();
    for ((target, ..), theirs) in requests.iter().zip(theirs.lines()) {
        let ours = text
            .lines()
            .find(|line| line.contains(target.trim_start_matches('/')))
            .unwrap_or_default();
        assert_eq!(same(ours), same(theirs), "{target}\n{ours}\n{theirs}");
    }
}
