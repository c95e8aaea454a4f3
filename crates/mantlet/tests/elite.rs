//! The publishing dashboard of `examples/elite` behind the real binary with the example's own
//! configuration: used by a browser, by the client of `websockets`, and attacked.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection, Frame, WebSocket};
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, Running, free_address, lacking, left_out, poll_until,
    root, run_program, venv_python,
};
use serde_json::Value;

const SUITE: &str = "elite-example";
const TOKEN: &str = "b81c6a7e5f0d4c3e9a2b1f7d6c5e4a3b";
const PATIENCE: Duration = Duration::from_secs(10);
/// A start of Python on a busy machine.
const START: Duration = Duration::from_secs(60);
/// Every wait of the driver together.
const DRIVE: Duration = Duration::from_secs(240);

fn folder() -> PathBuf {
    root().join("examples/elite")
}

/// The example's configuration, for an application at `upstream`.
fn gate(upstream: &str) -> MantletProcess {
    let config = fs::read_to_string(folder().join("mantlet.toml")).unwrap();
    let config = config
        .replace("http://127.0.0.1:8765", upstream)
        .replace("static = \"site\"", &format!("static = {:?}", folder().join("site")));
    assert!(config.contains(upstream), "{config}");
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    builder.config(&config).env("DASHBOARD_TOKEN", TOKEN).start()
}

/// The example's server, running.
struct Server {
    address: SocketAddr,
    _process: Running,
}

impl Server {
    fn start(python: &Path) -> Self {
        let address = free_address();
        let mut command = Command::new(python);
        command.arg("server.py").arg(address.port().to_string());
        command.current_dir(folder()).stdin(Stdio::null());
        let mut process = Running::start(command);
        let is_ready = poll_until(START, || match process.look() {
            Some(finished) => Some(Err(finished)),
            None => Connection::open(address).is_ok().then_some(Ok(())),
        });
        assert_eq!(is_ready, Some(Ok(())), "the server did not start: {}", process.stderr());
        Self { address, _process: process }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// The Python that has what the suite needs, when the machine has the rest; otherwise the gap is
/// on record.
fn equipped(programs: &[&str]) -> Option<PathBuf> {
    let missing = lacking(programs);
    if !missing.is_empty() {
        left_out(SUITE, &format!("lacks {}", missing.join(", ")));
        return None;
    }
    let python = venv_python(&["websockets", "selenium"]);
    if python.is_none() {
        left_out(SUITE, "lacks the packages of examples/elite/requirements.txt in target/venv");
    }
    python
}

// covers: ELITE-03, ELITE-04, ELITE-05, ELITE-D01 (binary)
#[test]
fn elite_d01_a_browser_sees_live_figures_and_other_sites_see_nothing() {
    let Some(python) = equipped(&["chromium", "chromedriver"]) else { return };
    let server = Server::start(&python);
    let gate = gate(&server.url());
    let port = gate.address().port();
    let script = folder().join("drive.py").into_os_string();
    let url = format!("http://{}", gate.address());
    let foreign = format!("http://dashboard.evil.example:{port}");
    let finished = run_program(&python, &[script, url.into(), TOKEN.into(), foreign.into()], DRIVE);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let outcome: Value = serde_json::from_str(&finished.stdout).unwrap();
    let steps = outcome["steps"].as_object().unwrap();
    assert!(steps.len() == 5 && steps.values().all(|step| step == true), "{outcome:#}");
    // Both attacks were refused for what they are, and nothing else was.
    for reason in ["cross-site-request", "websocket-host"] {
        let _ = gate.wait_for_event(|event| event["reason"] == reason, PATIENCE);
    }
    let lines = gate.events().into_iter().chain(gate.access());
    assert!(lines.into_iter().all(|line| !line.to_string().contains(TOKEN)), "{}", gate.story());
}

/// What the client of `websockets` sees.
fn probe(python: &Path, gate: &MantletProcess, words: &[&str]) -> Value {
    let script = folder().join("probe.py").into_os_string();
    let url = format!("ws://{}/live", gate.address());
    let mut arguments = vec![script, url.into()];
    arguments.extend(words.iter().map(Into::into));
    let finished = run_program(python, &arguments, START);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    serde_json::from_str(&finished.stdout).unwrap()
}

// covers: ELITE-03, ELITE-D02 (binary)
#[test]
fn elite_d02_the_guides_own_clients_need_the_token() {
    let Some(python) = equipped(&[]) else { return };
    let server = Server::start(&python);
    let gate = gate(&server.url());
    let right = format!("{{\"token\": \"{TOKEN}\"}}");
    let seen = probe(&python, &gate, &["-", "deflate", &right]);
    let figures: Value = serde_json::from_str(seen["answers"][0].as_str().unwrap()).unwrap();
    assert!(figures["tick"].is_number(), "{seen:#}");
    for first in ["{}", r#"{"token": null}"#, "not json", "[[[["] {
        let seen = probe(&python, &gate, &["-", "-", first, "more"]);
        assert_eq!(seen["answers"], serde_json::json!([r#"{"error":"Unauthorized"}"#]), "{first}");
        assert_eq!(seen["closed"], 1008, "{first}: {seen:#}");
    }
    let foreign = probe(&python, &gate, &["http://evil.example", "-", &right]);
    assert_eq!(foreign["status"], 403, "{foreign:#}");
}

/// A second opinion on the relay: compressed and plain messages of a client that checks every frame.
#[test]
fn the_client_of_websockets_agrees_with_every_frame() {
    let Some(python) = equipped(&[]) else { return };
    let mut echo = Command::new(&python);
    let address = free_address();
    let script = "import asyncio, sys\nfrom websockets.asyncio.server import serve\nasync def echo(s):\n    async for m in s: await s.send(m)\nasync def main():\n    async with serve(echo, '127.0.0.1', int(sys.argv[1])): await asyncio.Future()\nasyncio.run(main())";
    echo.args(["-c", script, &address.port().to_string()]).stdin(Stdio::null());
    let echo = Running::start(echo);
    let is_up = poll_until(START, || Connection::open(address).ok());
    assert!(is_up.is_some(), "{}", echo.stderr());
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let gate = builder.upstream(&format!("http://{address}")).start();
    let long: String = (0..5000).map(|number| format!("ä€𝄞 [{number}, 2] ")).collect();
    let messages = ["", "hello", "{\"a\": [1, 2, 3]}", &long, "hello", "hello"];
    for compression in ["-", "deflate"] {
        let mut words = vec!["-", compression];
        words.extend(messages);
        let seen = probe(&python, &gate, &words);
        assert_eq!(seen["compressed"], compression == "deflate", "{compression}");
        assert_eq!(seen["closed"], Value::Null, "{compression}");
        assert!(seen["answers"] == serde_json::json!(messages), "{compression}");
    }
}

// covers: ELITE-02, ELITE-D05 (binary)
#[test]
fn elite_d05_the_page_has_headers_no_listing_and_nothing_hidden() {
    let upstream = FakeUpstream::answering(Answer::WebSocketEcho);
    let gate = gate(&upstream.url());
    let page = [("Accept", "text/html")];
    for (path, status) in [
        ("/", 200),
        ("/pipeline/today", 200),
        ("/dashboard.js", 200),
        ("/missing.js", 404),
        ("/.env", 403),
        ("/.git/config", 403),
        ("/..%2fmantlet.toml", 400),
        ("/../mantlet.toml", 400),
    ] {
        let response = wire::get(gate.address(), path, &page);
        assert_eq!(response.status, status, "{path}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(response.headers.contains("x-frame-options"), "{path}");
    }
    // Without a page load there is no page.
    assert_eq!(wire::get(gate.address(), "/pipeline/today", &[]).status, 404);
    assert!(upstream.is_untouched());
}

// covers: ELITE-02, ELITE-D01, ELITE-D04 (binary)
#[test]
fn elite_d04_the_attacks_of_the_guide_fail_on_the_examples_own_settings() {
    let upstream = FakeUpstream::answering(Answer::WebSocketEcho);
    let gate = gate(&upstream.url());
    let open = |headers: &[(&str, &str)]| WebSocket::open(gate.address(), "/live", headers);
    let huge = Frame::text(&format!("{{\"token\": \"{}\"}}", "x".repeat(10_000)));
    for frame in [Frame::text("{}"), huge, Frame::text("{")] {
        let mut socket = open(&[]).unwrap();
        socket.send(&frame).unwrap();
        assert_eq!(socket.read().unwrap().payload, br#"{"error":"Unauthorized"}"#);
        assert_eq!(socket.read_close().unwrap(), Some(1008));
    }
    for headers in [
        [("Origin", "http://evil.example"), ("Host", "localhost")],
        [("Origin", "http://evil.example:8080"), ("Host", "evil.example:8080")],
    ] {
        assert_eq!(open(&headers).unwrap_err().status, 403, "{headers:?}");
    }
    // Three failures so far; after the fifth even the token is refused.
    let mut silent = open(&[]).unwrap();
    assert_eq!(silent.read_close().unwrap(), Some(1008), "five seconds are enough");
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(open(&[("Authorization", "Bearer guess")]).unwrap_err().status, 401);
    assert_eq!(open(&[("Authorization", &bearer)]).unwrap_err().status, 429);
    assert!(upstream.is_untouched(), "{:?}", upstream.requests());
}
