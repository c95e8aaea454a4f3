//! The configurations in `profiles/`: each is accepted as it stands, and its numbers hold.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::fs;
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, root, run_program};

const PATIENCE: Duration = Duration::from_secs(20);

/// The binary in front of `upstream`, with this profile.
fn with_profile(name: &str) -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let text = fs::read_to_string(root().join("profiles").join(name)).unwrap();
    let schemas = format!("\"{}/", root().join("profiles/schemas").display());
    let text = text.replace("\"schemas/", &schemas);
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let gate = builder.upstream(&upstream.url()).config(&text).start();
    (upstream, gate)
}

/// The status codes of so many requests on one connection.
fn statuses(gate: &MantletProcess, path: &str, count: usize) -> Vec<u16> {
    let mut connection = Connection::open(gate.address()).unwrap();
    let request = wire::render(gate.address(), "GET", path, &[], b"");
    let ask = |_| {
        connection.write(&request).unwrap();
        connection.read_response().unwrap().status
    };
    (0..count).map(ask).collect()
}

/// How many of so many requests pass before the first that does not, and the status of that one.
fn passed(gate: &MantletProcess, path: &str, count: usize) -> (usize, Option<u16>) {
    let statuses = statuses(gate, path, count);
    let first = statuses.iter().position(|status| *status != 200);
    (first.unwrap_or(count), first.and_then(|first| statuses.get(first)).copied())
}

// covers: SAMO-45 (binary)
#[test]
fn every_profile_is_accepted_as_it_stands() {
    let files = fs::read_dir(root().join("profiles")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let profiles: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|kind| kind == "toml")).collect();
    assert!(profiles.len() >= 4, "{profiles:?}");
    for profile in profiles {
        let arguments = ["check".into(), "--config".into(), profile.clone().into_os_string()];
        let finished = run_program(env!("CARGO_BIN_EXE_mantlet"), &arguments, PATIENCE);
        assert_eq!(finished.code, Some(0), "{}: {finished:#?}", profile.display());
    }
}

// covers: ETSM-20, ETSM-22 (binary)
#[test]
fn the_dashboards_numbers_hold() {
    let (_upstream, gate) = with_profile("dashboard.toml");
    assert_eq!(passed(&gate, "/_stcore/upload_file/x", 101), (100, Some(429)));
    assert_eq!(passed(&gate, "/", 500), (500, None));
}

// covers: SAMO-45, SAMO-36, SAMO-41 (binary)
#[test]
fn the_monitoring_numbers_hold() {
    let (_upstream, gate) = with_profile("monitoring.toml");
    // Fifty a minute are free; the tenth request beyond is the last one.
    assert_eq!(passed(&gate, "/", 60), (60, None));
    let event =
        gate.wait_for_event(|event| event["event.name"] == "penalty.block.started", PATIENCE);
    assert_eq!((&event["mode"], &event["evidence"]), (&"enforce".into(), &"rate".into()));
    let blocked = mantlet_testkit::poll_until(PATIENCE, || {
        let answer = wire::get(gate.address(), "/", &[]);
        (answer.status == 403).then_some(answer)
    });
    assert_eq!(blocked.unwrap().json()["code"], "address-blocked");
}

// covers: SCI-42 (binary)
#[test]
fn the_research_numbers_hold_together() {
    let (_upstream, gate) = with_profile("research.toml");
    assert_eq!(passed(&gate, "/", 200), (60, Some(429)));
    let refused = wire::get(gate.address(), "/", &[]);
    assert_eq!(
        refused.header("ratelimit-policy"),
        Some("\"60/min\";q=60;w=60, \"1000/h\";q=1000;w=3600")
    );
    assert!(refused.header("ratelimit").unwrap().starts_with("\"60/min\";r=0;t="), "{refused:?}");
    let warned = gate.wait_for_event(|event| event["event.name"] == "limit.quota.warned", PATIENCE);
    assert_eq!(warned["limit"], "60/min", "{warned:#}");
}

// covers: YMERA-13, YMERA-14, YMERA-15, YMERA-24 (binary)
#[test]
fn ymera_d11_the_numbers_of_agents_hold_however_fast_they_come() {
    let (_upstream, gate) = with_profile("agents.toml");
    assert_eq!(passed(&gate, "/", 200), (60, Some(429)), "all within one second");
    let (calls, refused) = passed(&gate, "/api/x", 400);
    assert!((100..200).contains(&calls) && refused == Some(429), "{calls} {refused:?}");
    let (calls, refused) = passed(&gate, "/api/generate/x", 20);
    assert!((5..10).contains(&calls) && refused == Some(429), "{calls} {refused:?}");
    let preflight = [
        ("Origin", "https://app.example.org"),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "x-api-key"),
    ];
    let answer = wire::request(gate.address(), "OPTIONS", "/api/y", &preflight, b"");
    // Preflights count like any request, and this address has used up its bucket.
    assert!(matches!(answer.status, 204 | 429), "{answer:?}");
}
