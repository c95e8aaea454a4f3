//! What paths ask for.

use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, wire};

use super::common::assert_refused;
use super::person::Person;
use super::{add, asking, closed, json, key, signed_in, with_key};

const ROUTES: &str = "[access]\nprofile = \"research\"\nrequire = \"login\"\n\
    [[routes]]\npath = \"/admin/*\"\nrequire = { permission = \"admin_users\" }\n\
    [[routes]]\npath = \"/admin/system/*\"\nrequire = { role = \"super_admin\" }\n\
    [[routes]]\npath = \"/about\"\nrequire = \"none\"\n\
    [[routes]]\npath = \"/admin/health\"\nrequire = \"none\"\n\
    [[routes]]\npath = \"/either\"\nrequire = { any = [{ role = \"super_admin\" }, { permission = \"write_project\" }] }\n\
    [[routes]]\npath = \"/form\"\nmethods = [\"POST\"]\nrequire = { permission = \"admin_system\" }\n\
    [[routes]]\npath = \"/papers/*\"\nrequire = { class = \"internal\" }\n\
    [[routes]]\npath = \"/secret/*\"\nrequire = { class = \"restricted\" }\n";

// covers: ETSM-35, ETSM-36, SAMO-13, SAMO-14, SCI-13, SCI-14, YMERA-06, ELITE-16 (binary)
#[test]
fn samo_d18_sci_d08_each_path_asks_for_what_it_and_those_around_it_say() {
    let (_upstream, gate) = asking(ROUTES);
    for (name, role) in [("u", "user"), ("a", "admin"), ("s", "super_admin")] {
        add(&gate, name, role);
    }
    let people: Vec<_> = ["u", "a", "s"]
        .iter()
        .map(|name| {
            let password =
                json(&gate, &["user", "password", name])["password"].as_str().unwrap().to_owned();
            let mut person = Person::new(&gate);
            person.sign_in(name, &password);
            person
        })
        .collect();
    for (method, path, expected) in [
        ("GET", "/", [401, 200, 200, 200]),
        ("GET", "/about", [200, 200, 200, 200]),
        ("GET", "/about/x", [401, 200, 200, 200]),
        ("GET", "/admin", [401, 403, 200, 200]),
        ("GET", "/admin/users", [401, 403, 200, 200]),
        ("GET", "/admin/system/x", [401, 403, 403, 200]),
        ("GET", "/admin/health", [200, 200, 200, 200]),
        ("GET", "/either", [401, 200, 200, 200]),
        ("GET", "/form", [401, 200, 200, 200]),
        ("POST", "/form", [401, 403, 403, 200]),
        ("GET", "/papers/1", [401, 200, 200, 200]),
        ("GET", "/secret/1", [401, 403, 403, 403]),
    ] {
        let ask = |cookie: &str| {
            let headers = [("Cookie", cookie)];
            let headers = if cookie.is_empty() { &headers[..0] } else { &headers[..] };
            wire::request(gate.address(), method, path, headers, b"").status
        };
        let mut statuses = vec![ask("")];
        statuses.extend(people.iter().map(|person| ask(&person.cookie_header())));
        assert_eq!(statuses, expected, "{method} {path}");
        for (name, status) in [None, Some("u"), Some("a"), Some("s")].into_iter().zip(expected) {
            let mut words = vec!["access", "explain", path, "--method", method];
            words.extend(name.into_iter().flat_map(|name| ["--user", name]));
            let config = gate.config_file();
            words.extend(["--config", config.to_str().unwrap()]);
            let said = gate.command(&words);
            assert_eq!(said.code, Some(i32::from(status != 200)), "{words:?}: {said:?}");
        }
    }
}

#[test]
fn explaining_asks_the_server_that_runs_and_else_supposes_what_it_is_told() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    // Its configuration says nothing of identities: the flag does.
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let mut gate = builder.upstream(&upstream.url()).arg("--require-login").start();
    add(&gate, "alice", "user");
    let closed = gate.command(&["access", "explain", "/admin"]);
    assert_eq!(closed.code, Some(1), "{closed:?}");
    assert!(closed.stderr.is_empty(), "{closed:?}");
    let hers = gate.command(&["access", "explain", "/admin", "--user", "alice", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&hers.stdout).unwrap();
    assert_eq!((hers.code, &said["allowed"]), (Some(0), &true.into()), "{said}");
    assert_eq!(said["asks"], "signed-in", "{said}");
    let nobody = gate.command(&["access", "explain", "/admin", "--user", "nobody"]);
    assert!(nobody.stderr.contains("there is no account `nobody`"), "{nobody:?}");
    assert_eq!(gate.command(&["user", "lock", "alice"]).code, Some(0));
    let locked = gate.command(&["access", "explain", "/admin", "--user", "alice"]);
    assert!(locked.stderr.contains("is locked") && locked.code == Some(2), "{locked:?}");
    gate.stop();
    let supposed = gate.command(&["access", "explain", "/admin"]);
    assert_eq!(supposed.code, Some(0), "{supposed:?}");
    assert!(supposed.stderr.contains("no server runs here"), "{supposed:?}");
    assert!(supposed.stderr.contains("--require-login"), "{supposed:?}");

    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let open = builder.upstream(&upstream.url()).start();
    let said = open.command(&["access", "explain", "/admin"]);
    assert!(said.stdout.contains("open to everybody"), "{said:?}");
    let closed = open.command(&["access", "explain", "/admin", "--require-login"]);
    assert_eq!(closed.code, Some(1), "{closed:?}");
}

#[test]
fn no_spelling_of_a_path_gets_around_what_it_asks_for() {
    let config = "[[routes]]\npath = \"/admin/*\"\nrequire = { role = \"admin\" }\n\
                  [[routes]]\npath = \"/*\"\nrequire = \"none\"\n";
    let (upstream, gate) = asking(config);
    for path in [
        "/admin",
        "/admin/",
        "//admin",
        "/./admin",
        "/x/../admin",
        "/%61dmin",
        "/admin%2f",
        "/admin%2Fx",
        "/%2e/admin",
        "/x/%2e%2e/admin",
        "/admin;x=1",
        "/admin%00",
        "/admin/..;/admin",
        "/\\admin",
        "/admin%5cx",
        "/admin%252f",
        "/admin?x=/about",
        "/about/..%2fadmin",
        "http://127.0.0.1/admin",
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"] {
            let answer = wire::request(gate.address(), method, path, &[], b"");
            assert!(matches!(answer.status, 400 | 401 | 404), "{method} {path}: {answer:?}");
        }
    }
    for headers in [
        &[("X-Original-URL", "/about")][..],
        &[("X-Rewrite-URL", "/about")],
        &[("X-HTTP-Method-Override", "OPTIONS")],
        &[("X-Forwarded-User", "admin"), ("X_Forwarded_User", "admin")],
        &[("Mantlet-Assertion", "x"), ("mantlet_assertion", "x")],
    ] {
        let answer = wire::get(gate.address(), "/admin", headers);
        assert_eq!(answer.status, 401, "{headers:?}");
    }
    assert!(upstream.is_untouched(), "{:?}", upstream.requests());
    // Another case is another path here, and it asks for nothing; who serves both says so.
    assert_eq!(wire::get(gate.address(), "/ADMIN", &[]).status, 200);
}

#[test]
fn once_anything_asks_every_path_that_no_rule_opens_is_closed() {
    let config = "[[routes]]\npath = \"/private/*\"\nrequire = \"login\"\n\
                  [[routes]]\npath = \"/open/*\"\nrequire = \"none\"\n";
    let (_upstream, gate) = asking(config);
    let (_, key) = {
        add(&gate, "alice", "admin");
        key(&gate, "alice", &[])
    };
    for (path, nobody, alice) in [
        ("/private/x", 401, 200),
        ("/open/x", 200, 200),
        ("/elsewhere", 401, 403),
        ("/.mantlet/nothing", 404, 404),
    ] {
        assert_eq!(wire::get(gate.address(), path, &[]).status, nobody, "{path}");
        assert_eq!(with_key(&gate, path, &key).status, alice, "{path}");
    }
}

#[test]
fn nothing_is_asked_where_nothing_is_said() {
    let (upstream, gate) = asking("");
    let headers = [("X-API-Key", "mk_live_x"), ("Cookie", "mantlet-session=x; a=1")];
    assert_eq!(wire::get(gate.address(), "/", &headers).status, 200);
    assert_eq!(upstream.requests()[0].header("x-api-key"), Some("mk_live_x"));
    assert_eq!(wire::get(gate.address(), "/.mantlet/sign-in", &[]).status, 404);
    assert!(!gate.stderr().contains("  sign-in "), "{}", gate.stderr());
}

// covers: YMERA-13, YMERA-14 (binary)
#[test]
fn ymera_d13_a_user_counts_once_whatever_they_show_and_from_wherever() {
    let (_upstream, gate) = closed("[guards.quota]\nper_user = [\"1/h burst 4\"]\n");
    let mut person = signed_in(&gate, "alice", "user");
    let (_, one) = key(&gate, "alice", &[]);
    let (_, two) = key(&gate, "alice", &[]);
    let statuses: Vec<u16> = [
        with_key(&gate, "/", &one).status,
        with_key(&gate, "/", &two).status,
        person.get("/").status,
        wire::get(gate.address(), "/", &[("X-API-Key", &one), ("X-User-ID", "bob")]).status,
        with_key(&gate, "/", &two).status,
        person.get("/").status,
    ]
    .into();
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);
    add(&gate, "bob", "user");
    let (_, bobs) = key(&gate, "bob", &[]);
    assert_eq!(with_key(&gate, "/", &bobs).status, 200, "another user has their own");
    let refused = with_key(&gate, "/", &one);
    assert_refused(&gate, &refused, (429, "rate-limited"), "alice");
}

// covers: YMERA-13, YMERA-14 (binary)
#[test]
fn a_plan_holds_for_who_has_its_role_and_a_key_has_its_own_quota() {
    let (_upstream, gate) = closed(
        "[guards.quota]\nper_user = [\"1/h burst 2\"]\nper_key = [\"1/h burst 3\"]\n\
         plans = [\"admin: 1/h burst 4\", \"user: 1/h burst 1\"]\n",
    );
    add(&gate, "ada", "admin");
    let both = json(&gate, &["role", "set", "ada", "user", "admin"]);
    assert!(both.to_string().contains("admin"), "{both}");
    add(&gate, "bob", "user");
    add(&gate, "eve", "viewer");
    let ask = |key: &str| with_key(&gate, "/", key).status;
    let asked = |key: &str, times: usize| (0..times).map(|_| ask(key)).collect::<Vec<_>>();
    let (_, first) = key(&gate, "ada", &[]);
    let (_, second) = key(&gate, "ada", &[]);
    // The key's three, then one more of the plan's four with another key.
    assert_eq!(asked(&first, 4), [200, 200, 200, 429], "the role listed first decides");
    assert_eq!(
        asked(&second, 2),
        [200, 429],
        "a refused request took nothing, the plan is used up"
    );
    let refused = with_key(&gate, "/", &second);
    assert_refused(&gate, &refused, (429, "rate-limited"), "ada");
    let policy = refused.header("ratelimit-policy").unwrap_or_default().to_owned();
    assert!(policy.contains("burst 4") && !policy.contains("burst 1\""), "no other plan: {policy}");
    let (_, bobs) = key(&gate, "bob", &[]);
    assert_eq!(asked(&bobs, 2), [200, 429]);
    let (_, eves) = key(&gate, "eve", &[]);
    assert_eq!(asked(&eves, 3), [200, 200, 429], "without a plan the users' quota holds");
}

#[test]
fn a_plan_for_a_role_that_is_none_is_an_error_of_the_configuration() {
    let (_upstream, gate) = closed("");
    let good = std::fs::read_to_string(gate.config_file()).unwrap();
    let plans = "[guards.quota]\nplans = [\"nobody: 1/s\"]\n";
    std::fs::write(gate.config_file(), format!("{good}\n{plans}")).unwrap();
    let done = gate.command(&["reload"]);
    assert!(done.code == Some(2) && done.stderr.contains("no role `nobody`"), "{done:?}");
}

#[test]
fn what_is_asked_can_be_changed_while_the_server_runs() {
    let (_upstream, gate) = asking("");
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    add(&gate, "alice", "user");
    let (_, key) = key(&gate, "alice", &[]);
    std::fs::write(gate.config_file(), "[access]\nrequire = \"login\"\n").unwrap();
    let is_closed = || (wire::get(gate.address(), "/", &[]).status == 401).then_some(());
    assert!(mantlet_testkit::poll_until(super::common::PATIENCE, is_closed).is_some());
    assert_eq!(with_key(&gate, "/", &key).status, 200);
    std::fs::write(gate.config_file(), "[access]\nrequire = { role = \"nobody\" }\n").unwrap();
    let done = gate.command(&["reload"]);
    assert!(done.code == Some(2) && done.stderr.contains("no role `nobody`"), "{done:?}");
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 401, "what held before holds");
}

#[test]
fn dangerous_modes_have_to_be_named_so() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (config, part) in [
        ("[guards.access]\nmode = \"off\"\n", "is not `enforce`"),
        (
            "[guards.access]\ndangerous_mode = \"off\"\nwhy = \"x\"\n",
            "cannot be off for everything",
        ),
        ("[guards.identity]\ndangerous_mode = \"observe\"\n", "needs a reason"),
        ("[access]\nprofile = \"none\"\n", "no profile `none`"),
        ("[access]\nprofile = \"agents\"\nroles = \"x.toml\"\n", "both name a table"),
        ("[[routes]]\nrequire = { role = \"boss\" }\n", "no role `boss`"),
        ("[[routes]]\nrequire = { rôle = \"boss\" }\n", ""),
        ("[identity.sessions]\nidle = \"2d\"\n", "longer than the longest life"),
        ("[identity.assertion]\nlifetime = \"6m\"\n", "cannot be taken back"),
        ("[identity.keys]\nenvironment = \"Live\"\n", "cannot stand in a key"),
        ("[identity.passwords]\nmin_length = 7\n", "out of range"),
    ] {
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let end = builder.upstream(&upstream.url()).config(config).try_start().err().unwrap();
        assert!(end.code == Some(2) && end.stderr.contains(part), "{config}: {end:?}");
    }
    let config = "[access]\nrequire = \"login\"\n[[routes]]\npath = \"/watched/*\"\n\
                  [routes.guards.access]\ndangerous_mode = \"observe\"\nwhy = \"finding out\"\n";
    let (_upstream, gate) = asking(config);
    assert_eq!(wire::get(gate.address(), "/watched/x", &[]).status, 200);
    let watched = gate.wait_for_event(
        |event| event["guard"] == "access" && event["mode"] == "observe",
        super::common::PATIENCE,
    );
    assert_eq!(watched["reason"], "sign-in-required");
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 401);
}
