//! Tokens of issuers outside, made by PyJWT, and attacks on how they are checked.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, left_out, poll_until, root, run_program, venv_python,
};
use serde_json::{Value, json};

use super::common::{PATIENCE, assert_refused};
use super::{add, closed};

const ISSUER: &str = "https://login.corp.example/";

/// Keys by their names, and tokens.
pub(crate) struct Made {
    pub(crate) keys: Value,
    pub(crate) tokens: Vec<String>,
}

/// What PyJWT makes of `wanted`; `None` where it is not there, which is then on record.
pub(crate) fn made(keys: &Value, tokens: &[Value]) -> Option<Made> {
    let Some(python) = venv_python(&["jwt", "cryptography"]) else {
        left_out("pyjwt", "PyJWT is not in target/venv");
        return None;
    };
    let script = root().join("crates/mantlet/tests/login/issuers.py");
    let wanted = json!({ "keys": keys, "tokens": tokens }).to_string();
    let arguments = ["-W", "ignore", script.to_str().unwrap(), &wanted];
    let done = run_program(python, &arguments, Duration::from_secs(60));
    assert_eq!(done.code, Some(0), "{done:?}");
    let made: Value = serde_json::from_str(&done.stdout).unwrap();
    let tokens = made["tokens"].as_array().unwrap().iter();
    let tokens = tokens.map(|token| token.as_str().unwrap().to_owned()).collect();
    Some(Made { keys: made["keys"].clone(), tokens })
}

/// Claims that are in order, with others besides.
pub(crate) fn claims(more: &Value) -> Value {
    let mut claims = json!({ "iss": ISSUER, "aud": "app", "sub": "Alice", "jti": "1" });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// A server on which an issuer publishes what can be changed.
pub(crate) struct Publisher {
    pub(crate) server: FakeUpstream,
    answer: Arc<Mutex<Answer>>,
}

impl Publisher {
    fn new(answer: Answer) -> Self {
        let answer = Arc::new(Mutex::new(answer));
        let shown = Arc::clone(&answer);
        let server = FakeUpstream::start(move |request| match request.target.as_str() {
            "/keys?p=1" => shown.lock().unwrap().clone(),
            _ => Answer::status(404),
        });
        Self { server, answer }
    }

    pub(crate) fn of(keys: &[&Value]) -> Self {
        Self::new(set(keys))
    }

    pub(crate) fn publish(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// The settings of an issuer whose keys are here.
    pub(crate) fn config(&self, more: &str) -> String {
        let url = self.server.url();
        format!(
            "[identity.issuers.corp]\nissuer = \"{ISSUER}\"\njwks_url = \"{url}/keys?p=1\"\naudience = \"app\"\n{more}"
        )
    }
}

pub(crate) fn set(keys: &[&Value]) -> Answer {
    Answer::json(&json!({ "keys": keys }).to_string())
}

pub(crate) fn with(gate: &MantletProcess, path: &str, token: &str) -> Response {
    wire::get(gate.address(), path, &[("Authorization", &format!("Bearer {token}"))])
}

pub(crate) fn wait_for_keys(gate: &MantletProcess) {
    let _ = gate.wait_for_event(|event| event["event.name"] == "identity.issuer.changed", PATIENCE);
}

#[test]
fn a_token_counts_by_the_keys_its_issuer_publishes_and_gives_what_is_said() {
    let tokens = vec![
        json!({"key": "r", "claims": claims(&json!({}))}),
        json!({"key": "e", "claims": claims(&json!({"groups": ["x", "Admins"]}))}),
        json!({"key": "o", "claims": claims(&json!({"roles": ["admin"], "groups": "Admin"}))}),
        json!({"key": "e", "claims": claims(&json!({"groups": "Admins", "scope": "openid w.all"}))}),
    ];
    let Some(made) = made(&json!({"r": "RS256", "e": "ES256", "o": "EdDSA"}), &tokens) else {
        return;
    };
    let keys = &made.keys;
    let publisher = Publisher::of(&[&keys["r"], &keys["e"], &keys["o"]]);
    let more = "[[identity.issuers.corp.roles]]\nclaim = \"groups\"\nvalue = \"Admins\"\nrole = \"admin\"\n\
        [[routes]]\npath = \"/admin/*\"\nrequire = { role = \"admin\" }\n";
    let (upstream, gate) = closed(&publisher.config(more));
    add(&gate, "alice", "admin");
    wait_for_keys(&gate);
    for (token, expected) in made.tokens.iter().zip([403, 200, 403, 200]) {
        assert_eq!(with(&gate, "/", token).status, 200);
        assert_eq!(with(&gate, "/admin/x", token).status, expected, "{token}");
    }
    let seen = upstream.requests().pop().unwrap();
    assert_eq!(seen.header("x-forwarded-user"), Some("corp:Alice"));
    assert_eq!(seen.header("authorization"), None);
    // Bounded by the scopes that are said, a token has a part of that.
    let more = format!(
        "{more}[[identity.issuers.corp.scopes]]\nvalue = \"w.all\"\nscope = \"write\"\n\
         [[routes]]\npath = \"/w\"\nrequire = {{ permission = \"write\" }}\n"
    );
    let (_upstream, gate) = closed(&publisher.config(&more));
    wait_for_keys(&gate);
    let [_, admins, _, bounded] = made.tokens.as_slice() else { panic!() };
    assert_eq!([with(&gate, "/w", admins).status, with(&gate, "/w", bounded).status], [403, 200]);
    assert_eq!(with(&gate, "/admin/x", bounded).status, 403, "it stands for no role");
}

#[test]
fn forged_and_foreign_tokens_of_an_issuer_open_nothing() {
    let cases = [
        ("the public key as a secret", json!({"way": "confused"})),
        ("no signature", json!({"way": "unsigned"})),
        ("the key of another issuer", json!({"key": "b"})),
        ("that under the name of ours", json!({"key": "b", "header": {"kid": "a"}})),
        ("a path", json!({"header": {"kid": "../../../../dev/null"}})),
        ("a query", json!({"header": {"kid": "' OR 1=1 --"}})),
        ("a key of its own", json!({"header": {"jwk": {"kty": "oct", "k": "AA"}}})),
        ("an address", json!({"header": {"jku": "http://127.0.0.1:1/keys"}})),
        ("a chain", json!({"header": {"x5u": "http://127.0.0.1:1/x"}})),
        ("an extension", json!({"header": {"crit": ["x"], "x": 1}})),
        ("another type", json!({"header": {"typ": "logout+jwt"}})),
        ("for others", json!({"claims": claims(&json!({"aud": "other"}))})),
        ("for nobody", json!({"claims": claims(&json!({"aud": null}))})),
        ("over", json!({"claims": claims(&json!({"iat": "-300", "exp": "-100"}))})),
        ("without end", json!({"claims": claims(&json!({"exp": null}))})),
        ("without beginning", json!({"claims": claims(&json!({"iat": null}))})),
        ("not yet", json!({"claims": claims(&json!({"nbf": "200"}))})),
        ("for ever", json!({"claims": claims(&json!({"exp": "999999999"}))})),
        ("nobody", json!({"claims": claims(&json!({"sub": null}))})),
        ("not a name", json!({"claims": claims(&json!({"sub": "a b"}))})),
        ("in order", json!({})),
    ];
    let tokens = cases.iter().map(|(_, case)| {
        let mut token = json!({"key": "a", "claims": claims(&json!({}))});
        for (name, value) in case.as_object().unwrap() {
            token[name] = value.clone();
        }
        token
    });
    let Some(made) = made(&json!({"a": "RS256", "b": "RS256"}), &tokens.collect::<Vec<_>>()) else {
        return;
    };
    let (ours, theirs) = (Publisher::of(&[&made.keys["a"]]), Publisher::of(&[&made.keys["b"]]));
    let other = format!(
        "[identity.issuers.other]\nissuer = \"https://other.example\"\njwks_url = \"{}/keys?p=1\"\naudience = \"app\"\n",
        theirs.server.url()
    );
    let (upstream, gate) = closed(&ours.config(&other));
    for name in ["corp", "other"] {
        let _ = gate.wait_for_event(
            |event| event["event.name"] == "identity.issuer.changed" && event["name"] == name,
            PATIENCE,
        );
    }
    for ((about, _), token) in cases.iter().zip(&made.tokens) {
        let answer = with(&gate, "/", token);
        if *about == "in order" {
            assert_eq!(answer.status, 200, "{about}");
        } else {
            assert_refused(&gate, &answer, (401, "invalid-credential"), about);
        }
    }
    assert_eq!(upstream.requests().len(), 1);
}

#[test]
fn tokens_of_types_that_are_not_listed_open_nothing() {
    let of =
        |kind: &str| json!({"key": "a", "claims": claims(&json!({})), "header": {"typ": kind}});
    let Some(made) = made(&json!({"a": "ES256"}), &[of("at+jwt"), of("JWT")]) else { return };
    let publisher = Publisher::of(&[&made.keys["a"]]);
    for (setting, expected) in [("", [200, 200]), ("types = [\"at+jwt\"]\n", [200, 401])] {
        let (_upstream, gate) = closed(&publisher.config(setting));
        wait_for_keys(&gate);
        let statuses = made.tokens.iter().map(|token| with(&gate, "/", token).status);
        assert_eq!(statuses.collect::<Vec<_>>(), expected, "{setting}");
    }
}

#[test]
fn a_user_of_an_issuer_is_nobody_of_ours_unless_that_is_said() {
    let tokens = vec![
        json!({"key": "a", "claims": claims(&json!({"sub": "alice"}))}),
        json!({"key": "a", "claims": claims(&json!({"sub": "Alice"}))}),
        json!({"key": "a", "claims": claims(&json!({"sub": "corp:alice"}))}),
        json!({"key": "a", "claims": claims(&json!({"sub": "eve"}))}),
    ];
    let Some(made) = made(&json!({"a": "ES256"}), &tokens) else { return };
    let publisher = Publisher::of(&[&made.keys["a"]]);
    let admin = "[[routes]]\npath = \"/admin/*\"\nrequire = { role = \"admin\" }\n\
        [[routes]]\npath = \"/users/{user}\"\nrequire = { owner = \"{user}\" }\n";
    let (_upstream, gate) = closed(&publisher.config(admin));
    add(&gate, "alice", "admin");
    wait_for_keys(&gate);
    let [alice, capital, prefixed, eve] = made.tokens.as_slice() else { panic!() };
    let ask = |gate: &MantletProcess, path, token| with(gate, path, token).status;
    assert_eq!(ask(&gate, "/admin/x", alice), 403);
    assert_eq!(ask(&gate, "/users/alice", alice), 403);
    assert_eq!(ask(&gate, "/users/corp:alice", alice), 200);
    let added = gate.command(&["user", "add", "corp:alice", "--role", "admin"]);
    assert_eq!(added.code, Some(2), "{added:?}");
    assert!(added.stderr.contains("holds a colon"), "{added:?}");
    // An account that locks does not end somebody else's token.
    assert_eq!(gate.command(&["user", "lock", "alice"]).code, Some(0));
    assert_eq!(ask(&gate, "/", alice), 200);

    let (_upstream, gate) = closed(&publisher.config(&format!("users = \"accounts\"\n{admin}")));
    add(&gate, "alice", "admin");
    wait_for_keys(&gate);
    assert_eq!(ask(&gate, "/admin/x", alice), 200);
    assert_eq!([capital, prefixed, eve].map(|it| ask(&gate, "/", it)), [401; 3]);
    assert_eq!(gate.command(&["user", "lock", "alice"]).code, Some(0));
    let locked = poll_until(PATIENCE, || (ask(&gate, "/", alice) == 401).then_some(()));
    assert!(locked.is_some());
}

#[test]
fn tokens_of_an_issuer_end_one_by_one_and_all_of_a_user() {
    let token = |jti: &str| json!({"key": "a", "claims": claims(&json!({"jti": jti}))});
    let mut tokens = vec![token("1"), token("2")];
    tokens.push(json!({"key": "a", "claims": claims(&json!({"jti": null}))}));
    tokens.push(json!({"key": "a", "claims": claims(&json!({"jti": null, "sub": "Bob"}))}));
    let Some(made) = made(&json!({"a": "EdDSA"}), &tokens) else { return };
    let publisher = Publisher::of(&[&made.keys["a"]]);
    let (upstream, gate) = closed(&publisher.config(""));
    wait_for_keys(&gate);
    let [one, two, nameless, bob] = made.tokens.as_slice() else { panic!() };
    let all = || [one, two, nameless, bob].map(|token| with(&gate, "/", token).status);
    assert_eq!(all(), [200; 4]);
    // Nobody is told to be another because neither token has a name.
    let told = |token: &str| {
        assert_eq!(with(&gate, "/", token).status, 200);
        let seen = upstream.requests().pop().unwrap();
        let assertion = seen.header("mantlet-assertion").unwrap().to_owned();
        assertion.split('.').nth(1).unwrap().to_owned()
    };
    assert_ne!(told(nameless), told(bob));
    assert_eq!(gate.command(&["token", "revoke", one]).code, Some(0));
    assert_eq!(all(), [401, 200, 200, 200]);
    assert_eq!(gate.command(&["token", "verify", one]).code, Some(1));
    assert_eq!(gate.command(&["token", "verify", two]).code, Some(0));
    assert_eq!(gate.command(&["token", "revoke", "--user", "corp:Alice"]).code, Some(0));
    assert_eq!(all(), [401, 401, 401, 200]);
}

#[test]
fn keys_come_and_go_with_what_the_issuer_publishes() {
    let token = |key: &str| json!({"key": key, "claims": claims(&json!({}))});
    let mut tokens = vec![token("a"), token("b"), token("c")];
    tokens.push(json!({"key": "c", "claims": claims(&json!({})), "header": {"kid": "nobody"}}));
    let kinds = json!({"a": "ES256", "b": "ES256", "c": "RS256"});
    let Some(made) = made(&kinds, &tokens) else { return };
    let (keys, [a, b, c, unknown]) = (&made.keys, made.tokens.as_slice()) else { panic!() };
    let publisher = Publisher::of(&[&keys["a"]]);
    let (_upstream, gate) = closed(&publisher.config(""));
    wait_for_keys(&gate);
    assert_eq!(with(&gate, "/", a).status, 200);
    // A new key counts with the first token that it signed; the one that is gone no longer does.
    publisher.publish(set(&[&keys["b"]]));
    let counts = poll_until(PATIENCE, || (with(&gate, "/", b).status == 200).then_some(()));
    assert!(counts.is_some(), "{}", gate.story());
    let is_out = poll_until(PATIENCE, || (with(&gate, "/", a).status == 401).then_some(()));
    assert!(is_out.is_some(), "rotated out");
    // What is no set of keys, or doubtful, changes nothing.
    let twin = |key: &Value| {
        let mut twin = key.clone();
        twin["kid"] = json!("b");
        twin
    };
    for (about, answer) in [
        ("two of one name", set(&[&keys["b"], &twin(&keys["c"])])),
        ("huge", Answer::json(&format!("{{\"keys\":[]}}{}", " ".repeat(400_000)))),
    ] {
        publisher.publish(answer);
        let asked = publisher.server.requests().len();
        let fetched = poll_until(Duration::from_secs(60), || {
            with(&gate, "/", unknown);
            (publisher.server.requests().len() > asked).then_some(())
        });
        assert!(fetched.is_some(), "{about}");
        assert_eq!(with(&gate, "/", b).status, 200, "{about}");
        assert_eq!(with(&gate, "/", c).status, 401, "{about}");
    }
    let _ = gate.wait_for_event(|event| event["event.name"] == "identity.issuer.failed", PATIENCE);
    assert!(gate.metric("mantlet_upstream_failures_total{kind=\"issuer\"}") > 0);
    // Tokens whose key nobody knows do not have it asked as often as they come.
    let asked = publisher.server.requests().len();
    (0..200).for_each(|_| assert_eq!(with(&gate, "/", unknown).status, 401));
    assert!(publisher.server.requests().len() - asked < 50);
}

#[test]
fn a_request_waits_for_an_issuer_a_moment_and_is_refused_while_nobody_can_tell() {
    let token = json!({"key": "a", "claims": claims(&json!({}))});
    let Some(made) = made(&json!({"a": "ES256"}), &[token]) else { return };
    let token = &made.tokens[0];
    let silent = set(&[&made.keys["a"]]).after(Duration::from_secs(60));
    let publisher = Publisher::new(silent);
    let (upstream, gate) = closed(&publisher.config(""));
    let began = Instant::now();
    let answer = with(&gate, "/", token);
    assert_refused(&gate, &answer, (503, "guard-failed"), "no keys yet");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(upstream.is_untouched());
    // It counts without a restart once the issuer answers.
    publisher.publish(set(&[&made.keys["a"]]));
    let patience = Duration::from_secs(60);
    let counts = poll_until(patience, || (with(&gate, "/", token).status == 200).then_some(()));
    assert!(counts.is_some(), "{}", gate.story());
}

#[test]
fn the_keys_of_an_issuer_are_found_by_its_name() {
    let keys: Arc<Mutex<(String, Value)>> = Arc::default();
    let shown = Arc::clone(&keys);
    let server = FakeUpstream::start(move |request| {
        let (issuer, key) = shown.lock().unwrap().clone();
        match request.target.as_str() {
            "/realm/.well-known/openid-configuration" => {
                let url = issuer.replace("/realm", "/the-keys");
                Answer::json(&json!({ "issuer": issuer, "jwks_uri": url }).to_string())
            }
            "/the-keys" => set(&[&key]),
            _ => Answer::status(404),
        }
    });
    let issuer = format!("{}/realm", server.url());
    let token = json!({"key": "a", "claims": claims(&json!({"iss": issuer}))});
    let Some(made) = made(&json!({"a": "RS256"}), &[token]) else { return };
    // Another issuer's name in the document is no answer.
    *keys.lock().unwrap() = (format!("{issuer}/other"), made.keys["a"].clone());
    let config =
        format!("[identity.issuers.corp]\nissuer = \"{issuer}\"\naudience = [\"x\", \"app\"]\n");
    let (_upstream, gate) = closed(&config);
    let failed =
        gate.wait_for_event(|event| event["event.name"] == "identity.issuer.failed", PATIENCE);
    assert!(failed["error.message"].as_str().unwrap().contains("another issuer"), "{failed}");
    assert_eq!(with(&gate, "/", &made.tokens[0]).status, 503);
    *keys.lock().unwrap() = (issuer, made.keys["a"].clone());
    let counts = poll_until(Duration::from_secs(60), || {
        (with(&gate, "/", &made.tokens[0]).status == 200).then_some(())
    });
    assert!(counts.is_some(), "{}", gate.story());
}

#[test]
fn settings_that_would_let_in_too_much_or_nobody_are_told() {
    let upstream = FakeUpstream::answering(Answer::ok("inside"));
    let fine = "issuer = \"https://a.example\"\naudience = \"app\"\n";
    for (section, told) in [
        ("audience = \"app\"\n", "names nobody"),
        ("issuer = \"https://a.example\"\n", "made for others"),
        ("issuer = \"a\"\naudience = \"app\"\n", "cannot be found"),
        ("issuer = \"http://a.example\"\naudience = \"app\"\n", "cannot be found"),
        (&format!("{fine}jwks_url = \"http://a.example/keys\"\n"), "plain `http`"),
        (&format!("{fine}algorithms = [\"HS256\"]\n"), "HS256"),
        (&format!("{fine}algorithms = []\n"), "none of its tokens"),
        (&format!("{fine}leeway = \"6m\"\n"), "at most `5m`"),
        (
            &format!(
                "{fine}[[identity.issuers.x.roles]]\nclaim = \"g\"\nvalue = \"v\"\nrole = \"king\"\n"
            ),
            "there is no role `king`",
        ),
        (
            &format!(
                "{fine}users = \"accounts\"\n[[identity.issuers.x.roles]]\nclaim = \"g\"\nvalue = \"v\"\nrole = \"user\"\n"
            ),
            "accounts have their roles here",
        ),
        (
            "issuer = \"mantlet\"\naudience = \"app\"\njwks_url = \"https://a/b\"\n",
            "under another name",
        ),
    ] {
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let config = format!("[access]\nrequire = \"login\"\n[identity.issuers.x]\n{section}");
        let refused = builder.upstream(&upstream.url()).config(&config).try_start().unwrap_err();
        assert!(refused.stderr.contains(told), "{section}: {}", refused.stderr);
    }
}
