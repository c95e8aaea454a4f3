mod audit;
mod generated;
mod naive;
mod properties;
mod usage;
mod work;

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use super::report::{Budget, InterruptionAction, Limits, Outcome};
use super::store::{CollectionStore, MemoryCollections};
use super::{Connection, Transaction};
use crate::plan::{RuleSet, Source};
use crate::seclang::files::DiskFiles;

fn rules(text: &str) -> Arc<RuleSet> {
    let text = format!("SecRuleEngine On\nSecRequestBodyAccess On\n{text}");
    match RuleSet::load(&DiskFiles, &[Source::Text("test", &text)]) {
        Ok(rules) => Arc::new(rules),
        Err(problems) => {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
    }
}

/// Runs the request phases of `GET target` and gives the ids that matched and the outcome.
fn get(rules: &Arc<RuleSet>, target: &str) -> (Vec<u64>, Outcome) {
    let mut transaction =
        Transaction::new(Arc::clone(rules), Connection::local(), Limits::default(), None);
    transaction.request_line(b"GET", target.as_bytes(), b"HTTP/1.1");
    let outcome = match transaction.request_headers_done() {
        Outcome::Pass => transaction.request_body_done(),
        other => other,
    };
    (transaction.matched().iter().map(|rule| rule.id()).collect(), outcome)
}

fn denied_by(outcome: &Outcome) -> Option<u64> {
    match outcome {
        Outcome::Interrupted(interruption) => Some(interruption.rule),
        _ => None,
    }
}

#[test]
fn every_link_acts_when_it_matches_and_the_rule_only_when_all_do() {
    let rules = rules(
        "SecRule ARGS:a \"@streq x\" \"id:1,phase:1,deny,chain,setvar:tx.first=+1\"\n\
         SecRule ARGS:b \"@streq y\" \"setvar:tx.second=+1\"\n\
         SecRule TX:first \"@eq 1\" \"id:2,phase:2,pass\"\n\
         SecRule TX:second \"@eq 1\" \"id:3,phase:2,pass\"\n",
    );
    assert_eq!(get(&rules, "/?a=x"), (vec![2], Outcome::Pass));
    let (ids, outcome) = get(&rules, "/?a=x&b=y");
    assert_eq!((ids, denied_by(&outcome)), (vec![1], Some(1)));
}

#[test]
fn scores_count_every_value_that_matches() {
    let rules = rules(
        "SecRule ARGS \"@contains bad\" \"id:1,phase:2,pass,setvar:tx.score=+5\"\n\
         SecRule TX:score \"@ge 10\" \"id:2,phase:2,deny,status:406\"\n",
    );
    assert_eq!(get(&rules, "/?a=bad").1, Outcome::Pass);
    let (_, outcome) = get(&rules, "/?a=bad&b=bad");
    let Outcome::Interrupted(interruption) = outcome else { panic!("not interrupted") };
    assert_eq!(interruption.action, InterruptionAction::Deny(406));
}

#[test]
fn skips_go_to_the_marker_in_every_phase() {
    let rules = rules(
        "SecRule ARGS:skip \"@eq 1\" \"id:1,phase:1,pass,skipAfter:END\"\n\
         SecAction \"id:2,phase:1,pass\"\n\
         SecAction \"id:3,phase:2,pass\"\n\
         SecMarker END\n\
         SecAction \"id:4,phase:1,pass\"\n",
    );
    assert_eq!(get(&rules, "/?skip=1").0, [1, 4, 3]);
    assert_eq!(get(&rules, "/").0, [2, 4, 3]);
}

#[test]
fn block_does_what_the_default_action_of_the_phase_says() {
    let rules = rules(
        "SecDefaultAction \"phase:1,log,deny,status:418\"\n\
         SecRule ARGS:a \"@streq x\" \"id:1,phase:1,block\"\n\
         SecRule ARGS:b \"@streq x\" \"id:2,phase:2,block\"\n",
    );
    let (_, outcome) = get(&rules, "/?a=x");
    let Outcome::Interrupted(interruption) = outcome else { panic!("not interrupted") };
    assert_eq!(interruption.action, InterruptionAction::Deny(418));
    assert_eq!(get(&rules, "/?b=x").1, Outcome::Pass, "no default action for phase 2");
}

#[test]
fn rules_and_targets_are_removed_for_one_transaction() {
    let rules = rules(
        "SecRule REQUEST_FILENAME \"@beginsWith /open\" \"id:1,phase:1,pass,nolog,ctl:ruleRemoveById=10\"\n\
         SecRule REQUEST_FILENAME \"@beginsWith /arg\" \"id:2,phase:1,pass,nolog,ctl:ruleRemoveTargetByTag=evil;ARGS:ok\"\n\
         SecRule ARGS \"@contains bad\" \"id:10,phase:2,deny,tag:evil\"\n",
    );
    assert_eq!(denied_by(&get(&rules, "/?ok=bad").1), Some(10));
    assert_eq!(get(&rules, "/open?ok=bad").1, Outcome::Pass);
    assert_eq!(get(&rules, "/arg?ok=bad").1, Outcome::Pass);
    assert_eq!(denied_by(&get(&rules, "/arg?no=bad").1), Some(10));
}

#[test]
fn directives_change_rules_wherever_they_stand() {
    let rules = rules(
        "SecRuleUpdateTargetById 10 \"!ARGS:/^safe_/\"\n\
         SecRuleRemoveByTag \"gone$\"\n\
         SecRule ARGS \"@contains bad\" \"id:10,phase:2,deny\"\n\
         SecRule ARGS \"@contains bad\" \"id:11,phase:2,deny,tag:to-be-gone\"\n\
         SecRule ARGS:p \"@contains bad\" \"id:12,phase:2,deny\"\n\
         SecRuleUpdateActionById 12 \"pass\"\n",
    );
    assert_eq!(get(&rules, "/?safe_a=bad"), (vec![], Outcome::Pass));
    assert_eq!(denied_by(&get(&rules, "/?a=bad").1), Some(10));
    assert_eq!(get(&rules, "/?safe_a=1&p=1").1, Outcome::Pass);
}

#[test]
fn captures_fill_tx_and_groups_that_took_no_part_go() {
    let rules = rules(
        "SecRule ARGS:a \"@rx (x)(y)?\" \"id:1,phase:2,pass,capture,logdata:'%{TX.0}-%{TX.1}-%{TX.2}',setvar:tx.kept=%{TX.2}\"\n\
         SecRule ARGS:b \"@rx (z)\" \"id:2,phase:2,pass,capture,logdata:'%{TX.1}-%{TX.2}'\"\n",
    );
    let mut transaction = Transaction::new(rules, Connection::local(), Limits::default(), None);
    transaction.request_line(b"GET", b"/?a=xy&b=z", b"HTTP/1.1");
    transaction.request_headers_done();
    transaction.request_body_done();
    let data: Vec<String> = transaction.matched().into_iter().map(|rule| rule.data).collect();
    assert_eq!(data, ["xy-x-y", "z-"]);
}

#[test]
fn matches_say_what_an_explanation_needs() {
    let rules = rules(
        "SecRule ARGS \"@rx ev.l\" \"id:7,phase:2,deny,msg:'found in %{MATCHED_VAR_NAME}',severity:CRITICAL,tag:t,t:lowercase\"\n",
    );
    let mut transaction = Transaction::new(rules, Connection::local(), Limits::default(), None);
    transaction.request_line(b"GET", b"/?q=an+EVIL+one", b"HTTP/1.1");
    transaction.request_headers_done();
    transaction.request_body_done();
    let rule = &transaction.matched()[0];
    assert_eq!(
        (rule.id(), rule.message.as_str(), rule.severity()),
        (7, "found in ARGS:q", Some(2))
    );
    let found = &rule.matches[0];
    assert_eq!((found.variable.as_str(), found.value.as_slice()), ("ARGS:q", &b"an evil one"[..]));
    assert_eq!(
        (found.span.clone(), found.transformations.as_slice()),
        (Some(3..7), &["lowercase"][..])
    );
    assert_eq!(found.operator, "@rx ev.l");
}

#[test]
fn detection_only_reports_and_lets_pass() {
    let rules = rules(
        "SecRuleEngine DetectionOnly\nSecRule ARGS \"@contains bad\" \"id:1,phase:2,deny\"\n",
    );
    assert_eq!(get(&rules, "/?a=bad"), (vec![1], Outcome::Pass));
}

#[test]
fn multi_match_looks_at_every_step_of_the_way() {
    let rules = rules(
        "SecRule ARGS \"@contains %\" \"id:1,phase:2,pass,multiMatch,t:urlDecode,setvar:tx.n=+1\"\nSecRule TX:n \"@eq 1\" \"id:2,phase:2,pass\"\n",
    );
    assert_eq!(get(&rules, "/?a=%2541").0, [1, 2]);
}

#[test]
fn counters_of_an_address_outlive_the_transaction() {
    let rules = rules(
        "SecAction \"id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR},setvar:ip.hits=+1,expirevar:ip.hits=60\"\n\
         SecRule IP:hits \"@gt 2\" \"id:2,phase:1,deny\"\n",
    );
    let store: Arc<dyn CollectionStore> = Arc::new(MemoryCollections::new(10));
    let ask = |second: i64, client: [u8; 4]| {
        let connection = Connection {
            client: IpAddr::from(client),
            now: Timestamp::from_second(second).unwrap(),
            ..Connection::local()
        };
        let mut transaction = Transaction::new(
            Arc::clone(&rules),
            connection,
            Limits::default(),
            Some(Arc::clone(&store)),
        );
        transaction.request_line(b"GET", b"/", b"HTTP/1.1");
        denied_by(&transaction.request_headers_done())
    };
    assert_eq!([ask(0, [1; 4]), ask(1, [1; 4]), ask(2, [1; 4])], [None, None, Some(2)]);
    assert_eq!(ask(2, [2; 4]), None, "another address");
    assert_eq!(ask(100, [1; 4]), None, "expired");
}

#[test]
fn work_over_the_budget_ends_with_its_name() {
    let rules = rules("SecRule ARGS \"@rx a.*b\" \"id:1,phase:2,pass\"\n");
    let limits = Limits { work_bytes: 1_000, work_per_byte: 0, ..Limits::default() };
    let mut transaction = Transaction::new(rules, Connection::local(), limits, None);
    let target = format!("/?x={}", "a".repeat(2_000));
    transaction.request_line(b"GET", target.as_bytes(), b"HTTP/1.1");
    transaction.request_headers_done();
    assert_eq!(transaction.request_body_done(), Outcome::OverBudget(Budget::Work));
}

#[test]
fn work_grows_no_faster_than_a_body() {
    let rules = rules(
        "SecArgumentsLimit 1000000\n\
         SecRule REQUEST_HEADERS:Content-Type \"@contains json\" \"id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\"\n\
         SecRule ARGS|ARGS_NAMES \"@rx (?i)union\\s+select\" \"id:2,phase:2,pass,t:none,t:urlDecodeUni,t:lowercase\"\n\
         SecRule ARGS \"@pm evil bad\" \"id:3,phase:2,pass,t:none,t:htmlEntityDecode\"\n\
         SecRule ARGS \"@contains ../\" \"id:4,phase:2,pass,multiMatch,t:none,t:normalizePath,chain\"\n\
         SecRule MATCHED_VARS \"@rx x\" \"setvar:tx.score=+1\"\n\
         SecRule ARGS|!ARGS:json.id|REQUEST_BODY \"!@rx ^[a-z]*$\" \"id:5,phase:2,pass,nolog\"\n",
    );
    let work = |items: usize| {
        let mut transaction =
            Transaction::new(Arc::clone(&rules), Connection::local(), Limits::default(), None);
        transaction.request_line(b"POST", b"/", b"HTTP/1.1");
        transaction.request_header(b"Content-Type", b"application/json");
        transaction.request_headers_done();
        let item = "{\"id\":1,\"note\":\"Union of 2 &amp; more %41\"}";
        transaction.request_body(format!("[{}]", vec![item; items].join(",")).as_bytes());
        assert_eq!(transaction.request_body_done(), Outcome::Pass);
        transaction.work_done()
    };
    let (small, large) = (work(100), work(10_000));
    assert!(small > 10_000, "{small}");
    assert!(large < 110 * small, "{small} for 100 items, {large} for 10,000");
}

#[test]
fn bodies_over_their_limit_are_refused() {
    let rules = rules("SecRequestBodyLimit 10\nSecAction \"id:1,phase:2,pass\"\n");
    let mut transaction = Transaction::new(rules, Connection::local(), Limits::default(), None);
    transaction.request_line(b"POST", b"/", b"HTTP/1.1");
    assert_eq!(transaction.request_headers_done(), Outcome::Pass);
    assert_eq!(transaction.request_body(b"0123456789"), Outcome::Pass);
    assert_eq!(transaction.request_body(b"x"), Outcome::OverBudget(Budget::RequestBody));
}

#[test]
fn bodies_without_their_files_have_a_limit_of_their_own() {
    let send = |mode: &str, parts: &[(&str, usize)]| {
        let rules = rules(&format!(
            "SecRuleEngine {mode}\nSecRequestBodyNoFilesLimit 1000\n\
             SecRule REQBODY_ERROR \"@eq 1\" \"id:1,phase:2,pass\"\n"
        ));
        let mut transaction = Transaction::new(rules, Connection::local(), Limits::default(), None);
        transaction.request_line(b"POST", b"/", b"HTTP/1.1");
        transaction.request_header(b"Content-Type", b"multipart/form-data; boundary=B");
        transaction.request_headers_done();
        let mut outcome = Outcome::Pass;
        for (disposition, size) in parts {
            let head = format!("--B\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
            let piece = [head.as_bytes(), &vec![b'x'; *size], b"\r\n"].concat();
            outcome = transaction.request_body(&piece);
        }
        transaction.request_body(b"--B--\r\n");
        if outcome == Outcome::Pass {
            outcome = transaction.request_body_done();
        }
        (outcome, transaction.matched().iter().map(|rule| rule.id()).collect::<Vec<_>>())
    };
    let (file, field) = ("name=f; filename=f", "name=a");
    assert_eq!(send("On", &[(file, 50_000), (field, 500)]), (Outcome::Pass, vec![]));
    let refused = Outcome::OverBudget(Budget::RequestBody);
    assert_eq!(send("On", &[(file, 10), (field, 1_000)]), (refused, vec![]));
    assert_eq!(send("DetectionOnly", &[(field, 1_000)]), (Outcome::Pass, vec![1]));
}

#[test]
fn problems_are_all_reported_with_their_places() {
    let text = "SecRule ARGZ \"@rx x\" \"id:1,phase:1,deny\"\n\
                SecRule ARGS \"@rx (?=x)\" \"id:2,phase:1,deny\"\n\
                SecRule ARGS \"@rx x\" \"id:3,phase:1,denny\"\n\
                SecRuleScript x.lua\n\
                SecFoo 1\n\
                SecAction \"id:4,pass,skipAfter:NOWHERE\"\n\
                SecAction \"pass\"\n";
    let problems = RuleSet::load(&DiskFiles, &[Source::Text("t.conf", text)]).unwrap_err();
    let shown: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.place, problem.message)).collect();
    assert_eq!(
        shown,
        [
            "t.conf:1:9: unknown variable `ARGZ`",
            "t.conf:2:15: the pattern uses lookaround, which a linear-time matcher cannot do",
            "t.conf:3:36: unknown action `denny`",
            "t.conf:4:1: the directive `SecRuleScript` is not supported",
            "t.conf:5:1: unknown directive `SecFoo`",
            "t.conf:7:1: a rule needs an `id`",
            "t.conf:6:1: `skipAfter:NOWHERE` skips to a marker that does not follow",
        ]
    );
}

#[test]
fn a_variable_that_is_taken_out_is_not_asked_about() {
    let text = "SecAction \"id:1,phase:1,pass,setvar:tx.a=1\"\n\
        SecRule ARGS:skip \"@eq 1\" \"id:2,phase:1,pass,ctl:ruleRemoveTargetById=4;TX:a\"\n\
        SecRule ARGS:skip \"@eq 1\" \"id:3,phase:1,pass,ctl:ruleRemoveTargetById=5;TX:b\"\n\
        SecRule TX:a \"@eq 1\" \"id:4,phase:1,pass\"\n\
        SecRule &TX:b \"@eq 0\" \"id:5,phase:1,pass\"\n";
    for (target, wanted) in [("/?skip=0", &[1, 4, 5][..]), ("/?skip=1", &[1, 2, 3, 5])] {
        let new = || Transaction::new(rules(text), Connection::local(), Limits::default(), None);
        for mut transaction in [new(), new().naive()] {
            transaction.request_line(b"GET", target.as_bytes(), b"HTTP/1.1");
            transaction.request_headers_done();
            let ids: Vec<u64> = transaction.matched().iter().map(|rule| rule.id()).collect();
            assert_eq!(ids, wanted, "{target}");
        }
    }
}
