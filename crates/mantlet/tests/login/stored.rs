//! The store behind accounts, keys and sessions: names are never patterns or statements, everybody
//! reaches their own, and what goes wrong in it is told to the operator alone.

use std::thread;

use super::common::PATIENCE;
use super::person::Person;
use super::{PASSWORD, add, closed, json, key, signed_in};

/// What would match more than itself, or end a statement, somewhere.
const HOSTILE: [&str; 8] =
    ["%", "_", "a%", "alic_", "' OR '1'='1", "alice' --", "alice\"; DROP TABLE accounts; --", "*"];

// covers: SCI-21, YMERA-11 (binary)
#[test]
fn samo_d25_d28_names_are_neither_patterns_nor_statements() {
    let (_upstream, gate) = closed("");
    for name in ["alice", "alicx"] {
        add(&gate, name, "user");
        key(&gate, name, &[]);
    }
    for name in HOSTILE {
        for arguments in [
            &["key", "list", "--user", name][..],
            &["session", "list", "--user", name],
            &["user", "lock", name],
            &["session", "end", "--user", name],
        ] {
            let done = gate.command(arguments);
            let nothing = done.stdout.contains("alic");
            assert!(done.code == Some(2) && !nothing, "{arguments:?}: {done:?}");
        }
        assert_eq!(Person::new(&gate).sign_in(name, PASSWORD).status, 401, "{name}");
    }
    let users = json(&gate, &["user", "list"]);
    let open = users["users"].as_array().unwrap().iter().filter(|user| user["locked"] == false);
    assert_eq!(open.count(), 2, "{users}");
}

#[test]
fn samo_d25_nobody_ends_or_sees_what_is_somebody_elses() {
    let (_upstream, gate) = closed("");
    let mut alice = signed_in(&gate, "alice", "user");
    let mut bob = signed_in(&gate, "bob", "user");
    let (id, _) = key(&gate, "alice", &["--label", "alices-own"]);
    let sessions = json(&gate, &["session", "list", "--user", "alice"]);
    let session = sessions["sessions"][0]["handle"].as_str().unwrap();
    let shown = bob.get("/.mantlet/profile").text();
    assert!(!shown.contains("alices-own") && !shown.contains(session) && !shown.contains(&id));
    let form: Vec<(String, String)> = super::person::form(&shown, "/.mantlet/profile/password");
    let token = form.iter().find(|(name, _)| name == "form").unwrap().clone();
    for (action, name, value) in [("sessions/end", "handle", session), ("keys/revoke", "id", &id)] {
        let fields = [token.clone(), (name.into(), value.into())];
        let answer = bob.post(&format!("/.mantlet/profile/{action}"), &fields);
        assert!(matches!(answer.status, 303 | 400 | 404 | 422), "{action}: {answer:?}");
    }
    assert_eq!(alice.get("/").status, 200, "her session goes on");
    let keys = json(&gate, &["key", "list", "--user", "alice"]);
    assert_eq!(keys["keys"][0]["state"], "active", "{keys}");
}

#[test]
fn samo_d26_whoever_adds_learns_the_id_of_what_they_added() {
    let (_upstream, gate) = closed("");
    add(&gate, "robot", "user");
    let issued: Vec<(String, String)> = thread::scope(|scope| {
        let issue = |number: usize| {
            let gate = &gate;
            scope.spawn(move || {
                let label = format!("label{number}");
                (key(gate, "robot", &["--label", &label]).0, label)
            })
        };
        let issuing: Vec<_> = (0..8).map(issue).collect();
        issuing.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let keys = json(&gate, &["key", "list", "--user", "robot"]);
    for (id, label) in issued {
        let own = keys["keys"].as_array().unwrap().iter().find(|key| key["id"] == id.as_str());
        assert_eq!(own.unwrap()["label"], label.as_str(), "{keys}");
    }
}

/// Holds the lock under which a file of SQLite in WAL mode is written (the file `-shm`, byte 120; see
/// walformat.html of its documentation) until its input ends.
const HOLD: &str = "\
import fcntl, sys
shared = open(sys.argv[1], 'r+b')
fcntl.lockf(shared, fcntl.LOCK_EX, 1, 120)
print('held', flush=True)
sys.stdin.read()
";

#[test]
fn samo_d27_what_goes_wrong_in_the_store_is_told_to_the_operator_alone() {
    let (_upstream, gate) = closed("[store]\nwait = \"500ms\"\n");
    let password = add(&gate, "alice", "user");
    let file = gate.data().join("store.db-shm");
    let mut holder = std::process::Command::new("python3");
    let holder = holder.args(["-c", HOLD, file.to_str().unwrap()]);
    let pipe = std::process::Stdio::piped;
    let mut holder = holder.stdin(pipe()).stdout(pipe()).spawn().unwrap();
    let mut said = [0; 4];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut said).unwrap();
    let refused = Person::new(&gate).sign_in("alice", &password);
    assert_eq!(refused.status, 503, "{refused:?}");
    let text = refused.text().to_lowercase();
    for word in ["sql", "locked", "busy", "database", "store.db", "wal", "insert", "/"] {
        let is_told = if word == "/" { text.contains("/tmp") } else { text.contains(word) };
        assert!(!is_told, "{word}: {text}");
    }
    let _ = gate.wait_for_event(
        |event| {
            event["evidence"].as_str().is_some_and(|it| it.contains("the store does not answer"))
        },
        PATIENCE,
    );
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
    assert_eq!(Person::new(&gate).sign_in("alice", &password).status, 303, "and goes on");
}
