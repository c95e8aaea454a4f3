//! What holds while a lot is going on: an end counts for requests that never stop coming, and people
//! who sign in do not keep out those who are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{MantletProcess, poll_until};

use super::common::PATIENCE;
use super::person::Person;
use super::{PASSWORD, add, closed, json, key, signed_in};

/// Connections that ask with one credential: enough to meet every worker.
const LANES: usize = 4;

/// Requests that are looked at after something has ended.
const LOOKED_AT: usize = 20;

/// Asks for `/a` with one header field again and again, while `act` is done; then everything that was
/// asked after it had been done has the status `expected`.
fn under_use(
    gate: &MantletProcess,
    (name, value): (&str, &str),
    act: impl FnOnce(),
    expected: u16,
) {
    let seen: Mutex<Vec<(Instant, u16)>> = Mutex::default();
    let is_over = AtomicBool::new(false);
    let request = wire::render(gate.address(), "GET", "/a", &[(name, value)], b"");
    let count_since = |since: Instant| {
        let seen = seen.lock().unwrap();
        seen.iter().filter(|(begun, _)| *begun > since).count()
    };
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                let mut connection = Connection::open(gate.address()).unwrap();
                while !is_over.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    connection.write(&request).unwrap();
                    let status = connection.read_response().unwrap().status;
                    seen.lock().unwrap().push((begun, status));
                }
            });
        }
        let start = Instant::now();
        let enough =
            |since| poll_until(PATIENCE, || (count_since(since) > LOOKED_AT).then_some(()));
        let before = enough(start);
        act();
        let done = Instant::now();
        let after = enough(done);
        is_over.store(true, Ordering::Relaxed);
        assert!(before.is_some() && after.is_some(), "requests go on");
        let seen = seen.lock().unwrap();
        let late: Vec<u16> =
            seen.iter().filter(|(begun, _)| *begun > done).map(|(_, status)| *status).collect();
        assert!(late.iter().all(|status| *status == expected), "{name}: {late:?}");
        assert!(seen.iter().any(|(_, status)| *status != expected), "{name}: it was not so before");
    });
}

// covers: ETSM-18, SAMO-07, SAMO-11 (binary)
#[test]
fn an_end_counts_at_once_for_requests_that_never_stop() {
    let config = "[server]\nworkers = 2\n[guards.limit]\nper_address = [\"1000000/s burst 1000000\"]\n\
                  [[routes]]\npath = \"/a\"\nrequire = { permission = \"write\" }\n";
    let (_upstream, gate) = closed(config);
    let done = |arguments: &[&str]| {
        let done = gate.command(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {done:?}");
    };
    let mut person = signed_in(&gate, "alice", "user");
    let cookie = person.cookie_header();
    let (id, text) = key(&gate, "alice", &[]);
    let issued = json(&gate, &["token", "issue", "--user", "alice"]);
    let bare = issued["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {bare}");
    let (session, key_field) = (("Cookie", cookie.as_str()), ("X-API-Key", text.as_str()));
    let token = ("Authorization", bearer.as_str());

    // Roles, down and up again.
    for field in [session, key_field, token] {
        under_use(&gate, field, || done(&["role", "set", "alice", "viewer"]), 403);
        under_use(&gate, field, || done(&["role", "set", "alice", "user"]), 200);
    }
    under_use(&gate, key_field, || done(&["key", "revoke", &id, "--why", "a test"]), 401);
    under_use(&gate, token, || done(&["token", "revoke", &bare]), 401);
    under_use(&gate, session, || assert_eq!(person.sign_out().status, 303), 401);

    // The account, with everything that it has.
    let other = signed_in(&gate, "bob", "user");
    let cookie = other.cookie_header();
    let (_, text) = key(&gate, "bob", &[]);
    under_use(&gate, ("Cookie", &cookie), || done(&["user", "lock", "bob"]), 401);
    let with_key = wire::get(gate.address(), "/a", &[("X-API-Key", &text)]);
    assert_eq!(with_key.status, 401);
    under_use(&gate, ("X-API-Key", &text), || done(&["user", "unlock", "bob"]), 200);
}

/// The `nice` of the threads that compare passwords, as the system tells it.
fn nice_of_hashing(gate: &MantletProcess) -> Vec<i64> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", gate.id())).unwrap();
    let stats =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
    let nice = |stat: String| {
        let (name, rest) = stat.rsplit_once(')')?;
        // The nineteenth field, of which this is the third on (proc(5)).
        let nice = rest.split_whitespace().nth(16)?.parse().ok()?;
        name.contains("(password-").then_some(nice)
    };
    stats.filter_map(nice).collect()
}

#[test]
fn a_storm_of_sign_ins_leaves_everybody_else_alone_and_is_told_when_to_come_back() {
    let wide = "\"1000000/s burst 1000000\"";
    let config = format!(
        "[guards.limit]\nper_address = [{wide}]\n\
         [identity.passwords]\nthreads = 1\nwaiting = 1\n\
         [identity.lockout]\nper_address_and_account = {wide}\nper_address = {wide}\n\
         per_network = {wide}\nper_account = {wide}\n"
    );
    let (_upstream, gate) = closed(&config);
    let password = add(&gate, "alice", "user");
    add(&gate, "robot", "user");
    let (_, text) = key(&gate, "robot", &[]);
    assert_eq!(nice_of_hashing(&gate), [10], "hashes give way to everything else");

    let is_over = AtomicBool::new(false);
    let told: Mutex<Vec<(u16, Option<String>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (is_over, told, gate) = (&is_over, &told, &gate);
            let typed = if number % 2 == 0 { password.as_str() } else { PASSWORD };
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let answer = Person::new(gate).sign_in("alice", typed);
                    let again = answer.header("retry-after").map(str::to_owned);
                    told.lock().unwrap().push((answer.status, again));
                }
            });
        }
        let (mut answered, start) = (0_u32, Instant::now());
        let has_all = || {
            let told = told.lock().unwrap();
            [303, 401, 503].iter().all(|status| told.iter().any(|(own, _)| own == status))
        };
        // As long as it takes to see the storm in full; the others never wait for it.
        while answered < 100 || (!has_all() && start.elapsed() < 3 * PATIENCE) {
            let asked = Instant::now();
            let answer = wire::get(gate.address(), "/", &[("X-API-Key", &text)]);
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(asked.elapsed() < PATIENCE, "{:?}", asked.elapsed());
            answered += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let told = told.into_inner().unwrap();
    for (status, again) in &told {
        assert!([303, 401, 503].contains(status), "{told:?}");
        assert_eq!(again.is_some(), *status == 503, "{told:?}");
    }
    for status in [303, 401, 503] {
        assert!(told.iter().any(|(own, _)| *own == status), "{status}: {told:?}");
    }
}
