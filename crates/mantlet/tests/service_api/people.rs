//! What helps people: their addresses, their second factors, their links, their passwords.

use mantlet_testkit::wire::{self, Response};
use serde_json::{Value, json};

use super::{House, assert_problem, house, key_of, run};

const ISSUER: &str = "https://accounts.example.org";

fn etag(answer: &Response) -> String {
    answer.header("etag").unwrap().to_owned()
}

/// Changes something of which the asker saw this version.
fn change(house: &House, (method, path): (&str, &str), tag: &str, body: &Value) -> Response {
    house.ask_as(&house.key, (method, path), &[("If-Match", tag)], body)
}

#[test]
fn an_address_is_seen_and_set_by_who_saw_it_and_stands_in_no_log() {
    let house = house("");
    house.add("bob", "user");
    let path = "/v1/users/bob/email";
    let before = house.get("/v1/users/bob");
    assert_eq!(before.json()["email"], Value::Null);
    let body = json!({"email": "bob.builder@example.org"});
    let set = change(&house, ("PUT", path), &etag(&before), &body);
    assert_eq!((set.status, &set.json()["email"]), (200, &body["email"]));
    assert_ne!(etag(&set), etag(&before), "the address is part of the version");
    // Whoever looked before it was set would undo it without knowing.
    assert_problem(&change(&house, ("PUT", path), &etag(&before), &body), 412, "api-changed");
    assert_problem(&house.ask("PUT", path, &body), 428, "api-precondition-required");
    for wrong in
        ["", "bob", "bob@example.org\r\nBcc: eve@evil.example", "a@b.example,eve@evil.example"]
    {
        let answer = change(&house, ("PUT", path), "*", &json!({ "email": wrong }));
        assert_problem(&answer, 422, "api-invalid");
    }
    let users = house.told("GET", "/v1/users", &Value::Null, 200);
    let shown = |list: &Value| {
        let all = list["users"].as_array().unwrap().iter();
        all.map(|user| user["email"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let expected = [None, Some("bob.builder@example.org".to_owned())];
    assert_eq!(shown(&users), expected);
    assert_eq!(shown(&run(&house.gate, &["user", "list"])), expected);
    let table = house.gate.command(&["user", "list"]);
    assert!(table.stdout.contains("bob.builder@example.org"), "{table:?}");
    let gone = change(&house, ("PUT", path), &etag(&set), &json!({"email": null}));
    assert_eq!((gone.status, &gone.json()["email"]), (200, &Value::Null));
    let told =
        format!("{:?} {:?} {}", house.gate.audit(), house.gate.events(), house.gate.stderr());
    assert!(told.contains("user-email"), "{told}");
    for part in ["bob.builder", "evil.example"] {
        assert!(!told.contains(part), "{part} in {told}");
    }
}

#[test]
fn without_mail_the_answer_holds_the_link_and_it_counts_once() {
    let house = house("");
    let wish = json!({"name": "carol", "email": "carol@example.org", "roles": ["user"]});
    let headers = [("Idempotency-Key", "invite-carol")];
    let invite = || house.ask_as(&house.key, ("POST", "/v1/invitations"), &headers, &wish);
    let (invited, again) = (invite(), invite());
    assert_eq!((invited.status, invited.header("location")), (201, Some("/v1/users/carol")));
    assert_eq!(invited.text(), again.text(), "sent again, it invites nobody again");
    let told = invited.json();
    assert_eq!((&told["mailed"], &told["roles"]), (&false.into(), &json!(["user"])));
    let reset = house.told("POST", "/v1/users/carol/reset", &Value::Null, 201);
    for link in [&told["link"], &reset["link"]] {
        let link = link.as_str().unwrap();
        let (_, path) = link.split_once("/.mantlet/").unwrap();
        let page = wire::get(house.gate.address(), &format!("/.mantlet/{path}"), &[]);
        assert_eq!(page.status, 200, "{link}: {page:?}");
    }
    let second = house.ask("POST", "/v1/invitations", &wish);
    assert_problem(&second, 409, "api-conflict");
    let nobody = house.ask("POST", "/v1/users/nobody/reset", &Value::Null);
    assert_problem(&nobody, 404, "api-not-found");
    let told = format!("{:?} {:?}", house.gate.audit(), house.gate.events());
    let secret = reset["link"].as_str().unwrap().rsplit(['/', '=', '#']).next().unwrap();
    assert!(secret.len() > 20 && !told.contains(secret), "{told}");
}

#[test]
fn factors_are_listed_and_removed_by_who_saw_them() {
    let house = house("");
    house.add("bob", "user");
    let none = house.get("/v1/users/bob/factors");
    let told = none.json();
    assert_eq!((none.status, &told["totp"], &told["passkeys"]), (200, &false.into(), &json!([])));
    assert_eq!(etag(&none), format!("\"{}\"", told["version"].as_str().unwrap()));
    for factor in ["totp", "x", "AAAA", "..", &"a".repeat(128)] {
        let path = format!("/v1/users/bob/factors/{factor}");
        let answer = change(&house, ("DELETE", &path), "*", &Value::Null);
        assert_problem(&answer, 404, "api-not-found");
    }
    let all = ("DELETE", "/v1/users/bob/factors");
    assert_problem(&house.ask(all.0, all.1, &Value::Null), 428, "api-precondition-required");
    assert_problem(&change(&house, all, "\"0123456789abcdef\"", &Value::Null), 412, "api-changed");
    assert_problem(&change(&house, all, &etag(&none), &Value::Null), 404, "api-not-found");
}

#[test]
fn links_are_made_listed_and_removed_by_who_saw_them() {
    let house = house("");
    house.add("bob", "user");
    house.add("carol", "user");
    let path = "/v1/users/bob/links";
    let link = json!({"issuer": ISSUER, "subject": "4711 & more"});
    let made = house.told("POST", path, &link, 201);
    assert_eq!(made["links"], json!([link]));
    let stolen = house.ask("POST", "/v1/users/carol/links", &link);
    assert_problem(&stolen, 409, "api-conflict");
    let seen = house.get(path);
    let other = json!({"issuer": ISSUER, "subject": "4712"});
    assert_eq!(house.ask("POST", path, &other).status, 201);
    let query = "issuer=https%3A%2F%2Faccounts.example.org&subject=4711%20%26%20more";
    let target = format!("{path}?{query}");
    assert_problem(
        &change(&house, ("DELETE", &target), &etag(&seen), &Value::Null),
        412,
        "api-changed",
    );
    let elsewhere = format!("/v1/users/carol/links?{query}");
    assert_problem(
        &change(&house, ("DELETE", &elsewhere), "*", &Value::Null),
        404,
        "api-not-found",
    );
    for wrong in
        ["", "?issuer=x", "?subject=x", "?issuer=&subject=", "?issuer=a&issuer=b&subject=c"]
    {
        let target = format!("{path}{wrong}");
        assert_problem(&change(&house, ("DELETE", &target), "*", &Value::Null), 422, "api-invalid");
    }
    let now = etag(&house.get(path));
    let left = change(&house, ("DELETE", &target), &now, &Value::Null);
    assert_eq!((left.status, &left.json()["links"]), (200, &json!([other])));
    for wrong in [json!({"issuer": ISSUER}), json!({"issuer": "a\nb", "subject": "x"})] {
        assert_problem(&house.ask("POST", path, &wrong), 422, "api-invalid");
    }
}

#[test]
fn all_tokens_of_somebody_end_and_those_after_them_count() {
    let house = house("");
    house.add("bob", "user");
    let issue = || {
        let issued = house.told("POST", "/v1/tokens", &json!({"user": "bob"}), 201);
        issued["token"].as_str().unwrap().to_owned()
    };
    let before = issue();
    assert_eq!(house.through(&before), 200);
    assert_eq!(house.ask("DELETE", "/v1/users/bob/tokens", &Value::Null).status, 204);
    assert_eq!(house.through(&before), 401);
    assert_problem(
        &house.ask("DELETE", "/v1/users/eve/tokens", &Value::Null),
        404,
        "api-not-found",
    );
}

#[test]
fn a_narrow_key_and_a_small_account_change_nothing_of_people() {
    let house = house("");
    house.add("clerk", "user");
    let operations = [
        ("GET", "/v1/users/admin/factors", Value::Null, "factors:read", false),
        ("DELETE", "/v1/users/admin/factors", Value::Null, "factors:write", true),
        ("DELETE", "/v1/users/admin/factors/totp", Value::Null, "factors:write", true),
        ("GET", "/v1/users/admin/links", Value::Null, "links:read", false),
        (
            "POST",
            "/v1/users/admin/links",
            json!({"issuer": ISSUER, "subject": "eve"}),
            "links:write",
            true,
        ),
        ("DELETE", "/v1/users/admin/links?issuer=a&subject=b", Value::Null, "links:write", true),
        ("PUT", "/v1/users/admin/email", json!({"email": "eve@example.org"}), "users:write", true),
        ("POST", "/v1/users/admin/reset", Value::Null, "users:write", true),
        (
            "POST",
            "/v1/invitations",
            json!({"name": "eve", "email": "eve@example.org", "roles": ["admin"]}),
            "users:write",
            true,
        ),
        ("DELETE", "/v1/users/admin/tokens", Value::Null, "tokens:revoke", true),
    ];
    let all = super::ALL;
    for (method, path, body, scope, is_beyond) in &operations {
        let others: Vec<&str> = all.iter().copied().filter(|own| own != scope).collect();
        let ask = |key: &str| house.ask_as(key, (method, path), &[("If-Match", "*")], body);
        assert_problem(&ask(&key_of(&house.gate, "admin", &others)), 403, "api-scope");
        if *is_beyond {
            assert_problem(&ask(&key_of(&house.gate, "clerk", &[scope])), 403, "api-beyond");
        }
    }
    let user = house.told("GET", "/v1/users/admin", &Value::Null, 200);
    assert_eq!(user["email"], Value::Null);
    assert_eq!(house.get("/v1/users/eve").status, 404);
    assert_eq!(house.through(&key_of(&house.gate, "admin", &["read"])), 200);
}
