//! Whether somebody may.

use serde_json::{Value, json};

use super::{assert_problem, house};

#[test]
fn a_question_has_an_answer_with_reasons() {
    let house = house("");
    house.add("bob", "user");
    for (question, decision) in [
        (json!({"subject": "bob", "require": "permission:write"}), "allowed"),
        (json!({"subject": "bob", "require": "permission:manage"}), "forbidden"),
        (json!({"subject": "BOB", "require": "role:user and permission:read"}), "allowed"),
        (json!({"subject": "bob", "require": "permission:write", "scopes": ["read"]}), "forbidden"),
        (json!({"require": "permission:read"}), "sign-in-first"),
        (json!({"subject": "nobody", "require": "signed-in"}), "forbidden"),
        (
            json!({"subject": "bob", "require": "owner:user", "facts": {"values": {"user": "bob"}}}),
            "allowed",
        ),
        (
            json!({"subject": "bob", "require": "owner:user", "facts": {"values": {"user": "eve"}}}),
            "forbidden",
        ),
        (
            json!({"subject": "bob", "require": "class",
                "facts": {"class": "confidential", "membership": "read", "action": "read"}}),
            "allowed",
        ),
        (json!({"subject": "bob", "require": "class"}), "forbidden"),
    ] {
        let answer = house.told("POST", "/v1/authorize", &question, 200);
        assert_eq!(answer["decision"], decision, "{question}: {answer}");
        assert_eq!(answer["allowed"], decision == "allowed");
        assert!(answer["reasons"][0]["why"].is_string(), "{answer}");
    }
    let wrong = json!({"subject": "bob", "require": "permission:raed"});
    let answer = house.ask("POST", "/v1/authorize", &wrong);
    assert_problem(&answer, 422, "api-invalid");
    assert!(answer.json()["detail"].as_str().unwrap().contains("did you mean `read`"));
}

#[test]
fn many_questions_are_answered_one_by_one() {
    let house = house("");
    house.add("bob", "user");
    let questions = json!({"questions": [
        {"subject": "bob", "require": "permission:read"},
        {"subject": "bob", "require": "nonsense:"},
        {"subject": "bob", "require": "permission:manage"},
    ]});
    let answers = house.told("POST", "/v1/authorize/batch", &questions, 200);
    let answers = answers["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 3);
    assert_eq!((&answers[0]["allowed"], &answers[2]["allowed"]), (&true.into(), &false.into()));
    assert!(answers[1]["error"].as_str().unwrap().contains("does not belong there"), "{answers:?}");
    let many = vec![json!({"require": "signed-in"}); 101];
    assert_eq!(house.ask("POST", "/v1/authorize/batch", &json!({"questions": many})).status, 422);
    assert_eq!(house.ask("POST", "/v1/authorize/batch", &json!({"questions": []})).status, 422);
}

#[test]
fn what_somebody_loses_they_lose_within_a_second() {
    let house = house("");
    house.add("bob", "user");
    let may = || {
        let question = json!({"subject": "bob", "require": "permission:write"});
        house.told("POST", "/v1/authorize", &question, 200)["allowed"] == true
    };
    assert!(may());
    let roles = json!({"roles": ["viewer"]});
    let path = ("PUT", "/v1/users/bob/roles");
    assert_eq!(house.ask_as(&house.key, path, &[("If-Match", "*")], &roles).status, 200);
    assert!(!may(), "at once, where it was changed here");
}

#[test]
fn paths_and_people_are_explained() {
    let house = house(
        "[[routes]]\npath = \"/open\"\nrequire = \"none\"\n[[routes]]\npath = \"/admin/*\"\nrequire = { role = \"admin\" }\n",
    );
    house.add("bob", "user");
    let explain =
        |query: &str| house.told("GET", &format!("/v1/access/explain?{query}"), &Value::Null, 200);
    let open = explain("path=/open");
    assert_eq!((&open["asks"], &open["allowed"]), (&Value::Null, &true.into()));
    let admin = explain("path=/admin/users&user=bob&method=POST");
    assert_eq!(admin["decision"], "forbidden");
    assert!(admin["asks"].as_str().unwrap().contains("role:admin"), "{admin}");
    assert_eq!(explain("path=/admin/users&user=admin")["decision"], "allowed");
    assert_eq!(explain("path=/")["decision"], "sign-in-first");
    assert_problem(&house.get("/v1/access/explain"), 422, "api-invalid");
    assert_problem(&house.get("/v1/access/explain?path=/x&user=nobody"), 404, "api-not-found");
    let review = house.told("GET", "/v1/access/review?dormant_days=1", &Value::Null, 200);
    let admin = &review["users"][0];
    assert_eq!(admin["name"], "admin");
    assert_eq!(admin["findings"], json!(["has every permission that there is"]));
}
