//! `mantlet demo`: what it prints can be tried, and shows the difference.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{
    Finished, Running, TempFolder, certificate, free_address, poll_until, run_program,
};

const PATIENCE: Duration = Duration::from_secs(20);
const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");

/// A running demo. Its folder goes with it.
struct Demo {
    running: Running,
    gate: SocketAddr,
    bare: SocketAddr,
    folder: TempFolder,
}

impl Demo {
    fn start() -> Self {
        let folder = TempFolder::new();
        let (gate, admin) = (free_address(), free_address().to_string());
        let listen = gate.to_string();
        let mut command = Command::new(BINARY);
        command.args(["demo", "--listen", &listen, "--admin", &admin]).arg("--data");
        command.arg(folder.path().join("data")).current_dir(folder.path()).stdin(Stdio::null());
        let running = Running::start(command);
        let told = poll_until(PATIENCE, || {
            let told = running.stderr();
            (told.matches("\n  curl ").count() == 4).then_some(told)
        });
        let told = told.unwrap_or_else(|| panic!("no four lines to try: {}", running.stderr()));
        let at = told.split("application itself is at http://").nth(1).unwrap();
        let bare = at.split('/').next().unwrap().parse().unwrap();
        Self { running, gate, bare, folder }
    }

    /// The four requests that it prints, headers and path.
    fn lines(&self) -> Vec<(Vec<(String, String)>, String)> {
        let told = self.running.stderr();
        let lines = told.lines().filter_map(|line| line.strip_prefix("  curl -i "));
        lines.map(|line| self.parse(line)).collect()
    }

    fn parse(&self, line: &str) -> (Vec<(String, String)>, String) {
        let header = line.split('\'').nth(1).and_then(|header| header.split_once(": "));
        let header = header.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let start = format!("http://{}", self.gate);
        let url =
            line.split_whitespace().find_map(|word| word.trim_matches('\'').strip_prefix(&start));
        (header.into_iter().collect(), url.unwrap_or_else(|| panic!("{line}")).to_owned())
    }
}

fn get(address: SocketAddr, headers: &[(String, String)], path: &str) -> Response {
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    wire::get(address, path, &headers)
}

#[test]
fn each_printed_line_shows_the_difference_that_the_gate_makes() {
    let demo = Demo::start();
    assert!(demo.bare.ip().is_loopback());
    let lines = demo.lines();
    let expected = [
        ("/crash", (500, "Traceback"), (500, "request_id")),
        ("/files/..%2f..%2fetc%2fpasswd", (200, "root:x:0:0"), (400, "invalid-path")),
        ("/admin", (200, "Welcome, admin"), (403, "admins only")),
        ("/hello?name=%3Csvg/onload=alert%281%29%3E", (200, "<svg/onload"), (403, "waf-attack")),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for ((headers, path), (expected_path, weak, safe)) in lines.iter().zip(expected) {
        assert_eq!(path, expected_path);
        let bare = get(demo.bare, headers, path);
        assert_eq!(bare.status, weak.0, "{bare:?}");
        assert!(bare.text().contains(weak.1), "{bare:?}");
        let gate = get(demo.gate, headers, path);
        assert_eq!(gate.status, safe.0, "{gate:?}");
        assert!(gate.text().contains(safe.1) && !gate.text().contains(weak.1), "{gate:?}");
        assert!(gate.header("x-request-id").is_some(), "{gate:?}");
    }
    let page = get(demo.gate, &[], "/");
    assert_eq!((page.status, page.header("server")), (200, None), "{page:?}");
    assert_eq!(page.header("x-powered-by"), None, "{page:?}");
}

#[test]
fn what_the_demo_refused_is_explained_though_it_has_no_configuration_file() {
    let demo = Demo::start();
    let refused = get(demo.gate, &[], "/hello?name=%3Csvg/onload=alert%281%29%3E");
    let id = refused.header("x-request-id").unwrap();
    let explained = poll_until(PATIENCE, || {
        let mut command = Command::new(BINARY);
        command.args(["explain", id, "--data"]).arg(demo.folder.path().join("data"));
        command.current_dir(demo.folder.path()).stdin(Stdio::null());
        let end = Running::start(command).wait(PATIENCE).unwrap();
        (end.code == Some(0)).then_some(end.stdout)
    });
    let explained = explained.unwrap_or_else(|| panic!("{}", demo.running.stderr()));
    assert!(explained.contains("mantlet init") && !explained.contains("--apply"), "{explained}");
}

#[test]
fn a_signal_ends_the_demo() {
    let mut demo = Demo::start();
    let id = demo.running.id().to_string();
    assert_eq!(run_program("kill", &["-INT", &id], PATIENCE).code, Some(0));
    let end = demo.running.wait(PATIENCE).unwrap();
    assert_eq!(end.code, Some(0), "{end:#?}");
}

fn refused(arguments: &[&str]) -> Finished {
    let folder = TempFolder::new();
    let data = folder.path().join("data").display().to_string();
    let admin = free_address().to_string();
    let all = [&["demo", "--data", &data, "--admin", &admin], arguments].concat();
    run_program(BINARY, &all, PATIENCE)
}

#[test]
fn the_demo_stays_on_loopback_and_brings_its_own_application() {
    let open = format!("0.0.0.0:{}", free_address().port());
    for (arguments, message) in [
        (["--upstream", "http://127.0.0.1:9"], "brings its own application"),
        (["--listen", &open], "stays on loopback"),
        (["--listen", "192.0.2.1:8080"], "stays on loopback"),
    ] {
        let end = refused(&arguments);
        assert_eq!(end.code, Some(2), "{arguments:?}: {end:#?}");
        assert!(end.stderr.contains(message) && end.stderr.contains("hint: "), "{end:#?}");
    }
    let folder = TempFolder::new();
    let (cert, key) = certificate(&folder, "cert.pem", "key.pem");
    let tls = format!("[server.tls]\nlisten = [\"{open}\"]\ncert = {cert:?}\nkey = {key:?}\n");
    let config = folder.write("mantlet.toml", tls).display().to_string();
    let end = refused(&["--listen", &free_address().to_string(), "--config", &config]);
    assert_eq!(end.code, Some(2), "{end:#?}");
    assert!(end.stderr.contains(&format!("not on `{open}`")), "{end:#?}");
}
