//! New configurations while the server runs: all of one or nothing, and no request lost.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod common;
#[path = "common/load.rs"]
mod load;

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{
    Answer, FakeUpstream, Finished, MantletProcess, Running, Signal, TempFolder, certificate,
    free_address, poll_until, run_program,
};

use common::{PATIENCE, assert_refused, gate};
use load::under_load;

const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");
const FAILURES: &str = "mantlet_config_reload_total{outcome=\"failure\"}";
const SUCCESSES: &str = "mantlet_config_reload_total{outcome=\"success\"}";
const OPENING: &[u8] = b"GET /ws HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn rewrite(gate: &MantletProcess, text: &str) {
    fs::write(gate.config_file(), text).unwrap();
}

/// Writes the configuration and has it read.
fn reload(gate: &MantletProcess, text: &str) -> Finished {
    rewrite(gate, text);
    gate.command(&["reload"])
}

fn status(gate: &MantletProcess, path: &str) -> u16 {
    wire::get(gate.address(), path, &[]).status
}

/// What the server does only on `mantlet reload`, so that the tests decide when.
const BY_HAND: &str = "[reload]\nwatch = false\n";

#[test]
fn a_reload_holds_at_once_and_says_what_has_changed() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream, BY_HAND);
    assert_eq!(status(&gate, "/closed"), 200);
    let since = gate.metric("mantlet_config_last_reload_success_timestamp_seconds");
    assert!(since > 1_700_000_000, "{since}");
    let text = format!(
        "{BY_HAND}[guards.json]\nmode = \"observe\"\n[[routes]]\npath = \"/closed\"\ndeny = true\n"
    );
    let end = reload(&gate, &text);
    assert_eq!(end.code, Some(0), "{end:#?}");
    for line in ["guards.json.mode: \"enforce\" -> \"observe\"", "routes[0].path: not set -> "] {
        assert!(end.stdout.contains(line), "{line}: {end:#?}");
    }
    let refusal = wire::get(gate.address(), "/closed", &[]);
    assert_refused(&gate, &refusal, (403, "route-denied"), "closed by the reload");
    assert_eq!(status(&gate, "/open"), 200);
    let end = reload(&gate, &text);
    assert!(end.code == Some(0) && end.stdout.contains("no setting has changed"), "{end:#?}");
    assert_eq!((gate.metric(SUCCESSES), gate.metric(FAILURES)), (2, 0));
    let acts = gate.audit();
    let replaced = acts.iter().find(|act| act["event.name"] == "config.settings.replaced").unwrap();
    assert_eq!(replaced["cause"], "command", "{replaced:#}");
    assert!(replaced["message"].as_str().unwrap().contains("guards.json.mode"), "{replaced:#}");
    let kept = fs::read_to_string(gate.data().join("last-good.toml")).unwrap();
    assert_eq!(kept, text);
}

#[test]
fn a_configuration_with_mistakes_changes_nothing_and_every_mistake_is_told() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let good = format!("{BY_HAND}[[routes]]\npath = \"/closed\"\ndeny = true\n");
    let gate = gate(&upstream, &good);
    let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = occupied.local_addr().unwrap();
    let folder = TempFolder::new();
    let (cert, key) = certificate(&folder, "cert.pem", "key.pem");
    let secret = folder.path().join("missing");
    for (text, messages) in [
        (
            "[guards.jsn]\n[upstream]\nmax_connections = 0\n".into(),
            &["mantlet.toml:1:", "did you mean `json`?", "mantlet.toml:3:", "`0` is out of range"]
                [..],
        ),
        ("[[routes".into(), &["mantlet.toml:1:"]),
        (format!("[admin]\nmetrics_token = \"file:{}\"\n", secret.display()), &["missing"]),
        (
            format!("[server.tls]\nlisten = [\"{taken}\"]\ncert = {cert:?}\nkey = {key:?}\n"),
            &["cannot listen on", "hint: "],
        ),
        (format!("data = {:?}\n[[routes]]\nstatic = \"/no/such\"\n", folder.path()), &["/no/such"]),
    ] {
        let end = reload(&gate, &text);
        assert_eq!((end.code, end.stdout.as_str()), (Some(2), ""), "{text}: {end:#?}");
        for message in messages {
            assert!(end.stderr.contains(message), "{message}: {}", end.stderr);
        }
        assert_eq!((status(&gate, "/closed"), status(&gate, "/open")), (403, 200), "{text}");
        assert_eq!(wire::get(gate.admin(), "/readyz", &[]).status, 200);
    }
    fs::remove_file(gate.config_file()).unwrap();
    let end = gate.command(&["reload"]);
    assert!(end.code == Some(2) && end.stderr.contains("mantlet.toml"), "{end:#?}");
    assert_eq!(status(&gate, "/closed"), 403, "a file that is gone is no empty file");
    assert_eq!((gate.metric(SUCCESSES), gate.metric(FAILURES)), (0, 6));
    let rejected = |event: &serde_json::Value| event["event.name"] == "config.settings.rejected";
    let event = gate.wait_for_event(rejected, PATIENCE);
    assert_eq!((&event["count"], &event["cause"]), (&2.into(), &"command".into()), "{event:#}");
    assert!(event["error.message"].as_str().unwrap().contains("did you mean"), "{event:#}");
    assert_eq!(fs::read_to_string(gate.data().join("last-good.toml")).unwrap(), good);
    assert_eq!(reload(&gate, &good).code, Some(0));
}

fn closes(gate: &MantletProcess, path: &str) -> bool {
    poll_until(PATIENCE, || (status(gate, path) == 403).then_some(())).is_some()
}

fn closing(path: &str) -> String {
    format!("[[routes]]\npath = \"{path}\"\ndeny = true\n")
}

#[test]
fn a_changed_file_is_taken_up_however_it_is_written_and_a_signal_asks_too() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream, "");
    rewrite(&gate, &closing("/written"));
    assert!(closes(&gate, "/written"), "{}", gate.story());
    let fresh = gate.config_file().with_extension("new");
    fs::write(&fresh, closing("/replaced")).unwrap();
    fs::rename(&fresh, gate.config_file()).unwrap();
    assert!(closes(&gate, "/replaced"), "{}", gate.story());
    let is_counted = || (gate.metric(SUCCESSES) == 2).then_some(());
    assert!(poll_until(PATIENCE, is_counted).is_some());
    rewrite(&gate, "[[routes]]\npath = ");
    let is_told = || (gate.metric(FAILURES) == 1).then_some(());
    assert!(poll_until(PATIENCE, is_told).is_some(), "a half-written file is no configuration");
    assert_eq!(status(&gate, "/replaced"), 403);
    rewrite(&gate, &format!("{BY_HAND}{}", closing("/manual")));
    assert!(closes(&gate, "/manual"), "{}", gate.story());
    // The file is not looked at any more; a signal asks for it.
    rewrite(&gate, &closing("/signal"));
    gate.signal(Signal::HUP);
    assert!(closes(&gate, "/signal"), "{}", gate.story());
    let causes = || -> Vec<_> {
        let acts = gate.audit().into_iter();
        let replaced = acts.filter(|act| act["event.name"] == "config.settings.replaced");
        replaced.map(|act| act["cause"].clone()).collect()
    };
    let are_told = || (causes() == ["file", "file", "file", "signal"]).then_some(());
    assert!(poll_until(PATIENCE, are_told).is_some(), "{:?}", causes());
}

#[test]
fn what_counts_and_what_runs_outlives_a_reload() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let first = format!("{BY_HAND}[guards.limit]\nper_address = [\"6/h\"]\n");
    let gate = gate(&upstream, &first);
    let mut kept = Connection::open(gate.address()).unwrap();
    let mut ask = |path: &str| {
        kept.write(&wire::render(gate.address(), "GET", path, &[], b"")).unwrap();
        kept.read_response().unwrap().status
    };
    assert_eq!([ask("/1"), ask("/2"), ask("/3")], [200; 3]);
    let connections = upstream.connections();
    assert_eq!(gate.command(&["block", "add", "192.0.2.7"]).code, Some(0));
    for round in 0..3 {
        let text = format!("{first}{}", closing(&format!("/round{round}")));
        assert_eq!(reload(&gate, &text).code, Some(0));
        assert_eq!(ask("/more"), 200, "the connection of the client goes on");
    }
    assert_eq!(ask("/over"), 429, "what was taken before stays taken");
    assert_eq!(upstream.connections(), connections, "so does the one to the application");
    assert!(gate.command(&["block", "list"]).stdout.contains("192.0.2.7"));
    let end = reload(&gate, &first.replace("6/h", "1000/h"));
    assert_eq!((end.code, ask("/new")), (Some(0), 200), "another quota counts afresh");
}

#[test]
fn a_request_and_a_web_socket_end_under_the_configuration_they_began_with() {
    let upstream = FakeUpstream::answering(Answer::ok("late").after(Duration::from_secs(2)));
    let sockets = FakeUpstream::answering(Answer::WebSocketEcho);
    let routes = format!("[[routes]]\npath = \"/ws\"\nupstream = \"{}\"\n", sockets.url());
    let gate = gate(&upstream, &format!("{BY_HAND}{routes}"));
    let mut socket = Connection::open(gate.address()).unwrap();
    socket.write(OPENING).unwrap();
    assert_eq!(socket.read_response().unwrap().status, 101);
    let mut slow = Connection::open(gate.address()).unwrap();
    slow.write(&wire::render(gate.address(), "GET", "/slow", &[], b"")).unwrap();
    assert!(poll_until(PATIENCE, || (!upstream.requests().is_empty()).then_some(())).is_some());
    assert_eq!(reload(&gate, &format!("{BY_HAND}{}", closing("/*"))).code, Some(0));
    assert_eq!(status(&gate, "/slow"), 403);
    assert_eq!(slow.read_response().unwrap().text(), "late");
    slow.write(&wire::render(gate.address(), "GET", "/slow", &[], b"")).unwrap();
    assert_eq!(slow.read_response().unwrap().status, 403, "the next one on it is under the new");
    // A masked text frame of one letter, and its echo.
    socket.write(&[0x81, 0x81, 0, 0, 0, 0, b'x']).unwrap();
    assert_eq!(socket.read_exact(3).unwrap(), [0x81, 1, b'x']);
}

/// A server whose addresses are in its file.
struct Plain {
    folder: TempFolder,
    running: Running,
    admin: SocketAddr,
}

impl Plain {
    fn start(
        config: &str,
        upstream: &str,
        admin: SocketAddr,
        variables: &[(&str, PathBuf)],
    ) -> Self {
        let folder = TempFolder::new();
        let file = folder.write("mantlet.toml", config);
        let mut command = Command::new(BINARY);
        command.args(["run", "--upstream", upstream, "--config"]).arg(file).stdin(Stdio::null());
        command.arg("--data").arg(folder.path().join("data"));
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let running = Running::start(command);
        let started = poll_until(PATIENCE, || TcpStream::connect(admin).ok());
        assert!(started.is_some(), "{}", running.stderr());
        Self { folder, running, admin }
    }

    fn reload(&self, config: &str) -> Finished {
        self.folder.write("mantlet.toml", config);
        let data = self.folder.path().join("data");
        run_program(BINARY, &["reload", "--data", data.to_str().unwrap()], PATIENCE)
    }
}

fn is_open(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}

fn is_closed(address: SocketAddr) -> bool {
    poll_until(PATIENCE, || (!is_open(address)).then_some(())).is_some()
}

#[test]
fn listeners_come_and_go_and_change_their_kind() {
    let upstream = FakeUpstream::answering(Answer::ok("late").after(Duration::from_secs(1)));
    let (one, two, admin, other) = (free_address(), free_address(), free_address(), free_address());
    let folder = TempFolder::new();
    let (cert, key) = certificate(&folder, "cert.pem", "key.pem");
    let config = |listen: &[SocketAddr], tls: &[SocketAddr], admin: SocketAddr| {
        let text = |all: &[SocketAddr]| {
            format!("{:?}", all.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let tls = if tls.is_empty() {
            String::new()
        } else {
            format!("[server.tls]\nlisten = {}\ncert = {cert:?}\nkey = {key:?}\n", text(tls))
        };
        format!(
            "[server]\nlisten = {}\n{tls}[admin]\nlisten = \"{admin}\"\n{BY_HAND}",
            text(listen)
        )
    };
    let server = Plain::start(&config(&[one], &[], admin), &upstream.url(), admin, &[]);
    let get = |address| wire::get(address, "/", &[]).status;
    assert_eq!((get(one), is_open(two)), (200, false));
    // A second address; then the first goes, while a request runs on it.
    assert_eq!(server.reload(&config(&[one, two], &[], admin)).code, Some(0));
    assert_eq!((get(one), get(two)), (200, 200));
    let mut slow = Connection::open(one).unwrap();
    slow.write(&wire::render(one, "GET", "/slow", &[], b"")).unwrap();
    assert!(poll_until(PATIENCE, || (upstream.requests().len() == 4).then_some(())).is_some());
    assert_eq!(server.reload(&config(&[two], &[], admin)).code, Some(0));
    assert!(is_closed(one));
    assert_eq!((slow.read_response().unwrap().status, get(two)), (200, 200));
    // From plain to TLS on the same address, which is never closed in between.
    assert_eq!(server.reload(&config(&[one], &[two], admin)).code, Some(0));
    let plain = || {
        Connection::open(two).and_then(|mut connection| {
            connection.write(&wire::render(two, "GET", "/", &[], b""))?;
            connection.read_response()
        })
    };
    let is_tls = || plain().is_err().then_some(());
    assert!(is_open(two) && poll_until(PATIENCE, is_tls).is_some());
    let url = format!("https://{two}/");
    let end =
        run_program("curl", &["-sk", "-o", "/dev/null", "-w", "%{http_code}", &url], PATIENCE);
    assert_eq!(end.stdout, "200", "{end:#?}");
    // The admin listener moves.
    assert_eq!(server.reload(&config(&[one], &[two], other)).code, Some(0));
    assert_eq!(wire::get(other, "/readyz", &[]).status, 200);
    assert!(is_closed(admin));
    assert_eq!(server.admin, admin);
    assert!(server.running.stderr().contains("config.settings.replaced"));
}

#[test]
fn secrets_are_read_again_and_stay_out_of_every_log() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let folder = TempFolder::new();
    let (old, new) = ("old-k7Qz0vN4bUe1Rt9wXc3Lm8Pd", "new-Zr5Tq2Lw8Hy6Jd1Ps4Vb7Nx0");
    let file = folder.write("token", old);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let config = format!("{BY_HAND}[admin]\nmetrics_token = \"file:{}\"\n", file.display());
    let gate = gate(&upstream, &config);
    let ask = |token: &str| {
        let bearer = format!("Bearer {token}");
        wire::get(gate.admin(), "/metrics", &[("Authorization", &bearer)]).status
    };
    assert_eq!((ask(old), ask(new)), (200, 401));
    folder.write("token", new);
    assert_eq!(gate.command(&["reload"]).code, Some(0));
    assert_eq!((ask(old), ask(new)), (401, 200));
    for token in [old, new] {
        assert_eq!(status(&gate, &format!("/{token}")), 200);
    }
    let is_logged = || (gate.access().len() == 2).then_some(());
    assert!(poll_until(PATIENCE, is_logged).is_some());
    let logs = format!("{:?}{:?}{}", gate.access(), gate.events(), gate.stderr());
    assert!(!logs.contains(old) && !logs.contains(new), "{logs}");
}

#[test]
fn a_placeholder_that_was_generated_anew_holds_after_a_reload() {
    let (old, new) = ("t8Zr1-kQ0vN4bUe7Rt9w_x2Lm5Ys6Hd3Jf", "Qw3Er5-ty7Ui9op1As_df4Gh6Jk8Lz0xCv");
    let upstream = FakeUpstream::answering(Answer::html(&format!("<i>{old}</i><b>{new}</b>")));
    let folder = TempFolder::new();
    let file = folder.write("placeholder", old);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let reference = file.display();
    let gate =
        gate(&upstream, &format!("{BY_HAND}[guards.csp]\nplaceholder = \"file:{reference}\"\n"));
    let page = || wire::get(gate.address(), "/", &[]).text();
    assert!(!page().contains(old) && page().contains(new), "{}", page());
    folder.write("placeholder", new);
    assert_eq!(gate.command(&["reload"]).code, Some(0));
    assert!(page().contains(old) && !page().contains(new), "{}", page());
}

/// Every setting that a reload leaves alone; all others hold at once.
#[test]
fn settings_that_need_a_restart_are_named_and_left_as_they_are() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream, "");
    let keys = [
        "data",
        "log.access",
        "log.keep",
        "log.queue",
        "log.recent",
        "log.refusals",
        "log.rotate",
        "log.terminal",
        "server.workers",
    ];
    let text = "data = \"elsewhere\"\n[server]\nworkers = 7\nmax_streams = 9\n[log]\naccess = false\nkeep = 3\nqueue = 99\nrecent = 99\nrefusals = 9\nrotate = \"1MiB\"\nterminal = \"off\"\n";
    // The flag for the data folder is stronger than the file.
    let end = reload(&gate, text);
    assert_eq!(end.code, Some(0), "{end:#?}");
    let told = format!("these hold from the next start only: {}\n", keys[1..].join(", "));
    assert_eq!(end.stderr, told);
    assert_eq!(end.stdout, "reloaded; changed:\n  server.max_streams: 128 -> 9\n");
    assert_eq!(status(&gate, "/"), 200);
    let _ = gate.wait_for_access(|line| line["url.path"] == "/", PATIENCE);
}

#[test]
fn no_request_is_lost_while_configurations_come_and_go() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let unlimited = format!("{BY_HAND}[guards.limit]\nmode = \"off\"\n");
    let gate = gate(&upstream, &unlimited);
    let tally = under_load(gate.address(), 6, |answers| {
        for round in 0..20 {
            let before = answers.load(Ordering::Relaxed);
            let streams = format!("[server]\nmax_streams = {}\n", round + 1);
            let text = format!("{unlimited}{streams}{}", closing("/x"));
            assert_eq!(reload(&gate, &text).code, Some(0));
            let goes_on = || (answers.load(Ordering::Relaxed) > before + 20).then_some(());
            assert!(poll_until(PATIENCE, goes_on).is_some());
        }
    });
    assert!(tally.lost.is_empty() && tally.others == 0 && tally.refused == 0, "{tally:?}");
    assert!(tally.answered >= 400 && tally.sent == tally.answered, "{tally:?}");
    assert_eq!(tally.last_words, 0, "nobody is sent away");
    assert_eq!(gate.metric(SUCCESSES), 20);
}

#[test]
fn a_stop_loses_no_request_that_was_sent() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let mut gate = gate(&upstream, "[guards.limit]\nmode = \"off\"\n");
    let address = gate.address();
    let tally = under_load(address, 6, |answers| {
        let runs = || (answers.load(Ordering::Relaxed) > 50).then_some(());
        assert!(poll_until(PATIENCE, runs).is_some());
        assert_eq!(gate.stop().code, Some(0));
    });
    assert!(tally.lost.is_empty() && tally.sent == tally.answered, "{tally:?}");
    assert!(tally.refused > 0 && tally.last_words > 0, "{tally:?}");
}

#[test]
fn the_service_manager_is_told_of_a_reload() {
    let folder = TempFolder::new();
    let path = folder.path().join("notify.sock");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = || {
        let mut buffer = [0; 512];
        let count = manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(buffer.get(..count).unwrap()).trim().to_owned()
    };
    let admin = free_address();
    let config =
        format!("[server]\nlisten = \"{}\"\n[admin]\nlisten = \"{admin}\"\n", free_address());
    let server = Plain::start(&config, "http://127.0.0.1:9", admin, &[("NOTIFY_SOCKET", path)]);
    assert_eq!(hear(), "READY=1");
    let begin = |text: &str| {
        let (first, second) = text.split_once('\n').unwrap();
        assert_eq!(first, "RELOADING=1");
        assert!(second.strip_prefix("MONOTONIC_USEC=").unwrap().parse::<u64>().unwrap() > 0);
    };
    assert_eq!(server.reload(&config).code, Some(0));
    begin(&hear());
    assert_eq!(hear(), "READY=1");
    // A reload that fails is over too.
    assert_eq!(server.reload("nonsense").code, Some(2));
    begin(&hear());
    assert_eq!(hear(), "READY=1");
}
