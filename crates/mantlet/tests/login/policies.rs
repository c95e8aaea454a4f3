//! Policies in Cedar, through the wire.

use std::fs;

use mantlet_testkit::{TempFolder, wire};
use serde_json::json;

use super::common::assert_refused;
use super::{add, asking, json, key, signed_in, with_key};

/// Two routes that ask, one for each action.
const ROUTES: &str = "[[routes]]\npath = \"/projects/{owner}/{project}\"\nresource = \"project:{project}\"\n\
    methods = [\"GET\"]\nrequire = { cedar = \"view\" }\n\
    [[routes]]\npath = \"/export\"\nrequire = { cedar = 'Action::\"export\"' }\n\
    [[routes]]\npath = \"/both\"\nrequire = [{ cedar = \"view\" }, { role = \"admin\" }]\n";

const POLICIES: &str = r#"
@id("owners-view")
permit(principal, action == Action::"view", resource)
when { resource has owner && resource.owner == principal };

@id("admins-do-all")
permit(principal in Role::"admin", action, resource);

@id("nothing-secret-for-programs")
forbid(principal, action, resource)
when { context.kind == "api-key" && resource.hasTag("project") && resource.getTag("project") == "secret" };

@id("exports-stay-inside")
forbid(principal, action == Action::"export", resource)
unless { context has client && context.client.isInRange(ip("10.0.0.0/8")) };
"#;

/// A folder with these policies, and settings that name it.
fn with_policies(policies: &str) -> (TempFolder, String) {
    let folder = TempFolder::new();
    folder.write("some.cedar", policies);
    let place = folder.path().display();
    let config = format!(
        "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n[access]\nrequire = \"login\"\n[access.cedar]\npolicies = [\"{place}\"]\nactions = [\"print\"]\n{ROUTES}"
    );
    (folder, config)
}

#[test]
fn policies_decide_and_forbidding_wins() {
    let (_folder, config) = with_policies(POLICIES);
    let (upstream, gate) = asking(&config);
    for (name, role) in [("alice", "user"), ("bob", "user"), ("carol", "admin")] {
        add(&gate, name, role);
    }
    let (_, alice) = key(&gate, "alice", &[]);
    let (_, carol) = key(&gate, "carol", &[]);
    assert_eq!(with_key(&gate, "/projects/alice/7", &alice).status, 200);
    assert_eq!(with_key(&gate, "/", &alice).status, 200, "nobody asks policies there");
    upstream.clear();
    for (path, key, why) in [
        ("/projects/bob/7", &alice, "no policy permits it"),
        ("/projects/alice/secret", &alice, "forbidden by `nothing-secret-for-programs`"),
        ("/projects/alice/%73ecret", &alice, "forbidden by `nothing-secret-for-programs`"),
        ("/export", &alice, "forbidden by `exports-stay-inside`"),
        // A key stands for no role.
        ("/projects/bob/7", &carol, "no policy permits it"),
    ] {
        let event =
            assert_refused(&gate, &with_key(&gate, path, key), (403, "access-forbidden"), path);
        assert!(event["evidence"].as_str().unwrap().contains(why), "{path}: {event}");
    }
    // Nobody is asked of whom nothing was verified, whatever they say about themselves.
    let claims = [("X-Forwarded-User", "carol"), ("X-Roles", "admin"), ("X-Real-IP", "10.0.0.1")];
    assert_eq!(wire::get(gate.address(), "/projects/alice/7", &claims).status, 401);
    assert!(upstream.is_untouched());
}

#[test]
fn people_with_roles_and_addresses_are_known_to_policies() {
    let (_folder, config) = with_policies(POLICIES);
    let (_upstream, gate) = asking(&config);
    let carol = signed_in(&gate, "carol", "admin");
    let bob = signed_in(&gate, "bob", "user");
    let ask = |path: &str, cookie: &str, client: &str| {
        let headers = [("Cookie", cookie), ("X-Forwarded-For", client)];
        wire::get(gate.address(), path, &headers).status
    };
    let (carol, bob) = (carol.cookie_header(), bob.cookie_header());
    for (path, cookie, client, expected) in [
        ("/projects/bob/7", &carol, "203.0.113.5", 200),
        ("/projects/bob/secret", &carol, "203.0.113.5", 200),
        ("/both", &carol, "203.0.113.5", 200),
        ("/both", &bob, "203.0.113.5", 403),
        ("/export", &carol, "10.1.2.3", 200),
        ("/export", &carol, "203.0.113.5", 403),
        ("/export", &carol, "10.1.2.3, 203.0.113.5", 403),
        ("/export", &bob, "10.1.2.3", 403),
    ] {
        assert_eq!(ask(path, cookie, client), expected, "{path} from {client}");
    }
}

#[test]
fn a_policy_that_fails_closes_and_is_named() {
    let policies = "@id(\"all\") permit(principal, action, resource);\n\
        @id(\"sum\") forbid(principal, action, resource) when { resource.getTag(\"project\") == \"x\" };";
    // Strict validation refuses a tag that may be absent; without it nothing would have told.
    let (folder, config) = with_policies(policies);
    folder.write("mantlet.toml", &config);
    let (_folder, good) = with_policies(
        "@id(\"all\") permit(principal, action, resource);\n\
         @id(\"sum\") forbid(principal, action, resource) when { resource.hasTag(\"project\") && (if resource.getTag(\"project\") == \"x\" then 9223372036854775807 + 1 else 0) > 0 };",
    );
    let (upstream, gate) = asking(&good);
    let file = folder.path().join("mantlet.toml");
    let checked = gate.command(&["check", "--config", file.to_str().unwrap()]);
    assert_eq!(checked.code, Some(2), "{checked:?}");
    assert!(checked.stderr.contains("some.cedar:2"), "{}", checked.stderr);
    add(&gate, "alice", "user");
    let (_, alice) = key(&gate, "alice", &[]);
    assert_eq!(with_key(&gate, "/projects/alice/y", &alice).status, 200);
    upstream.clear();
    let refused = with_key(&gate, "/projects/alice/x", &alice);
    let event = assert_refused(&gate, &refused, (403, "policy-failed"), "sum");
    assert!(event["evidence"].as_str().unwrap().contains("`sum`"), "{event}");
    assert!(upstream.is_untouched());
}

#[test]
fn a_reload_swaps_policies_at_once_and_keeps_the_old_ones_on_an_error() {
    let (folder, config) = with_policies(POLICIES);
    let (_upstream, gate) = asking(&config);
    add(&gate, "alice", "user");
    let (_, alice) = key(&gate, "alice", &[]);
    let status = || with_key(&gate, "/projects/alice/7", &alice).status;
    assert_eq!(status(), 200);
    folder.write(
        "more.cedar",
        "@id(\"closed\")\nforbid(principal, action == Action::\"veiw\", resource);",
    );
    let refused = gate.command(&["reload"]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(
        refused.stderr.contains("more.cedar:2") && refused.stderr.contains("veiw"),
        "{refused:?}"
    );
    assert_eq!(status(), 200, "the old ones stay");
    folder.write(
        "more.cedar",
        "@id(\"closed\")\nforbid(principal, action == Action::\"view\", resource);",
    );
    assert_eq!(gate.command(&["reload"]).code, Some(0));
    assert_eq!(status(), 403, "at once");
    fs::remove_file(folder.path().join("more.cedar")).unwrap();
    assert_eq!(gate.command(&["reload"]).code, Some(0));
    assert_eq!(status(), 200);
}

#[test]
fn explain_names_the_policies_that_decide() {
    let (_folder, config) = with_policies(POLICIES);
    let (_upstream, gate) = asking(&config);
    add(&gate, "alice", "user");
    let file = gate.config_file();
    let named = ["--config", file.to_str().unwrap()];
    for (arguments, code, word) in [
        (&["/projects/alice/7", "--user", "alice"][..], 0, "permitted by `owners-view`"),
        (&["/projects/bob/7", "--user", "alice"], 1, "no policy permits it"),
        (&["/export", "--user", "alice"], 1, "forbidden by `exports-stay-inside`"),
        (&["/export", "--user", "alice", "--client", "10.0.0.1"], 1, "no policy permits it"),
    ] {
        let done = gate.command(&[&["access", "explain"], arguments, &named].concat());
        assert_eq!(done.code, Some(code), "{arguments:?}: {done:?}");
        assert!(done.stdout.contains(word), "{arguments:?}: {}", done.stdout);
    }
    let schema = gate.command(&["access", "schema", named[0], named[1]]);
    for name in ["\"view\"", "\"export\"", "\"print\"", "entity User"] {
        assert!(schema.stdout.contains(name), "{name}: {}", schema.stdout);
    }
    let review = gate.command(&["access", "review", "--json", named[0], named[1]]);
    let review: serde_json::Value = serde_json::from_str(&review.stdout).unwrap();
    assert_eq!(review["policies"].as_array().unwrap().len(), 4, "{review}");
}

#[test]
fn applications_ask_policies_over_the_service_api() {
    let (_folder, config) = with_policies(POLICIES);
    let (_upstream, gate) = asking(&format!("[admin.api]\nenabled = true\n{config}"));
    for name in ["robot", "carol"] {
        add(&gate, name, "admin");
    }
    let (_, robot) = key(&gate, "robot", &["--scope", "authorize:ask"]);
    let bearer = format!("Bearer {robot}");
    let ask = |question: &serde_json::Value| {
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = question.to_string();
        wire::request(gate.admin(), "POST", "/v1/authorize", &headers, body.as_bytes())
    };
    for (question, is_allowed, why) in [
        (
            json!({"subject": "carol", "require": "cedar:print"}),
            true,
            "permitted by `admins-do-all`",
        ),
        (json!({"subject": "carol", "require": "cedar:export"}), false, "`exports-stay-inside`"),
        (
            json!({"subject": "carol", "require": "cedar:view", "scopes": ["read"]}),
            false,
            "no policy permits it",
        ),
    ] {
        let answer = ask(&question);
        assert_eq!(answer.status, 200, "{answer:?}");
        let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(told["allowed"], is_allowed, "{told}");
        assert!(told["reasons"][0]["why"].as_str().unwrap().contains(why), "{told}");
    }
    assert_eq!(ask(&json!({"subject": "carol", "require": "cedar:prnt"})).status, 422);
}

#[test]
fn settings_that_can_decide_nothing_are_refused() {
    let (folder, config) = with_policies(POLICIES);
    let (_upstream, gate) = asking("");
    for (text, word) in [
        (config.replace("policies = [", "#"), "there are no policies"),
        (config.replace("\"print\"", "\"pr int\""), "no name of an action"),
        (config.replace("[access.cedar]\n", "[access.cedar]\nschema = \"/nowhere\"\n"), "/nowhere"),
        (config.replace(&folder.path().display().to_string(), "/nowhere"), "/nowhere"),
        ("[access.cedar]\nschema = \"x\"\n".to_owned(), "no policies to validate"),
    ] {
        folder.write("mantlet.toml", &text);
        let file = folder.path().join("mantlet.toml");
        let upstream = "http://127.0.0.1:1";
        let checked =
            gate.command(&["check", "--upstream", upstream, "--config", file.to_str().unwrap()]);
        assert_ne!(checked.code, Some(0), "{text}");
        assert!(checked.stderr.contains(word), "{word}: {}", checked.stderr);
    }
    let _ = json(&gate, &["user", "list"]);
}
