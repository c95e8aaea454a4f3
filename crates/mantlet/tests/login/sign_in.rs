//! Passwords and sessions.

use std::net::IpAddr;
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection, Response};
use mantlet_testkit::{MantletProcess, poll_until};

use super::common::{PATIENCE, assert_refused};
use super::person::{PAGE, Person, fill_in, form};
use super::{PASSWORD, add, closed, json, signed_in};

const SIGN_IN: &str = "/.mantlet/sign-in";

// covers: ETSM-17, ETSM-18, ETSM-33, ETSM-34, ETSM-37, ELITE-15, SCI-10, SCI-11, SCI-12, SCI-36 (binary)
#[test]
fn etsm_d32_nobody_gets_in_before_the_gate_has_let_them() {
    let (upstream, gate) = closed("");
    let refused = wire::get(gate.address(), "/data", &[]);
    assert_refused(&gate, &refused, (401, "sign-in-required"), "a program");
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"mantlet\""));
    let mut person = Person::new(&gate);
    let sent = person.get("/data?x=1&y=%2F");
    let to = "/.mantlet/sign-in?next=/data?x=1%26y=%252F";
    assert_eq!((sent.status, sent.header("location")), (303, Some(to)), "{sent:?}");
    assert!(upstream.is_untouched());

    let password = add(&gate, "alice", "user");
    let answer = person.sign_in_at(to, "Alice", &password);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/data?x=1&y=%2F")));
    let inside = person.get("/data");
    assert_eq!(
        (inside.text().as_str(), inside.header("cache-control")),
        ("inside", Some("private"))
    );
    let seen = upstream.requests().pop().unwrap();
    assert_eq!(seen.header("x-forwarded-user"), Some("alice"));
    assert_eq!(seen.header("cookie"), None, "the application sees no cookie of ours");
    let access = gate.wait_for_access(|line| line["user.name"] == "alice", PATIENCE);
    assert_eq!(access["url.path"], "/data");
    let user = &json(&gate, &["user", "list"])["users"][0];
    assert!(user["last_sign_in"].is_string(), "etsm-d31: {user}");
}

// covers: SCI-09 (binary)
#[test]
fn etsm_d14_d16_the_cookie_is_random_and_marked() {
    let (_upstream, gate) = closed("");
    let password = add(&gate, "alice", "user");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let mut person = Person::new(&gate);
        let answer = person.sign_in("alice", &password);
        let cookies = answer.headers.get_all("set-cookie");
        let cookie = cookies.iter().find(|cookie| cookie.starts_with("mantlet-session=")).unwrap();
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=86400"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain") && !cookie.contains("Secure"), "{cookie}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        ids.push(person.session().unwrap().to_owned());
    }
    assert!(ids[0] != ids[1] && ids.iter().all(|id| id.len() == 43), "256 bits: {ids:?}");
}

#[test]
fn over_https_the_cookie_is_bound_to_the_host() {
    let (_upstream, gate) = closed("[client]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let password = add(&gate, "alice", "user");
    let proxied = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")];
    let headers = [&proxied[..], &[("Host", "app.example"), PAGE]].concat();
    let page = wire::get(gate.address(), SIGN_IN, &headers);
    let visit = page.header("set-cookie").unwrap();
    assert!(visit.starts_with("__Host-mantlet-visit=") && visit.ends_with("; Secure"), "{visit}");
    let mut fields = form(&page.text(), SIGN_IN);
    fill_in(&mut fields, &[("username", "alice"), ("password", &password)]);
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let cookie = visit.split(';').next().unwrap();
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let headers = [&headers[..], &[("Cookie", cookie), kind]].concat();
    let answer =
        wire::request(gate.address(), "POST", SIGN_IN, &headers, body.join("&").as_bytes());
    assert_eq!(answer.status, 303, "{answer:?}");
    let cookies = answer.headers.get_all("set-cookie");
    assert!(cookies.iter().any(
        |cookie| cookie.starts_with("__Host-mantlet-session=") && cookie.ends_with("; Secure")
    ));
    // Over plain HTTP from elsewhere no password is taken, and none is asked for.
    let plain = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "http")];
    let page = wire::get(gate.address(), SIGN_IN, &plain);
    assert_refused(&gate, &page, (403, "not-private"), "plain");
}

// covers: SCI-36 (binary)
#[test]
fn etsm_d15_sci_d05_a_session_that_has_ended_is_worth_nothing() {
    let (_upstream, gate) = closed("");
    let mut person = signed_in(&gate, "alice", "user");
    let stolen = person.cookie_header();
    let ask = |cookie: &str| wire::get(gate.address(), "/", &[("Cookie", cookie)]).status;
    assert_eq!(ask(&stolen), 200);
    let answer = person.sign_out();
    assert_eq!(answer.header("location"), Some("/.mantlet/sign-in?out=1"), "{answer:?}");
    assert_eq!(answer.header("clear-site-data"), Some("\"cache\", \"storage\""));
    assert_eq!(ask(&stolen), 401, "replayed after the sign-out");
    assert_eq!(person.session(), None);
}

#[test]
fn sci_d06_an_id_from_before_the_sign_in_is_not_the_session() {
    let (_upstream, gate) = closed("");
    let password = add(&gate, "alice", "user");
    let mut victim = signed_in(&gate, "mallory", "user");
    let planted = victim.session().unwrap().to_owned();
    // Mallory's session is planted in the browser of the victim, who signs in.
    victim.cookies.remove("mantlet-device");
    let page = victim.get("/.mantlet/sign-out");
    assert_eq!(page.status, 200);
    let mut other = Person::new(&gate);
    let shown = other.get(SIGN_IN);
    let mut fields = form(&shown.text(), SIGN_IN);
    fill_in(&mut fields, &[("username", "alice"), ("password", &password)]);
    other.cookies.insert("mantlet-session".to_owned(), planted.clone());
    let answer = other.post(SIGN_IN, &fields);
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_ne!(other.session(), Some(planted.as_str()));
    let cookie = format!("mantlet-session={planted}");
    assert_eq!(wire::get(gate.address(), "/", &[("Cookie", &cookie)]).status, 401, "it ended");
}

#[test]
fn what_cannot_be_a_session_is_nobodys() {
    let (upstream, gate) = closed("");
    let person = signed_in(&gate, "alice", "user");
    let id = person.session().unwrap();
    let last = if id.ends_with('a') { 'b' } else { 'a' };
    let forged = format!("{}{last}", id.get(..42).unwrap());
    for (cookie, status) in [
        (format!("mantlet-session={forged}"), 401),
        (format!("mantlet-session={id}; mantlet-session={id}"), 401),
        (format!("mantlet-session={id}; mantlet-session=x"), 401),
        (format!("Mantlet-Session={id}"), 401),
        (format!("__Host-mantlet-session={id}"), 401),
        ("mantlet-session=".to_owned(), 401),
        (format!("mantlet-session={}", "a".repeat(4000)), 401),
        (format!("x=1; mantlet-session={id}"), 200),
    ] {
        let answer = wire::get(gate.address(), "/", &[("Cookie", &cookie)]);
        assert_eq!(answer.status, status, "{cookie}");
    }
    assert_eq!(upstream.requests().len(), 1);
    assert_eq!(upstream.requests()[0].header("cookie"), Some("x=1"));
}

// covers: ETSM-19, ELITE-D13 (binary)
#[test]
fn sessions_end_unused_and_at_the_latest_after_their_lifetime() {
    let config = "[identity.sessions]\nidle = \"2s\"\nlifetime = \"4s\"\n";
    let (_upstream, gate) = closed(config);
    let mut person = signed_in(&gate, "alice", "user");
    let cookie = person.cookie_header();
    let ask = || wire::get(gate.address(), "/", &[("Cookie", &cookie)]).status;
    assert_eq!(ask(), 200);
    assert!(poll_until(PATIENCE, || (ask() == 401).then_some(())).is_some());
    assert_eq!(person.get("/").status, 303, "a browser signs in anew");
}

#[test]
fn etsm_d29_sci_d28_wrong_names_and_wrong_passwords_are_one_answer_in_one_time() {
    let (_upstream, gate) = closed("");
    for name in ["alice", "carol"] {
        add(&gate, name, "user");
    }
    assert_eq!(gate.command(&["user", "lock", "carol"]).code, Some(0));
    let attempt = |name: &str| {
        let answer = Person::new(&gate).sign_in(name, PASSWORD);
        let page = answer.text().replace(name, "NAME");
        let page: String = page.lines().filter(|line| !line.contains("name=\"form\"")).collect();
        (answer.status, page)
    };
    let (mut costs, mut answers) = (Vec::new(), Vec::new());
    for name in ["alice", "nobody", "carol"] {
        let before = gate.processor_time();
        answers.extend((0..3).map(|_| attempt(name)));
        costs.push(gate.processor_time().saturating_sub(before));
    }
    assert_eq!(answers[0].0, 401);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    // A hash takes some 50 ms in this build: without it an answer would take a tenth of that.
    let least = *costs.iter().min().unwrap();
    assert!(least >= Duration::from_millis(60), "{costs:?}");
    assert!(costs.iter().all(|cost| *cost < least * 3), "{costs:?}");
}

/// An attempt to sign in from 127.0.0.`last`, with a fresh browser.
fn attempt_from(gate: &MantletProcess, last: u8, name: &str, password: &str) -> Response {
    let source = IpAddr::from([127, 0, 0, last]);
    let ask = |method: &str, headers: &[(&str, &str)], body: &str| {
        let mut connection = Connection::open_from(source, gate.address()).unwrap();
        let bytes = wire::render(gate.address(), method, SIGN_IN, headers, body.as_bytes());
        connection.write(&bytes).unwrap();
        connection.read_response().unwrap()
    };
    let page = ask("GET", &[PAGE], "");
    let visit = page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let fields = form(&page.text(), SIGN_IN);
    let body = format!("form={}&username={name}&password={password}", fields[0].1);
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    ask("POST", &[kind, ("Cookie", &visit)], &body)
}

// covers: SCI-35, YMERA-27 (binary)
#[test]
fn sci_d26_ymera_d25_guessing_waits_and_a_stranger_does_not_lock_the_owner_out() {
    let (_upstream, gate) = closed("");
    let password = add(&gate, "alice", "user");
    let mut owner = Person::new(&gate);
    assert_eq!(owner.sign_in("alice", &password).status, 303);
    owner.cookies.remove("mantlet-session");
    // The owner's device is known from here on.
    let guess = |last: u8| attempt_from(&gate, last, "alice", "wrong");
    let statuses: Vec<u16> = (0..7).map(|_| guess(9).status).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429], "five, then the pair waits");
    let waiting = guess(9);
    assert!(waiting.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(guess(10).status, 401, "another address is only slowed down");
    assert_eq!(owner.sign_in("alice", &password).status, 303, "the owner is let in");
    let event =
        gate.wait_for_event(|event| event["event.name"] == "identity.signin.delayed", PATIENCE);
    assert_eq!(event["user.name"], "alice");
}

#[test]
fn sci_d27_etsm_d31_a_success_with_ones_own_account_clears_no_failures_at_others() {
    let (_upstream, gate) = closed("");
    add(&gate, "alice", "user");
    let own = add(&gate, "mallory", "user");
    let last_sign_in = |name: &str| {
        let users = json(&gate, &["user", "list"]);
        let users = users["users"].as_array().unwrap().clone();
        users.into_iter().find(|user| user["name"] == name).unwrap()["last_sign_in"].clone()
    };
    assert!(last_sign_in("mallory").is_null());
    let mut guesses = Vec::new();
    for _ in 0..6 {
        guesses.push(attempt_from(&gate, 9, "alice", "wrong").status);
        assert_eq!(attempt_from(&gate, 9, "mallory", &own).status, 303);
    }
    assert_eq!(guesses, [401, 401, 401, 401, 401, 429]);
    assert!(last_sign_in("mallory").is_string(), "a sign-in is noted");
    assert!(last_sign_in("alice").is_null(), "and a failure is none");
}

#[test]
fn forms_of_other_sites_sign_nobody_in_or_out() {
    let (_upstream, gate) = closed("");
    let mut person = signed_in(&gate, "alice", "user");
    let page = person.get("/.mantlet/sign-out");
    let fields = form(&page.text(), "/.mantlet/sign-out");
    for said in [
        &[("Origin", "https://evil.example")][..],
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Referer", "https://evil.example/")],
    ] {
        let answer = person.clone().post_from("/.mantlet/sign-out", &fields, said);
        assert_eq!(answer.status, 403, "{said:?}");
    }
    // Without what the browser says of pages, the token still has to fit.
    for fields in [vec![], vec![("form".to_owned(), "1.00".to_owned())]] {
        let answer = person.clone().post_from("/.mantlet/sign-out", &fields, &[]);
        assert_eq!(answer.status, 403, "{fields:?}");
    }
    assert_eq!(person.get("/").status, 200, "still signed in");
    // A form for one browser is worth nothing in another: nobody is signed in as somebody else.
    let password = add(&gate, "mallory", "user");
    let mut mallory = Person::new(&gate);
    let shown = mallory.get(SIGN_IN);
    let mut fields = form(&shown.text(), SIGN_IN);
    fill_in(&mut fields, &[("username", "mallory"), ("password", &password)]);
    let mut victim = Person::new(&gate);
    victim.get(SIGN_IN);
    let answer = victim.post(SIGN_IN, &fields);
    assert_eq!((answer.status, victim.session()), (403, None), "{answer:?}");
}

#[test]
fn nobody_is_sent_to_another_host_after_signing_in() {
    let (_upstream, gate) = closed("");
    let password = add(&gate, "alice", "user");
    for (next, expected) in [
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/%5Cevil.example", "/"),
        ("%2F%2Fevil.example", "/"),
        ("/%09/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/.mantlet/sign-out", "/"),
        ("/fine", "/fine"),
    ] {
        let mut person = Person::new(&gate);
        let page = format!("{SIGN_IN}?next={next}");
        let answer = person.sign_in_at(&page, "alice", &password);
        assert_eq!(answer.header("location"), Some(expected), "{next}: {answer:?}");
        // What is signed in goes on at once, and nowhere else either.
        assert_eq!(person.get(&page).header("location"), Some(expected), "{next}");
    }
}

#[test]
fn pages_run_no_script_and_show_what_was_typed_as_text() {
    let (_upstream, gate) = closed("");
    let mut person = Person::new(&gate);
    let answer = person.sign_in("\"><script>alert(1)</script>", "x");
    assert_eq!(answer.status, 401);
    assert!(!answer.text().contains("<script"), "{}", answer.text());
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

// covers: SCI-07, SCI-08 (binary)
#[test]
fn etsm_d27_sci_d03_a_changed_password_ends_every_other_session() {
    let (_upstream, gate) = closed("");
    let password = add(&gate, "alice", "user");
    let mut other = Person::new(&gate);
    other.sign_in("alice", &password);
    let mut person = Person::new(&gate);
    person.sign_in("alice", &password);
    let before = person.cookie_header();
    for (new, again, part) in [
        ("short", "short", "at least 15"),
        ("passwordpassword", "passwordpassword", "not taken"),
        (PASSWORD, "something else", "differ"),
    ] {
        let typed = [("current", password.as_str()), ("new", new), ("again", again)];
        let answer = person.profile("password", &typed);
        assert_eq!(answer.status, 422, "{new}");
        assert!(answer.text().contains(part), "{new}: {}", answer.text());
    }
    let wrong =
        person.profile("password", &[("current", "no"), ("new", PASSWORD), ("again", PASSWORD)]);
    assert_eq!(wrong.status, 422);
    let typed = [("current", password.as_str()), ("new", PASSWORD), ("again", PASSWORD)];
    let answer = person.profile("password", &typed);
    assert_eq!(answer.header("location"), Some("/.mantlet/profile?done=password"), "{answer:?}");
    assert_eq!(person.get("/").status, 200, "this session goes on, with a new id");
    assert_eq!(other.get("/").status, 303, "the other one has ended");
    let old = wire::get(gate.address(), "/", &[("Cookie", &before)]);
    assert_eq!(old.status, 401, "the id from before is worth nothing");
    assert_eq!(Person::new(&gate).sign_in("alice", &password).status, 401);
    assert_eq!(Person::new(&gate).sign_in("alice", PASSWORD).status, 303);
}
