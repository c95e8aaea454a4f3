//! Tables of roles, good and bad, and those that come with the house.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use mantlet_access::{PROFILES, RoleProblem, RoleTable, Roles, profile};

fn roles(text: &str) -> Roles {
    Roles::compile(&RoleTable::parse(text).unwrap()).unwrap()
}

fn problems(text: &str) -> Vec<RoleProblem> {
    match RoleTable::parse(text).and_then(|table| Roles::compile(&table)) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.0,
    }
}

fn house(name: &str) -> Roles {
    Roles::compile(&profile(name).unwrap().unwrap()).unwrap()
}

/// Which of the permissions a role has.
fn has(roles: &Roles, role: &str) -> Vec<String> {
    roles.permissions_of(role).map(str::to_owned).collect()
}

// covers: ETSM-35, ETSM-36 (library)
#[test]
fn the_roles_of_a_dashboard() {
    let roles = house("dashboard");
    assert_eq!(has(&roles, "user"), ["read_dashboard"]);
    assert_eq!(has(&roles, "manager"), ["export_data", "read_dashboard", "write_strategy"]);
    assert_eq!(has(&roles, "admin").len(), 4);
    let alice = roles.principal("alice", ["manager"], None);
    assert!(alice.has(roles.permission("export_data").unwrap()));
    assert!(!alice.has(roles.permission("admin_users").unwrap()));
}

// covers: SAMO-13, SAMO-14 (library)
#[test]
fn samo_d18_the_administrator_of_a_model_server_has_all_the_rest_by_name() {
    let roles = house("monitoring");
    assert_eq!(has(&roles, "user"), ["read_predictions", "write_predictions"]);
    assert_eq!(has(&roles, "analyst"), ["read_metrics", "read_predictions", "write_predictions"]);
    assert_eq!(has(&roles, "admin").len(), 5);
    assert_eq!(has(&roles, "nobody"), Vec::<String>::new());
}

// covers: ELITE-16 (library)
#[test]
fn the_roles_of_a_publishing_pipeline() {
    let roles = house("publishing");
    assert_eq!(has(&roles, "viewer"), ["read"]);
    assert_eq!(has(&roles, "author"), ["read", "write"]);
    assert_eq!(has(&roles, "editor"), ["publish", "read", "write"]);
    assert_eq!(has(&roles, "admin"), ["delete", "publish", "read", "write"]);
}

// covers: SCI-13, SCI-14 (library)
#[test]
fn the_roles_of_a_site_for_research_data() {
    let roles = house("research");
    assert_eq!(has(&roles, "user"), ["read_project", "write_project"]);
    assert!(!has(&roles, "admin").contains(&"admin_system".to_owned()));
    assert_eq!(has(&roles, "super_admin").len(), 5);
}

// covers: YMERA-06 (library)
#[test]
fn several_roles_of_one_user_give_what_any_of_them_gives() {
    let roles = house("agents");
    assert_eq!(has(&roles, "readonly"), ["read"]);
    let two = roles.principal("alice", ["readonly", "user"], None);
    assert!(
        ["read", "write", "execute"].iter().all(|name| two.has(roles.permission(name).unwrap()))
    );
    assert!(!two.has(roles.permission("admin").unwrap()));
    assert_eq!(PROFILES.len(), 6);
    assert_eq!(profile("nothing").unwrap(), None);
}

#[test]
fn sci_d10_a_role_that_is_not_in_the_table_gives_nothing_and_is_told() {
    let roles = house("research");
    let alice = roles.principal("alice", ["superadmin", "Admin", "admin ", ""], None);
    assert!(roles.permission_names().all(|name| !alice.has(roles.permission(name).unwrap())));
    assert_eq!(alice.unknown_roles(), ["superadmin", "Admin", "admin ", ""]);
}

#[test]
fn circles_are_refused_and_shown() {
    for (text, expected) in [
        ("[roles.a]\ninherits = ['a']", vec!["a", "a"]),
        (
            "[roles.a]\ninherits = ['b']\n[roles.b]\ninherits = ['c']\n[roles.c]\ninherits = ['a']",
            vec!["a", "b", "c", "a"],
        ),
        (
            "[roles.x]\ninherits = ['a']\n[roles.a]\ninherits = ['b']\n[roles.b]\ninherits = ['a']",
            vec!["a", "b", "a"],
        ),
        (
            "[roles.a]\ninherits = ['b', 'c']\n[roles.b]\n[roles.c]\ninherits = ['c']",
            vec!["c", "c"],
        ),
    ] {
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(problems(text), [RoleProblem::Circle(expected)], "{text}");
    }
    let diamond = "[permissions]\np = ''\n[roles.a]\ninherits = ['b', 'c']\n[roles.b]\ninherits = ['d']\n[roles.c]\ninherits = ['d']\n[roles.d]\npermissions = ['p']";
    assert_eq!(has(&roles(diamond), "a"), ["p"], "two ways to one role are no circle");
}

#[test]
fn names_that_are_not_there_are_told_with_the_nearest() {
    let text = "[permissions]\nread_project = ''\n[roles.user]\npermissions = ['read_projects', 'xyz']\n[roles.admin]\ninherits = ['usr']";
    let texts: Vec<String> = problems(text).iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "role `admin` inherits from `usr`, which is no role, did you mean `user`?",
            "role `user` names the permission `read_projects`, which is not listed, did you mean `read_project`?",
            "role `user` names the permission `xyz`, which is not listed",
        ]
    );
}

#[test]
fn a_table_that_is_none_is_refused() {
    for text in [
        "roles = 1",
        "[rolles.user]",
        "[roles.user]\npermision = []",
        "[roles.user]\npermissions = 'read'",
        "[permissions]\nread = 1",
    ] {
        assert!(matches!(problems(text).first(), Some(RoleProblem::Text(_))), "{text}");
    }
    for text in ["[permissions]\n'a b' = ''", "[roles.'']", "[roles.\"a\\n\"]"] {
        assert!(matches!(problems(text).first(), Some(RoleProblem::Name(_))), "{text}");
    }
    let many: String = (0..257).map(|number| format!("[roles.r{number}]\n")).collect();
    assert_eq!(problems(&many), [RoleProblem::TooMany(256)]);
}

#[test]
fn nobody_grants_a_role_that_holds_more_than_they_do() {
    let roles = house("research");
    let admin = roles.principal("root", ["admin"], None);
    assert_eq!(roles.missing_to_grant(&admin, "user"), Some(Vec::new()));
    assert_eq!(roles.missing_to_grant(&admin, "admin"), Some(Vec::new()));
    assert_eq!(
        roles.missing_to_grant(&admin, "super_admin"),
        Some(vec!["admin_system", "clearance"])
    );
    assert_eq!(roles.missing_to_grant(&admin, "emperor"), None);
    let scoped = roles.principal("root", ["super_admin"], Some(&["admin_users"]));
    assert!(!roles.missing_to_grant(&scoped, "user").unwrap().is_empty());
}
