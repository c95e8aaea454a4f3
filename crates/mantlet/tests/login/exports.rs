//! Who takes data out of the application: bounded by a permission, on record, and counted.

use std::time::Duration;

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{Answer, FakeUpstream};

use super::{add, common, key, with_key};

const ROUTES: &str = "[access]\nprofile = \"dashboard\"\nrequire = \"login\"\n\
    [[routes]]\npath = \"/export/*\"\nrequire = { permission = \"export_data\" }\nexport = true\n\
    [[routes]]\npath = \"/export/help\"\nexport = false\n";
const PATIENCE: Duration = Duration::from_secs(10);
const SIZE: usize = 100_000;

// covers: ETSM-45 (binary)
#[test]
fn data_goes_out_only_to_those_who_may_and_it_is_on_record_who_took_it() {
    let whole = Answer::ok(&"x".repeat(SIZE));
    let endless = Answer::chunked(&["row\n"; 1000], Duration::from_millis(20));
    let upstream = FakeUpstream::start(move |request| match request.target.as_str() {
        "/export/all" => endless.clone(),
        _ => whole.clone(),
    });
    let gate = common::gate(&upstream, ROUTES);
    add(&gate, "mona", "manager");
    add(&gate, "uwe", "user");
    let (mona, uwe) = (key(&gate, "mona", &[]).1, key(&gate, "uwe", &[]).1);
    let exports = || -> Vec<_> {
        let events = gate.events();
        events.into_iter().filter(|it| it["event.name"] == "data.export.completed").collect()
    };

    // Who may not leaves no data behind, and no record of any.
    assert_eq!(wire::get(gate.address(), "/export/trades.csv", &[]).status, 401);
    assert_eq!(with_key(&gate, "/export/trades.csv", &uwe).status, 403);
    assert_eq!(with_key(&gate, "/export/help", &mona).status, 200);
    let head = wire::request(gate.address(), "HEAD", "/export/x", &[("X-API-Key", &mona)], b"");
    assert_eq!((head.status, exports().len()), (200, 0), "{:?}", exports());

    let answer = with_key(&gate, "/export/trades.csv?year=2026", &mona);
    assert_eq!((answer.status, answer.body.len()), (200, SIZE));
    let is_done = |outcome: &'static str| {
        move |it: &serde_json::Value| {
            it["event.name"] == "data.export.completed" && it["event.outcome"] == outcome
        }
    };
    let told = gate.wait_for_event(is_done("complete"), PATIENCE);
    assert_eq!(told["user.name"], "mona", "{told}");
    assert_eq!(told["url.path"], "/export/trades.csv", "{told}");
    assert_eq!(told["http.response.body.bytes"], SIZE, "{told}");

    // What went out before somebody broke off is told too.
    let mut broken = Connection::open(gate.address()).unwrap();
    let head = format!(
        "GET /export/all HTTP/1.1\r\nHost: {}\r\nX-API-Key: {mona}\r\n\r\n",
        gate.address()
    );
    broken.write(head.as_bytes()).unwrap();
    broken.read_until(b"row\n").unwrap();
    drop(broken);
    let told = gate.wait_for_event(is_done("aborted"), PATIENCE);
    let size = told["http.response.body.bytes"].as_u64().unwrap();
    assert!((4..4000).contains(&size), "{told}");

    assert_eq!(exports().len(), 2, "{:#?}", exports());
    let metrics = wire::get(gate.admin(), "/metrics", &[]).text();
    let counted = "mantlet_data_exports_total{http_route=\"/export/*\"} 2";
    assert!(metrics.contains(counted), "{metrics}");
    let audit = std::fs::read_dir(gate.data().join("audit")).unwrap();
    let audit: String = audit
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap_or_default())
        .collect();
    assert!(audit.contains("data.export.completed"), "it is no part of the audit record");
}
