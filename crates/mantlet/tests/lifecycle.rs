//! Starting, stopping, dying and starting again, with the real binary.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection, Frame, WebSocket};
use mantlet_testkit::{
    Answer, FakeUpstream, Finished, MantletBuilder, MantletProcess, Running, Signal, TempFolder,
    free_address, poll_until, run_program,
};

const PATIENCE: Duration = Duration::from_secs(10);
const NOW: Duration = Duration::from_secs(3);

fn builder(upstream: &str) -> MantletBuilder {
    MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet")).upstream(upstream)
}

/// `mantlet run` with these addresses and this data folder, which must end by itself.
fn run(listen: SocketAddr, admin: SocketAddr, data: &Path, more: &[&str]) -> Finished {
    let (listen, admin) = (listen.to_string(), admin.to_string());
    let own = ["run", "--upstream", "http://127.0.0.1:9", "--listen", &listen, "--admin", &admin];
    let all = [&own[..], &["--data", data.to_str().unwrap()], more].concat();
    run_program(env!("CARGO_BIN_EXE_mantlet"), &all, PATIENCE)
}

/// It ended with one message: the error and its hint.
fn assert_refused(end: &Finished, names: &str) {
    assert_eq!(end.code, Some(2), "{end:#?}");
    assert_eq!(end.stderr.matches("error: ").count(), 1, "{end:#?}");
    assert!(end.stderr.contains(names), "{names}: {end:#?}");
    assert!(end.stderr.contains("hint: ") && end.stderr.lines().count() == 2, "{end:#?}");
}

#[test]
fn an_occupied_address_is_one_clear_error_and_nothing_stays_behind() {
    let folder = TempFolder::new();
    let data = folder.path().join("data");
    let occupied = free_address();
    let _occupant = TcpListener::bind(occupied).unwrap();
    let free = free_address();
    for (listen, admin) in [(occupied, free), (free, occupied)] {
        assert_refused(&run(listen, admin, &data, &[]), &format!("`{occupied}`"));
        assert!(TcpListener::bind(free).is_ok(), "{free} is free again");
    }
    assert!(!data.join("control.sock").exists());
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = builder(&upstream.url()).data(&data).start();
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200, "the data folder is free again");
}

#[test]
fn a_second_process_on_the_same_data_folder_is_told_which_one_has_it() {
    let gate = builder("http://127.0.0.1:9").start();
    let end = run(free_address(), free_address(), gate.data(), &[]);
    assert_refused(&end, &format!("process {}", gate.id()));
    assert_eq!(gate.command(&["status"]).code, Some(0), "the first one is unharmed");
}

#[test]
fn a_data_folder_that_cannot_be_used_is_one_clear_error() {
    let folder = TempFolder::new();
    let file = folder.write("file", "x");
    let open = folder.write("open/precious.txt", "x").parent().unwrap().to_owned();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    for data in [file.join("below"), file, Path::new("/proc/mantlet").to_owned(), open.clone()] {
        let end = run(free_address(), free_address(), &data, &[]);
        assert_refused(&end, &format!("`{}`", data.display()));
    }
    assert_eq!(fs::metadata(&open).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn certificates_that_are_missing_or_garbage_are_errors() {
    let folder = TempFolder::new();
    let garbage = folder.write("garbage.pem", "-----BEGIN nothing");
    let missing = folder.path().join("missing.pem");
    for pem in [garbage, missing] {
        let listen = free_address();
        let text =
            format!("[server.tls]\nlisten = [\"{listen}\"]\ncert = {pem:?}\nkey = {pem:?}\n");
        let config = folder.write("tls.toml", text);
        let data = folder.path().join("data");
        let more = ["--config", config.to_str().unwrap()];
        let end = run(free_address(), free_address(), &data, &more);
        assert_eq!(end.code, Some(2), "{end:#?}");
        assert!(end.stderr.contains(&*pem.to_string_lossy()), "{end:#?}");
        assert!(TcpListener::bind(listen).is_ok());
    }
}

#[test]
fn an_application_that_is_down_is_told_and_recovers() {
    let address = free_address();
    let gate = builder(&format!("http://{address}")).start();
    let refusal = wire::get(gate.address(), "/page", &[]);
    assert_eq!(refusal.status, 502);
    assert_eq!(refusal.header("content-type"), Some("application/problem+json"));
    let id = refusal.header("x-request-id").unwrap();
    let problem = refusal.json();
    assert_eq!(
        (&problem["code"], &problem["request_id"]),
        (&"upstream-unreachable".into(), &id.into())
    );
    let event = gate.wait_for_refusal(id, PATIENCE);
    assert_eq!(event["reason"], "upstream-unreachable", "{event:#}");
    let application = TcpListener::bind(address).unwrap();
    thread::spawn(move || application.incoming().flatten().for_each(|stream| serve_one(&stream)));
    let is_up = || (wire::get(gate.address(), "/page", &[]).status == 200).then_some(());
    assert!(poll_until(PATIENCE, is_up).is_some(), "{}", gate.story());
}

/// Reads one head and says that the application is up.
fn serve_one(mut stream: &TcpStream) {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let _ = lines.take_while(|line| !line.is_empty()).count();
    let _ =
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nup");
}

fn is_ready(gate: &MantletProcess) -> u16 {
    wire::get(gate.admin(), "/readyz", &[]).status
}

#[test]
fn a_stop_lets_the_running_request_end_and_takes_no_new_ones() {
    let upstream = FakeUpstream::answering(Answer::ok("late").after(Duration::from_secs(2)));
    let mut gate = builder(&upstream.url()).start();
    assert_eq!(is_ready(&gate), 200);
    let mut slow = Connection::open(gate.address()).unwrap();
    slow.write(&wire::render(gate.address(), "GET", "/slow", &[], b"")).unwrap();
    let arrived = poll_until(PATIENCE, || (!upstream.requests().is_empty()).then_some(()));
    assert!(arrived.is_some());
    gate.signal(Signal::TERM);
    let is_closed = || TcpStream::connect(gate.address()).is_err().then_some(());
    assert!(poll_until(NOW, is_closed).is_some(), "new connections are refused");
    assert_eq!(is_ready(&gate), 503);
    let answer = slow.read_response().unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "late"));
    let end = gate.wait(NOW);
    assert_eq!(end.code, Some(0), "{end:#?}");
    let names: Vec<_> = gate.events().iter().map(|event| event["event.name"].clone()).collect();
    let expected = ["started", "stopping", "stopped"].map(|word| format!("process.service.{word}"));
    assert_eq!(names, expected);
    assert_eq!(gate.access().len(), 1);
}

#[test]
fn a_stop_ends_open_web_sockets_promptly() {
    let upstream = FakeUpstream::answering(Answer::WebSocketEcho);
    let mut gate = builder(&upstream.url()).start();
    let mut socket = WebSocket::open(gate.address(), "/ws", &[]).unwrap();
    gate.signal(Signal::TERM);
    assert_eq!(socket.read_close().unwrap(), Some(1001));
    assert!(socket.connection.is_closed_within(PATIENCE));
    let told = || Frame::parse_all(&upstream.requests()[0].body).pop()?.close_code();
    assert_eq!(poll_until(PATIENCE, told), Some(1001));
    assert_eq!(gate.wait(NOW).code, Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let upstream = FakeUpstream::answering(Answer::Silence);
    let mut gate = builder(&upstream.url()).start();
    let mut waiting = Connection::open(gate.address()).unwrap();
    waiting.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
    assert!(poll_until(PATIENCE, || (!upstream.requests().is_empty()).then_some(())).is_some());
    gate.signal(Signal::TERM);
    assert!(poll_until(NOW, || (is_ready(&gate) == 503).then_some(())).is_some());
    gate.signal(Signal::TERM);
    assert_eq!(gate.wait(NOW).code, Some(0));
}

/// `mantlet run` on an address that outlives it.
fn start_at(address: SocketAddr, data: &Path, upstream: &str) -> Running {
    let (listen, admin) = (address.to_string(), free_address());
    let mut command = Command::new(env!("CARGO_BIN_EXE_mantlet"));
    command.args(["run", "--upstream", upstream, "--listen", &listen, "--admin"]);
    command.arg(admin.to_string()).arg("--data").arg(data).stdin(Stdio::null());
    let running = Running::start(command);
    let is_open = || TcpStream::connect(address).ok();
    assert!(poll_until(PATIENCE, is_open).is_some(), "{}", running.stderr());
    running
}

#[test]
fn after_a_stop_the_same_address_can_be_used_at_once() {
    let folder = TempFolder::new();
    let data = folder.path().join("data");
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let address = free_address();
    // Open connections whose close the server begins are what occupies an address afterwards.
    for signal in ["-TERM", "-KILL", "-TERM"] {
        let mut running = start_at(address, &data, &upstream.url());
        let mut open = Connection::open(address).unwrap();
        open.write(&wire::render(address, "GET", "/", &[], b"")).unwrap();
        assert_eq!(open.read_response().unwrap().status, 200);
        let id = running.id().to_string();
        assert_eq!(run_program("kill", &[signal, &id], PATIENCE).code, Some(0));
        let end = running.wait(PATIENCE).unwrap();
        assert_eq!(end.code, (signal == "-TERM").then_some(0), "{end:#?}");
    }
}

/// Sends requests until told to stop; failures are what a crash looks like from outside.
fn load(address: SocketAddr, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        let Ok(mut connection) = Connection::open(address) else { return };
        for path in ["/a", "/..%2f", "/b"] {
            let sent = connection.write(&wire::render(address, "GET", path, &[], b""));
            if sent.and_then(|()| connection.read_response()).is_err() {
                break;
            }
        }
    }
}

#[test]
fn eight_crashes_under_load_leave_a_data_folder_that_starts_and_logs_that_read() {
    let folder = TempFolder::new();
    let data = folder.path().join("data");
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for round in 0..8 {
        let mut gate = builder(&upstream.url()).data(&data).start();
        assert_eq!(gate.command(&["block", "add", &format!("192.0.2.{round}")]).code, Some(0));
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| load(gate.address(), &is_over));
            }
            thread::sleep(Duration::from_millis(120 + 17 * round));
            gate.signal(Signal::KILL);
            is_over.store(true, Ordering::Relaxed);
        });
        assert_eq!(gate.wait(NOW).code, None);
    }
    let mut gate = builder(&upstream.url()).data(&data).start();
    let blocks = gate.command(&["block", "list"]).stdout;
    assert_eq!(blocks.lines().count(), 8, "every block that was answered is there: {blocks}");
    assert_eq!(
        gate.audit().iter().filter(|act| act["event.name"] == "blocklist.network.blocked").count(),
        8
    );
    assert_eq!(gate.stop().code, Some(0));
    for name in ["log/events.jsonl", "log/access.jsonl"] {
        assert_readable(&fs::read(data.join(name)).unwrap(), name);
    }
}

/// At most one torn line for each of the eight crashes, none of them joined to the next.
fn assert_readable(log: &[u8], name: &str) {
    let lines: Vec<_> = log.split(|byte| *byte == b'\n').collect();
    let torn: Vec<_> = lines
        .iter()
        .filter(|line| {
            !line.is_empty() && serde_json::from_slice::<serde_json::Value>(line).is_err()
        })
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    assert!(lines.len() > 20, "{name}: {}", lines.len());
    assert!(torn.len() <= 8, "{name}: {torn:#?}");
    assert!(torn.iter().all(|line| line.matches("{\"at\":").count() <= 1), "{name}: {torn:#?}");
}

#[test]
fn the_service_manager_is_told_of_start_and_stop() {
    let folder = TempFolder::new();
    let path = folder.path().join("notify.sock");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = || {
        let mut buffer = [0; 512];
        let count = manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..count]).trim().to_owned()
    };
    let mut gate = builder("http://127.0.0.1:9").env("NOTIFY_SOCKET", &path).start();
    assert_eq!(hear(), "READY=1");
    assert_eq!(gate.stop().code, Some(0));
    assert_eq!(hear(), "STOPPING=1");
}
