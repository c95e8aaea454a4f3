//! Passkeys over the wire, from the attacker's side too.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{Authenticator, Ceremony, MantletProcess, PRESENT, TempFolder};
use serde_json::Value;

use super::common::PATIENCE;
use super::person::{Person, fill_in, form};
use super::{add, asking, closed, json};

const SIGN_IN: &str = "/.mantlet/sign-in";
const ALONE: &str = "/.mantlet/sign-in/passkey";
const BESIDE: &str = "/.mantlet/second-factor/passkey";
const CONFIRM: &str = "/.mantlet/profile/passkeys/confirm";

/// What the form with this action asks browsers for.
fn options(page: &str, action: &str) -> Value {
    let start = page.find(&format!("action=\"{action}\"")).unwrap_or_else(|| panic!("{page}"));
    let rest = page.get(start..).unwrap().split_once("data-options=\"").unwrap().1;
    let text = rest.split('"').next().unwrap();
    serde_json::from_str(&text.replace("&quot;", "\"")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
}

/// A form on a page that asks for a passkey: its fields, and the challenge.
fn asked(page: &Response, action: &str) -> (Vec<(String, String)>, Vec<u8>) {
    assert_eq!(page.status, 200, "{page:?}");
    let text = page.text();
    (form(&text, action), bytes(&options(&text, action)["challenge"]))
}

/// Fills in what a browser says of a use.
fn filled(
    mut fields: Vec<(String, String)>,
    key: &Authenticator,
    signed: &Ceremony,
) -> Vec<(String, String)> {
    let [client_data, authenticator, signature] = signed.texts();
    let id = URL_SAFE_NO_PAD.encode(&key.id);
    let handle = key.handle.as_ref().map(|handle| URL_SAFE_NO_PAD.encode(handle));
    fill_in(
        &mut fields,
        &[
            ("id", &id),
            ("client-data", &client_data),
            ("authenticator", &authenticator),
            ("signature", &signature),
            ("handle", handle.as_deref().unwrap_or_default()),
        ],
    );
    fields
}

/// Asks for a new passkey on the profile page, and sends what the authenticator made.
fn register(person: &mut Person<'_>, key: &mut Authenticator, label: &str) -> Response {
    let page = person.profile("passkeys", &[("label", label)]);
    let (mut fields, challenge) = asked(&page, CONFIRM);
    key.handle = Some(bytes(&options(&page.text(), CONFIRM)["user"]["id"]));
    let made = key.create(&challenge, &person.origin(), "localhost");
    let [client_data, attestation, _] = made.texts();
    fill_in(&mut fields, &[("client-data", &client_data), ("attestation", &attestation)]);
    person.post(CONFIRM, &fields)
}

/// Signs in with a passkey alone, at this page.
fn sign_in(person: &mut Person<'_>, key: &mut Authenticator, page: &str) -> Response {
    let (fields, challenge) = asked(&person.get(page), ALONE);
    let signed = key.sign(&challenge, &person.origin(), "localhost");
    person.post(ALONE, &filled(fields, key, &signed))
}

/// Somebody with a session and a passkey, and their password.
pub(crate) fn equipped<'a>(
    gate: &'a MantletProcess,
    name: &str,
    key: &mut Authenticator,
) -> (Person<'a>, String) {
    let password = add(gate, name, "user");
    let mut person = Person::at(gate, "localhost");
    let answer = person.sign_in(name, &password);
    assert_eq!(answer.status, 303, "{answer:?}");
    let answer = register(&mut person, key, "telephone");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.text().matches("<li><code>").count(), 10, "recovery codes, once");
    (person, password)
}

#[test]
fn a_passkey_signs_in_alone_and_is_two_factors() {
    let (upstream, gate) = asking(
        "[access]\nrequire = [\"login\", { second_factor = true }]\n[identity.assertion]\nsigned = true\n",
    );
    let mut key = Authenticator::new(b"key of alice");
    let (mut alice, password) = equipped(&gate, "alice", &mut key);
    assert_eq!(alice.get("/x").status, 200, "whoever just made one has shown it");
    let mut anew = Person::at(&gate, "localhost");
    assert_eq!(anew.get("/y").status, 303);
    let answer = sign_in(&mut anew, &mut key, "/.mantlet/sign-in?next=/y");
    assert_eq!((answer.status, answer.header("location")), (303, Some("/y")), "{answer:?}");
    assert_eq!(anew.get("/y").status, 200, "no second factor is asked for");
    let assertion = upstream.requests().pop().unwrap();
    let claims =
        assertion.header("mantlet-assertion").unwrap().split('.').nth(1).unwrap().to_owned();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(claims["amr"], serde_json::json!(["pop", "user", "mfa"]));
    // Beside the password it is the second factor, and nobody gets in without it.
    let mut beside = Person::at(&gate, "localhost");
    let answer = beside.sign_in("alice", &password);
    assert_eq!(answer.header("location"), Some("/.mantlet/second-factor"), "{answer:?}");
    assert_eq!(beside.session(), None);
    let (fields, challenge) = asked(&beside.get("/.mantlet/second-factor"), BESIDE);
    key.flags = PRESENT;
    let signed = key.sign(&challenge, &beside.origin(), "localhost");
    let answer = beside.post(BESIDE, &filled(fields, &key, &signed));
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{answer:?}");
    assert_eq!(beside.get("/y").status, 200);
    let event = gate.wait_for_event(
        |event| event["event.name"] == "identity.factor.added" && event["user.name"] == "alice",
        PATIENCE,
    );
    assert_eq!(event["message"], "a passkey", "{event:#}");
}

#[test]
fn etsm_d15_a_sign_in_with_a_passkey_gives_a_new_session_and_ends_the_one_before() {
    let (_upstream, gate) = closed("");
    let mut key = Authenticator::new(b"key");
    let (mut alice, _) = equipped(&gate, "alice", &mut key);
    let before = alice.clone();
    let answer = sign_in(&mut alice, &mut key, "/.mantlet/sign-in?again=1&next=/");
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_ne!(alice.session(), before.session());
    assert_eq!(before.clone().get("/").status, 303, "the session before has ended");
}

#[test]
fn what_others_could_try_signs_nobody_in() {
    let (_upstream, gate) = closed("[identity.lockout]\nper_address = \"1000/15m\"\n");
    let (mut of_alice, mut of_bob) = (Authenticator::new(b"a"), Authenticator::new(b"b"));
    let (_, _) = equipped(&gate, "alice", &mut of_alice);
    let (_, _) = equipped(&gate, "bob", &mut of_bob);
    let mut person = Person::at(&gate, "localhost");
    let origin = person.origin();
    let mut bodies = Vec::new();
    let mut refused = |person: &mut Person<'_>, fields: &[(String, String)], about: &str| {
        let answer = person.post(ALONE, fields);
        assert_eq!(answer.status, 401, "{about}: {answer:?}");
        assert!(person.session().is_none(), "{about}");
        let text = answer.text();
        assert!(text.contains("This passkey does not fit."), "{about}: {text}");
        bodies.push(text.split("data-options").next().unwrap().replace("autofocus", ""));
    };
    // The challenge of another visit, with a form of one's own.
    let mut other = Person::at(&gate, "localhost");
    let (_, stolen) = asked(&other.get(SIGN_IN), ALONE);
    let (fields, challenge) = asked(&person.get(SIGN_IN), ALONE);
    let signed = of_alice.sign(&stolen, &origin, "localhost");
    refused(&mut person, &filled(fields.clone(), &of_alice, &signed), "another visit");
    for (about, origin, host) in [
        ("another origin", "http://localhost:1", "localhost"),
        ("a site that looks like it", "http://localhost.evil.test", "localhost"),
        ("https", &origin.replace("http:", "https:"), "localhost"),
        ("another host", &origin, "evil.test"),
    ] {
        let signed = of_alice.sign(&challenge, origin, host);
        refused(&mut person, &filled(fields.clone(), &of_alice, &signed), about);
    }
    let signed = of_bob.sign(&challenge, &origin, "localhost");
    refused(&mut person, &filled(fields.clone(), &of_alice, &signed), "Bob signs for Alice");
    let mut mixed = filled(fields.clone(), &of_bob, &signed);
    let handle = URL_SAFE_NO_PAD.encode(of_alice.handle.as_ref().unwrap());
    fill_in(&mut mixed, &[("handle", &handle)]);
    refused(&mut person, &mixed, "Bob's with the name of Alice");
    let mut stranger = Authenticator::new(b"c");
    stranger.handle.clone_from(&of_alice.handle);
    let signed = stranger.sign(&challenge, &origin, "localhost");
    refused(&mut person, &filled(fields.clone(), &stranger, &signed), "nobody's");
    of_alice.flags = PRESENT;
    let signed = of_alice.sign(&challenge, &origin, "localhost");
    refused(&mut person, &filled(fields.clone(), &of_alice, &signed), "nobody made sure of");
    of_alice.flags = PRESENT | 4;
    let mut signed = of_alice.sign(&challenge, &origin, "localhost");
    let last = signed.signature.len() - 1;
    signed.signature[last] ^= 1;
    refused(&mut person, &filled(fields.clone(), &of_alice, &signed), "a flipped bit");
    for (name, value) in [
        ("client-data", "e30"),
        ("signature", ""),
        ("authenticator", "!"),
        ("id", ""),
        ("handle", "AA"),
        ("signature", &"A".repeat(8000)),
    ] {
        let signed = of_alice.sign(&challenge, &origin, "localhost");
        let mut fields = filled(fields.clone(), &of_alice, &signed);
        fill_in(&mut fields, &[(name, value)]);
        refused(&mut person, &fields, name);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "one answer for all of them: {bodies:#?}");
    // A form of another visit; then the right one, once.
    let signed = of_alice.sign(&challenge, &origin, "localhost");
    let right = filled(fields, &of_alice, &signed);
    assert_eq!(other.post(ALONE, &right).status, 403, "a form of another visit");
    let mut twin = person.clone();
    assert_eq!(person.post(ALONE, &right).status, 303);
    assert_eq!(twin.post(ALONE, &right).status, 401, "a challenge is answered once");
    let large = vec![("signature".to_owned(), "A".repeat(20_000))];
    assert!(matches!(twin.post(ALONE, &large).status, 400 | 408 | 413), "more than a form holds");
}

#[test]
fn a_passkey_of_another_account_is_no_second_factor() {
    let (_upstream, gate) = closed("[identity.lockout]\nper_second_factor = \"3/15m\"\n");
    let (mut of_alice, mut of_bob) = (Authenticator::new(b"a"), Authenticator::new(b"b"));
    let (_, password) = equipped(&gate, "alice", &mut of_alice);
    let (_, _) = equipped(&gate, "bob", &mut of_bob);
    let mut person = Person::at(&gate, "localhost");
    person.sign_in("alice", &password);
    let origin = person.origin();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let (fields, challenge) = asked(&person.get("/.mantlet/second-factor"), BESIDE);
        let signed = of_bob.sign(&challenge, &origin, "localhost");
        statuses.push(person.post(BESIDE, &filled(fields, &of_bob, &signed)).status);
    }
    assert_eq!(statuses, [401, 401, 401, 429], "and guessing is slowed down");
    // The challenge for the second factor does not sign in alone, nor the other way round.
    let (fields, _) = asked(&person.get(SIGN_IN), ALONE);
    let (_, challenge) = asked(&person.get("/.mantlet/second-factor"), BESIDE);
    let signed = of_alice.sign(&challenge, &origin, "localhost");
    assert_eq!(person.post(ALONE, &filled(fields, &of_alice, &signed)).status, 401);
}

#[test]
fn sci_35_failures_with_passkeys_count_and_hold_their_source_up() {
    let (_upstream, gate) = closed("[identity.lockout]\nper_address = \"3/15m\"\n");
    let mut key = Authenticator::new(b"key");
    let (_, _) = equipped(&gate, "alice", &mut key);
    let mut person = Person::at(&gate, "localhost");
    let statuses: Vec<u16> = (0..5)
        .map(|_| {
            let (fields, challenge) = asked(&person.get(SIGN_IN), ALONE);
            let signed = key.sign(&challenge, "http://evil.test", "localhost");
            person.post(ALONE, &filled(fields, &key, &signed)).status
        })
        .collect();
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
    let answer = sign_in(&mut person, &mut key, SIGN_IN);
    assert_eq!(answer.status, 429, "not even the right one is looked at");
    assert!(answer.header("retry-after").is_some());
}

#[test]
fn a_key_that_exists_twice_is_told_and_signs_nobody_in() {
    let (_upstream, gate) = closed("");
    let mut key = Authenticator::new(b"key");
    key.counter = 7;
    let (_, _) = equipped(&gate, "alice", &mut key);
    let mut person = Person::at(&gate, "localhost");
    assert_eq!(sign_in(&mut person, &mut key, SIGN_IN).status, 303);
    key.counter = 2;
    let mut person = Person::at(&gate, "localhost");
    assert_eq!(sign_in(&mut person, &mut key, SIGN_IN).status, 401);
    let doubted = |event: &Value| event["event.name"] == "identity.passkey.doubted";
    let event = gate.wait_for_event(doubted, PATIENCE);
    assert_eq!(event["user.name"], "alice", "{event:#}");
}

#[test]
fn a_closed_account_signs_in_with_nothing() {
    let (_upstream, gate) = closed("");
    let mut key = Authenticator::new(b"key");
    let (mut alice, _) = equipped(&gate, "alice", &mut key);
    json(&gate, &["user", "lock", "alice"]);
    let mut person = Person::at(&gate, "localhost");
    assert_eq!(sign_in(&mut person, &mut key, SIGN_IN).status, 401);
    json(&gate, &["user", "unlock", "alice"]);
    assert_eq!(sign_in(&mut person, &mut key, SIGN_IN).status, 303);
    assert_eq!(alice.get("/").status, 303, "what was open before the lock stays ended");
}

#[test]
fn passkeys_are_named_and_removed_by_their_owner_and_by_operators() {
    let (_upstream, gate) = closed("");
    let (mut one, mut two) = (Authenticator::new(b"one"), Authenticator::new(b"two"));
    let (mut alice, password) = equipped(&gate, "alice", &mut one);
    let answer = register(&mut alice, &mut two, "<b>key</b>");
    assert_eq!(answer.header("location"), Some("/.mantlet/profile?done=passkey"), "{answer:?}");
    let page = alice.get("/.mantlet/profile").text();
    assert!(page.contains("telephone") && page.contains("&lt;b&gt;key&lt;/b&gt;"), "{page}");
    let answer = register(&mut alice, &mut one, "again");
    assert_eq!(answer.status, 422, "registered already: {answer:?}");
    let id = URL_SAFE_NO_PAD.encode(b"two");
    let rename = [("id", id.as_str()), ("label", "security key")];
    assert_eq!(alice.profile("passkeys/rename", &rename).status, 303);
    let listed = json(&gate, &["user", "factors", "alice"]);
    assert_eq!(listed["passkeys"][1]["label"], "security key", "{listed:#}");
    assert_eq!(listed["recovery_codes"], 10);
    assert_eq!(alice.profile("passkeys/remove", &[("id", &id)]).status, 303);
    let mut person = Person::at(&gate, "localhost");
    assert_eq!(sign_in(&mut person, &mut two, SIGN_IN).status, 401, "removed");
    // Somebody else removes nothing.
    let mut three = Authenticator::new(b"three");
    let (mut bob, _) = equipped(&gate, "bob", &mut three);
    let of_alice = URL_SAFE_NO_PAD.encode(b"one");
    assert_eq!(bob.profile("passkeys/remove", &[("id", &of_alice)]).status, 303);
    assert_eq!(sign_in(&mut person, &mut one, SIGN_IN).status, 303, "still there");
    let left = json(&gate, &["user", "factors", "alice", "--remove", &of_alice]);
    assert_eq!((&left["passkeys"], &left["recovery_codes"]), (&serde_json::json!([]), &0.into()));
    let missing = gate.command(&["user", "factors", "alice", "--remove", &of_alice]);
    assert_ne!(missing.code, Some(0), "{missing:#?}");
    let mut person = Person::at(&gate, "localhost");
    assert_eq!(person.sign_in("alice", &password).header("location"), Some("/"), "no factor left");
}

#[test]
fn whoever_finds_a_session_open_adds_no_passkey() {
    let (_upstream, gate) = closed("[identity.passkeys]\nsigned_in_within = \"1ms\"\n");
    let password = add(&gate, "alice", "user");
    let mut alice = Person::at(&gate, "localhost");
    alice.sign_in("alice", &password);
    let answer = alice.profile("passkeys", &[("label", "mine")]);
    let expected = "/.mantlet/sign-in?again=1&next=/.mantlet/profile";
    assert_eq!(answer.header("location"), Some(expected), "{answer:?}");
}

#[test]
fn where_no_passkey_can_be_the_page_says_why() {
    let (_upstream, gate) = closed("");
    let password = add(&gate, "alice", "user");
    let mut alice = Person::new(&gate);
    let page = alice.get(SIGN_IN).text();
    assert!(!page.contains("data-passkey") && !page.contains("<script"), "{page}");
    alice.sign_in("alice", &password);
    let page = alice.get("/.mantlet/profile").text();
    assert!(page.contains("Passkeys are for names, not for addresses"), "{page}");
    let mut named = Person::at(&gate, "localhost");
    let page = named.get(SIGN_IN);
    let policy = page.header("content-security-policy").unwrap();
    let nonce = policy.split_once("script-src 'nonce-").unwrap().1.split('\'').next().unwrap();
    assert!(page.text().contains(&format!("nonce=\"{nonce}\"")), "{policy}");
    assert!(page.text().contains("<noscript>") && !policy.contains("unsafe"));
    let again = named.get(SIGN_IN);
    assert_ne!(again.header("content-security-policy"), Some(policy), "a number is used once");
    let script = wire::get(gate.address(), "/.mantlet/passkey.js", &[]);
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    for host in ["127.0.0.1", "Example.org", "org", "example.org:443", "other.org"] {
        let config = format!(
            "[server]\npublic_host = [\"app.example.org\"]\n[identity.passkeys]\nhost = \"{host}\"\n"
        );
        let folder = TempFolder::new();
        let text = format!("[upstream]\nurl = \"http://127.0.0.1:1\"\n{config}");
        let path = folder.write("mantlet.toml", text);
        let checked = gate.command(&["check", "--config", path.to_str().unwrap()]);
        assert_eq!(checked.code, Some(2), "{host}: {checked:#?}");
        assert!(checked.stderr.contains(&format!("`{host}`")), "{host}: {checked:#?}");
    }
}

#[test]
fn somebody_has_as_many_passkeys_as_is_said() {
    for (setting, status) in [("", 303), ("max_per_user = 1\n", 422)] {
        let (_upstream, gate) = closed(&format!("[identity.passkeys]\n{setting}"));
        let (mut one, mut two) = (Authenticator::new(b"one"), Authenticator::new(b"two"));
        let (mut alice, _) = equipped(&gate, "alice", &mut one);
        let answer = register(&mut alice, &mut two, "second");
        assert_eq!(answer.status, status, "{setting}: {answer:?}");
        let mut person = Person::at(&gate, "localhost");
        let expected = if status == 303 { 303 } else { 401 };
        assert_eq!(sign_in(&mut person, &mut two, SIGN_IN).status, expected, "{setting}");
    }
}
