//! What users' own files do around a rule set: exclusions, updates, controls, collections, audit.

use std::sync::Arc;

use super::super::report::{Limits, Outcome};
use super::super::store::MemoryCollections;
use super::super::{Connection, Transaction};
use super::{get, rules};

/// The rule that the cases change; its number is 10.
const RULE: &str = "SecRule ARGS \"@contains bad\" \"id:10,phase:2,pass,msg:'a bad word',tag:'words/bad',setvar:tx.score=+1\"\n";

#[test]
fn exclusions_at_load_and_at_run_time_reach_rules_by_id_tag_and_message() {
    let at_run_time = |control: &str| {
        format!(
            "SecRule REQUEST_URI \"@beginsWith /free\" \"id:1,phase:1,pass,nolog,ctl:{control}\"\n{RULE}"
        )
    };
    let at_load = |directive: &str| format!("{RULE}{directive}\n");
    let all: &[u64] = &[10];
    let cases: [(String, &str, &[u64]); 22] = [
        (at_load("SecRuleRemoveById 10"), "/?a=bad", &[]),
        (at_load("SecRuleRemoveById 5-9 \"11-20\""), "/?a=bad", all),
        (at_load("SecRuleRemoveByTag words/"), "/?a=bad", &[]),
        (at_load("SecRuleRemoveByTag ^other$"), "/?a=bad", all),
        (at_load("SecRuleRemoveByMsg \"bad word\""), "/?a=bad", &[]),
        (at_load("SecRuleUpdateTargetById 10 \"!ARGS:a\""), "/?a=bad", &[]),
        (at_load("SecRuleUpdateTargetById 10 \"!ARGS:a\""), "/?a=bad&b=bad", all),
        (at_load("SecRuleUpdateTargetByTag words/bad \"!ARGS:/^a/\""), "/?ab=bad", &[]),
        (at_load("SecRuleUpdateTargetByMsg \"a bad word\" \"!ARGS:a,!ARGS:b\""), "/?b=bad", &[]),
        (at_load("SecRuleUpdateTargetById 10 REQUEST_URI"), "/bad", all),
        (at_load("SecRuleUpdateActionById 10 \"nolog\""), "/?a=bad", all),
        (at_run_time("ruleRemoveById=10"), "/free?a=bad", &[1]),
        (at_run_time("ruleRemoveById=2-20"), "/free?a=bad", &[1]),
        (at_run_time("ruleRemoveById=10"), "/?a=bad", all),
        (at_run_time("ruleRemoveByTag=words/bad"), "/free?a=bad", &[1]),
        (at_run_time("ruleRemoveByMsg=a bad word"), "/free?a=bad", &[1]),
        (at_run_time("ruleRemoveTargetById=10;ARGS:a"), "/free?a=bad", &[1]),
        (at_run_time("ruleRemoveTargetById=10;ARGS:a"), "/free?b=bad", &[1, 10]),
        (at_run_time("ruleRemoveTargetByTag=words/bad;ARGS:/^a/"), "/free?ab=bad", &[1]),
        (at_run_time("ruleRemoveTargetByMsg=a bad word;ARGS"), "/free?a=bad", &[1]),
        (at_run_time("ruleEngine=Off"), "/free?a=bad", &[1]),
        (at_run_time("ruleRemoveTargetByTag=other;ARGS:a"), "/free?a=bad", &[1, 10]),
    ];
    for (text, target, expected) in cases {
        assert_eq!(get(&rules(&text), target).0, expected, "{text} {target}");
    }
}

#[test]
fn an_updated_action_replaces_the_old_one_and_keeps_the_rest() {
    let text = format!("{RULE}SecRuleUpdateActionById 10 \"deny,status:429,setvar:tx.other=1\"\n");
    let (ids, outcome) = get(&rules(&text), "/?a=bad");
    assert_eq!(ids, [10]);
    let Outcome::Interrupted(interruption) = outcome else { panic!("{outcome:?}") };
    assert_eq!(interruption.rule, 10);
}

#[test]
fn what_is_written_into_tx_is_found_by_name_by_macro_and_by_pattern() {
    let rules = rules(
        "SecAction \"id:1,phase:1,pass,nolog,setvar:tx.Plain=5,setvar:'tx.made_%{ARGS.a}=7',setvar:!tx.gone\"\n\
         SecRule TX:plain \"@eq 5\" \"id:2,phase:1,pass,setvar:tx.plain=-2\"\n\
         SecRule TX:PLAIN \"@eq 3\" \"id:3,phase:1,pass\"\n\
         SecRule TX:made_x \"@eq 7\" \"id:4,phase:1,pass,setvar:tx.made_%{ARGS.a}=+%{tx.plain}\"\n\
         SecRule TX:/^made_/ \"@eq 10\" \"id:5,phase:1,pass,logdata:'%{MATCHED_VAR_NAME}'\"\n\
         SecRule &TX:/^(?:made_|plain$)/ \"@eq 2\" \"id:6,phase:1,pass\"\n\
         SecRule &TX:gone \"@eq 0\" \"id:7,phase:1,pass\"\n\
         SecRule &TX:plain \"!@eq 1\" \"id:8,phase:1,pass\"\n\
         SecRule TX:gone \"!@eq 1\" \"id:9,phase:1,pass\"\n\
         SecAction \"id:10,phase:1,pass,setvar:!tx.plain\"\n\
         SecRule TX:plain|TX:made_x \"@lt 99\" \"id:11,phase:1,pass\"\n\
         SecRule &TX:plain \"@eq 0\" \"id:12,phase:1,pass\"\n",
    );
    assert_eq!(get(&rules, "/?a=x").0, [1, 2, 3, 4, 5, 6, 7, 10, 11, 12]);
    assert_eq!(get(&rules, "/?a=y").0, [1, 2, 3, 6, 7, 10, 12]);
}

#[test]
fn collections_open_by_key_count_and_run_out() {
    let rules = rules(
        "SecAction \"id:1,phase:1,pass,nolog,initcol:global=all,initcol:ip=%{REMOTE_ADDR}_%{ARGS.a},setsid:%{ARGS.s},setuid:u\"\n\
         SecAction \"id:2,phase:1,pass,nolog,setvar:ip.hits=+1,setvar:session.hits=+1,setvar:global.hits=+1,expirevar:session.hits=10\"\n\
         SecRule IP:hits \"@ge 2\" \"id:3,phase:2,pass\"\n\
         SecRule SESSION:hits \"@ge 2\" \"id:4,phase:2,pass\"\n\
         SecRule GLOBAL:hits \"@ge 3\" \"id:5,phase:2,pass\"\n\
         SecRule SESSIONID \"@streq one\" \"id:6,phase:2,pass\"\n\
         SecRule USERID \"!@streq u\" \"id:7,phase:2,pass\"\n",
    );
    let store = Arc::new(MemoryCollections::new(100));
    let send = |target: &str, second: i64| {
        let mut connection = Connection::local();
        connection.now = jiff::Timestamp::from_second(second).unwrap();
        let store = Arc::clone(&store);
        let mut transaction =
            Transaction::new(Arc::clone(&rules), connection, Limits::default(), Some(store));
        transaction.request_line(b"GET", target.as_bytes(), b"HTTP/1.1");
        transaction.request_headers_done();
        transaction.request_body_done();
        let seen = transaction.matched().into_iter().map(|rule| rule.id());
        seen.filter(|id| *id > 2).collect::<Vec<_>>()
    };
    assert_eq!(send("/?a=1&s=one", 0), [6]);
    assert_eq!(send("/?a=1&s=one", 1), [3, 4, 6]);
    assert_eq!(send("/?a=2&s=two", 2), [5]);
    assert_eq!(send("/?a=1&s=one", 60), [3, 5, 6], "the session's count ran out");
}

#[test]
fn limits_of_arguments_and_files_show_in_counts_and_flags() {
    let limited = rules(
        "SecArgumentsLimit 3\nSecUploadFileLimit 1\n\
         SecRule &ARGS \"@ge 3\" \"id:1,phase:2,pass\"\n\
         SecRule MULTIPART_FILE_LIMIT_EXCEEDED \"@eq 1\" \"id:2,phase:2,pass\"\n\
         SecRule FILES \"@endsWith .php\" \"id:3,phase:2,pass\"\n\
         SecRule FILES_SIZES \"@gt 3\" \"id:4,phase:2,pass\"\n\
         SecRule FILES_COMBINED_SIZE \"@eq 4\" \"id:5,phase:2,pass\"\n\
         SecRule ARGS_COMBINED_SIZE \"@gt 3\" \"id:6,phase:2,pass\"\n",
    );
    assert_eq!(get(&limited, "/?a=1&b=2").0, [6]);
    assert_eq!(get(&limited, "/?a=1&b=2&c=3&d=4").0, [1, 6]);
    let mut transaction = Transaction::new(limited, Connection::local(), Limits::default(), None);
    transaction.request_line(b"POST", b"/", b"HTTP/1.1");
    transaction.request_header(b"Content-Type", b"multipart/form-data; boundary=B");
    transaction.request_headers_done();
    for name in ["x.php", "y.txt"] {
        let part = format!(
            "--B\r\nContent-Disposition: form-data; name=f; filename={name}\r\n\r\ndata\r\n"
        );
        transaction.request_body(part.as_bytes());
    }
    transaction.request_body(b"--B--\r\n");
    transaction.request_body_done();
    let ids: Vec<u64> = transaction.matched().iter().map(|rule| rule.id()).collect();
    assert_eq!(ids, [2, 3, 4, 5]);
}

#[test]
fn what_a_gateway_must_not_do_for_a_rule_is_refused_with_a_reason() {
    use crate::plan::{RuleSet, Source};
    use crate::seclang::files::DiskFiles;

    for (text, reason) in [
        ("SecRule XML \"@validateSchema /etc/x.xsd\" \"id:1,pass\"", "use the schema guard"),
        ("SecRule ARGS \"@inspectFile /bin/x\" \"id:1,pass\"", "no program is run"),
        ("SecRule REMOTE_ADDR \"@rbl x.example\" \"id:1,pass\"", "block list"),
        ("SecAction \"id:1,pass,exec:/bin/true\"", "no program is run"),
        ("SecRuleScript x.lua \"id:1,pass\"", ""),
    ] {
        let problems = RuleSet::load(&DiskFiles, &[Source::Text("t", text)]).unwrap_err();
        let all: String = problems.iter().map(ToString::to_string).collect();
        assert!(all.contains("not supported") && all.contains(reason), "{text}: {all}");
    }
}

#[test]
fn what_some_servers_take_for_a_field_is_an_argument() {
    let rules = rules("SecRule ARGS:a \"@contains attack\" \"id:1,phase:2,pass\"\n");
    let matches = |head: &str| {
        let connection = Connection::local();
        let mut transaction =
            Transaction::new(Arc::clone(&rules), connection, Limits::default(), None);
        transaction.request_line(b"POST", b"/", b"HTTP/1.1");
        transaction.request_header(b"Content-Type", b"multipart/form-data; boundary=B");
        transaction.request_headers_done();
        let body = format!("--B\r\n{head}\r\n\r\nan attack\r\n--B--\r\n");
        transaction.request_body(body.as_bytes());
        transaction.request_body_done();
        !transaction.matched().is_empty()
    };
    let disposition = "Content-Disposition: form-data; name=a";
    for head in [
        disposition.to_owned(),
        format!("\x0eX: y\r\n{disposition}"),
        format!("{disposition}; filename=\"\""),
        format!("{disposition}; filename*=UTF-8''x"),
        format!("{disposition}; filename=\"x\r\nno colon"),
    ] {
        assert!(matches(&head), "{head:?}");
    }
    assert!(!matches(&format!("{disposition}; filename=\"x.txt\"")), "a file");
}
