//! Approvals: who gave them, for how long, and what ends them.

use mantlet_testkit::{poll_until, wire};

use super::common::PATIENCE;
use super::{add, asking, json, key, with_key};

const VAULT: &str = "[access]\nprofile = \"research\"\n\
    [[routes]]\npath = \"/vault/{owner}/{box}\"\nresource = \"vault:{owner}:{box}\"\nrequire = { class = \"restricted\" }\n";

// covers: SCI-27, SCI-28, SAMO-57 (binary)
#[test]
fn sci_d20_an_approval_opens_one_thing_for_one_person_until_it_ends() {
    let (_upstream, gate) = asking(VAULT);
    for (name, role) in [("alice", "user"), ("bob", "user"), ("carol", "super_admin")] {
        add(&gate, name, role);
    }
    let ((_, alice), (_, bob)) = (key(&gate, "alice", &[]), key(&gate, "bob", &[]));
    let status = |path: &str, key: &str| with_key(&gate, path, key).status;
    assert_eq!(status("/vault/alice/1", &alice), 403);
    let approve = |words: &[&str]| gate.command(&[&["access", "approve"], words].concat());
    for (words, part) in [
        (&["alice", "vault:alice:1", "--by", "alice"][..], "nobody approves for themselves"),
        (&["alice", "vault:alice:1", "--by", "ALICE"], "nobody approves for themselves"),
        (&["alice", "vault:alice:1", "--by", "\u{ff41}lice"], "nobody approves for themselves"),
        (&["alice", "vault:alice:1", "--by", "nobody"], "no account `nobody`"),
        (&["mallory", "vault:alice:1"], "no account `mallory`"),
        (&["alice", "vault:alice:1", "--until", "367d"], "at most"),
        (&["alice", "a thing"], "no name of a thing"),
        (&["alice", "class:secret"], "no class `secret`"),
    ] {
        let done = approve(words);
        assert!(done.code == Some(2) && done.stderr.contains(part), "{words:?}: {done:?}");
    }
    assert_eq!(status("/vault/alice/1", &alice), 403);
    let given = json(
        &gate,
        &["access", "approve", "alice", "vault:alice:1", "--by", "carol", "--why", "audit"],
    );
    assert_eq!(status("/vault/alice/1", &alice), 200);
    assert_eq!(status("/vault/alice/2", &alice), 403, "another thing");
    assert_eq!(status("/vault/alice/1", &bob), 403, "another person");
    let write =
        wire::request(gate.address(), "PUT", "/vault/alice/1", &[("X-API-Key", &alice)], b"");
    assert_eq!(write.status, 403, "it was for reading");
    let number = given["number"].to_string();
    json(&gate, &["access", "withdraw", &number]);
    assert_eq!(status("/vault/alice/1", &alice), 403);
    let again = gate.command(&["access", "withdraw", &number]);
    assert!(again.code == Some(2) && again.stderr.contains("withdrawn already"), "{again:?}");
    json(&gate, &["access", "approve", "alice", "class:restricted", "--until", "2s"]);
    assert_eq!(status("/vault/alice/2", &alice), 200);
    let is_over = || (status("/vault/alice/2", &alice) == 403).then_some(());
    assert!(poll_until(PATIENCE, is_over).is_some(), "it never ended");
    let all = json(&gate, &["access", "approvals", "--user", "alice"]);
    let states: Vec<_> =
        all["approvals"].as_array().unwrap().iter().map(|it| it["state"].clone()).collect();
    assert_eq!(states, ["withdrawn", "expired"]);
    for code in ["access.approval.given", "access.approval.withdrawn"] {
        let event = gate.wait_for_event(
            |event| {
                event["event.code"] == code
                    || event["event"] == code
                    || event.to_string().contains(code)
            },
            PATIENCE,
        );
        assert!(event.to_string().contains("alice"), "{event}");
    }
    let config = gate.config_file();
    let config = config.to_str().unwrap();
    let review = gate.command(&["access", "review", "--json", "--config", config]);
    let review: serde_json::Value = serde_json::from_str(&review.stdout).unwrap();
    assert_eq!(review["void_approvals"].as_array().unwrap().len(), 1, "{review}");
    assert_eq!(review["unused_roles"], serde_json::json!([]), "inherited ones are had: {review}");
}
