//! Signed tokens.

use std::collections::BTreeSet;

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, poll_until};
use serde_json::{Value, json as value};

use super::common::{PATIENCE, assert_refused};
use super::{add, closed, json};

fn token(gate: &MantletProcess, more: &[&str]) -> String {
    let issued = json(gate, &[&["token", "issue", "--user", "alice"], more].concat());
    issued["token"].as_str().unwrap().to_owned()
}

fn with(gate: &MantletProcess, token: &str) -> Response {
    wire::get(gate.address(), "/", &[("Authorization", &format!("Bearer {token}"))])
}

fn base64(value: &Value) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let text = value.to_string();
    let bits: String = text.bytes().map(|byte| format!("{byte:08b}")).collect();
    let groups: Vec<char> = bits.chars().collect();
    let digit = |group: &[char]| {
        let text: String = group.iter().collect();
        char::from(letters[usize::from_str_radix(&format!("{text:0<6}"), 2).unwrap()])
    };
    groups.chunks(6).map(digit).collect()
}

// covers: SAMO-10, SAMO-11, YMERA-05 (binary)
#[test]
fn samo_d10_d12_a_token_counts_until_it_is_revoked() {
    let (upstream, gate) = closed("");
    add(&gate, "alice", "user");
    let one = token(&gate, &[]);
    assert_eq!(with(&gate, &one).status, 200);
    let seen = upstream.requests().pop().unwrap();
    assert_eq!(
        (seen.header("x-forwarded-user"), seen.header("authorization")),
        (Some("alice"), None)
    );
    let said = gate.command(&["token", "verify", &one]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let said: Value = serde_json::from_str(&said.stdout).unwrap();
    for claim in ["iss", "aud", "sub", "exp", "iat", "jti"] {
        assert!(!said[claim].is_null(), "{claim}: {said}");
    }
    let other = token(&gate, &[]);
    assert_eq!(gate.command(&["token", "revoke", &one]).code, Some(0));
    let refused = with(&gate, &one);
    let event = assert_refused(&gate, &refused, (401, "invalid-credential"), "revoked");
    assert_eq!(event["evidence"], "revoked token");
    assert_eq!(gate.command(&["token", "verify", &one]).code, Some(1));
    assert_eq!(with(&gate, &other).status, 200, "only that one");
    assert_eq!(gate.command(&["user", "lock", "alice"]).code, Some(0));
    assert_eq!(with(&gate, &other).status, 401, "samo-d11: with the account");
}

#[test]
fn samo_d13_d15_ymera_d05_forged_tokens_open_nothing() {
    let (upstream, gate) = closed("");
    add(&gate, "alice", "user");
    let real = token(&gate, &[]);
    let parts: Vec<&str> = real.split('.').collect();
    let claims = value!({"iss": "mantlet", "aud": "mantlet", "sub": "alice", "iat": 1, "exp": 9_999_999_999_i64, "jti": "x"});
    let jwk = value!({"alg": "EdDSA", "typ": "at+jwt", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}});
    let (mut reasons, mut pages) = (BTreeSet::new(), BTreeSet::new());
    for (about, forged) in [
        (
            "no algorithm",
            format!("{}.{}.", base64(&value!({"alg": "none", "typ": "at+jwt"})), base64(&claims)),
        ),
        ("None", format!("{}.{}.x", base64(&value!({"alg": "None"})), parts[1])),
        (
            "another algorithm",
            format!(
                "{}.{}.{}",
                base64(&value!({"alg": "HS256", "typ": "at+jwt"})),
                parts[1],
                parts[2]
            ),
        ),
        ("a key of its own", format!("{}.{}.{}", base64(&jwk), parts[1], parts[2])),
        ("other claims", format!("{}.{}.{}", parts[0], base64(&claims), parts[2])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("no claims", format!("{}.%.{}", parts[0], parts[2])),
        ("a longer signature", format!("{real}AA")),
    ] {
        let refused = with(&gate, &forged);
        let event = assert_refused(&gate, &refused, (401, "invalid-credential"), about);
        reasons.insert(event["evidence"].as_str().unwrap().to_owned());
        let mut problem = refused.json();
        problem["request_id"] = Value::Null;
        problem["instance"] = Value::Null;
        pages.insert(problem.to_string());
    }
    assert_eq!(pages.len(), 1, "outside they are all the same: {pages:?}");
    assert!(reasons.len() >= 4, "the operator learns what was wrong: {reasons:?}");
    assert!(upstream.is_untouched());
    // A token of another issuer is the application's business, and nobody's here.
    let theirs = value!({"iss": "https://other.example", "sub": "alice"});
    let theirs = format!("{}.{}.x", base64(&value!({"alg": "none"})), base64(&theirs));
    assert_refused(&gate, &with(&gate, &theirs), (401, "sign-in-required"), "theirs");
}

// covers: SAMO-47 (binary)
#[test]
fn samo_d14_d16_a_token_ends_when_it_says_and_lives_as_long_as_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("inside"));
    let config =
        "[identity.tokens]\nlifetime = \"2s\"\nissuer = \"https://us\"\naudience = \"them\"\n";
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet")).upstream(&upstream.url());
    // The clock on the wall says something else.
    let builder = builder.arg("--require-login").config(config).env("TZ", "Pacific/Kiritimati");
    let gate = builder.start();
    add(&gate, "alice", "user");
    let token = token(&gate, &["--expires", "5h"]);
    let said: Value =
        serde_json::from_str(&gate.command(&["token", "verify", &token]).stdout).unwrap();
    assert_eq!((&said["iss"], &said["aud"]), (&"https://us".into(), &"them".into()));
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 2);
    assert_eq!(with(&gate, &token).status, 200);
    // Clocks may differ by half a minute: that long a token counts beyond its end.
    let patience = PATIENCE + std::time::Duration::from_secs(35);
    assert!(poll_until(patience, || (with(&gate, &token).status == 401).then_some(())).is_some());
}

#[test]
fn a_token_is_bounded_to_its_scopes_and_to_what_its_owner_may_now() {
    let config = "[[routes]]\npath = \"/w\"\nrequire = { permission = \"write\" }\n";
    let (_upstream, gate) = closed(config);
    add(&gate, "alice", "user");
    let ask = |token: &str| {
        let bearer = format!("Bearer {token}");
        wire::get(gate.address(), "/w", &[("Authorization", &bearer)]).status
    };
    let (narrow, wide) = (token(&gate, &["--scope", "read"]), token(&gate, &[]));
    assert_eq!((ask(&narrow), ask(&wide)), (403, 200));
    assert_eq!(gate.command(&["role", "set", "alice", "viewer"]).code, Some(0));
    assert_eq!(ask(&wide), 403, "roles are never taken from the token");
}
