//! Settings of `[identity]`, `[access]` and `[store]`, each shown to act; and what lasts.

use std::thread;

use mantlet_testkit::{
    Answer, FakeUpstream, MantletBuilder, MantletProcess, TempFolder, run_program,
};

use super::common::PATIENCE;
use super::person::Person;
use super::{PASSWORD, add, closed, json, key, signed_in, with_key};

const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");

#[test]
fn sessions_and_keys_are_bounded_in_number_and_time() {
    let config = "[identity.sessions]\nmax_per_user = 2\n[identity.keys]\nmax_per_user = 2\n\
                  environment = \"test\"\nlifetime = \"1d\"\nmax_lifetime = \"2d\"\nmax_grace = \"1s\"\n";
    let (_upstream, gate) = closed(config);
    let password = add(&gate, "alice", "user");
    let mut people: Vec<Person<'_>> = (0..3).map(|_| Person::new(&gate)).collect();
    for person in &mut people {
        assert_eq!(person.sign_in("alice", &password).status, 303);
    }
    let statuses: Vec<u16> = people.iter_mut().map(|person| person.get("/").status).collect();
    assert_eq!(statuses, [303, 200, 200], "the one used least recently ends");
    let (id, one) = key(&gate, "alice", &[]);
    assert!(one.starts_with("mk_test_"), "{one}");
    assert_eq!(with_key(&gate, "/", &one).status, 200);
    let live = one.replacen("mk_test_", "mk_live_", 1);
    assert_eq!(with_key(&gate, "/", &live).status, 401, "a key of another environment");
    let listed = &json(&gate, &["key", "list"])["keys"][0];
    let day =
        |name: &str| listed[name].as_str().unwrap().get(8..10).unwrap().parse::<u32>().unwrap();
    assert!(day("expires") == day("created") + 1 || day("expires") == 1, "{listed}");
    let long = gate.command(&["key", "issue", "--user", "alice", "--expires", "3d"]);
    assert!(long.code == Some(2) && long.stderr.contains("too far ahead"), "{long:?}");
    key(&gate, "alice", &[]);
    let third = gate.command(&["key", "issue", "--user", "alice"]);
    assert!(third.code == Some(2) && third.stderr.contains("2 records"), "{third:?}");
    json(&gate, &["key", "rotate", &id, "--grace", "7d"]);
    let is_over = || (with_key(&gate, "/", &one).status == 401).then_some(());
    assert!(mantlet_testkit::poll_until(PATIENCE, is_over).is_some(), "a grace is bounded");
}

#[test]
fn passwords_are_as_long_as_is_said_and_hashed_a_few_at_a_time() {
    let config = "[identity.passwords]\nmin_length = 10\nmin_length_with_second_factor = 9\n\
                  threads = 1\nwaiting = 1\n";
    let (_upstream, gate) = closed(config);
    let password = add(&gate, "alice", "user");
    let mut person = Person::new(&gate);
    person.sign_in("alice", &password);
    let change = |person: &mut Person<'_>, current: &str, new: &str| {
        person.profile("password", &[("current", current), ("new", new), ("again", new)]).status
    };
    assert_eq!(change(&mut person, &password, "kwpz7-qrx"), 422);
    assert_eq!(change(&mut person, &password, "kwpz7-qrxm"), 303);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let attempt = |number: usize| {
            let gate = &gate;
            scope.spawn(move || Person::new(gate).sign_in(&format!("nobody{number}"), "x").status)
        };
        let attempts: Vec<_> = (0..8).map(attempt).collect();
        attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| matches!(status, 401 | 503)), "{statuses:?}");
    assert!(statuses.contains(&401), "{statuses:?}");
}

// covers: SCI-06 (binary)
#[test]
fn sci_d02_kinds_of_characters_are_asked_for_only_where_that_is_said_and_made_passwords_have_them()
{
    let config = "[identity.passwords]\nlegacy_composition = [\"upper\", \"digit\", \"other\"]\n";
    let (_upstream, gate) = closed(config);
    let made: Vec<String> =
        (0..12).map(|number| add(&gate, &format!("user{number}"), "user")).collect();
    for password in &made {
        let has = |is_kind: fn(char) -> bool| password.chars().any(is_kind);
        assert!(has(char::is_uppercase) && has(char::is_numeric), "{password}");
        assert!(has(|letter| !letter.is_alphanumeric()), "{password}");
    }
    let mut person = Person::new(&gate);
    assert_eq!(person.sign_in("user0", &made[0]).status, 303);
    let typed = [("current", made[0].as_str()), ("new", PASSWORD), ("again", PASSWORD)];
    let refused = person.profile("password", &typed);
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("the operator asks for a capital letter"), "{refused:?}");
    let file = gate.config_file();
    let upstream = "http://127.0.0.1:1";
    let checked =
        gate.command(&["check", "--upstream", upstream, "--config", file.to_str().unwrap()]);
    assert!(checked.stderr.contains("fail NIST SP 800-63B-4"), "{checked:?}");
    let (_upstream, gate) = closed("");
    let password = add(&gate, "alice", "user");
    let mut person = Person::new(&gate);
    person.sign_in("alice", &password);
    let typed = [("current", password.as_str()), ("new", PASSWORD), ("again", PASSWORD)];
    assert_eq!(person.profile("password", &typed).status, 303, "length is all by default");
}

#[test]
fn the_lockout_counts_as_is_said() {
    for (setting, expected) in [
        ("per_address_and_account = \"1/5m\"", 429),
        ("per_address = \"1/5m\"", 429),
        ("per_network = \"1/5m\"", 429),
        ("per_account = \"1/1h\"", 429),
        ("per_second_factor = \"1/5m\"", 401),
    ] {
        let (_upstream, gate) = closed(&format!("[identity.lockout]\n{setting}\n"));
        let attempt = || Person::new(&gate).sign_in("alice", "wrong").status;
        assert_eq!((attempt(), attempt()), (401, expected), "{setting}");
    }
}

#[test]
fn roles_come_from_a_file_and_follow_it() {
    let folder = TempFolder::new();
    let table = "[permissions]\nfly = \"fly\"\n[roles.pilot]\npermissions = [\"fly\"]\n";
    let file = folder.write("roles.toml", table);
    let config = format!(
        "[access]\nroles = {file:?}\nrequire = \"login\"\n[[routes]]\npath = \"/fly\"\nrequire = {{ permission = \"fly\" }}\n"
    );
    let (_upstream, gate) = super::asking(&config);
    let mut person = signed_in(&gate, "alice", "pilot");
    assert_eq!(person.get("/fly").status, 200);
    folder.write("roles.toml", table.replace("[\"fly\"]", "[]"));
    let is_taken = || (person.clone().get("/fly").status == 403).then_some(());
    assert!(mantlet_testkit::poll_until(PATIENCE, is_taken).is_some(), "{}", gate.story());
    folder.write("roles.toml", "[roles.pilot]\npermissions = [\"flu\"]\n");
    let done = gate.command(&["reload"]);
    assert!(done.code == Some(2) && done.stderr.contains("flu"), "{done:?}");
}

fn kept(folder: &TempFolder, upstream: &FakeUpstream) -> MantletBuilder {
    let builder = MantletProcess::builder(BINARY).upstream(&upstream.url());
    builder.data(folder.path().join("data")).arg("--require-login")
}

// covers: SCI-D04 (binary)
#[test]
fn etsm_d15_accounts_sessions_and_keys_outlive_the_process() {
    let (folder, upstream) = (TempFolder::new(), FakeUpstream::answering(Answer::ok("inside")));
    let mut gate = kept(&folder, &upstream).start();
    let person = signed_in(&gate, "alice", "user");
    let (cookies, (id, text)) = (person.cookies.clone(), key(&gate, "alice", &[]));
    gate.kill();
    let mut gate = kept(&folder, &upstream).start();
    assert!(!gate.stderr().contains("nobody can sign in yet"), "{}", gate.stderr());
    let mut person = Person { cookies, ..Person::new(&gate) };
    assert_eq!((person.get("/").status, with_key(&gate, "/", &text).status), (200, 200));
    gate.stop();
    // Where no server runs, the same commands work on the store, and are on record.
    let data = folder.path().join("data").display().to_string();
    let alone = |arguments: &[&str]| {
        run_program(BINARY, &[arguments, &["--data", &data]].concat(), PATIENCE * 3)
    };
    let added = alone(&["user", "add", "bob", "--role", "user", "--json"]);
    assert_eq!(added.code, Some(0), "{added:?}");
    assert_eq!(alone(&["key", "revoke", &id]).code, Some(0));
    assert!(alone(&["user", "list"]).stdout.contains("alice"));
    let audit = std::fs::read_to_string(folder.path().join("data/audit/audit.jsonl")).unwrap();
    assert!(audit.contains("\"user-add\"") && audit.contains("bob"), "{audit}");
    let gate = kept(&folder, &upstream).start();
    assert_eq!(with_key(&gate, "/", &text).status, 401, "revoked meanwhile");
    let added: serde_json::Value = serde_json::from_str(&added.stdout).unwrap();
    let password = added["password"].as_str().unwrap();
    assert_eq!(Person::new(&gate).sign_in("bob", password).status, 303);
    let store = std::fs::read(folder.path().join("data/store.db")).unwrap();
    let holds = |text: &str| store.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(!holds("alice") && !holds("SQLite format"), "the store is encrypted");
}

#[test]
fn the_store_opens_with_its_own_key_alone() {
    let upstream = FakeUpstream::answering(Answer::ok("inside"));
    let key = "kP3v9mQ2xT7yLw5RzB8cN1dF4gH6jS0aUeIoYtWqXbE=";
    let other = "aB3v9mQ2xT7yLw5RzB8cN1dF4gH6jS0aUeIoYtWqXbE=";
    for (setting, right, wrong) in [
        ("root_key", key, other),
        ("passphrase", "seven boats on a violet harbour", "eight boats on a violet harbour"),
    ] {
        let folder = TempFolder::new();
        let start = |secret: &str| {
            let config = format!("[store]\n{setting} = \"env:THE_KEY\"\n");
            kept(&folder, &upstream).config(&config).env("THE_KEY", secret).try_start()
        };
        let mut gate = start(right).unwrap();
        gate.stop();
        let end = start(wrong).err().unwrap();
        assert!(end.code == Some(2) && !end.stderr.contains(wrong), "{setting}: {end:?}");
        start(right).unwrap().stop();
    }
    let folder = TempFolder::new();
    let both = "[store]\nroot_key = \"env:A\"\npassphrase = \"env:B\"\n";
    let end = kept(&folder, &upstream).config(both).try_start();
    assert!(end.err().unwrap().stderr.contains("both name the key"));
}
