//! Blocking, listing and asking a running server over its control socket.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection, Frame, Response, WebSocket};
use mantlet_testkit::{
    Answer, FakeUpstream, Finished, MantletProcess, TempFolder, poll_until, run_program,
};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(10);

fn gate_on(upstream: &FakeUpstream, data: &Path) -> MantletProcess {
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    builder.upstream(&upstream.url()).data(data).start()
}

fn gate(upstream: &FakeUpstream) -> MantletProcess {
    MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet")).upstream(&upstream.url()).start()
}

fn done(gate: &MantletProcess, arguments: &[&str]) -> Finished {
    let end = gate.command(arguments);
    assert_eq!(end.code, Some(0), "{arguments:?}: {end:#?}");
    end
}

/// What a client at this loopback address gets.
fn get_from(source: [u8; 4], gate: &MantletProcess) -> Response {
    let mut connection = Connection::open_from(IpAddr::from(source), gate.address()).unwrap();
    connection.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
    connection.read_response().unwrap()
}

// covers: SAMO-43 (binary)
#[test]
fn the_next_request_of_a_blocked_network_is_refused_and_others_are_not() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream);
    assert_eq!(get_from([127, 0, 7, 1], &gate).status, 200);
    let end = done(&gate, &["block", "add", "127.0.7.0/24", "--why", "probing"]);
    assert!(end.stdout.contains("127.0.7.0/24"), "{end:#?}");
    let refusal = get_from([127, 0, 7, 1], &gate);
    assert_eq!((refusal.status, &refusal.json()["code"]), (403, &"address-blocked".into()));
    assert_eq!(get_from([127, 0, 8, 1], &gate).status, 200);
    let id = refusal.header("x-request-id").unwrap();
    let event = gate.wait_for_refusal(id, PATIENCE);
    assert_eq!((&event["guard"], &event["source.ip"]), (&"blocklist".into(), &"127.0.7.1".into()));
    assert!(event["evidence"].as_str().unwrap().contains("127.0.7.0/24"), "{event:#}");
    done(&gate, &["block", "remove", "127.0.7.0/24"]);
    assert_eq!(get_from([127, 0, 7, 1], &gate).status, 200);
    let again = gate.command(&["block", "remove", "127.0.7.0/24"]);
    assert_eq!(again.code, Some(1), "there was nothing to remove: {again:#?}");
}

#[test]
fn a_block_ends_the_running_web_sockets_of_its_network_at_once() {
    let upstream = FakeUpstream::answering(Answer::WebSocketEcho);
    let gate = gate(&upstream);
    let open = |source: [u8; 4]| {
        let connection = Connection::open_from(IpAddr::from(source), gate.address()).unwrap();
        WebSocket::over(connection, gate.address(), "/ws", &[]).unwrap()
    };
    let (mut blocked, mut spared) = (open([127, 0, 7, 1]), open([127, 0, 8, 1]));
    let end = done(&gate, &["block", "add", "127.0.7.1"]);
    assert!(end.stdout.contains("1 running connection(s) ended"), "{end:#?}");
    assert_eq!(blocked.read_close().unwrap(), Some(1008));
    assert!(blocked.connection.is_closed_within(PATIENCE));
    spared.send(&Frame::text("still here")).unwrap();
    assert_eq!(spared.read().unwrap(), Frame::text("still here").unmasked());
}

/// No waiting: the record must be there when the command has ended.
#[test]
fn an_act_is_in_the_journal_with_its_actor_before_it_is_answered() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream);
    let actor = format!("uid:{}", fs::metadata(gate.data()).unwrap().uid());
    for (arguments, name) in [
        (
            &["block", "add", "192.0.2.7", "--for", "1h", "--why", "probing"][..],
            "blocklist.network.blocked",
        ),
        (&["block", "remove", "192.0.2.7"], "blocklist.network.unblocked"),
    ] {
        done(&gate, arguments);
        let acts: Vec<Value> = gate.audit();
        let act = acts.iter().find(|act| act["event.name"] == name);
        let act = act.unwrap_or_else(|| panic!("no {name}: {acts:#?}"));
        assert_eq!(
            (&act["actor"], &act["network"]),
            (&actor.as_str().into(), &"192.0.2.7/32".into())
        );
        assert!(act["at"].as_str().unwrap().ends_with('Z'), "{act:#}");
    }
    let acts = gate.audit();
    let blocked = acts.iter().find(|act| act["event.name"] == "blocklist.network.blocked").unwrap();
    assert_eq!(blocked["message"], "probing");
    assert!(blocked["until"].is_string(), "{blocked:#}");
}

/// The command that is refused has not happened: what cannot be recorded is not done.
#[test]
fn an_act_that_cannot_be_recorded_is_not_done() {
    let folder = TempFolder::new();
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("audit")).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink("/dev/full", data.join("audit/audit.jsonl")).unwrap();
    let gate = gate_on(&upstream, &data);
    let end = gate.command(&["block", "add", "127.0.7.1"]);
    assert_eq!(end.code, Some(2), "{end:#?}");
    assert!(end.stderr.contains("not done: the audit record could not be written"), "{end:#?}");
    assert_eq!(get_from([127, 0, 7, 1], &gate).status, 200);
    assert!(done(&gate, &["block", "list"]).stdout.contains("nothing is blocked"));
}

#[test]
fn a_network_that_shuts_out_nearly_everyone_is_blocked_only_with_force() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet")).upstream(&upstream.url());
    let gate = builder.config("[client]\ntrusted_proxies = [\"10.9.0.0/16\"]\n").start();
    for (network, what) in [
        ("0.0.0.0/0", "everyone"),
        ("::/0", "everyone"),
        ("0.0.0.0/1", "a large part of the internet"),
        ("127.0.0.0/8", "this machine itself"),
        ("10.9.1.1", "proxies of `[client] trusted_proxies`"),
    ] {
        let end = gate.command(&["block", "add", network]);
        assert_eq!(end.code, Some(2), "{network}: {end:#?}");
        assert!(end.stderr.contains(what) && end.stderr.contains("--force"), "{end:#?}");
    }
    assert!(done(&gate, &["block", "list"]).stdout.contains("nothing is blocked"));
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    done(&gate, &["block", "add", "127.0.0.0/8", "--force", "--for", "1h"]);
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 403);
    done(&gate, &["block", "remove", "127.0.0.0/8"]);
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
}

#[test]
fn a_block_with_an_end_ends_by_itself() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream);
    done(&gate, &["block", "add", "127.0.7.1", "--for", "1s"]);
    assert_eq!(get_from([127, 0, 7, 1], &gate).status, 403);
    let is_over = || (get_from([127, 0, 7, 1], &gate).status == 200).then_some(());
    assert!(poll_until(Duration::from_secs(4), is_over).is_some());
    assert!(done(&gate, &["block", "list"]).stdout.contains("nothing is blocked"));
}

#[test]
fn blocks_survive_a_restart_and_are_listed() {
    let folder = TempFolder::new();
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let data = folder.path().join("data");
    let mut first = gate_on(&upstream, &data);
    done(&first, &["block", "add", "127.0.7.0/24", "--why", "probing"]);
    done(&first, &["block", "add", "2001:db8::/32", "--for", "2h"]);
    first.kill();
    let second = gate_on(&upstream, &data);
    assert_eq!(get_from([127, 0, 7, 1], &second).status, 403);
    let listed = done(&second, &["block", "list"]).stdout;
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines.len() == 2 && lines.iter().any(|line| line.contains("probing")), "{listed}");
    let json: Value =
        serde_json::from_str(&done(&second, &["block", "list", "--json"]).stdout).unwrap();
    let networks: Vec<&Value> =
        json["blocks"].as_array().unwrap().iter().map(|block| &block["network"]).collect();
    assert_eq!(networks, ["127.0.7.0/24", "2001:db8::/32"]);
}

#[test]
fn unusable_input_and_a_server_that_does_not_run_end_with_2() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let mut gate = gate(&upstream);
    for (arguments, message) in [
        (&["block", "add", "300.1.1.1"][..], "`300.1.1.1` is not a network"),
        (&["block", "add", "example.org"], "`example.org` is not a network"),
        (&["block", "add", "10.0.0.0/40"], "`10.0.0.0/40`"),
        (&["block", "remove", "x"], "`x` is not a network"),
        (&["block", "add", "192.0.2.1", "--for", "soon"], "--for: `soon`"),
        (&["block", "add", "192.0.2.1", "--for", "0s"], "--for: "),
    ] {
        let end = gate.command(arguments);
        assert_eq!(end.code, Some(2), "{arguments:?}: {end:#?}");
        assert!(end.stderr.contains(message), "{arguments:?}: {end:#?}");
        assert!(end.stderr.contains("hint: "), "{arguments:?}: {end:#?}");
    }
    assert!(gate.audit().is_empty(), "nothing was done");
    gate.stop();
    for arguments in [&["block", "add", "192.0.2.1"][..], &["block", "list"]] {
        let end = gate.command(arguments);
        assert_eq!(end.code, Some(2), "{end:#?}");
        assert!(
            end.stderr.contains("no server runs on") && end.stderr.contains("hint: "),
            "{end:#?}"
        );
    }
    let end = gate.command(&["status"]);
    assert_eq!(end.code, Some(1), "that none runs is what was asked: {end:#?}");
}

#[test]
fn the_data_folder_and_its_socket_are_closed_to_others() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let mut gate = gate(&upstream);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let socket = gate.data().join("control.sock");
    assert!(fs::metadata(&socket).unwrap().file_type().is_socket());
    assert_eq!((mode(gate.data()), mode(&socket)), (0o700, 0o600));
    for (folder, file) in [("log", "events.jsonl"), ("audit", "audit.jsonl")] {
        let folder = gate.data().join(folder);
        assert_eq!((mode(&folder), mode(&folder.join(file))), (0o700, 0o600), "{folder:?}");
    }
    gate.stop();
    assert!(!socket.exists(), "a stop leaves no socket");
}

#[test]
fn status_says_what_runs_where() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream);
    done(&gate, &["block", "add", "192.0.2.1"]);
    let status: Value = serde_json::from_str(&done(&gate, &["status", "--json"]).stdout).unwrap();
    assert_eq!(status["pid"], gate.id());
    assert_eq!(status["listen"], serde_json::json!([gate.address().to_string()]));
    assert_eq!(status["admin"], gate.admin().to_string());
    assert_eq!(status["blocks"], 1);
    let text = done(&gate, &["status"]).stdout;
    assert!(text.contains(&gate.address().to_string()), "{text}");
    let folder = TempFolder::new();
    let nowhere = folder.path().join("none").display().to_string();
    let end = run_program(env!("CARGO_BIN_EXE_mantlet"), &["status", "--data", &nowhere], PATIENCE);
    assert_eq!(end.code, Some(1), "{end:#?}");
    assert!(!Path::new(&nowhere).exists(), "asking makes no folder");
}
