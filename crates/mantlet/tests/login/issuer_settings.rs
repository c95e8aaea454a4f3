//! Settings of issuers outside, each shown to act.

use std::time::Duration;

use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, TempFolder, certificate, free_address, poll_until,
};
use serde_json::json;

use super::closed;
use super::common::{PATIENCE, gate};
use super::issuers::{Publisher, claims, made, set, wait_for_keys, with};

#[test]
fn a_token_lives_no_longer_than_is_said() {
    let token = |end: &str| json!({"key": "a", "claims": claims(&json!({"exp": end}))});
    let Some(made) = made(&json!({"a": "ES256"}), &[token("200"), token("600")]) else { return };
    let publisher = Publisher::of(&[&made.keys["a"]]);
    for (setting, expected) in [("", [200, 200]), ("max_lifetime = \"5m\"\n", [200, 401])] {
        let (_upstream, gate) = closed(&publisher.config(&format!("leeway = \"1s\"\n{setting}")));
        wait_for_keys(&gate);
        let statuses: Vec<u16> =
            made.tokens.iter().map(|token| with(&gate, "/", token).status).collect();
        assert_eq!(statuses, expected, "{setting}");
    }
}

#[test]
fn keys_of_an_issuer_that_cannot_be_asked_count_as_long_as_is_said() {
    let token = json!({"key": "a", "claims": claims(&json!({}))});
    let unknown = json!({"key": "b", "claims": claims(&json!({}))});
    let Some(made) = made(&json!({"a": "ES256", "b": "ES256"}), &[token, unknown]) else { return };
    let [known, unknown] = made.tokens.as_slice() else { panic!() };
    for (setting, status) in [("", 200), ("keep = \"1s\"\n", 503)] {
        let publisher = Publisher::of(&[&made.keys["a"]]);
        let (_upstream, gate) = closed(&publisher.config(setting));
        wait_for_keys(&gate);
        assert_eq!(with(&gate, "/", known).status, 200, "{setting}");
        publisher.publish(Answer::status(500));
        std::thread::sleep(Duration::from_millis(1500));
        // A token whose key nobody knows has the keys asked for again.
        let _ = with(&gate, "/", unknown);
        let _ =
            gate.wait_for_event(|event| event["event.name"] == "identity.issuer.failed", PATIENCE);
        let is_so = || (with(&gate, "/", known).status == status).then_some(());
        assert!(poll_until(PATIENCE, is_so).is_some(), "{setting}: {}", gate.story());
        publisher.publish(set(&[&made.keys["a"]]));
    }
}

#[test]
fn an_issuer_is_believed_under_the_authorities_that_are_said() {
    let token = json!({"key": "a", "claims": claims(&json!({}))});
    let Some(made) = made(&json!({"a": "ES256"}), &[token]) else { return };
    let publisher = Publisher::of(&[&made.keys["a"]]);
    // Another gate puts TLS before it.
    let folder = TempFolder::new();
    let (cert, key) = certificate(&folder, "cert.pem", "key.pem");
    let (other, _) = certificate(&folder, "other.pem", "other-key.pem");
    let address = free_address();
    let tls = format!("[server.tls]\nlisten = \"{address}\"\ncert = {cert:?}\nkey = {key:?}\n");
    let _front: MantletProcess = gate(&publisher.server, &tls);
    for (setting, is_believed) in [
        (String::new(), false),
        (format!("ca = {other:?}\n"), false),
        (format!("ca = {cert:?}\n"), true),
    ] {
        let config = publisher.config(&setting);
        let url = format!("https://localhost:{}", address.port());
        let config = config.replace(&publisher.server.url(), &url);
        let (_upstream, gate): (FakeUpstream, _) = closed(&config);
        if is_believed {
            wait_for_keys(&gate);
            assert_eq!(with(&gate, "/", &made.tokens[0]).status, 200);
        } else {
            let failed =
                |event: &serde_json::Value| event["event.name"] == "identity.issuer.failed";
            let _ = gate.wait_for_event(failed, PATIENCE);
            assert_eq!(with(&gate, "/", &made.tokens[0]).status, 503, "{setting}");
        }
    }
}

#[test]
fn the_claims_of_an_issuer_mean_what_is_said() {
    let more = json!({"name": "Anna", "scope": "w.all"});
    let other = json!({"name": "Anna", "permissions": ["w.all"]});
    let token = |more| json!({"key": "a", "claims": claims(more)});
    let Some(made) = made(&json!({"a": "ES256"}), &[token(&more), token(&other)]) else { return };
    let publisher = Publisher::of(&[&made.keys["a"]]);
    let role = "[[identity.issuers.corp.roles]]\nclaim = \"name\"\nvalue = \"Anna\"\nrole = \"admin\"\n\
        [[routes]]\npath = \"/w\"\nrequire = { permission = \"write\" }\n";
    for (user, scope, name, expected) in [
        ("", "", "corp:Alice", [200, 403]),
        ("user = \"name\"\n", "claim = \"permissions\"\n", "corp:Anna", [403, 200]),
    ] {
        let scopes = format!(
            "[[identity.issuers.corp.scopes]]\nvalue = \"w.all\"\nscope = \"write\"\n{scope}"
        );
        let (upstream, gate) = closed(&publisher.config(&format!("{user}{role}{scopes}")));
        wait_for_keys(&gate);
        let statuses: Vec<u16> =
            made.tokens.iter().map(|token| with(&gate, "/w", token).status).collect();
        assert_eq!(statuses, expected, "{scope}");
        let seen = upstream.requests().pop().unwrap();
        assert_eq!(seen.header("x-forwarded-user"), Some(name));
    }
}
