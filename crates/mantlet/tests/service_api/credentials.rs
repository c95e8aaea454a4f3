//! Sessions and keys.

use mantlet_testkit::wire;
use serde_json::{Value, json};

use super::{assert_problem, house};

#[test]
fn a_key_is_issued_rotated_and_revoked_and_the_gate_knows_within_a_second() {
    let house = house("");
    house.add("bob", "user");
    let wish = json!({"user": "bob", "label": "nightly", "scopes": ["read"], "seconds": 3600,
        "networks": ["127.0.0.0/8"]});
    let issued = house.told("POST", "/v1/keys", &wish, 201);
    let (id, key) = (issued["id"].as_str().unwrap(), issued["key"].as_str().unwrap());
    assert_eq!(house.through(key), 200);
    let shown = house.told("GET", &format!("/v1/keys/{id}"), &Value::Null, 200);
    assert_eq!((&shown["label"], &shown["state"]), (&"nightly".into(), &"active".into()));
    assert!(!shown.to_string().contains(key), "the secret is shown once");
    let rotation = format!("/v1/keys/{id}/rotation");
    let next = house.told("POST", &rotation, &json!({"grace": 0}), 201);
    let next = next["key"].as_str().unwrap();
    assert_eq!((house.through(key), house.through(next)), (401, 200));
    let path = format!("/v1/keys/{id}");
    assert_eq!(house.ask("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(house.through(next), 401);
    assert_problem(&house.ask("DELETE", &path, &Value::Null), 409, "api-conflict");
    assert_problem(&house.ask("POST", &rotation, &json!({})), 409, "api-conflict");
    assert_problem(&house.get("/v1/keys/nothing"), 404, "api-not-found");
    for wrong in [
        json!({"user": "nobody", "label": "x"}),
        json!({"user": "bob", "label": "x", "scopes": ["nothing"]}),
        json!({"user": "bob", "label": "x", "networks": ["here"]}),
        json!({"user": "bob", "label": "x", "seconds": 316_224_000}),
    ] {
        let answer = house.ask("POST", "/v1/keys", &wrong);
        assert!([404, 422].contains(&answer.status), "{wrong}: {answer:?}");
    }
}

#[test]
fn sessions_are_listed_and_ended() {
    let house = house("");
    let password = "marble-harbour-violet-engine";
    let user = json!({"name": "bob", "roles": ["user"], "password": password});
    house.told("POST", "/v1/users", &user, 201);
    let sign_in = || {
        let page = wire::get(house.gate.address(), "/.mantlet/sign-in", &[]);
        let cookie = page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let text = page.text();
        let token = text.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let form = format!("form={token}&username=bob&password={password}");
        let headers =
            [("Cookie", cookie.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let path = "/.mantlet/sign-in";
        let answer = wire::request(house.gate.address(), "POST", path, &headers, form.as_bytes());
        assert_eq!(answer.status, 303, "{answer:?}");
        let all = answer.headers.get_all("set-cookie");
        let session = all.iter().find(|it| it.contains("mantlet-session=")).unwrap();
        session.split(';').next().unwrap().to_owned()
    };
    let (one, two) = (sign_in(), sign_in());
    let inside = |cookie: &str| wire::get(house.gate.address(), "/", &[("Cookie", cookie)]).status;
    assert_eq!((inside(&one), inside(&two)), (200, 200));
    let listed = house.told("GET", "/v1/sessions?user=bob", &Value::Null, 200);
    let sessions = listed["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert!(!listed.to_string().contains(one.split('=').nth(1).unwrap()));
    let everybodys = house.told("GET", "/v1/sessions?limit=1", &Value::Null, 200);
    assert!(everybodys["sessions"].as_array().unwrap().len() <= 2);
    let path = format!("/v1/users/bob/sessions/{}", sessions[0]["handle"].as_str().unwrap());
    assert_eq!(house.ask("DELETE", &path, &Value::Null).status, 204);
    assert_problem(&house.ask("DELETE", &path, &Value::Null), 404, "api-not-found");
    let mut left = [inside(&one), inside(&two)];
    left.sort_unstable();
    assert_eq!(left, [200, 401]);
    let ended = house.told("DELETE", "/v1/users/bob/sessions", &Value::Null, 200);
    assert_eq!(ended, json!({"ended": 1}));
    assert_eq!((inside(&one), inside(&two)), (401, 401));
}
