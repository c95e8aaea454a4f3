//! Accounts on the command line.

use std::io::Write as _;
use std::process::{Command, Stdio};

use mantlet_testkit::{Finished, MantletProcess, poll_until};

use super::common::PATIENCE;
use super::person::Person;
use super::{PASSWORD, add, closed, json, key, signed_in, with_key};

/// Runs a subcommand with something on its standard input.
fn typing(gate: &MantletProcess, arguments: &[&str], typed: &str) -> Finished {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mantlet"))
        .args(arguments)
        .arg("--data")
        .arg(gate.data())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Finished {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

// covers: ETSM-33, SCI-08 (binary)
#[test]
fn etsm_d30_sci_d10_an_account_is_added_once_with_a_known_role_and_a_good_password() {
    let (_upstream, gate) = closed("");
    let is_told = || gate.stderr().contains("mantlet user add NAME --role admin").then_some(());
    assert!(poll_until(PATIENCE, is_told).is_some(), "{}", gate.stderr());
    let added = typing(
        &gate,
        &["user", "add", "alice", "--role", "user", "--password-stdin"],
        &format!("{PASSWORD}\n"),
    );
    assert_eq!(added.code, Some(0), "{added:?}");
    assert!(!added.stdout.contains(PASSWORD));
    assert_eq!(Person::new(&gate).sign_in("alice", PASSWORD).status, 303);
    for (arguments, typed, part) in [
        (
            &["user", "add", "ALICE", "--role", "admin"][..],
            "",
            "there is an account `alice` already",
        ),
        (&["user", "add", "bob", "--role", "king"], "", "no role `king`"),
        (&["user", "add", "b ob"], "", "not a name"),
        (&["user", "add", "bob", "--password-stdin"], "short\n", "at least 15"),
        (&["user", "add", "bob", "--password-stdin"], "\n", "no password"),
        (&["user", "lock", "nobody"], "", "no account `nobody`"),
        (&["role", "set", "alice", "king"], "", "no role `king`"),
        (&["key", "issue", "--user", "nobody"], "", "no account `nobody`"),
        (&["key", "revoke", "x"], "", "no key `x`"),
        (&["session", "end"], "", "no session is named"),
    ] {
        let refused = typing(&gate, arguments, typed);
        assert_eq!(refused.code, Some(2), "{arguments:?}: {refused:?}");
        assert!(refused.stderr.contains(part) && refused.stderr.contains("hint:"), "{refused:?}");
    }
    let made = add(&gate, "carol", "admin");
    assert!(made.len() >= 20, "{made}");
    let audit = std::fs::read_to_string(gate.data().join("audit/audit.jsonl")).unwrap();
    assert!(audit.contains("\"user-add\"") && audit.contains("carol"), "{audit}");
    assert!(!audit.contains(PASSWORD) && !audit.contains(&made));
}

// covers: SCI-05 (binary)
#[test]
fn sci_d01_accounts_of_an_application_before_us_keep_their_passwords() {
    let (_upstream, gate) = closed("");
    // generate_password_hash("correct horse battery", "pbkdf2:sha256:1000") of werkzeug.
    let lines = "{\"name\":\"old\",\"roles\":[\"user\"],\"password_hash\":\"pbkdf2:sha256:1000$saltsalt$HASH\"}\n{\"name\":\"new\"}\n\n{\"name\":\"bad name\"}\n";
    let hash = "daf2eb9b12bc60544e9c64cbea88a73b86df4f4da0bd3a697856f3ec75b3e57d";
    let file = gate.data().join("users.jsonl");
    std::fs::write(&file, lines.replace("HASH", hash)).unwrap();
    let done = gate.command(&["user", "import", file.to_str().unwrap(), "--json"]);
    assert_eq!(done.code, Some(1), "one was skipped: {done:?}");
    let said: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(
        (said["added"].as_array().unwrap().len(), &said["skipped"][0]["name"]),
        (2, &"bad name".into())
    );
    let password = said["added"][1]["password"].as_str().unwrap();
    assert_eq!(Person::new(&gate).sign_in("new", password).status, 303);
    assert_eq!(Person::new(&gate).sign_in("old", "correct horse battery").status, 303);
    assert_eq!(Person::new(&gate).sign_in("old", "correct horse").status, 401);
    std::fs::write(&file, "{\"nam\":\"x\"}").unwrap();
    let refused = gate.command(&["user", "import", file.to_str().unwrap()]);
    assert!(refused.code == Some(2) && refused.stderr.contains("line 1"), "{refused:?}");
}

// covers: ELITE-D13 (binary)
#[test]
fn an_operator_sees_sessions_and_ends_them() {
    let (_upstream, gate) = closed("");
    let mut person = signed_in(&gate, "alice", "user");
    let mut other = signed_in(&gate, "bob", "user");
    let sessions = json(&gate, &["session", "list", "--user", "alice"]);
    let session = &sessions["sessions"][0];
    assert_eq!((&session["user"], &session["address"]), (&"alice".into(), &"127.0.0.1".into()));
    let handle = session["handle"].as_str().unwrap();
    assert!(!person.cookie_header().contains(handle), "a handle opens nothing");
    let ended = json(&gate, &["session", "end", handle]);
    assert_eq!(ended["ended"], 1);
    assert_eq!((person.get("/").status, other.get("/").status), (303, 200));
    assert_eq!(json(&gate, &["session", "end", "--user", "bob"])["ended"], 1);
    assert_eq!(other.get("/").status, 303);
}

#[test]
fn people_see_their_sessions_and_end_the_others() {
    let (_upstream, gate) = closed("");
    let password = add(&gate, "alice", "user");
    let (mut one, mut two) = (Person::new(&gate), Person::new(&gate));
    one.sign_in("alice", &password);
    two.sign_in("alice", &password);
    let answer = one.profile("sessions/end", &[]);
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!((one.get("/").status, two.get("/").status), (200, 303));
    let shown = one.get("/.mantlet/profile").text();
    assert!(shown.contains("this one") && !shown.contains("sessions/end"), "{shown}");
}

#[test]
fn roles_and_locks_act_at_once() {
    let (_upstream, gate) =
        closed("[[routes]]\npath = \"/a\"\nrequire = { permission = \"manage\" }\n");
    let mut person = signed_in(&gate, "alice", "user");
    assert_eq!(person.get("/a").status, 403);
    assert_eq!(gate.command(&["role", "set", "alice", "admin"]).code, Some(0));
    assert_eq!(person.get("/a").status, 200);
    assert_eq!(json(&gate, &["role", "list"])["roles"].as_array().unwrap().len(), 3);
    let (_, text) = key(&gate, "alice", &[]);
    assert_eq!(gate.command(&["user", "lock", "alice"]).code, Some(0));
    assert_eq!(person.get("/a").status, 303, "signed out at once");
    assert_eq!(with_key(&gate, "/a", &text).status, 401);
}
