//! Tokens, and what comes after them.

use mantlet_testkit::poll_until;
use mantlet_testkit::wire::{self, Response};
use serde_json::{Value, json};

use super::{House, PATIENCE, assert_problem, house};

fn issue(house: &House, more: &Value) -> Value {
    let mut wish = json!({"user": "bob"});
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    house.told("POST", "/v1/tokens", &wish, 201)
}

/// Sends a form to the gate, as a program does that holds nothing but its tokens.
fn post(house: &House, path: &str, form: &str) -> Response {
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    wire::request(house.gate.address(), "POST", path, &headers, form.as_bytes())
}

fn refresh(house: &House, token: &str) -> Response {
    post(house, "/.mantlet/token", &format!("grant_type=refresh_token&refresh_token={token}"))
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

fn introspect(house: &House, token: &str) -> Value {
    let answer = house.form("/v1/tokens/introspect", &format!("token={token}&token_type_hint=x"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[test]
fn a_token_is_issued_introspected_and_revoked() {
    let house = house("");
    house.add("bob", "user");
    let token = text(&issue(&house, &json!({"scopes": ["read"], "seconds": 60})), "token");
    assert_eq!(house.through(&token), 200);
    let said = introspect(&house, &token);
    assert_eq!(
        (&said["active"], &said["sub"], &said["scope"]),
        (&true.into(), &"bob".into(), &"read".into())
    );
    for wrong in ["x.y.z", "nothing", &format!("{token}x")] {
        assert_eq!(introspect(&house, wrong), json!({"active": false}), "and not why");
    }
    let revoked = house.form("/v1/tokens/revoke", &format!("token={token}"));
    assert_eq!((revoked.status, revoked.text().as_str()), (200, ""));
    assert_eq!(house.through(&token), 401);
    assert_eq!(introspect(&house, &token), json!({"active": false}));
    assert_eq!(house.form("/v1/tokens/revoke", "token=nothing").status, 200, "RFC 7009, 2.2");
    let both = json!({"user": "bob", "seconds": 5, "client": "app"});
    assert_eq!(house.ask("POST", "/v1/tokens", &both).status, 422);
}

// covers: SAMO-12 (binary)
#[test]
fn samo_d11_a_refresh_token_counts_once_and_a_second_use_ends_all_of_its_sign_in() {
    let house = house("");
    house.add("bob", "user");
    let first = issue(&house, &json!({"client": "app", "scopes": ["read"]}));
    let stolen = text(&first, "refresh_token");
    let next = refresh(&house, &stolen);
    assert_eq!(next.status, 200, "{next:?}");
    assert_eq!(next.header("cache-control"), Some("no-store"));
    let next = next.json();
    assert_eq!((&next["token_type"], &next["scope"]), (&"Bearer".into(), &"read".into()));
    let (access, second) = (text(&next, "access_token"), text(&next, "refresh_token"));
    assert_eq!(house.through(&access), 200);
    let third = house.told("POST", "/v1/tokens/refresh", &json!({"refresh_token": second}), 201);
    assert_eq!(house.through(&text(&third, "token")), 200);
    // The first one is two generations old: somebody has a copy.
    let reused = refresh(&house, &stolen);
    assert_eq!((reused.status, reused.json()), (400, json!({"error": "invalid_grant"})));
    for token in [text(&first, "token"), access, text(&third, "token")] {
        let ended = poll_until(PATIENCE, || (house.through(&token) == 401).then_some(()));
        assert!(ended.is_some(), "every access token of the sign-in ends");
    }
    assert_eq!(refresh(&house, &text(&third, "refresh_token")).status, 400);
    let told = house.gate.wait_for_event(
        |it| it["message"].as_str().is_some_and(|it| it.contains("used twice")),
        PATIENCE,
    );
    assert_eq!(told["user.name"], "bob", "{told}");
}

#[test]
fn a_sign_in_ends_with_its_account_or_when_its_holder_says_so() {
    let house = house("");
    house.add("bob", "user");
    let one = issue(&house, &json!({"client": "app"}));
    let two = issue(&house, &json!({"client": "app"}));
    let revoked =
        post(&house, "/.mantlet/revoke", &format!("token={}", text(&one, "refresh_token")));
    assert_eq!(revoked.status, 200, "{revoked:?}");
    assert_eq!(refresh(&house, &text(&one, "refresh_token")).status, 400);
    assert_eq!(house.through(&text(&one, "token")), 401, "with its access tokens");
    assert_eq!(house.through(&text(&two, "token")), 200, "others go on");
    // The access token ends the whole sign-in too.
    let revoked = post(&house, "/.mantlet/revoke", &format!("token={}", text(&two, "token")));
    assert_eq!(revoked.status, 200);
    assert_eq!(refresh(&house, &text(&two, "refresh_token")).status, 400);
    let three = issue(&house, &json!({"client": "app"}));
    let lock = house.ask_as(
        &house.key,
        ("PATCH", "/v1/users/bob"),
        &[("If-Match", "*")],
        &json!({"locked": true}),
    );
    assert_eq!(lock.status, 200);
    let refused = refresh(&house, &text(&three, "refresh_token"));
    assert_eq!((refused.status, refused.json()), (400, json!({"error": "invalid_grant"})));
    for (form, error) in [
        ("grant_type=password&username=bob", "unsupported_grant_type"),
        ("grant_type=refresh_token", "invalid_request"),
        ("grant_type=refresh_token&refresh_token=mr_x", "invalid_grant"),
    ] {
        let answer = post(&house, "/.mantlet/token", form);
        assert_eq!((answer.status, answer.json()), (400, json!({"error": error})), "{form}");
    }
}

#[test]
fn a_sign_in_ends_unused_and_nobody_has_more_of_them_than_may_be() {
    let config = "[identity.tokens]\nrefresh_lifetime = \"1h\"\nrefresh_idle = \"1s\"\nrefresh_per_user = 1\n";
    let house = house(config);
    house.add("bob", "user");
    let one = issue(&house, &json!({"client": "app"}));
    let second = house.ask("POST", "/v1/tokens", &json!({"user": "bob", "client": "app"}));
    assert_problem(&second, 409, "api-conflict");
    // Nothing but time makes it end.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(refresh(&house, &text(&one, "refresh_token")).status, 400);
}

#[test]
fn programs_find_where_everything_is() {
    let house = house("");
    for path in [
        "/.mantlet/.well-known/openid-configuration",
        "/.mantlet/.well-known/oauth-authorization-server",
    ] {
        let answer = wire::get(house.gate.address(), path, &[]);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let document = answer.json();
        assert_eq!(document["issuer"], "mantlet");
        assert_eq!(document["grant_types_supported"], json!(["refresh_token"]));
        let base = format!("http://{}", house.gate.address());
        for (name, own) in [
            ("jwks_uri", "/.mantlet/jwks.json"),
            ("token_endpoint", "/.mantlet/token"),
            ("revocation_endpoint", "/.mantlet/revoke"),
        ] {
            assert_eq!(document[name], format!("{base}{own}"));
        }
        let keys = wire::get(house.gate.address(), "/.mantlet/jwks.json", &[]);
        assert_eq!(keys.status, 200);
    }
    assert!(house.upstream.is_untouched());
}
