//! The strategy dashboard of `examples/etsm` behind the real binary with the example's own
//! configuration: driven by a browser, and asked by programs.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection, Response};
use mantlet_testkit::{
    Answer, FakeUpstream, Finished, MantletProcess, Running, TempFolder, free_address, lacking,
    left_out, poll_until, root, run_program, venv_python,
};
use serde_json::Value;

const SUITE: &str = "etsm-example";
const UPLOAD: &str = "/_stcore/upload_file/session/file";
const PATIENCE: Duration = Duration::from_secs(10);
/// A start of Streamlit on a busy machine.
const START: Duration = Duration::from_secs(60);
/// Every wait of the driver together.
const DRIVE: Duration = Duration::from_secs(240);

/// Browsers take turns: two at once make a small machine miss its deadlines.
static BROWSER: Mutex<()> = Mutex::new(());

fn folder() -> PathBuf {
    root().join("examples/etsm")
}

/// The example's configuration followed by `more`.
fn config(more: &str) -> String {
    fs::read_to_string(folder().join("mantlet.toml")).unwrap() + more
}

fn gate(upstream: &str, more: &str) -> MantletProcess {
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    builder.upstream(upstream).config(&config(more)).start()
}

/// The example's application, running.
struct Dashboard {
    address: SocketAddr,
    _process: Running,
}

impl Dashboard {
    fn start(python: &Path) -> Self {
        let address = free_address();
        let mut command = Command::new(python);
        command.args(["-m", "streamlit", "run", "app.py", "--server.fileWatcherType=none"]);
        command.arg(format!("--server.port={}", address.port()));
        command.current_dir(folder()).stdin(Stdio::null());
        let mut process = Running::start(command);
        let is_ready = poll_until(START, || match process.look() {
            Some(finished) => Some(Err(finished)),
            None => answers(address).then_some(Ok(())),
        });
        assert_eq!(is_ready, Some(Ok(())), "streamlit did not start: {}", process.stderr());
        Self { address, _process: process }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn answers(address: SocketAddr) -> bool {
    Connection::open(address).is_ok() && wire::get(address, "/_stcore/health", &[]).status == 200
}

/// The Python that has what the suite needs, when the machine has the rest; otherwise the gap is
/// on record.
fn equipped(programs: &[&str]) -> Option<PathBuf> {
    let missing = lacking(programs);
    if !missing.is_empty() {
        left_out(SUITE, &format!("lacks {}", missing.join(", ")));
        return None;
    }
    let python = venv_python(&["streamlit", "selenium"]);
    if python.is_none() {
        left_out(SUITE, "lacks the packages of examples/etsm/requirements.txt in target/venv");
    }
    python
}

fn one_browser() -> MutexGuard<'static, ()> {
    BROWSER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Uses the dashboard at `url`: every step must succeed. The console errors it caused.
fn drive(python: &Path, url: &str) -> BTreeSet<String> {
    let script = folder().join("drive.py").into_os_string();
    let figures = folder().join("figures.csv").into_os_string();
    let finished = run_program(python, &[script, url.into(), figures], DRIVE);
    assert_eq!(finished.code, Some(0), "driving {url}: {finished:#?}");
    let outcome: Value = serde_json::from_str(&finished.stdout).unwrap();
    let steps = outcome["steps"].as_object().unwrap();
    assert!(steps.len() >= 5 && steps.values().all(|step| step == true), "{outcome:#}");
    let errors = outcome["console_errors"].as_array().unwrap();
    errors.iter().map(|error| error.as_str().unwrap().to_owned()).collect()
}

/// The events of requests that were refused, or would have been.
fn refusals(gate: &MantletProcess) -> Vec<Value> {
    gate.events().into_iter().filter(|event| event.get("reason").is_some()).collect()
}

/// The access log's entries for paths below `start`.
fn accesses(gate: &MantletProcess, start: &str) -> Vec<Value> {
    let is_below = |entry: &Value| entry["url.path"].as_str().unwrap_or("").starts_with(start);
    gate.access().into_iter().filter(is_below).collect()
}

// covers: ETSM-08, ETSM-D09 (binary)
#[test]
fn etsm_d09_the_dashboard_works_through_the_gate_as_it_does_without() {
    let Some(python) = equipped(&["chromium", "chromedriver"]) else { return };
    let _turn = one_browser();
    let dashboard = Dashboard::start(&python);
    let mut gate = gate(&dashboard.url(), "");
    let without = drive(&python, &dashboard.url());
    let through = drive(&python, &format!("http://{}", gate.address()));
    let added: Vec<_> = through.difference(&without).collect();
    assert!(added.is_empty(), "console errors that the gate causes: {added:#?}");
    assert_marked(&wire::get(gate.address(), "/", &[]));
    gate.stop();
    assert_eq!(refusals(&gate), Vec::<Value>::new(), "{}", gate.story());
    let sockets = accesses(&gate, "/_stcore/stream");
    assert!(!sockets.is_empty(), "the page's WebSocket went through the gate");
    let uploads = accesses(&gate, "/_stcore/upload_file/");
    let is_stored = |entry: &Value| entry["http.response.status_code"] == 204;
    assert!(uploads.iter().any(is_stored), "{uploads:#?}");
}

/// What every answer carries.
fn assert_marked(response: &Response) {
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{response:?}");
    let id = response.header("x-request-id").unwrap();
    assert_eq!(id.len(), 36, "{id}");
}

// covers: ETSM-02 (binary)
#[test]
fn the_dashboard_works_over_https() {
    let Some(python) = equipped(&["chromium", "chromedriver", "openssl", "curl"]) else { return };
    let _turn = one_browser();
    let dashboard = Dashboard::start(&python);
    let files = TempFolder::new();
    let address = free_address();
    let _gate = gate(&dashboard.url(), &self_signed(&files, address));
    drive(&python, &format!("https://localhost:{}", address.port()));
    let url = format!("https://{address}/_stcore/health");
    for (version, flags) in [("TLSv1.2", ["--tlsv1.2", "--tls-max", "1.2"]), TLS_1_3] {
        let finished = curl(&url, &flags);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), "ok"), "{finished:#?}");
        assert!(finished.stderr.contains(&format!("using {version}")), "{finished:#?}");
    }
    let old = curl(&url, &["--tlsv1.1", "--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0"]);
    assert_eq!(old.code, Some(35), "TLS 1.1 must fail in the handshake: {old:#?}");
}

const TLS_1_3: (&str, [&str; 3]) = ("TLSv1.3", ["--tlsv1.3", "--tls-max", "1.3"]);

/// The configuration of a listener with a certificate made for it.
fn self_signed(files: &TempFolder, address: SocketAddr) -> String {
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| files.path().join(name));
    let arguments = format!(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout {} -out {}",
        key.display(),
        cert.display()
    );
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let made = run_program("openssl", &arguments, PATIENCE);
    assert_eq!(made.code, Some(0), "{made:#?}");
    format!("\n[server.tls]\nlisten = [\"{address}\"]\ncert = {cert:?}\nkey = {key:?}\n")
}

fn curl(url: &str, flags: &[&str]) -> Finished {
    let mut arguments = vec!["-k", "-v", "-s", "--max-time", "10"];
    arguments.extend(flags);
    arguments.push(url);
    run_program("curl", &arguments, PATIENCE * 2)
}

// covers: ETSM-03 (binary)
#[test]
fn uploads_end_at_200_mb_and_other_bodies_at_16_mib() {
    let upstream = FakeUpstream::answering(Answer::status(204));
    let gate = gate(&upstream.url(), "");
    for (path, announced) in [(UPLOAD, 200_000_001), ("/other", 16 * 1024 * 1024 + 1)] {
        let head = format!("PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {announced}\r\n\r\n");
        let answer = wire::send_raw(gate.address(), head.as_bytes());
        assert_eq!(answer.statuses(), [413], "{path}");
    }
    assert!(upstream.is_untouched(), "{:?}", upstream.requests());
    let body = vec![b'x'; 20_000_000];
    assert_eq!(wire::request(gate.address(), "PUT", UPLOAD, &[], &body).status, 204);
    assert_eq!(upstream.wait_for(1, PATIENCE)[0].body.len(), body.len());
}

// covers: ETSM-20, ETSM-21, ETSM-D17 (binary)
#[test]
fn the_hundred_and_first_upload_of_an_hour_waits_but_not_pages_and_not_other_people() {
    let upstream = FakeUpstream::answering(Answer::status(204));
    let gate = gate(&upstream.url(), "");
    let statuses = burst(&gate, UPLOAD, 101);
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 100);
    assert_eq!(statuses.last(), Some(&429));
    let refused = wire::get(gate.address(), UPLOAD, &[]);
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 204);
    let mut other = Connection::open_from([127, 0, 0, 2].into(), gate.address()).unwrap();
    other.write(&wire::render(gate.address(), "GET", UPLOAD, &[], b"")).unwrap();
    assert_eq!(other.read_response().unwrap().status, 204);
    let event = gate.wait_for_event(|event| event["guard"] == "limit", PATIENCE);
    assert_eq!(event["source.ip"], "127.0.0.1", "{event:#}");
}

// covers: ETSM-22 (binary)
#[test]
fn more_than_a_thousand_requests_a_minute_from_one_address_are_refused() {
    let upstream = FakeUpstream::answering(Answer::status(204));
    let gate = gate(&upstream.url(), "");
    let statuses = burst(&gate, "/", 1001);
    assert!(statuses[..1000].iter().all(|status| *status == 204));
    assert_eq!(statuses.last(), Some(&429));
    assert_eq!(upstream.requests().len(), 1000);
}

/// The status codes of `count` requests on one connection.
fn burst(gate: &MantletProcess, path: &str, count: usize) -> Vec<u16> {
    let mut connection = Connection::open(gate.address()).unwrap();
    let request = wire::render(gate.address(), "GET", path, &[], b"");
    let ask = |_| {
        connection.write(&request).unwrap();
        connection.read_response().unwrap().status
    };
    (0..count).map(ask).collect()
}

// covers: ETSM-06, ETSM-D02 (binary)
#[test]
fn a_refusal_is_marked_and_can_be_explained() {
    let upstream = FakeUpstream::answering(Answer::html("<h1>page</h1>"));
    let gate = gate(&upstream.url(), "");
    let page = wire::get(gate.address(), "/", &[]);
    let refusal = wire::get(gate.address(), "/..%2f", &[]);
    assert_eq!((page.status, refusal.status), (200, 400));
    for response in [&page, &refusal] {
        assert_marked(response);
        let policy = response.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("frame-ancestors"), "{response:?}");
        assert!(response.headers.contains("x-frame-options"), "{response:?}");
    }
    assert_eq!(upstream.requests().len(), 1, "the refused request did not reach the application");
    let id = refusal.header("x-request-id").unwrap();
    let event = gate.wait_for_refusal(id, PATIENCE);
    let explained = gate.command(&["explain", id]);
    assert_eq!(explained.code, Some(0), "{explained:#?}");
    let reason = event["reason"].as_str().unwrap();
    assert!(explained.stdout.contains(reason), "{explained:#?}");
}
