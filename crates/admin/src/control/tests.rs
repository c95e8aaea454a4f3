//! The control socket with real sockets in a real folder.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Barrier, mpsc};

use mantlet_event::{Durable, DurableOptions, Event, Events, Recent, catalogue};
use mantlet_testkit::{CapturedEvents, FakeBlocking, FakeClock, FakeRevocation};
use mantlet_types::{BlockError, Clock as _, RequestId, Subject, SystemRng};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::desk::{PathQuestion, PathRule};

/// A server on a folder of its own, and all that it touches.
struct Fixture {
    folder: TempDir,
    server: Option<ControlServer>,
    blocking: Arc<FakeBlocking>,
    revocation: Arc<FakeRevocation>,
    captured: CapturedEvents,
    recent: Arc<Recent>,
    events: Events,
    clock: FakeClock,
    runtime: tokio::runtime::Runtime,
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

impl Fixture {
    fn new() -> Self {
        let mut fixture = Self::stopped();
        fixture.start();
        fixture
    }

    fn stopped() -> Self {
        let clock = FakeClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let (captured, recent) = (CapturedEvents::new(), Recent::new(100));
        let events = Events::builder(clock.shared())
            .sink(Box::new(captured.clone()))
            .sink(Box::new(Arc::clone(&recent)))
            .build();
        Self {
            folder: tempfile::tempdir().unwrap(),
            server: None,
            blocking: Arc::new(FakeBlocking::new(clock.shared())),
            revocation: Arc::new(FakeRevocation::ending(2)),
            captured,
            recent,
            events,
            clock,
            runtime: runtime(),
        }
    }

    fn start(&mut self) {
        let facts = ServerFacts {
            listen: vec!["127.0.0.1:8080".parse().unwrap()],
            admin: "127.0.0.1:9443".parse().unwrap(),
            started: self.clock.now(),
            configured: self.clock.now(),
            proxies: Vec::new(),
            servers: json!([]),
        };
        let lifecycle = Arc::new(FakeLifecycle(facts));
        let handler = CoreHandler::new(
            lifecycle,
            self.blocking.clone(),
            self.revocation.clone(),
            Arc::clone(&self.recent),
            self.clock.shared(),
            self.events.clone(),
        );
        self.serve(Arc::new(handler));
    }

    fn serve(&mut self, handler: Arc<dyn ControlHandler>) {
        let _inside = self.runtime.enter();
        let started = ControlServer::start(self.folder.path(), handler, self.events.clone());
        self.server = Some(started.unwrap());
    }

    fn socket(&self) -> PathBuf {
        socket_path(self.folder.path())
    }

    fn client(&self) -> Client {
        Client::connect(self.folder.path()).unwrap().unwrap()
    }

    fn ask(&self, command: &Command) -> Result<Value, ControlError> {
        self.client().request(command)
    }

    fn block(&self, network: &str, seconds: Option<u64>) -> Result<Value, ControlError> {
        self.ask(&Command::BlockAdd {
            network: network.into(),
            seconds,
            why: "scanner".into(),
            force: false,
        })
    }

    /// Sends bytes as they are and reads the answer to its end.
    fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        // Whatever the server did not read ends the connection with a reset, behind the answer.
        let _ = stream.read_to_end(&mut answer);
        answer
    }
}

/// A server that cannot be reloaded and is about to be replaced for good.
#[derive(Debug)]
struct FakeLifecycle(ServerFacts);

impl Lifecycle for FakeLifecycle {
    fn back_up(&self, _to: &Path) -> Result<Value, ControlError> {
        Err(ControlError::new("there is no store", "add an account"))
    }

    fn rekey(&self) -> Result<Value, ControlError> {
        Err(ControlError::new("there is no store", "add an account"))
    }

    fn migrate(&self, _is_check: bool) -> Result<Value, ControlError> {
        Err(ControlError::new("there is no store", "add an account"))
    }

    fn rule_at(&self, _question: &PathQuestion) -> Result<PathRule, ControlError> {
        Err(ControlError::new("there is no route", ""))
    }

    fn desk(&self) -> Result<crate::desk::Desk, ControlError> {
        Err(ControlError::new("there is no store", ""))
    }

    fn facts(&self) -> ServerFacts {
        self.0.clone()
    }

    fn reload(&self, _actor: Actor) -> Result<Value, ControlError> {
        Err(ControlError::new("mantlet.toml:1: error: bad", "correct it"))
    }

    fn upgrade(&self, actor: Actor) -> Result<Value, ControlError> {
        Ok(json!({ "pid": actor.uid }))
    }
}

impl Changes for FakeLifecycle {
    fn change(&self, change: &mut dyn FnMut()) -> Result<(), ControlError> {
        change();
        Ok(())
    }
}

#[test]
fn reloads_and_upgrades_are_in_the_journal_before_they_are_done() {
    let fixture = Fixture::new();
    let error = fixture.ask(&Command::Reload).unwrap_err();
    assert_eq!(error.message, "mantlet.toml:1: error: bad");
    fixture.ask(&Command::Upgrade).unwrap();
    let (requested, executed) = ("control.command.requested", "control.command.executed");
    assert_eq!(fixture.captured.names(), [requested, executed, requested, executed]);
    let outcomes = fixture.captured.by_name(executed);
    let outcomes: Vec<_> = outcomes.iter().map(|event| event["event.outcome"].clone()).collect();
    assert_eq!(outcomes, ["failure", "success"]);
}

#[test]
fn the_socket_of_a_later_server_stays_when_this_one_goes() {
    let mut fixture = Fixture::new();
    let first = fixture.server.take().unwrap();
    fixture.start();
    first.stop();
    fixture.ask(&Command::Status).unwrap();
}

#[test]
fn the_status_says_what_runs_since_when() {
    let fixture = Fixture::new();
    fixture.clock.advance(Duration::from_secs(90));
    let status = fixture.ask(&Command::Status).unwrap();
    assert_eq!(status["uptime_seconds"], 90);
    assert_eq!(status["listen"], json!(["127.0.0.1:8080"]));
    assert_eq!(status["admin"], "127.0.0.1:9443");
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(fixture.captured.names(), [""; 0], "looking is no change");
}

#[test]
fn a_block_ends_what_runs_and_is_in_the_journal() {
    let fixture = Fixture::new();
    let answer = fixture.block("192.0.2.0/24", Some(60)).unwrap();
    let until = "2026-01-01T00:01:00Z";
    assert_eq!(answer, json!({ "network": "192.0.2.0/24", "until": until, "ended": 2 }));
    let network = "192.0.2.0/24".parse().unwrap();
    assert_eq!(fixture.revocation.subjects(), [Subject::Network(network)]);
    // The audit is complete when the answer is here.
    let names = fixture.captured.names();
    assert_eq!(
        names,
        ["control.command.requested", "blocklist.network.blocked", "control.command.executed"]
    );
    let blocked = &fixture.captured.by_name("blocklist.network.blocked")[0];
    let actor = format!("uid:{}", rustix::process::geteuid().as_raw());
    assert_eq!(blocked["network"], "192.0.2.0/24");
    assert_eq!(blocked["until"], until);
    assert_eq!(blocked["message"], "scanner");
    assert_eq!(blocked["actor"], actor);
    let executed = &fixture.captured.by_name("control.command.executed")[0];
    assert_eq!(
        (&executed["command"], &executed["event.outcome"]),
        (&json!("block-add"), &json!("success"))
    );
    assert_eq!(executed["actor"], actor);
}

#[test]
fn blocks_are_listed_and_removed() {
    let fixture = Fixture::new();
    fixture.block("2001:db8::1", None).unwrap();
    fixture.block("192.0.2.7", None).unwrap();
    let blocks = fixture.ask(&Command::BlockList).unwrap();
    assert_eq!(
        blocks["blocks"],
        json!([
            { "network": "192.0.2.7/32", "until": null, "why": "scanner" },
            { "network": "2001:db8::1/128", "until": null, "why": "scanner" },
        ])
    );
    fixture.captured.clear();
    let remove = Command::BlockRemove { network: "192.0.2.7".into() };
    assert_eq!(fixture.ask(&remove).unwrap()["removed"], true);
    assert_eq!(fixture.ask(&remove).unwrap()["removed"], false);
    let (requested, executed) = ("control.command.requested", "control.command.executed");
    let unblocked = "blocklist.network.unblocked";
    let names = fixture.captured.names();
    assert_eq!(names, [requested, unblocked, executed, requested, executed]);
}

#[test]
fn a_command_that_fails_changes_nothing_and_is_in_the_journal() {
    let fixture = Fixture::new();
    for (network, seconds) in [
        ("nonsense", None),
        ("192.0.2.1/24", None),
        ("192.0.2.0/33", None),
        ("192.0.2.1", Some(0)),
        ("192.0.2.1", Some(u64::MAX)),
    ] {
        let error = fixture.block(network, seconds).unwrap_err();
        assert!(!error.message.is_empty() && !error.hint.is_empty(), "{error}");
    }
    fixture.blocking.fail_with(Some(BlockError::Full(10_000)));
    let error = fixture.block("192.0.2.1", None).unwrap_err();
    assert_eq!(error.message, "the block list is full (10000 entries)");
    assert!(fixture.revocation.subjects().is_empty());
    let executed = fixture.captured.by_name("control.command.executed");
    assert_eq!(executed.len(), 6);
    assert!(executed.iter().all(|event| event["event.outcome"] == "failure"));
    assert_eq!(fixture.captured.by_name("blocklist.network.blocked").len(), 0);
}

#[test]
fn a_change_that_cannot_be_recorded_is_not_made() {
    let mut fixture = Fixture::stopped();
    let full = Durable::open(DurableOptions::new("/dev/full")).unwrap();
    fixture.events = Events::builder(fixture.clock.shared())
        .sink(Box::new(full))
        .sink(Box::new(fixture.captured.clone()))
        .build();
    fixture.start();
    for command in [
        Command::BlockAdd {
            network: "192.0.2.1".into(),
            seconds: None,
            why: "scanner".into(),
            force: false,
        },
        Command::BlockRemove { network: "192.0.2.1".into() },
    ] {
        let error = fixture.ask(&command).unwrap_err();
        let begin = "not done: the audit record could not be written: ";
        assert!(error.message.starts_with(begin) && error.hint.contains("disk"), "{error}");
    }
    assert_eq!(fixture.ask(&Command::BlockList).unwrap()["blocks"], json!([]));
    assert!(fixture.revocation.subjects().is_empty());
    let executed = fixture.captured.by_name("control.command.executed");
    assert!(executed.iter().all(|event| event["event.outcome"] == "failure"));
}

#[test]
fn a_request_is_explained_from_memory() {
    let fixture = Fixture::new();
    let id = RequestId::new(fixture.clock.now(), &SystemRng);
    fixture.events.emit(Event::new(&catalogue::LIMIT_REQUEST_REFUSED).request(id));
    let explained = fixture.ask(&Command::Explain { id: id.to_string() }).unwrap();
    assert_eq!(explained["events"][0]["event.name"], "limit.request.refused");
    let other = RequestId::new(fixture.clock.now(), &SystemRng).to_string();
    assert_eq!(fixture.ask(&Command::Explain { id: other }).unwrap()["events"], json!([]));
    let error = fixture.ask(&Command::Explain { id: "x".into() }).unwrap_err();
    assert_eq!(error.message, "that is not a request id");
}

#[test]
fn one_client_asks_several_times() {
    let fixture = Fixture::new();
    let mut client = fixture.client();
    for _ in 0..3 {
        client.request(&Command::Status).unwrap();
    }
}

#[test]
fn lines_that_are_no_command_are_answered_with_what_to_do() {
    let fixture = Fixture::new();
    let mut long = vec![b' '; REQUEST_BYTES + 1];
    long.push(b'\n');
    for (line, expected) in [
        (&b"nonsense\n"[..], "the command is not understood"),
        (b"{\"version\":9,\"command\":\"status\"}\n", "the server speaks version 1"),
        (b"{\"version\":1,\"command\":\"status\"}", "the command is no line"),
        (&long, "the command is no line"),
    ] {
        let answer = fixture.raw(line);
        let error = command::parse_answer(&answer).unwrap_err();
        assert!(error.message.starts_with(expected), "{error}");
    }
    assert_eq!(fixture.raw(b""), b"");
    assert_eq!(fixture.captured.names(), [""; 0]);
}

#[test]
fn other_users_are_refused_and_it_is_in_the_journal() {
    let mut fixture = Fixture::stopped();
    let handler = Arc::new(Slow(Barrier::new(1)));
    let inside = fixture.runtime.enter();
    let events = fixture.events.clone();
    let started = ControlServer::start_for(fixture.folder.path(), handler, events, |_| false);
    drop(inside);
    fixture.server = Some(started.unwrap());
    let error = fixture.ask(&Command::Status).unwrap_err();
    assert_eq!(error.message, "you may not control this server");
    let refused = fixture.captured.by_name("control.command.refused");
    assert_eq!(refused[0]["actor"], format!("uid:{}", rustix::process::geteuid().as_raw()));
}

#[test]
fn the_socket_is_private_replaces_a_dead_one_and_goes_with_the_server() {
    let mut fixture = Fixture::stopped();
    let connect = |fixture: &Fixture| Client::connect(fixture.folder.path()).unwrap();
    assert!(connect(&fixture).is_none(), "no file");
    drop(UnixListener::bind(fixture.socket()).unwrap());
    fs::write(fixture.folder.path().join("control.temp"), "left over").unwrap();
    assert!(connect(&fixture).is_none(), "nobody listens");
    fixture.start();
    assert_eq!(fs::metadata(fixture.socket()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(fixture.folder.path()).unwrap().count(), 1);
    fixture.ask(&Command::Status).unwrap();
    fixture.server.take().unwrap().stop();
    assert!(!fixture.socket().exists());
    assert!(connect(&fixture).is_none());
}

#[test]
fn a_folder_that_cannot_hold_a_socket_is_an_error() {
    let mut fixture = Fixture::stopped();
    fixture.start();
    let deep = fixture.folder.path().join("x".repeat(120));
    fs::create_dir(&deep).unwrap();
    let handler = Arc::new(Slow(Barrier::new(1)));
    let _inside = fixture.runtime.enter();
    let error = ControlServer::start(&deep, handler, fixture.events.clone()).unwrap_err();
    assert!(error.message.starts_with("cannot listen on"), "{error}");
}

/// A handler that answers when enough others wait with it.
#[derive(Debug)]
struct Slow(Barrier);

impl ControlHandler for Slow {
    fn handle(&self, command: &Command, _actor: Actor) -> Result<Value, ControlError> {
        assert!(!command.is_change(), "a defect");
        self.0.wait();
        Ok(Value::Null)
    }
}

#[test]
fn too_many_at_a_time_are_told_to_come_back() {
    let mut fixture = Fixture::stopped();
    // Eight commands wait for a ninth party: this test.
    let handler = Arc::new(Slow(Barrier::new(9)));
    fixture.serve(handler.clone());
    let (sender, answers) = mpsc::sync_channel(9);
    for _ in 0..9 {
        let (sender, mut client) = (sender.clone(), fixture.client());
        std::thread::spawn(move || sender.send(client.request(&Command::Status)).unwrap());
    }
    let refused = answers.recv_timeout(DEADLINE).unwrap().unwrap_err();
    assert_eq!(refused.message, "the server is busy");
    handler.0.wait();
    for _ in 0..8 {
        answers.recv_timeout(DEADLINE).unwrap().unwrap();
    }
}

#[test]
fn a_defect_in_a_command_is_an_answer_and_in_the_journal() {
    let mut fixture = Fixture::stopped();
    fixture.serve(Arc::new(Slow(Barrier::new(1))));
    let error = fixture.block("192.0.2.1", None).unwrap_err();
    assert_eq!(error.message, "the command broke off");
    let names = fixture.captured.names();
    assert_eq!(
        names,
        ["control.command.requested", "process.task.panicked", "control.command.executed"]
    );
    fixture.ask(&Command::Status).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_leave_the_server_alive(lines in proptest::collection::vec(any::<Vec<u8>>(), 1..4)) {
        let fixture = Fixture::new();
        for mut line in lines {
            line.push(b'\n');
            let answer = fixture.raw(&line);
            prop_assert!(answer.is_empty() || answer.ends_with(b"\n"));
        }
        prop_assert!(fixture.ask(&Command::Status).is_ok());
        prop_assert!(fixture.captured.by_name("process.task.panicked").is_empty());
    }
}
