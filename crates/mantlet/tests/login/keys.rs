//! API keys.

use mantlet_testkit::wire;

use super::common::assert_refused;
use super::{add, asking, closed, json, key, signed_in, with_key};

// covers: SAMO-04, SAMO-05, SAMO-07, SAMO-09 (binary)
#[test]
fn samo_d08_a_key_lets_its_program_in_and_the_application_never_sees_it() {
    let (upstream, gate) = closed("");
    add(&gate, "robot", "user");
    let (id, key) = key(&gate, "robot", &["--expires", "90d", "--label", "nightly"]);
    assert!(key.starts_with(&format!("mk_live_{id}_")), "{key}");
    for header in [("X-API-Key", key.clone()), ("Authorization", format!("bearer {key}"))] {
        let headers = [(header.0, header.1.as_str()), ("X-Forwarded-User", "admin")];
        assert_eq!(wire::get(gate.address(), "/", &headers).status, 200, "{}", header.0);
        let seen = upstream.requests().pop().unwrap();
        assert_eq!(seen.header("x-forwarded-user"), Some("robot"));
        assert!(!seen.head().contains(&key), "{}", seen.head());
    }
    let listed = &json(&gate, &["key", "list", "--user", "robot"])["keys"][0];
    assert_eq!(
        (&listed["id"], &listed["state"], &listed["label"]),
        (&id.as_str().into(), &"active".into(), &"nightly".into())
    );
    assert!(listed["last_used"].is_string() && listed["revoked"].is_null(), "{listed}");
    for file in ["log/events.jsonl", "log/access.jsonl", "audit/audit.jsonl"] {
        let text = std::fs::read_to_string(gate.data().join(file)).unwrap_or_default();
        assert!(!text.contains(&key), "{file}");
    }
}

// covers: SAMO-08 (binary)
#[test]
fn samo_d04_d07_a_revoked_key_is_refused_within_a_second_and_leaves_a_trace() {
    let (_upstream, gate) = closed("");
    add(&gate, "robot", "user");
    let (id, key) = key(&gate, "robot", &[]);
    assert_eq!(with_key(&gate, "/", &key).status, 200);
    let revoked = gate.command(&["key", "revoke", &id, "--why", "leaked"]);
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    let refused = with_key(&gate, "/", &key);
    let event = assert_refused(&gate, &refused, (401, "invalid-credential"), "revoked");
    assert_eq!(event["evidence"], "revoked api-key");
    assert!(refused.header("www-authenticate").unwrap().contains("invalid_token"));
    let listed = &json(&gate, &["key", "list"])["keys"][0];
    assert_eq!(
        (&listed["state"], &listed["revoked"]["why"]),
        (&"revoked".into(), &"leaked".into())
    );
    assert_eq!(gate.command(&["key", "revoke", &id]).code, Some(2), "once");
}

// covers: SAMO-46 (binary)
#[test]
fn samo_d05_a_rotated_key_has_two_secrets_for_a_while() {
    let (_upstream, gate) = closed("");
    add(&gate, "robot", "user");
    let (id, old) = key(&gate, "robot", &[]);
    let rotated = json(&gate, &["key", "rotate", &id]);
    let new = rotated["key"].as_str().unwrap();
    assert_eq!((with_key(&gate, "/", &old).status, with_key(&gate, "/", new).status), (200, 200));
    let rotated = json(&gate, &["key", "rotate", &id, "--grace", "0s"]);
    let newest = rotated["key"].as_str().unwrap();
    assert_eq!((with_key(&gate, "/", new).status, with_key(&gate, "/", newest).status), (401, 200));
}

#[test]
fn keys_of_somebody_who_may_not_are_refused() {
    let (_upstream, gate) = closed("");
    add(&gate, "robot", "user");
    let (_, key) = key(&gate, "robot", &[]);
    assert_eq!(with_key(&gate, "/", &key).status, 200);
    assert_eq!(gate.command(&["user", "lock", "robot"]).code, Some(0));
    assert_refused(&gate, &with_key(&gate, "/", &key), (401, "invalid-credential"), "locked");
    assert_eq!(gate.command(&["user", "unlock", "robot"]).code, Some(0));
    assert_eq!(with_key(&gate, "/", &key).status, 200, "open again");
}

#[test]
fn samo_d03_a_key_is_bounded_to_its_scopes_its_networks_and_its_time() {
    let config = "[[routes]]\npath = \"/write\"\nrequire = { permission = \"write\" }\n\
                  [[routes]]\npath = \"/role\"\nrequire = { role = \"admin\" }\n";
    let (_upstream, gate) = closed(config);
    add(&gate, "robot", "admin");
    let (_, reader) = key(&gate, "robot", &["--scope", "read"]);
    assert_eq!(with_key(&gate, "/", &reader).status, 200);
    let refused = with_key(&gate, "/write", &reader);
    assert_refused(&gate, &refused, (403, "access-forbidden"), "scope");
    assert!(refused.header("www-authenticate").unwrap().contains("insufficient_scope"));
    let (_, writer) = key(&gate, "robot", &[]);
    assert_eq!(with_key(&gate, "/write", &writer).status, 200, "all that its owner has");
    assert_eq!(with_key(&gate, "/role", &writer).status, 403, "a key stands for no role");
    let (_, elsewhere) = key(&gate, "robot", &["--network", "10.0.0.0/8"]);
    let refused = with_key(&gate, "/", &elsewhere);
    let event = assert_refused(&gate, &refused, (401, "invalid-credential"), "network");
    assert_eq!(event["evidence"], "other-network api-key");
    let (_, short) = key(&gate, "robot", &["--expires", "1s"]);
    // Asked for again and again, which does not make it live longer.
    let is_over = || (with_key(&gate, "/", &short).status == 401).then_some(());
    assert!(mantlet_testkit::poll_until(super::common::PATIENCE, is_over).is_some());
    let unknown = gate.command(&["key", "issue", "--user", "robot", "--scope", "fly"]);
    assert!(
        unknown.code == Some(2) && unknown.stderr.contains("no permission `fly`"),
        "{unknown:?}"
    );
}

#[test]
fn one_request_shows_one_credential() {
    let (upstream, gate) = closed("");
    let person = signed_in(&gate, "alice", "user");
    let (_, key) = key(&gate, "alice", &[]);
    let token =
        json(&gate, &["token", "issue", "--user", "alice"])["token"].as_str().unwrap().to_owned();
    let cookie = person.cookie_header();
    let (bearer_key, bearer) = (format!("Bearer {key}"), format!("Bearer {token}"));
    for headers in [
        &[("Cookie", cookie.as_str()), ("X-API-Key", &key)][..],
        &[("Cookie", &cookie), ("Authorization", &bearer_key)],
        &[("Cookie", &cookie), ("Authorization", &bearer)],
        &[("X-API-Key", &key), ("Authorization", &bearer)],
        &[("X-API-Key", &key), ("X-API-Key", &key)],
        &[("X-API-Key", &key), ("Cookie", "mantlet-session=x")],
    ] {
        let refused = wire::get(gate.address(), "/", headers);
        assert_refused(&gate, &refused, (401, "ambiguous-credentials"), &format!("{headers:?}"));
    }
    assert!(upstream.is_untouched());
}

#[test]
fn keys_that_are_not_ours_are_the_applications() {
    let config = "[[routes]]\npath = \"/ours\"\nrequire = \"login\"\n[[routes]]\npath = \"/open\"\nrequire = \"none\"\n";
    let (upstream, gate) = asking(config);
    let headers = [("X-API-Key", "sk-theirs"), ("Authorization", "Bearer theirs")];
    assert_eq!(wire::get(gate.address(), "/open", &headers).status, 200);
    let seen = upstream.requests().pop().unwrap();
    assert_eq!(seen.header("x-api-key"), Some("sk-theirs"));
    assert_eq!(seen.header("authorization"), Some("Bearer theirs"));
    assert_eq!(wire::get(gate.address(), "/ours", &headers).status, 401);
    for forged in [
        "mk_live_x",
        "mk_live_aaaaaaaaaaaa_bbbb",
        &format!("mk_live_{}_{}", "a".repeat(12), "b".repeat(49)),
    ] {
        assert_eq!(with_key(&gate, "/open", forged).status, 401, "{forged}");
    }
}

#[test]
fn samo_d09_people_issue_keys_for_what_they_hold_themselves() {
    let (_upstream, gate) = closed("");
    let mut person = signed_in(&gate, "alice", "viewer");
    let typed = |scope: &'static str| [("label", "my script"), ("days", "7"), ("scope", scope)];
    let answer = person.profile("keys/issue", &typed("read"));
    let page = answer.text();
    let start = page.find("mk_live_").unwrap_or_else(|| panic!("{page}"));
    let key: String = page.get(start..).unwrap().chars().take_while(|c| *c != '<').collect();
    assert_eq!(with_key(&gate, "/", &key).status, 200);
    let refused = person.profile("keys/issue", &typed("manage"));
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.text().contains("manage"));
    let revoked = person.profile("keys/revoke", &[]);
    assert_eq!(revoked.status, 303, "{revoked:?}");
    assert_eq!(with_key(&gate, "/", &key).status, 401);
    // Another's key is not revoked, and no key opens the page.
    add(&gate, "bob", "user");
    let (id, bobs) = super::key(&gate, "bob", &[]);
    let shown = person.get("/.mantlet/profile");
    let mut fields = super::person::form(&shown.text(), "/.mantlet/profile/keys/issue");
    fields.push(("id".to_owned(), id));
    person.post("/.mantlet/profile/keys/revoke", &fields);
    assert_eq!(with_key(&gate, "/", &bobs).status, 200);
    assert_eq!(with_key(&gate, "/.mantlet/profile", &bobs).status, 403);
}

#[test]
fn a_key_for_what_its_owner_may_not_says_so() {
    let (_upstream, gate) = closed("");
    add(&gate, "robot", "user");
    let issue = |scope: &str| gate.command(&["key", "issue", "--user", "robot", "--scope", scope]);
    let idle = issue("manage");
    assert_eq!(idle.code, Some(0), "{idle:?}");
    assert!(idle.stderr.contains("`robot` may not manage now"), "{idle:?}");
    let fine = issue("read");
    assert_eq!((fine.code, fine.stderr.as_str()), (Some(0), ""), "{fine:?}");
    let told = json(&gate, &["key", "issue", "--user", "robot", "--scope", "manage"]);
    assert_eq!(told["idle_scopes"], serde_json::json!(["manage"]), "{told}");
}
