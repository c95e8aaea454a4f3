//! Handing over to a new binary on the same sockets, and sockets that the service manager brings.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/load.rs"]
mod load;
#[path = "login/person.rs"]
#[expect(dead_code, reason = "the tests of signing in use all of it")]
mod person;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{
    Answer, FakeUpstream, Finished, MantletProcess, Running, Signal, TempFolder, certificate,
    free_address, lacking, left_out, poll_until, run_program,
};
use serde_json::Value;

use load::under_load;

const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");
const PATIENCE: Duration = Duration::from_secs(20);
const OPENING: &[u8] = b"GET /ws HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A load is not to be limited.
const UNLIMITED: &str = "[guards.limit]\nmode = \"off\"\n";

/// A gate that can be handed over; whoever serves on its data folder last is ended with this.
struct Gate {
    first: MantletProcess,
    /// What is started: a link, so that it can lead elsewhere later.
    program: PathBuf,
    _folder: TempFolder,
}

impl Gate {
    fn start(upstream: &str, config: &str, variables: &[(&str, &Path)]) -> Self {
        let folder = TempFolder::new();
        let program = folder.path().join("mantlet");
        symlink(BINARY, &program).unwrap();
        let mut builder = MantletProcess::builder(&program).upstream(upstream).config(config);
        for (name, value) in variables {
            builder = builder.env(*name, *value);
        }
        Self { first: builder.start(), program, _folder: folder }
    }

    fn command(&self, arguments: &[&str]) -> Finished {
        let data = self.first.data().to_str().unwrap();
        run_program(BINARY, &[arguments, &["--data", data]].concat(), PATIENCE)
    }

    /// Puts a script in the place of the binary.
    fn replace_program(&self, script: &str) {
        fs::remove_file(&self.program).unwrap();
        fs::write(&self.program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&self.program, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The process that serves now.
    fn process(&self) -> u64 {
        let status = self.command(&["status", "--json"]);
        let status: Value = serde_json::from_str(&status.stdout).unwrap_or_default();
        status
            .get("pid")
            .and_then(Value::as_u64)
            .unwrap_or_else(|| panic!("{status}: {}", self.first.story()))
    }

    fn address(&self) -> SocketAddr {
        self.first.address()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let holder = fs::read_to_string(self.first.data().join("lock")).unwrap_or_default();
        let _ = run_program("kill", &["-KILL", holder.trim()], PATIENCE);
    }
}

fn is_gone(process: u64) -> bool {
    poll_until(PATIENCE, || {
        let about = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // A zombie that nobody waits for serves no more.
        (about.is_empty() || about.contains(") Z ")).then_some(())
    })
    .is_some()
}

#[test]
fn whoever_is_signed_in_stays_so_under_the_process_that_takes_over() {
    let upstream = FakeUpstream::answering(Answer::ok("inside"));
    let gate = Gate::start(&upstream.url(), "[access]\nrequire = \"login\"\n", &[]);
    let json = |arguments: &[&str]| -> Value {
        let done = gate.command(&[arguments, &["--json"]].concat());
        assert_eq!(done.code, Some(0), "{arguments:?}: {done:#?}");
        serde_json::from_str(&done.stdout).unwrap()
    };
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap().to_owned();
    let password = text(&json(&["user", "add", "alice", "--role", "admin"]), "password");
    let (kept, lost) =
        (json(&["key", "issue", "--user", "alice"]), json(&["key", "issue", "--user", "alice"]));
    json(&["key", "revoke", &text(&lost, "id")]);
    let status =
        |key: &Value| wire::get(gate.address(), "/", &[("X-API-Key", &text(key, "key"))]).status;
    let mut alice = person::Person::new(&gate.first);
    assert_eq!(alice.sign_in("alice", &password).status, 303);
    assert_eq!((status(&kept), status(&lost), alice.get("/").status), (200, 401, 200));
    let first = gate.process();
    let done = gate.command(&["upgrade"]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(is_gone(first) && gate.process() != first);
    assert_eq!((status(&kept), status(&lost), alice.get("/").status), (200, 401, 200));
    let mut again = person::Person::new(&gate.first);
    assert_eq!(again.sign_in("alice", &password).status, 303);
    assert_eq!(again.get("/").status, 200);
    json(&["key", "revoke", &text(&kept, "id")]);
    json(&["session", "end", "--user", "alice"]);
    assert_eq!(status(&kept), 401);
    assert_eq!((alice.get("/").status, again.get("/").status), (303, 303));
}

#[test]
fn upgrades_that_are_asked_for_at_a_time_leave_one_process() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = Gate::start(&upstream.url(), "", &[]);
    let first = gate.process();
    let ends: Vec<Finished> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..3).map(|_| scope.spawn(|| gate.command(&["upgrade"]))).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let named = |end: &Finished| {
        let words = end.stdout.strip_prefix("process ")?;
        words.split(' ').next()?.parse::<u64>().ok()
    };
    let successors: Vec<u64> = ends.iter().filter_map(named).collect();
    assert!(!successors.is_empty(), "{ends:#?}");
    let now = gate.process();
    assert!(successors.contains(&now), "{now} {ends:#?}");
    for process in successors.into_iter().chain([first]).filter(|process| *process != now) {
        assert!(is_gone(process), "{process} serves beside {now}: {ends:#?}");
    }
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
}

#[test]
fn no_request_is_lost_through_three_hand_overs_and_reloads_and_a_stop() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let mut gate = Gate::start(&upstream.url(), UNLIMITED, &[]);
    let address = gate.address();
    let mut processes = vec![gate.process()];
    let tally = under_load(address, 6, |answers| {
        for round in 0..3 {
            let before = answers.load(Ordering::Relaxed);
            let goes_on = || (answers.load(Ordering::Relaxed) > before + 50).then_some(());
            assert!(poll_until(PATIENCE, goes_on).is_some(), "round {round}");
            let end = gate.command(&["upgrade"]);
            assert_eq!(end.code, Some(0), "{end:#?}\n{}", gate.first.story());
            processes.push(gate.process());
            assert_eq!(gate.command(&["reload"]).code, Some(0));
            assert_eq!(wire::get(gate.first.admin(), "/readyz", &[]).status, 200);
        }
        let last = processes.last().unwrap().to_string();
        assert_eq!(run_program("kill", &["-TERM", &last], PATIENCE).code, Some(0));
        assert!(is_gone(*processes.last().unwrap()));
    });
    assert!(tally.lost.is_empty(), "{tally:?}");
    assert!(tally.sent == tally.answered && tally.others == 0, "{tally:?}");
    assert!(tally.answered >= 150 && tally.refused > 0, "{tally:?}");
    assert!(tally.last_words > 0, "kept connections are told to go: {tally:?}");
    processes.dedup();
    assert_eq!(processes.len(), 4, "{processes:?}");
    assert_eq!(gate.first.wait(PATIENCE).code, Some(0));
    let logged = gate.first.access().iter().filter(|line| line["url.path"] == "/load").count();
    assert_eq!(logged, tally.answered, "every answer is in the log, whoever gave it");
    println!("sent {} answered {} lost {}", tally.sent, tally.answered, tally.lost.len());
}

#[test]
fn what_runs_ends_where_it_began_and_the_next_request_is_told_to_come_anew() {
    let upstream = FakeUpstream::start(|request| match request.target.as_str() {
        "/ws" => Answer::WebSocketEcho,
        "/slow" => Answer::ok("late").after(Duration::from_secs(2)),
        _ => Answer::ok("x"),
    });
    let mut gate = Gate::start(&upstream.url(), "", &[]);
    let open = |path: &str| {
        let mut connection = Connection::open(gate.address()).unwrap();
        connection.write(&wire::render(gate.address(), "GET", path, &[], b"")).unwrap();
        connection
    };
    let mut kept = open("/");
    assert_eq!(kept.read_response().unwrap().status, 200);
    let mut silent = Connection::open(gate.address()).unwrap();
    let mut socket = Connection::open(gate.address()).unwrap();
    socket.write(OPENING).unwrap();
    assert_eq!(socket.read_response().unwrap().status, 101);
    let mut slow = open("/slow");
    let arrived =
        || upstream.requests().iter().any(|request| request.target == "/slow").then_some(());
    assert!(poll_until(PATIENCE, arrived).is_some());
    // The block list belongs to the new process from now on.
    assert_eq!(gate.command(&["block", "add", "192.0.2.1"]).code, Some(0));
    let before = gate.process();
    assert_eq!(gate.command(&["upgrade"]).code, Some(0));
    assert_ne!(gate.process(), before);
    assert_eq!(gate.command(&["block", "add", "192.0.2.2"]).code, Some(0));
    assert_eq!(gate.command(&["block", "list"]).stdout.lines().count(), 2);
    for connection in [&mut kept, &mut silent] {
        connection.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
        let response = connection.read_response().unwrap();
        assert_eq!((response.status, response.header("connection")), (200, Some("close")));
        assert!(connection.is_closed_within(PATIENCE));
    }
    assert_eq!(slow.read_response().unwrap().text(), "late");
    socket.write(&[0x81, 0x81, 0, 0, 0, 0, b'x']).unwrap();
    assert_eq!(socket.read_exact(3).unwrap(), [0x81, 1, b'x'], "the old process still relays");
    drop(socket);
    assert_eq!(gate.first.wait(PATIENCE).code, Some(0), "with the last connection it ends");
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    let second = run_program(
        BINARY,
        &[
            "run",
            "--upstream",
            "http://127.0.0.1:9",
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--data",
            gate.first.data().to_str().unwrap(),
        ],
        PATIENCE,
    );
    let holder = format!("process {}", gate.process());
    assert!(second.code == Some(2) && second.stderr.contains(&holder), "{second:#?}");
}

#[test]
fn a_new_process_that_does_not_get_ready_leaves_the_old_one_serving() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = Gate::start(&upstream.url(), "[reload]\nwatch = false\n", &[]);
    let process = gate.process();
    let mut kept = Connection::open(gate.address()).unwrap();
    for (script, told) in [
        ("exit 3", "`exit 3`"),
        ("echo oops >&2; exit 2", "oops"),
        ("[ \"$1\" = check ] || exit 3", "exit status: 3"),
        // It takes the sockets and is not heard of again.
        ("[ \"$1\" = check ] || head -c 1 >/dev/null", "did not get ready"),
    ] {
        gate.replace_program(script);
        let end = gate.command(&["upgrade"]);
        assert_eq!(end.code, Some(2), "{script}: {end:#?}");
        if script != "exit 3" {
            assert!(end.stderr.contains(told), "{script}: {end:#?}");
        }
        assert!(end.stderr.contains("hint: this process goes on"), "{script}: {end:#?}");
        assert_eq!(gate.process(), process, "{script}");
        kept.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
        let response = kept.read_response().unwrap();
        assert_eq!((response.status, response.header("connection")), (200, None), "{script}");
        assert_eq!(wire::get(gate.first.admin(), "/readyz", &[]).status, 200);
        assert_eq!(gate.command(&["block", "add", "192.0.2.1"]).code, Some(0));
    }
    fs::remove_file(&gate.program).unwrap();
    assert_eq!(gate.command(&["upgrade"]).code, Some(2), "no binary at all");
    symlink(BINARY, &gate.program).unwrap();
    fs::write(gate.first.config_file(), "[gards]\n").unwrap();
    let end = gate.command(&["upgrade"]);
    assert!(end.code == Some(2) && end.stderr.contains("mantlet.toml:1:"), "{end:#?}");
    let failed = gate.first.events();
    let failed = failed.iter().filter(|event| event["event.name"] == "process.successor.failed");
    assert_eq!(failed.count(), 6);
    fs::write(gate.first.config_file(), "").unwrap();
    assert_eq!(gate.command(&["upgrade"]).code, Some(0), "then it works");
    assert_ne!(gate.process(), process);
}

#[test]
fn the_service_manager_learns_which_process_is_the_main_one() {
    let folder = TempFolder::new();
    let path = folder.path().join("notify.sock");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = || {
        let mut buffer = [0; 512];
        let count = manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(buffer.get(..count).unwrap()).trim().to_owned()
    };
    let gate = Gate::start("http://127.0.0.1:9", "", &[("NOTIFY_SOCKET", &path)]);
    assert_eq!(hear(), "READY=1");
    gate.first.signal(Signal::USR2);
    let main = hear();
    assert_eq!(hear(), "READY=1", "said by the new process, after it was named");
    assert_eq!(main, format!("MAINPID={}", gate.process()));
    assert!(is_gone(gate.first.id().into()), "{}", gate.first.story());
}

/// Starts the binary as the service manager does: sockets from descriptor 3 on, named.
const ACTIVATE: &str = r#"
import os, socket, sys
names, addresses, shift, command = sys.argv[1].split(":"), sys.argv[2].split(","), int(sys.argv[3]), sys.argv[4:]
sockets = []
for address in addresses:
    host, port = address.rsplit(":", 1)
    sockets.append(socket.create_server((host, int(port)), backlog=64))
high = [os.dup(s.fileno()) for s in sockets]
import fcntl
high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 40) for fd in high]
for index, fd in enumerate(high):
    os.dup2(fd, 3 + index, inheritable=True)
os.environ.update(LISTEN_FDS=str(len(sockets)), LISTEN_FDNAMES=":".join(names), LISTEN_PID=str(os.getpid() + shift))
os.execv(command[0], command)
"#;

fn is_without_python() -> bool {
    let is_lacking = !lacking(&["python3"]).is_empty();
    if is_lacking {
        left_out("socket activation", "python3 is not installed");
    }
    is_lacking
}

fn activated(
    sockets: &[(&str, SocketAddr)],
    shift: i32,
    folder: &TempFolder,
    config: &str,
) -> Running {
    let names: Vec<&str> = sockets.iter().map(|(name, _)| *name).collect();
    let addresses: Vec<String> = sockets.iter().map(|(_, address)| address.to_string()).collect();
    let file = folder.write("mantlet.toml", config);
    let mut command = Command::new("python3");
    command.args([
        "-c",
        ACTIVATE,
        &names.join(":"),
        &addresses.join(","),
        &shift.to_string(),
        BINARY,
    ]);
    command.args(["run", "--config"]).arg(file).arg("--data").arg(folder.path().join("data"));
    command.stdin(Stdio::null());
    Running::start(command)
}

#[test]
fn sockets_of_the_service_manager_are_used_instead_of_the_configured_addresses() {
    if is_without_python() {
        return;
    }
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let folder = TempFolder::new();
    let (cert, key) = certificate(&folder, "cert.pem", "key.pem");
    let [plain, tls, admin, unused, other] = std::array::from_fn(|_| free_address());
    let config = format!(
        "[upstream]\nurl = \"{}\"\n[server]\nlisten = \"{unused}\"\n[server.tls]\nlisten = \"{unused}\"\ncert = {cert:?}\nkey = {key:?}\n[admin]\nlisten = \"{other}\"\n",
        upstream.url()
    )
    .replacen(&unused.to_string(), &free_address().to_string(), 1);
    let sockets = [("plain", plain), ("tls", tls), ("admin", admin)];
    let running = activated(&sockets, 0, &folder, &config);
    let is_up = || running.stderr().contains("process.service.started").then_some(());
    assert!(poll_until(PATIENCE, is_up).is_some(), "{}", running.stderr());
    assert_eq!(wire::get(admin, "/readyz", &[]).status, 200);
    assert_eq!(wire::get(plain, "/", &[]).status, 200);
    let url = format!("https://{tls}/");
    let end =
        run_program("curl", &["-sk", "-o", "/dev/null", "-w", "%{http_code}", &url], PATIENCE);
    assert_eq!(end.stdout, "200", "{end:#?}");
    for closed in [unused, other] {
        assert!(std::net::TcpStream::connect(closed).is_err(), "{closed}");
    }
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let end = run_program(BINARY, &["reload", "--data", data], PATIENCE);
    assert_eq!(end.code, Some(0), "{end:#?}");
    assert_eq!(wire::get(plain, "/", &[]).status, 200, "a reload leaves them");
}

#[test]
fn sockets_for_another_process_are_left_alone_and_unknown_names_are_an_error() {
    if is_without_python() {
        return;
    }
    let folder = TempFolder::new();
    let (given, own, admin) = (free_address(), free_address(), free_address());
    let config = format!(
        "[upstream]\nurl = \"http://127.0.0.1:9\"\n[server]\nlisten = \"{own}\"\n[admin]\nlisten = \"{admin}\"\n"
    );
    let mut running = activated(&[("metrics", given)], 0, &folder, &config);
    let end = running.wait(PATIENCE).unwrap();
    assert_eq!(end.code, Some(2), "{end:#?}");
    assert!(
        end.stderr.contains("`metrics`") && end.stderr.contains("FileDescriptorName"),
        "{end:#?}"
    );
    let running = activated(&[("plain", given)], 1, &folder, &config);
    let is_up = || std::net::TcpStream::connect(own).ok();
    assert!(poll_until(PATIENCE, is_up).is_some(), "{}", running.stderr());
}
