use mantlet_access::{Facts, Inquiry, RoleTable, Roles, Ruling, Scene};
use mantlet_types::Timestamp;

use super::*;

fn roles() -> Roles {
    let table = r#"
        [permissions]
        read_project = "see a project"
        [roles.user]
        permissions = ["read_project"]
        [roles.admin]
        inherits = ["user"]
    "#;
    Roles::compile(&RoleTable::parse(table).unwrap()).unwrap()
}

fn source(text: &str) -> Source {
    Source { name: "some.cedar".to_owned(), text: text.to_owned() }
}

fn compiled(text: &str) -> Result<SharedPolicies, Vec<Problem>> {
    compile(&[source(text)], None, &["view".to_owned(), "edit".to_owned()])
}

fn judged(text: &str, action: &str, facts: &Facts<'_>, scene: &Scene<'_>) -> Ruling {
    let (policies, roles) = (compiled(text).unwrap(), roles());
    let principal = roles.principal("alice", ["admin"], scene.scopes);
    let (now, roles) = (Timestamp::from_second(1_000).unwrap(), &roles);
    let principal = &principal;
    policies.0.judge(&Inquiry { action, principal, facts, scene, roles, now })
}

const PERMIT: &str = "@id(\"all\") permit(principal, action, resource);\n";

#[test]
fn policies_see_who_asks_what_for_and_how() {
    let scene = Scene {
        method: "GET",
        host: "app.example",
        path: "/projects/7",
        route: "/projects/{project}",
        client: Some([192, 0, 2, 7].into()),
        kind: "api-key",
        scopes: None,
        claims: &[("department", "physics")],
    };
    let facts = Facts {
        values: &[("project", "7"), ("owner", "alice")],
        authenticated: Some(Timestamp::from_second(940).unwrap()),
        has_second_factor: true,
        ..Facts::default()
    };
    for condition in [
        "principal == User::\"alice\"",
        "principal in Role::\"admin\" && principal in Role::\"user\"",
        "principal.permissions.contains(\"read_project\")",
        "principal.hasTag(\"department\") && principal.getTag(\"department\") == \"physics\"",
        "resource == Thing::\"/projects/7\" && resource.class == \"restricted\"",
        "resource has owner && resource.owner == principal",
        "resource.hasTag(\"project\") && resource.getTag(\"project\") == \"7\"",
        "context has client && context.client.isInRange(ip(\"192.0.2.0/24\"))",
        "context.host == \"app.example\" && context.kind == \"api-key\" && context.method == \"GET\"",
        "context.now < datetime(\"1970-01-02\") && context.secondFactor && !context.reading",
        "context has signedInFor && context.signedInFor == 60",
    ] {
        let of = |condition: &str| {
            let text = format!("permit(principal, action, resource) when {{ {condition} }};");
            judged(&text, "view", &facts, &scene).is_allowed
        };
        assert!(of(condition), "{condition}");
        assert!(!of(&format!("!({condition})")), "{condition}");
    }
}

#[test]
fn a_scoped_key_has_no_roles_and_a_part_of_the_permissions() {
    let scene = Scene { scopes: Some(&["other"]), ..Scene::default() };
    for condition in [
        "principal in Role::\"user\"",
        "principal.permissions.contains(\"read_project\")",
        "!(context has scopes)",
    ] {
        let text = format!("permit(principal, action, resource) when {{ {condition} }};");
        assert!(!judged(&text, "view", &Facts::default(), &scene).is_allowed, "{condition}");
    }
}

#[test]
fn nothing_is_denied_by_no_policy_and_forbidding_wins() {
    let (facts, scene) = (Facts::default(), Scene::default());
    let none = judged("", "view", &facts, &scene);
    assert_eq!((none.is_allowed, none.describe().as_str()), (false, "no policy permits it"));
    let all = judged(PERMIT, "view", &facts, &scene);
    assert_eq!((all.is_allowed, all.policies), (true, vec!["all".to_owned()]));
    let other = format!("{PERMIT}forbid(principal, action == Action::\"edit\", resource);");
    assert!(judged(&other, "view", &facts, &scene).is_allowed);
    let forbidden = judged(&other, "edit", &facts, &scene);
    assert_eq!(
        (forbidden.is_allowed, forbidden.policies),
        (false, vec!["some.cedar#2".to_owned()])
    );
    assert!(!judged(PERMIT, "unknown", &facts, &scene).is_allowed);
}

#[test]
fn a_policy_that_fails_closes_even_where_another_permits() {
    // The number is too large for what it is added to.
    let text = format!(
        "{PERMIT}@id(\"sum\") forbid(principal, action, resource) when {{ context has signedInFor && context.signedInFor + 9223372036854775807 < 0 }};"
    );
    let facts =
        Facts { authenticated: Some(Timestamp::from_second(10).unwrap()), ..Facts::default() };
    let ruling = judged(&text, "view", &facts, &Scene::default());
    assert!(!ruling.is_allowed);
    assert!(ruling.errors[0].contains("sum"), "{ruling:?}");
    let fine = judged(&text, "view", &Facts::default(), &Scene::default());
    assert!(fine.is_allowed, "{fine:?}");
}

#[test]
fn what_makes_no_sense_is_told_with_its_line() {
    for (text, line, word) in [
        ("\n\npermit(principal, action resource);", 3, "unexpected"),
        ("\npermit(principal, action == Action::\"vieww\", resource);", 2, "vieww"),
        ("permit(principal, action, resource)\n when { principal.name == \"x\" };", 2, "name"),
        ("\npermit(principal == Usr::\"a\", action, resource);", 2, "Usr"),
        ("permit(principal == ?principal, action, resource);", 0, "template"),
        (
            "@id(\"a\") permit(principal, action, resource);\n@id(\"a\") permit(principal, action, resource);",
            0,
            "two policies",
        ),
    ] {
        let problems = compiled(text).unwrap_err();
        let place = if line == 0 { "some.cedar".to_owned() } else { format!("some.cedar:{line}") };
        let found = problems.iter().any(|it| it.place == place && it.message.contains(word));
        assert!(found && problems.iter().all(|it| !it.hint.is_empty()), "{text}: {problems:?}");
    }
    let many = PERMIT.replace("@id(\"all\") ", "").repeat(MAX_POLICIES + 1);
    assert!(compiled(&many).unwrap_err()[0].message.contains("more than"));
}

#[test]
fn a_schema_of_their_own_has_to_describe_what_is_told() {
    let actions = ["view".to_owned()];
    let text = "permit(principal, action, resource) when { context.method == \"GET\" };";
    let with = |schema: &str| compile(&[source(text)], Some(&source(schema)), &actions);
    let ours = schema(&actions);
    assert!(with(&ours).is_ok());
    assert!(with(&format!("{ours}\nentity Team;")).is_ok());
    assert!(with(&ours.replace("host: String", "house: String")).is_err());
    assert!(with(&ours.replace("class: String", "class: Long")).is_err());
    assert!(with("entity {").is_err());
}
