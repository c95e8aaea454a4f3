//! Decisions: who gets in, who is asked to sign in, who is refused, and what the operator learns.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mantlet_access::{
    Access, Action, Approval, Consulted, Decision, Facts, Finding, Inquiry, Membership, Met,
    Policies, Principal, Require, Requirement, RequirementError, Roles, Ruling, Scene, UserView,
    decide, explain, profile, review,
};
use mantlet_types::{DataClass, Timestamp};
use proptest::prelude::*;

use Decision::{Allowed, Forbidden, SignInFirst};

fn research() -> Roles {
    Roles::compile(&profile("research").unwrap().unwrap()).unwrap()
}

fn parse(text: &str) -> Requirement {
    Requirement::parse(text, &research()).unwrap()
}

fn who(id: &str, role: &str) -> Principal {
    research().principal(id, [role], None)
}

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn ask(text: &str, principal: Option<&Principal>, facts: &Facts<'_>) -> Decision {
    decide(&parse(text), principal, facts, now())
}

// covers: ETSM-37, SAMO-15, SCI-16, YMERA-07 (library)
#[test]
fn ymera_d06_an_unknown_visitor_is_asked_to_sign_in_and_a_known_one_is_refused() {
    let (user, admin) = (who("alice", "user"), who("root", "admin"));
    for (text, nobody, of_user, of_admin) in [
        ("signed-in", SignInFirst, Allowed, Allowed),
        ("permission:read_project", SignInFirst, Allowed, Allowed),
        ("permission:admin_users", SignInFirst, Forbidden, Allowed),
        ("permission:admin_system", SignInFirst, Forbidden, Forbidden),
        ("role:user", SignInFirst, Allowed, Allowed),
        ("role:admin", SignInFirst, Forbidden, Allowed),
        ("nobody", SignInFirst, Forbidden, Forbidden),
        ("role:admin or permission:read_project", SignInFirst, Allowed, Allowed),
        ("role:admin and permission:admin_system", SignInFirst, Forbidden, Forbidden),
    ] {
        let facts = Facts::default();
        let found = [None, Some(&user), Some(&admin)].map(|who| ask(text, who, &facts));
        assert_eq!(found, [nobody, of_user, of_admin], "{text}");
    }
    assert_eq!(
        [Allowed, SignInFirst, Forbidden].map(Decision::status),
        [None, Some(401), Some(403)]
    );
}

// covers: SCI-15 (library)
#[test]
fn sci_d09_a_permission_for_projects_is_none_for_everybodys_projects() {
    let text = "permission:read_project and (owner:owner or role:admin)";
    let (alice, bob, admin) = (who("alice", "user"), who("bob", "user"), who("root", "admin"));
    let facts = Facts { values: &[("owner", "alice")], ..Facts::default() };
    for (who, expected) in [(&alice, Allowed), (&bob, Forbidden), (&admin, Allowed)] {
        assert_eq!(ask(text, Some(who), &facts), expected, "{}", who.id());
    }
    for values in [
        &[][..],
        &[("user", "alice")],
        &[("owner", "")],
        &[("owner", "Alice")],
        &[("owner", "alice"), ("owner", "bob")],
    ] {
        let facts = Facts { values, ..Facts::default() };
        assert_eq!(ask(text, Some(&alice), &facts), Forbidden, "{values:?}");
    }
}

// covers: SCI-26, SCI-27, SCI-28 (library)
#[test]
fn sci_d08_a_class_of_data_asks_for_what_belongs_to_it() {
    let (alice, root) = (who("alice", "user"), who("root", "super_admin"));
    let approvals = [approval("alice", "root")];
    let facts = |class, membership| Facts {
        class,
        membership,
        action: Action::Read,
        resource: Some("project-7"),
        ..Facts::default()
    };
    use DataClass::{Confidential, Internal, Public, Restricted};
    for (class, membership, nobody, member, admin) in [
        (Some(Public), Membership::None, Allowed, Allowed, Allowed),
        (Some(Internal), Membership::None, SignInFirst, Allowed, Allowed),
        // The table clears administrators for looking at it.
        (Some(Confidential), Membership::None, SignInFirst, Forbidden, Allowed),
        (Some(Confidential), Membership::Read, SignInFirst, Allowed, Allowed),
        (Some(Restricted), Membership::Write, SignInFirst, Forbidden, Forbidden),
        (None, Membership::Write, SignInFirst, Forbidden, Forbidden),
    ] {
        let facts = facts(class, membership);
        let found = [None, Some(&alice), Some(&root)].map(|who| ask("class", who, &facts));
        assert_eq!(found, [nobody, member, admin], "{class:?} {membership:?}");
    }
    // The same with an approval: alice may, an administrator without one may not.
    let approved = Facts { approvals: &approvals, ..facts(None, Membership::Read) };
    assert_eq!(ask("class", Some(&alice), &approved), Allowed);
    assert_eq!(ask("class", Some(&root), &approved), Forbidden);
    let public = Facts { class: Some(Public), ..Facts::default() };
    assert_eq!(ask("class", None, &public), SignInFirst, "seeing is not changing");
    let change = Facts { class: Some(Confidential), ..Facts::default() };
    assert_eq!(ask("class", Some(&root), &change), Forbidden, "clearance is for looking");
    let bounded = research().principal("root", ["super_admin"], Some(&["read_project"]));
    let look = facts(Some(Confidential), Membership::None);
    assert_eq!(ask("class", Some(&bounded), &look), Forbidden, "no key is cleared");
    let member =
        Facts { class: Some(Confidential), membership: Membership::Read, ..Facts::default() };
    assert_eq!(ask("class", Some(&alice), &member), Forbidden, "who may look may not change");
}

fn approval(principal: &str, by: &str) -> Approval {
    Approval {
        principal: principal.to_owned(),
        resource: "project-7".to_owned(),
        action: Action::Read,
        by: by.to_owned(),
        at: "2026-05-01T00:00:00Z".parse().unwrap(),
        until: "2026-07-01T00:00:00Z".parse().unwrap(),
    }
}

#[test]
fn sci_d20_an_approval_names_who_what_how_and_until_when() {
    let alice = who("alice", "user");
    let fine = approval("alice", "root");
    let is_enough = |approval: &Approval, at: &str, resource, action| {
        let approvals = [approval.clone()];
        let facts = Facts {
            approvals: &approvals,
            resource,
            action,
            membership: Membership::Write,
            ..Facts::default()
        };
        decide(&parse("class:restricted"), Some(&alice), &facts, at.parse().unwrap()).is_allowed()
    };
    let (june, read) = ("2026-06-01T00:00:00Z", Action::Read);
    assert!(is_enough(&fine, june, Some("project-7"), read));
    assert!(!is_enough(&fine, june, Some("project-8"), read));
    assert!(!is_enough(&fine, june, None, read));
    assert!(!is_enough(&fine, june, Some("project-7"), Action::Write));
    assert!(!is_enough(&fine, "2026-04-30T23:59:59Z", Some("project-7"), read), "not yet");
    assert!(!is_enough(&fine, "2026-07-01T00:00:00Z", Some("project-7"), read), "over");
    assert!(!is_enough(&approval("bob", "root"), june, Some("project-7"), read));
    assert!(!is_enough(&approval("alice", "alice"), june, Some("project-7"), read), "one's own");
}

#[test]
fn elite_d14_a_key_has_its_scopes_and_never_more_than_its_owner() {
    let roles = research();
    let scoped = |scopes: &[&str]| roles.principal("root", ["admin"], Some(scopes));
    for (scopes, text, expected) in [
        (&["read_project"][..], "permission:read_project", Allowed),
        (&["read_project"], "permission:delete_project", Forbidden),
        (&["admin_system"], "permission:admin_system", Forbidden),
        (&["read_project", "admin_users"], "role:admin", Forbidden),
        (&[], "permission:read_project", Forbidden),
        (&["nothing"], "permission:read_project", Forbidden),
    ] {
        let facts = Facts::default();
        let principal = scoped(scopes);
        assert_eq!(
            decide(&parse(text), Some(&principal), &facts, now()),
            expected,
            "{scopes:?} {text}"
        );
    }
}

#[test]
fn etsm_d32_a_path_that_no_rule_opens_is_closed_once_identities_are_asked_for() {
    let roles = research();
    let require = |text: &str| Require::parse(text, &roles).unwrap();
    let chain = |is_asked, rules: &[Option<&str>]| {
        rules
            .iter()
            .fold(Access::start(is_asked), |access, rule| access.narrow(rule.map(require).as_ref()))
    };
    assert_eq!(chain(false, &[None, None]).requirement(), None, "nobody asked");
    let closed = chain(true, &[None]);
    assert_eq!(closed, Access::Closed);
    let root = who("root", "super_admin");
    let facts = Facts::default();
    let decided = |access: &Access, who| {
        access.requirement().map_or(Allowed, |asks| decide(asks, who, &facts, now()))
    };
    assert_eq!(decided(&closed, None), SignInFirst);
    assert_eq!(decided(&closed, Some(&root)), Forbidden);
    // A narrower route asks for more, never for less.
    let (alice, admin) = (who("alice", "user"), who("root", "admin"));
    let inner = chain(true, &[Some("role:admin"), None, Some("permission:read_project")]);
    assert_eq!(decided(&inner, Some(&alice)), Forbidden, "the outer route still asks");
    assert_eq!(decided(&inner, Some(&admin)), Allowed);
    let deep = chain(true, &[Some("signed-in"), Some("role:user"), Some("role:admin")]);
    assert_eq!(decided(&deep, Some(&alice)), Forbidden);
    let open = chain(true, &[Some("role:admin"), Some("none")]);
    assert_eq!(decided(&open, None), Allowed, "opened on purpose");
    let again = chain(true, &[Some("none"), Some("role:admin")]);
    assert_eq!(decided(&again, Some(&alice)), Forbidden);
}

#[test]
fn an_explanation_says_which_role_gave_what_and_what_was_missing() {
    let roles = research();
    let asks = parse("permission:read_project and (owner:owner or permission:admin_system)");
    let admin = who("root", "admin");
    let facts = Facts { values: &[("owner", "alice")], ..Facts::default() };
    let found = explain(&asks, Some(&admin), &facts, now(), &roles);
    assert_eq!(found.decision, Forbidden);
    let text = found.to_string();
    let expected = "root: Forbidden
  (permission:read_project and (owner:owner or permission:admin_system)): missing: 1 of 2, all needed
    permission:read_project: given by `admin` through `user`
    (owner:owner or permission:admin_system): missing: 0 of 2, one needed
      owner:owner: missing: `owner` names somebody else
      permission:admin_system: missing: no role gives it
";
    assert_eq!(text, expected);
    let scoped = roles.principal("root", ["admin"], Some(&["read_project"]));
    let found = explain(&parse("permission:admin_users"), Some(&scoped), &facts, now(), &roles);
    let missing = Met::Missing("the scopes of the key leave it out".to_owned());
    assert_eq!(found.steps.first().unwrap().met, missing);
    let found = explain(&parse("class"), Some(&admin), &Facts::default(), now(), &roles);
    assert!(found.to_string().contains("restricted data asks for belonging to it"), "{found}");
}

#[test]
fn a_text_that_is_no_requirement_is_refused_with_what_was_meant() {
    let roles = research();
    for (text, expected) in [
        ("", "ends too early"),
        ("permission:read_project and", "ends too early"),
        ("(signed-in", "ends too early"),
        ("signed-in)", "`)` does not belong there"),
        ("signed-in signed-in", "`signed-in` does not belong there"),
        ("and", "`and` does not belong there"),
        ("permission:read_projct", "did you mean `read_project`?"),
        ("role:admn", "did you mean `admin`?"),
        ("class:secret", "there is no class `secret`"),
        ("class:restriced", "did you mean `restricted`?"),
        ("permision:read_project", "did you mean `permission`?"),
        ("owner:", "does not belong there"),
        ("owner:a b", "`b` does not belong there"),
        ("none or signed-in", "does not belong there"),
    ] {
        let error = Requirement::parse(text, &roles).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let deep = format!("{}signed-in{}", "(".repeat(100), ")".repeat(100));
    assert_eq!(Requirement::parse(&deep, &roles), Err(RequirementError::TooLong));
    let long = "signed-in and ".repeat(100);
    assert_eq!(Requirement::parse(&long, &roles), Err(RequirementError::TooLong));
    assert_eq!(Require::parse(" none ", &roles), Ok(Require::None));
}

// covers: SAMO-57 (library)
#[test]
fn a_review_shows_who_may_what_and_what_to_look_at() {
    let roles = research();
    let day = |text: &str| -> Timestamp { text.parse().unwrap() };
    let user = |id: &str, roles: &[&str], is_active, last: Option<&str>| UserView {
        id: id.to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        is_active,
        last_signin: last.map(day),
        created: day("2026-01-01T00:00:00Z"),
    };
    let users = [
        user("alice", &["user"], true, Some("2026-05-31T00:00:00Z")),
        user("root", &["super_admin", "user"], true, Some("2026-02-01T00:00:00Z")),
        user("ghost", &["admin", "boss"], false, None),
    ];
    let approvals = [approval("alice", "root"), approval("bob", "bob")];
    let found = review(&roles, &users, &approvals, Duration::from_secs(90 * 86_400), now());
    let findings: Vec<_> = found.users.iter().map(|user| user.findings.clone()).collect();
    let redundant = Finding::Redundant { role: "user".to_owned(), by: "super_admin".to_owned() };
    assert_eq!(
        findings,
        [
            vec![],
            vec![Finding::Dormant { days: 120 }, Finding::HoldsEverything, redundant],
            vec![Finding::ClosedWithRoles, Finding::UnknownRole("boss".to_owned())],
        ]
    );
    let alice = found.users.first().unwrap();
    let names: Vec<_> = alice.permissions.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["read_project", "write_project"]);
    assert_eq!(alice.permissions.first().unwrap().1.first().unwrap().role, "user");
    assert_eq!(found.unused_roles, Vec::<String>::new());
    assert_eq!(found.void_approvals, [approval("bob", "bob")]);
}

fn requirements() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec![
        "signed-in",
        "nobody",
        "class",
        "class:public",
        "class:internal",
        "class:restricted",
        "owner:owner",
        "role:user",
        "role:admin",
        "permission:read_project",
        "permission:admin_system",
    ]);
    atom.prop_map(str::to_owned).prop_recursive(3, 16, 4, |inner| {
        (prop::collection::vec(inner, 2..4), prop::bool::ANY).prop_map(|(parts, is_all)| {
            format!("({})", parts.join(if is_all { " and " } else { " or " }))
        })
    })
}

/// Policies that permit `view` alone, and nothing without a second factor where they ask for it.
#[derive(Debug, Default)]
struct Counted {
    asks_for_factor: bool,
    count: AtomicUsize,
}

impl Policies for Counted {
    fn judge(&self, inquiry: &Inquiry<'_>) -> Ruling {
        self.count.fetch_add(1, Ordering::Relaxed);
        let is_signed_in = !self.asks_for_factor || inquiry.facts.has_second_factor;
        Ruling { is_allowed: inquiry.action == "view" && is_signed_in, ..Ruling::default() }
    }

    fn ids(&self) -> Vec<String> {
        Vec::new()
    }

    fn has_action(&self, _action: &str) -> bool {
        true
    }
}

#[test]
fn policies_are_evaluated_once_for_each_action_of_a_request() {
    let (alice, roles, scene) = (who("alice", "user"), research(), Scene::default());
    // How often where it is decided, and where every part is explained. What would be after another
    // sign-in is another question.
    for (text, asks_for_factor, decision, [decided, explained]) in [
        ("cedar:view", false, Allowed, [1, 1]),
        ("cedar:edit", false, Forbidden, [2, 2]),
        ("cedar:view and (cedar:view or cedar:edit) and cedar:view", false, Allowed, [1, 2]),
        ("cedar:edit or cedar:view and cedar:edit or cedar:edit", false, Forbidden, [4, 4]),
        ("within:5m and cedar:view", false, Decision::SignInAgain, [1, 2]),
        ("cedar:view", true, Decision::SignInAgain, [2, 2]),
        ("cedar:edit", true, Forbidden, [2, 2]),
    ] {
        let asks = parse(text);
        let told = |is_explained: bool| {
            let policies = Counted { asks_for_factor, ..Counted::default() };
            let consulted = Consulted { policies: &policies, scene: &scene, roles: &roles };
            let facts = Facts {
                authenticated: Some("2026-05-01T00:00:00Z".parse().unwrap()),
                consulted: Some(consulted),
                ..Facts::default()
            };
            let decision = match is_explained {
                true => explain(&asks, Some(&alice), &facts, now(), &roles).decision,
                false => decide(&asks, Some(&alice), &facts, now()),
            };
            (decision, policies.count.load(Ordering::Relaxed))
        };
        assert_eq!(told(false), (decision, decided), "{text}");
        assert_eq!(told(true), (decision, explained), "{text}, explained");
    }
}

proptest! {
    #[test]
    fn a_decision_and_its_explanation_agree_and_the_text_survives(
        text in requirements(),
        role in prop::sample::select(vec!["", "user", "admin", "super_admin"]),
        is_owner in prop::bool::ANY,
        class in prop::sample::select(vec!["public", "internal", "confidential", "restricted", "?"]),
    ) {
        let roles = research();
        let asks = parse(&text);
        prop_assert_eq!(&parse(&asks.describe(&roles)), &asks);
        let principal = (!role.is_empty()).then(|| who("alice", role));
        let values = [("owner", if is_owner { "alice" } else { "bob" })];
        let facts = Facts {
            values: &values,
            class: Some(DataClass::parse_or_restricted(class)),
            action: Action::Read,
            ..Facts::default()
        };
        let decision = decide(&asks, principal.as_ref(), &facts, now());
        let found = explain(&asks, principal.as_ref(), &facts, now(), &roles);
        prop_assert_eq!(found.decision, decision);
        prop_assert_eq!(found.steps.first().unwrap().met.is_met(), decision.is_allowed());
        // What an inner route adds can only close.
        let inner = Access::start(true)
            .narrow(Some(&Require::Of(asks.clone())))
            .narrow(Some(&Require::Of(parse("role:admin"))));
        let both = decide(inner.requirement().unwrap(), principal.as_ref(), &facts, now());
        prop_assert!(!both.is_allowed() || decision.is_allowed());
    }

    #[test]
    fn any_text_is_read_without_panic(text in "[a-z:() _-]{0,60}|\\PC{0,40}") {
        let _ = Require::parse(&text, &research());
    }
}
