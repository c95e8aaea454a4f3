//! Programs that are no browsers, and what stands in front.

use std::time::Duration;

use mantlet_testkit::{Answer, FakeUpstream, lacking, left_out, run_program, wire};

use crate::common::gate;

const PATIENCE: Duration = Duration::from_secs(20);

const PYTHON: &str = "
import sys, urllib.request
for method in ['POST', 'PUT', 'PATCH', 'DELETE']:
    request = urllib.request.Request(sys.argv[1], data=b'{}', method=method)
    request.add_header('Content-Type', 'application/json')
    request.add_header('Cookie', 'sid=1')
    assert urllib.request.urlopen(request, timeout=10).status == 200
";

// covers: ETSM-05 (binary)
#[test]
fn programs_change_things_as_before() {
    let missing = lacking(&["curl", "python3"]);
    if !missing.is_empty() {
        left_out("wire", &format!("lacks {}", missing.join(", ")));
        return;
    }
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let url = format!("http://{}/api", gate.address());
    let curl = ["-s", "-f", "--max-time", "10", "-b", "sid=1", "-d", "a=b", "-F", "x=y"];
    for with in [&curl[..8], &[&curl[..6], &curl[8..]].concat()] {
        let finished = run_program("curl", &[with, &[url.as_str()]].concat(), PATIENCE);
        assert_eq!(finished.stdout, "ok", "{finished:#?}");
    }
    let finished = run_program("python3", &["-c", PYTHON, &url], PATIENCE);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert_eq!(upstream.requests().len(), 6);
}

// covers: SAMO-D49 (binary)
#[test]
fn the_scheme_of_an_origin_is_the_one_that_trusted_proxies_name() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let post = |gate: &mantlet_testkit::MantletProcess, origin: &str| {
        let headers = [("Host", "app.example"), ("X-Forwarded-Proto", "https"), ("Origin", origin)];
        wire::request(gate.address(), "POST", "/", &headers, b"x").status
    };
    let direct = gate(&upstream, "");
    let behind = gate(&upstream, "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    for (gate, origin, expected) in [
        (&behind, "https://app.example", 200),
        (&behind, "http://app.example", 403),
        (&direct, "http://app.example", 200),
        (&direct, "https://app.example", 403),
    ] {
        assert_eq!(post(gate, origin), expected, "{origin}");
    }
}
