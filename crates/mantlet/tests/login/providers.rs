//! Signing in with an outside provider, from the attacker's side too.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mantlet_testkit::{TempFolder, free_port, left_out, venv_python};
use serde_json::{Value, json};

use super::common::PATIENCE;
use super::outside::{CLIENT, LEAVE, Outside, come_back, gate, leave};
use super::person::{Person, form};
use super::{add, asking, json as said};

const CREATE: &str = "create = true\nroles = [\"user\"]\n";

/// What becomes of a token before it goes out.
type Forge = fn(String) -> String;

/// A file with a secret, and the setting that names it.
fn secret() -> (TempFolder, String) {
    let folder = TempFolder::new();
    let file = folder.write("secret", "k7Qz0vN4:bUe1/Rt9w");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let setting = format!("client_secret = \"file:{}\"\n", file.display());
    (folder, setting)
}

/// Asserts that nobody is signed in, and says what the page says.
fn assert_nobody(person: &mut Person<'_>, answer: &mantlet_testkit::wire::Response, about: &str) {
    assert_eq!(answer.status, 403, "{about}: {answer:?}");
    assert!(answer.text().contains("role=\"alert\""), "{about}: {answer:?}");
    assert!(person.session().is_none(), "{about}");
    assert_eq!(person.get("/").status, 303, "{about}");
}

#[test]
fn whoever_comes_for_the_first_time_gets_an_account_and_comes_back_to_it() {
    let outside = Outside::start();
    let (upstream, gate) = gate(&outside, CREATE);
    let mut alice = Person::new(&gate);
    let page = alice.get("/.mantlet/sign-in?next=/x?y=1").text();
    assert!(page.contains("Sign in with Company &lt;ID&gt;"), "{page}");
    let asked = leave(&mut alice, "?next=/x");
    let expected = format!("{}/.mantlet/provider/company/callback", alice.origin());
    assert_eq!((&asked["redirect_uri"], asked["client_id"].as_str()), (&expected, CLIENT));
    assert_eq!((&*asked["response_type"], &*asked["code_challenge_method"]), ("code", "S256"));
    let code = outside.code(&asked);
    let answer = come_back(&mut alice, &[("code", &code), ("state", &asked["state"])]);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/x")), "{answer:?}");
    assert_eq!(alice.get("/x").status, 200);
    let assertion = upstream.requests().pop().unwrap();
    let claims =
        assertion.header("mantlet-assertion").unwrap().split('.').nth(1).unwrap().to_owned();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!((&claims["sub"], &claims["amr"]), (&json!("alice"), &json!(["fed"])));
    assert_eq!(claims["roles"], json!(["user"]));
    let mut again = Person::new(&gate);
    outside.change(|script| script.claims = json!({ "preferred_username": "renamed" }));
    assert_eq!(outside.sign_in(&mut again, "").status, 303, "the subject is who they are");
    let users = said(&gate, &["user", "list"]);
    assert_eq!(users["users"].as_array().unwrap().len(), 1, "{users:#}");
    // No password was ever set, and none is taken.
    assert_eq!(Person::new(&gate).sign_in("alice", "").status, 401);
    alice.sign_out();
    assert_eq!(alice.get("/x").status, 303, "the session ends as others do");
}

#[test]
fn nobody_comes_back_who_has_not_left_from_here() {
    let outside = Outside::start();
    let (_upstream, gate) = gate(&outside, CREATE);
    // The attacker's own way back, in the victim's browser: login CSRF.
    let mut attacker = Person::new(&gate);
    let asked = leave(&mut attacker, "");
    let code = outside.code(&asked);
    let mut victim = Person::new(&gate);
    let answer = come_back(&mut victim, &[("code", &code), ("state", &asked["state"])]);
    assert_nobody(&mut victim, &answer, "without having left");
    let own = leave(&mut victim, "");
    let kept = victim.clone();
    for (about, state) in [
        ("the state of another", asked["state"].as_str()),
        ("no state", ""),
        ("half a state", own["state"].get(..20).unwrap()),
    ] {
        let mut victim = kept.clone();
        let answer = come_back(&mut victim, &[("code", &code), ("state", state)]);
        assert_nobody(&mut victim, &answer, about);
        let answer = come_back(&mut victim, &[("code", &code), ("state", &own["state"])]);
        assert_nobody(&mut victim, &answer, "the flow is over, whatever came of it");
    }
    // A stolen code in one's own flow: the verifier does not fit, and the nonce would not.
    let mut thief = kept.clone();
    let answer = come_back(&mut thief, &[("code", &code), ("state", &own["state"])]);
    assert_nobody(&mut thief, &answer, "the code of another");
    // A changed cookie is no cookie.
    let mut forger = kept.clone();
    let cookie = forger.cookies.get_mut("mantlet-flow").unwrap();
    let body = cookie.rsplit_once('.').unwrap().1.to_owned();
    let body = String::from_utf8(URL_SAFE_NO_PAD.decode(&body).unwrap()).unwrap();
    let forged = URL_SAFE_NO_PAD.encode(body.replace("\"next\":\"\"", "\"next\":\"//evil.test\""));
    *cookie = format!("{}.{forged}", cookie.rsplit_once('.').unwrap().0);
    let own_code = outside.code(&own);
    let answer = come_back(&mut forger, &[("code", &own_code), ("state", &own["state"])]);
    assert_nobody(&mut forger, &answer, "a forged cookie");
    let mut victim = kept.clone();
    let right = [("code", own_code.as_str()), ("state", own["state"].as_str())];
    assert_eq!(come_back(&mut victim, &right).status, 303, "none of this has spoilt it");
    let mut twin = kept;
    let answer = come_back(&mut twin, &right);
    assert_nobody(&mut twin, &answer, "a code counts once");
}

#[test]
fn a_token_that_is_not_for_us_and_for_now_signs_nobody_in() {
    let outside = Outside::start();
    let (_upstream, gate) = gate(&outside, CREATE);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for (about, claims) in [
        ("another audience", json!({ "aud": "other" })),
        ("another audience beside", json!({ "aud": [CLIENT, "other"] })),
        ("another party", json!({ "aud": [CLIENT, "other"], "azp": "other" })),
        ("a party that is not us", json!({ "azp": "other" })),
        ("another issuer", json!({ "iss": "https://id.example.org" })),
        ("expired", json!({ "iat": now - 7200, "exp": now - 3600 })),
        ("from the future", json!({ "iat": now + 7200, "exp": now + 7500 })),
        ("no end", json!({ "exp": null })),
        ("no time", json!({ "iat": null })),
        ("another nonce", json!({ "nonce": "guessed" })),
        ("no nonce", json!({ "nonce": null })),
        ("no subject", json!({ "sub": null })),
        ("an odd subject", json!({ "sub": 7 })),
    ] {
        outside.change(|script| script.claims = claims);
        let mut person = Person::new(&gate);
        let answer = outside.sign_in(&mut person, "");
        assert_nobody(&mut person, &answer, about);
    }
    outside.change(|script| script.claims = json!({}));
    let forgeries: [(&str, Forge); 5] = [
        ("no signature", |token| format!("{}.", token.rsplit_once('.').unwrap().0)),
        ("alg none", |token| {
            let payload = token.split('.').nth(1).unwrap();
            format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#))
        }),
        ("HS256", |token| {
            let payload = token.split('.').nth(1).unwrap();
            let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
            format!("{head}.{payload}.{}", URL_SAFE_NO_PAD.encode([0; 32]))
        }),
        ("other claims", |token| {
            let mut parts = token.split('.');
            let (head, _, tag) = (parts.next().unwrap(), parts.next(), parts.next().unwrap());
            format!("{head}.{}.{tag}", URL_SAFE_NO_PAD.encode(r#"{"sub":"1"}"#))
        }),
        ("no token", |_| String::new()),
    ];
    for (about, forge) in forgeries {
        outside.change(|script| script.forge = forge);
        let mut person = Person::new(&gate);
        let answer = outside.sign_in(&mut person, "");
        assert_nobody(&mut person, &answer, about);
    }
    // A key that the provider does not publish, though the token names it.
    outside.change(|script| (script.forge, script.keys) = (|token| token, (2, 1)));
    let mut person = Person::new(&gate);
    let answer = outside.sign_in(&mut person, "");
    assert_nobody(&mut person, &answer, "a swapped key");
    outside.change(|script| script.keys = (1, 1));
    assert_eq!(outside.sign_in(&mut person, "").status, 303, "honest again");
    assert_eq!(said(&gate, &["user", "list"])["users"].as_array().unwrap().len(), 1);
}

#[test]
fn an_answer_of_another_provider_is_told_by_its_issuer() {
    let outside = Outside::start();
    outside.change(|script| script.says_issuer = true);
    let (_upstream, gate) = gate(&outside, CREATE);
    let issuer = outside.issuer();
    for (said, status) in [("", 403), ("https://evil.test", 403), (issuer.as_str(), 303)] {
        let mut person = Person::new(&gate);
        let asked = leave(&mut person, "");
        let code = outside.code(&asked);
        let back = [("code", code.as_str()), ("state", &asked["state"]), ("iss", said)];
        let answer = come_back(&mut person, if said.is_empty() { &back[..2] } else { &back });
        assert_eq!(answer.status, status, "{said}: {answer:?}");
    }
}

#[test]
fn nobody_is_sent_to_another_host_afterwards() {
    let outside = Outside::start();
    let (_upstream, gate) = gate(&outside, CREATE);
    for next in ["//evil.test", "https://evil.test", "/\\evil.test", "%2F%2Fevil.test"] {
        let mut person = Person::new(&gate);
        let asked = leave(&mut person, &format!("?next={next}"));
        let code = outside.code(&asked);
        let back = [("code", code.as_str()), ("state", &asked["state"]), ("next", "//evil.test")];
        let answer = come_back(&mut person, &back);
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{next}");
    }
}

#[test]
fn an_account_is_never_taken_by_its_name_or_address() {
    let outside = Outside::start();
    let (_upstream, gate) = gate(&outside, "create = true\n");
    let password = add(&gate, "alice", "admin");
    let mut stranger = Person::new(&gate);
    let answer = outside.sign_in(&mut stranger, "");
    assert_nobody(&mut stranger, &answer, "a name that somebody has here");
    // Alice links it while she is signed in; from then on it is hers.
    let mut alice = Person::new(&gate);
    alice.sign_in("alice", &password);
    let page = alice.profile("providers/link", &[("name", "company")]);
    assert_eq!(page.status, 200, "{page:?}");
    let address =
        page.text().split("href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let asked = super::outside::parameters(&address.replace("&amp;", "&"));
    let code = outside.code(&asked);
    let back = [("code", code.as_str()), ("state", asked["state"].as_str())];
    let mut other = Person { cookies: alice.cookies.clone(), ..Person::new(&gate) };
    other.cookies.remove("mantlet-session");
    let answer = come_back(&mut other, &back);
    assert_nobody(&mut other, &answer, "a link ends in the session in which it began");
    let page = alice.profile("providers/link", &[("name", "company")]).text();
    let address = page.split("href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let asked = super::outside::parameters(&address.replace("&amp;", "&"));
    let code = outside.code(&asked);
    let answer = come_back(&mut alice, &[("code", &code), ("state", &asked["state"])]);
    assert_eq!(answer.header("location"), Some("/.mantlet/profile?done=linked"), "{answer:?}");
    let mut again = Person::new(&gate);
    assert_eq!(outside.sign_in(&mut again, "").status, 303);
    let shown = again.get("/.mantlet/profile").text();
    assert!(shown.contains("<h1>alice</h1>") && shown.contains("248289761001"), "{shown}");
    let unlink = again.profile("providers/unlink", &[]);
    assert_eq!(unlink.status, 303, "{unlink:?}");
    let mut stranger = Person::new(&gate);
    let answer = outside.sign_in(&mut stranger, "");
    assert_nobody(&mut stranger, &answer, "no longer linked");
}

#[test]
fn operators_link_and_close_accounts() {
    let outside = Outside::start();
    let (_upstream, gate) = gate(&outside, "");
    add(&gate, "bob", "user");
    let issuer = outside.issuer();
    let mut person = Person::new(&gate);
    let answer = outside.sign_in(&mut person, "");
    assert_nobody(&mut person, &answer, "not linked, and none is made");
    let link = ["user", "link", "bob", "--issuer", &issuer, "--subject", "248289761001"];
    assert_eq!(said(&gate, &link)["links"][0]["issuer"], issuer);
    assert_ne!(gate.command(&link).code, Some(0), "once");
    assert_eq!(outside.sign_in(&mut person, "").status, 303);
    assert!(person.get("/.mantlet/profile").text().contains("<h1>bob</h1>"));
    said(&gate, &["user", "lock", "bob"]);
    let mut person = Person::new(&gate);
    let answer = outside.sign_in(&mut person, "");
    assert_nobody(&mut person, &answer, "closed");
    said(&gate, &[&link[..], &["--remove"]].concat());
    said(&gate, &["user", "unlock", "bob"]);
    let answer = outside.sign_in(&mut person, "");
    assert_nobody(&mut person, &answer, "no longer linked");
}

#[test]
fn domains_and_groups_say_who_may_and_as_what() {
    let outside = Outside::start();
    let (_upstream, gate) = gate(
        &outside,
        "create = true\nname_claim = \"email\"\ndomains = [\"example.org\"]\n\
         groups_claim = \"teams\"\n\
         groups = [\"staff\", \"boss\"]\ngroup_roles = [\"boss: admin\", \"staff: user\"]\n",
    );
    for (about, claims) in [
        ("another domain", json!({ "email": "alice@example.org.evil.test" })),
        ("a domain within", json!({ "email": "alice@evil.test@sub.example.org" })),
        ("not verified", json!({ "email_verified": false })),
        ("verified by a text", json!({ "email_verified": "true" })),
        ("no address", json!({ "email": null })),
        ("another group", json!({ "teams": ["guests"] })),
        ("no group", json!({ "teams": null })),
        ("a claim of another name", json!({ "teams": null, "groups": ["staff"] })),
        ("a group that is a text", json!({ "teams": "staff" })),
    ] {
        outside.change(|script| script.claims = claims);
        let mut person = Person::new(&gate);
        let answer = outside.sign_in(&mut person, "");
        assert_nobody(&mut person, &answer, about);
    }
    for (groups, roles) in
        [(json!(["staff"]), json!(["user"])), (json!(["boss", "staff"]), json!(["admin", "user"]))]
    {
        outside.change(|script| script.claims = json!({ "teams": groups }));
        let mut person = Person::new(&gate);
        assert_eq!(outside.sign_in(&mut person, "").status, 303);
        let users = said(&gate, &["user", "list"]);
        assert_eq!(users["users"][0]["name"], "alice@example.org", "{users:#}");
        assert_eq!(users["users"][0]["roles"], roles, "{users:#}");
    }
}

#[test]
fn sci_d28_a_sign_in_lately_is_asked_of_the_provider_too() {
    let outside = Outside::start();
    let config = format!(
        "[access]\nrequire = [\"login\"]\n[[routes]]\npath = \"/money\"\nrequire = {{ within = \"5m\" }}\n{}",
        outside.config("create = true\n")
    );
    let (_upstream, gate) = asking(&config);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let mut alice = Person::new(&gate);
    for claims in [json!({ "auth_time": now - 3600 }), json!({ "auth_time": null })] {
        outside.change(|script| script.claims = claims);
        assert_eq!(outside.sign_in(&mut alice, "").status, 303);
        assert_eq!(alice.get("/").status, 200);
        assert_eq!(alice.get("/money").status, 303, "an old sign-in there is an old one here");
        let mut again = alice.clone();
        let asked = leave(&mut again, "?again=1&next=/money");
        assert_eq!((&*asked["max_age"], &*asked["prompt"]), ("0", "login"));
        let code = outside.code(&asked);
        let answer = come_back(&mut again, &[("code", &code), ("state", &asked["state"])]);
        assert_eq!(answer.status, 403, "not shown anew: {answer:?}");
    }
    outside.change(|script| script.claims = json!({}));
    let answer = outside.sign_in(&mut alice, "?again=1&next=/money");
    assert_eq!((answer.status, answer.header("location")), (303, Some("/money")), "{answer:?}");
    assert_eq!(alice.get("/money").status, 200);
}

#[test]
fn whose_second_factor_counts_is_said_for_each_provider() {
    for (setting, methods, expected) in [
        ("ours", json!(["mfa"]), (303, 303)),
        ("theirs", json!(["pwd"]), (200, 303)),
        ("theirs", json!(["pwd", "mfa"]), (200, 200)),
    ] {
        let outside = Outside::start();
        outside.change(|script| script.claims = json!({ "amr": methods }));
        let config = format!(
            "[access]\nrequire = [\"login\"]\n[[routes]]\npath = \"/keys\"\nrequire = {{ second_factor = true }}\n{}",
            outside.config(&format!("second_factor = \"{setting}\"\n"))
        );
        let (_upstream, gate) = asking(&config);
        let mut key = mantlet_testkit::Authenticator::new(b"key");
        let (_, _) = super::passkeys::equipped(&gate, "alice", &mut key);
        let issuer = outside.issuer();
        said(&gate, &["user", "link", "alice", "--issuer", &issuer, "--subject", "248289761001"]);
        let mut person = Person::new(&gate);
        let answer = outside.sign_in(&mut person, "?next=/x");
        let to = if setting == "ours" { "/.mantlet/second-factor?next=%2Fx" } else { "/x" };
        assert_eq!(answer.header("location"), Some(to), "{setting}: {answer:?}");
        let statuses = (person.get("/").status, person.get("/keys").status);
        assert_eq!(statuses, expected, "{setting} {methods}");
    }
}

#[test]
fn a_provider_that_is_down_closes_nothing_else() {
    let outside = Outside::start();
    let (_upstream, gate) = gate(&outside, CREATE);
    let password = add(&gate, "bob", "user");
    outside.change(|script| script.is_down = true);
    let mut person = Person::new(&gate);
    let answer = person.get(LEAVE);
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.text().contains("Company &lt;ID&gt; cannot be reached"), "{answer:?}");
    let failed = |event: &Value| event["event.name"] == "identity.provider.failed";
    let event = gate.wait_for_event(failed, PATIENCE);
    assert!(event["message"].as_str().unwrap().contains("company"), "{event:#}");
    let asked_before = outside.server.requests().len();
    for _ in 0..5 {
        assert_eq!(person.get(LEAVE).status, 503);
    }
    assert!(outside.server.requests().len() <= asked_before + 2, "it is left alone for a while");
    assert_eq!(person.sign_in("bob", &password).status, 303);
    outside.change(|script| script.is_down = false);
    let is_back = || (Person::new(&gate).get(LEAVE).status == 303).then_some(());
    assert!(mantlet_testkit::poll_until(PATIENCE * 3, is_back).is_some());
    // What was fetched goes on to count while it is away, until a code is to be exchanged.
    let mut person = Person::new(&gate);
    let asked = leave(&mut person, "");
    outside.change(|script| script.is_down = true);
    assert_eq!(Person::new(&gate).get(LEAVE).status, 303);
    let code = outside.code(&asked);
    let answer = come_back(&mut person, &[("code", &code), ("state", &asked["state"])]);
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(person.session().is_none());
    // Whoever says no there comes back to the sign-in page.
    outside.change(|script| script.is_down = false);
    let asked = leave(&mut person, "");
    let denied = [("error", "access_denied<b>"), ("state", asked["state"].as_str())];
    let answer = come_back(&mut person, &denied);
    assert_eq!(answer.status, 403);
    assert!(!answer.text().contains("denied<b>") && !answer.text().contains("access_denied"));
}

#[test]
fn a_new_key_of_the_provider_counts_before_long() {
    let outside = Outside::start();
    let (_upstream, gate) = gate(&outside, CREATE);
    assert_eq!(outside.sign_in(&mut Person::new(&gate), "").status, 303);
    outside.change(|script| script.keys = (2, 2));
    let before = outside.server.requests().len();
    let is_in = || (outside.sign_in(&mut Person::new(&gate), "").status == 303).then_some(());
    assert!(mantlet_testkit::poll_until(PATIENCE * 4, is_in).is_some());
    let asked = outside.server.requests().split_off(before);
    let fetched = asked.iter().filter(|request| request.target == "/keys").count();
    assert_eq!(fetched, 1, "however many came with it meanwhile");
    outside.change(|script| script.keys = (1, 2));
    let mut person = Person::new(&gate);
    let answer = outside.sign_in(&mut person, "");
    assert_nobody(&mut person, &answer, "the key before is withdrawn");
}

#[test]
fn a_secret_goes_to_the_provider_alone() {
    let outside = Outside::start();
    let (_folder, secret) = secret();
    let (_upstream, gate) = gate(&outside, &format!("{CREATE}{secret}"));
    let mut person = Person::new(&gate);
    assert_eq!(outside.sign_in(&mut person, "").status, 303);
    let requests = outside.server.requests();
    let exchange = requests.iter().find(|request| request.method == "POST").unwrap();
    let expected = STANDARD.encode(format!("{CLIENT}:k7Qz0vN4%3AbUe1%2FRt9w"));
    assert_eq!(exchange.header("authorization"), Some(format!("Basic {expected}").as_str()));
    assert!(!format!("{:?}{}", gate.events(), gate.stderr()).contains("bUe1"));
}

#[test]
fn what_is_wrong_with_a_provider_is_told_before_anything_serves() {
    let outside = Outside::start();
    let (_upstream, gate) = gate(&outside, "");
    let fine = "issuer = \"https://id.example.org\"\nclient_id = \"gate\"\n";
    for (wrong, told) in [
        (fine.replace("https:", "http:"), "whoever is on the way"),
        (fine.replace("https:", "ftp:"), "does not begin with"),
        (fine.replace("\"gate\"", "\"\""), "this is empty"),
        (format!("{fine}sceret = \"x\"\n"), "sceret"),
        (format!("{fine}roles = [\"king\"]\n"), "no role `king`"),
        (format!("{fine}group_roles = [\"staff\"]\n"), "names no role"),
        (format!("{fine}second_factor = \"none\"\n"), "none"),
        (format!("{fine}client_secret = \"hunter2\"\n"), "reference to a secret"),
        (format!("{fine}[identity.providers.Company]\n{fine}"), "`Company` is no name"),
    ] {
        let folder = TempFolder::new();
        let text = format!(
            "[upstream]\nurl = \"http://127.0.0.1:1\"\n[access]\nrequire = \"login\"\n[identity.providers.company]\n{wrong}"
        );
        let path = folder.write("mantlet.toml", text);
        let checked = gate.command(&["check", "--config", path.to_str().unwrap()]);
        assert_eq!(checked.code, Some(2), "{told}: {checked:#?}");
        assert!(checked.stderr.contains(told), "{told}: {checked:#?}");
    }
}

#[test]
fn a_link_begins_with_a_form_of_ones_own() {
    let outside = Outside::start();
    let (_upstream, gate) = gate(&outside, "");
    let password = add(&gate, "alice", "user");
    let mut alice = Person::new(&gate);
    alice.sign_in("alice", &password);
    let action = "/.mantlet/profile/providers/link";
    let mut fields = form(&alice.get("/.mantlet/profile").text(), action);
    fields.retain(|(name, _)| name != "form");
    assert_eq!(alice.post(action, &fields).status, 403, "no page of another site begins one");
    assert_eq!(alice.get(action).status, 404);
    assert_eq!(alice.get("/.mantlet/provider/unknown").status, 404);
}

#[test]
fn a_browser_signs_in_with_a_provider_that_others_made() {
    let Some(python) = super::passkeys_in_a_browser::equipped("openid-provider") else { return };
    if venv_python(&["oidc_provider_mock"]).is_none() {
        left_out("openid-provider", "lacks oidc-provider-mock in target/venv");
        return;
    }
    let port = free_port().to_string();
    let (_folder, secret) = secret();
    let config = format!(
        "[identity.providers.mock]\nissuer = \"http://127.0.0.1:{port}\"\nclient_id = \"gate\"\n\
         {CREATE}{secret}"
    );
    let (_upstream, gate) = super::closed(&config);
    let url = format!("http://localhost:{}", gate.address().port());
    let seen = super::passkeys_in_a_browser::story(&python, "providers.py", &[&url, &port]);
    assert_eq!((&seen["after"], &seen["name"]), (&json!("inside"), &json!("carol")), "{seen:#}");
    // This provider leaves `state` out when somebody says no, against RFC 6749: the way back is nobody's.
    assert!(seen["denied"].as_str().unwrap().contains("Begin again"), "{seen:#}");
}

#[test]
fn a_provider_is_asked_for_what_is_said() {
    let outside = Outside::start();
    for (setting, expected) in
        [("", "openid profile email"), ("scopes = [\"groups\"]\n", "openid groups")]
    {
        let config = format!(
            "[identity.providers.company]\nissuer = \"{}\"\nclient_id = \"gate\"\n{setting}",
            outside.issuer()
        );
        let (_upstream, gate) = super::closed(&config);
        let asked = leave(&mut Person::new(&gate), "");
        assert_eq!(asked["scope"], expected, "{setting}");
    }
}

#[test]
fn a_provider_is_believed_under_the_authorities_that_are_said() {
    let outside = Outside::start();
    // Another gate puts TLS before it.
    let folder = TempFolder::new();
    let (cert, key) = mantlet_testkit::certificate(&folder, "cert.pem", "key.pem");
    let (other, _) = mantlet_testkit::certificate(&folder, "other.pem", "other-key.pem");
    let address = mantlet_testkit::free_address();
    let tls = format!("[server.tls]\nlisten = \"{address}\"\ncert = {cert:?}\nkey = {key:?}\n");
    let _front = super::common::gate(&outside.server, &tls);
    for (setting, is_believed) in [
        (String::new(), false),
        (format!("ca = {other:?}\n"), false),
        (format!("ca = {cert:?}\n"), true),
    ] {
        let issuer = format!("https://localhost:{}", address.port());
        let (_upstream, gate) = super::closed(&format!(
            "[identity.providers.company]\nissuer = \"{issuer}\"\nclient_id = \"{CLIENT}\"\n{CREATE}{setting}"
        ));
        let mut alice = Person::new(&gate);
        if is_believed {
            let answer = outside.sign_in(&mut alice, "");
            assert_eq!(answer.status, 303, "{answer:?}");
            assert_eq!(alice.get("/x").status, 200);
        } else {
            let answer = alice.get(LEAVE);
            assert_ne!(answer.status, 303, "{setting}: {answer:?}");
        }
    }
}
