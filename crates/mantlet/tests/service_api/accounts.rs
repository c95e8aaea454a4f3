//! Accounts and their roles.

use serde_json::{Value, json};

use super::{assert_problem, house, key_of, run};

#[test]
fn an_account_is_added_found_locked_and_closed_for_good() {
    let house = house("");
    let made = house.told("POST", "/v1/users", &json!({"name": "Bob", "roles": ["user"]}), 201);
    assert_eq!((&made["name"], made["password"].is_string()), (&"bob".into(), true));
    assert_problem(
        &house.ask("POST", "/v1/users", &json!({"name": "bob", "roles": ["user"]})),
        409,
        "api-conflict",
    );
    let answer = house.get("/v1/users/bob");
    let tag = answer.header("etag").unwrap().to_owned();
    assert_eq!(tag, format!("\"{}\"", answer.json()["version"].as_str().unwrap()));
    let key = key_of(&house.gate, "bob", &["read"]);
    assert_eq!(house.through(&key), 200);
    let locked = house.ask_as(
        &house.key,
        ("PATCH", "/v1/users/bob"),
        &[("If-Match", &tag)],
        &json!({"locked": true}),
    );
    assert_eq!((locked.status, &locked.json()["locked"]), (200, &Value::Bool(true)));
    assert_eq!(house.through(&key), 401, "its keys are refused at once");
    let gone = house.ask_as(
        &house.key,
        ("DELETE", "/v1/users/bob"),
        &[("If-Match", locked.header("etag").unwrap())],
        &Value::Null,
    );
    assert_eq!(gone.status, 204, "{gone:?}");
    let left = house.told("GET", "/v1/users/bob", &Value::Null, 200);
    assert_eq!((&left["locked"], &left["roles"]), (&true.into(), &json!([])));
    let keys = house.told("GET", "/v1/keys?user=bob", &Value::Null, 200);
    assert_eq!(keys["keys"][0]["state"], "revoked");
    assert_problem(&house.ask("POST", "/v1/users", &json!({"name": "bob"})), 409, "api-conflict");
    assert_problem(&house.get("/v1/users/nobody"), 404, "api-not-found");
    // Every change is on record before it is made, with who asked.
    let audit = house.gate.audit();
    for command in ["user-add", "user-lock", "user-retire"] {
        let of = |name: &str| {
            let is_it = |it: &&Value| it["event.name"] == name && it["command"] == command;
            let actor =
                |it: &Value| it["actor"].as_str().unwrap_or_default().starts_with("admin with key");
            audit.iter().position(|it| is_it(&it) && actor(it))
        };
        let (asked, done) = (of("control.command.requested"), of("control.command.executed"));
        assert!(asked.is_some() && asked < done, "{command}: {audit:#?}");
    }
}

#[test]
fn a_change_says_what_it_changes_and_the_second_of_two_looks_again() {
    let house = house("");
    house.add("bob", "user");
    let path = ("PUT", "/v1/users/bob/roles");
    let roles = json!({"roles": ["viewer"]});
    assert_problem(&house.ask_as(&house.key, path, &[], &roles), 428, "api-precondition-required");
    let tag = house.get("/v1/users/bob/roles").header("etag").unwrap().to_owned();
    let first = house.ask_as(&house.key, path, &[("If-Match", &tag)], &roles);
    assert_eq!((first.status, &first.json()["roles"]), (200, &json!(["viewer"])));
    assert_problem(
        &house.ask_as(&house.key, path, &[("If-Match", &tag)], &json!({"roles": ["user"]})),
        412,
        "api-changed",
    );
    for wrong in ["W/\"x\"", "\"x\", \"y\"", "x"] {
        let answer = house.ask_as(&house.key, path, &[("If-Match", wrong)], &roles);
        assert_problem(&answer, 412, "api-changed");
    }
    let any = house.ask_as(&house.key, path, &[("If-Match", "*")], &json!({"roles": []}));
    assert_eq!((any.status, &any.json()["roles"]), (200, &json!([])));
    let unknown = house.ask_as(&house.key, path, &[("If-Match", "*")], &json!({"roles": ["x"]}));
    assert_problem(&unknown, 422, "api-invalid");
    assert!(unknown.json()["hint"].as_str().unwrap().contains("viewer"));
}

#[test]
fn two_changes_at_once_and_one_of_them_counts() {
    let house = house("");
    house.add("bob", "user");
    let tag = house.get("/v1/users/bob").header("etag").unwrap().to_owned();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let change = |role: &'static str| {
            let (house, tag) = (&house, &tag);
            scope.spawn(move || {
                let path = ("PUT", "/v1/users/bob/roles");
                let body = json!({ "roles": [role] });
                house.ask_as(&house.key, path, &[("If-Match", tag)], &body).status
            })
        };
        let all: Vec<_> = ["viewer", "admin", "viewer", "admin"].map(change).into();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let counted = |status: u16| statuses.iter().filter(|it| **it == status).count();
    assert_eq!((counted(200), counted(412)), (1, 3), "{statuses:?}");
}

#[test]
fn lists_come_in_parts_and_each_account_once() {
    let house = house("");
    for number in 0..7 {
        house.add(&format!("user-{number}"), "user");
    }
    let mut names = Vec::new();
    let mut path = "/v1/users?limit=3".to_owned();
    loop {
        let part = house.told("GET", &path, &Value::Null, 200);
        let users = part["users"].as_array().unwrap();
        assert!(users.len() <= 3);
        names.extend(users.iter().map(|user| user["name"].as_str().unwrap().to_owned()));
        let Some(next) = part["next"].as_str() else { break };
        path = format!("/v1/users?limit=3&cursor={next}");
    }
    let mut expected: Vec<String> = (0..7).map(|number| format!("user-{number}")).collect();
    expected.insert(0, "admin".to_owned());
    assert_eq!(names, expected);
    for wrong in ["limit=0", "limit=201", "limit=x", "cursor=%25", "cursor=", "color=red"] {
        let answer = house.get(&format!("/v1/users?{wrong}"));
        assert_problem(&answer, 422, "api-invalid");
    }
}

#[test]
fn nobody_acts_on_an_account_that_may_more_than_theirs() {
    let house = house("");
    house.add("clerk", "user");
    let key = key_of(
        &house.gate,
        "clerk",
        &[
            "users:write",
            "roles:write",
            "keys:write",
            "sessions:write",
            "tokens:issue",
            "tickets:issue",
        ],
    );
    let as_clerk = |method: &str, path: &str, body: Value| {
        house.ask_as(&key, (method, path), &[("If-Match", "*")], &body)
    };
    // An administrator's account is not theirs to take over, in none of these ways.
    for (method, path, body) in [
        ("PUT", "/v1/users/admin/password", json!({})),
        ("PATCH", "/v1/users/admin", json!({"locked": true})),
        ("DELETE", "/v1/users/admin", Value::Null),
        ("PUT", "/v1/users/admin/roles", json!({"roles": []})),
        ("PUT", "/v1/users/clerk/roles", json!({"roles": ["admin"]})),
        ("POST", "/v1/users", json!({"name": "eve", "roles": ["admin"]})),
        ("POST", "/v1/keys", json!({"user": "admin", "label": "x"})),
        ("POST", "/v1/keys", json!({"user": "clerk", "label": "x", "scopes": ["users:read"]})),
        ("POST", "/v1/keys", json!({"user": "clerk", "label": "x", "scopes": ["manage"]})),
        ("POST", "/v1/tokens", json!({"user": "admin"})),
        ("POST", "/v1/tokens", json!({"user": "clerk", "scopes": ["access:read"]})),
        ("POST", "/v1/tickets", json!({"user": "admin", "origin": "https://a.example"})),
        ("DELETE", "/v1/users/admin/sessions", Value::Null),
        ("DELETE", "/v1/users/admin/sessions/000000000000", Value::Null),
    ] {
        assert_problem(&as_clerk(method, path, body), 403, "api-beyond");
    }
    let id = run(&house.gate, &["key", "issue", "--user", "admin", "--scope", "read"])["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let rotation = format!("/v1/keys/{id}/rotation");
    assert_problem(&as_clerk("POST", &rotation, json!({})), 403, "api-beyond");
    let theirs = format!("/v1/keys/{id}");
    assert_problem(&as_clerk("DELETE", &theirs, Value::Null), 403, "api-beyond");
    assert_eq!(house.get(&theirs).json()["state"], "active");
    // What they hold, they pass on.
    for (path, body) in [
        ("/v1/users", json!({"name": "eve", "roles": ["user"]})),
        ("/v1/keys", json!({"user": "eve", "label": "x", "scopes": ["users:write", "read"]})),
    ] {
        let answer = as_clerk("POST", path, body);
        assert_eq!(answer.status, 201, "{answer:?}");
    }
}

#[test]
fn nobody_ends_what_an_issuer_gave_those_who_may_more_than_they() {
    let house = house(
        "[identity.issuers.corp]\nissuer = \"https://login.corp.example/\"\n\
         jwks_url = \"http://127.0.0.1:1/keys\"\naudience = \"app\"\n\
         [[identity.issuers.corp.roles]]\nclaim = \"groups\"\nvalue = \"Admins\"\nrole = \"admin\"\n\
         [identity.issuers.shop]\nissuer = \"https://login.shop.example/\"\n\
         jwks_url = \"http://127.0.0.1:1/keys\"\naudience = \"app\"\n",
    );
    house.add("clerk", "user");
    let clerk = key_of(&house.gate, "clerk", &["tokens:revoke"]);
    let end = |key: &str, user: &str| {
        let path = format!("/v1/users/{user}/tokens");
        house.ask_as(key, ("DELETE", &path), &[], &Value::Null)
    };
    assert_problem(&end(&clerk, "corp:Alice"), 403, "api-beyond");
    assert_problem(&end(&clerk, "corp%3AAlice"), 403, "api-beyond");
    assert_eq!(end(&clerk, "shop:Alice").status, 204, "its users have no role here");
    assert_eq!(end(&house.key, "corp:Alice").status, 204);
}
