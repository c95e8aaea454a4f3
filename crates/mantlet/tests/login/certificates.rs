//! Clients that are known by their certificates.

use std::net::SocketAddr;
use std::time::Duration;

use mantlet_testkit::{
    Answer, Authority, DnType, DnValue, FakeUpstream, MantletProcess, TempFolder, TlsClient,
    certificate, free_address, lacking, left_out, poll_until, run_program, wire,
};
use serde_json::Value;

use super::add;
use super::common::PATIENCE;

/// A gate that asks everybody to sign in, and knows clients of `authority`.
struct House {
    upstream: FakeUpstream,
    gate: MantletProcess,
    address: SocketAddr,
    folder: TempFolder,
}

const ROUTES: &str = "[[routes]]\npath = \"/admin/*\"\nrequire = { role = \"admin\" }\n\
    [[routes]]\npath = \"/open\"\nrequire = \"none\"\n";

const KNOWN: &str = "[[identity.certificates]]\ndns = \"agent.example\"\naccount = \"alice\"\n\
    [[identity.certificates]]\nuri = \"spiffe://x/robot\"\nname = \"robot\"\nroles = [\"admin\"]\n\
    [[identity.certificates]]\nemail = \"ops@x.example\"\nname = \"ops\"\n\
    [[identity.certificates]]\nsubject = \"CN=Machine 7\"\nname = \"seven\"\n";

fn house(authority: &Authority, more: &str) -> House {
    let (upstream, address) = (FakeUpstream::answering(Answer::ok("inside")), free_address());
    let folder = TempFolder::new();
    let (cert, key) = certificate(&folder, "a.crt", "a.key");
    let ca = folder.write("ca.pem", authority.pem());
    let config = format!(
        "[access]\nrequire = \"login\"\n[server.tls]\nlisten = [\"{address}\"]\ncert = {cert:?}\nkey = {key:?}\n\
         client_ca = {ca:?}\nclient_certificates = \"optional\"\n{more}{ROUTES}{KNOWN}"
    );
    let gate = super::common::gate(&upstream, &config);
    House { upstream, gate, address, folder }
}

impl House {
    /// The status that a client gets, with `claims` in its head.
    fn ask(&self, path: &str, shown: Option<&(String, String)>, claims: &str) -> u16 {
        let client = TlsClient::new(&["http/1.1"], shown);
        let answer = client.connect(self.address, "localhost").unwrap().ask(path, claims).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Whom the application was told of last.
    fn user(&self) -> Option<String> {
        let seen = self.upstream.requests().pop().unwrap();
        seen.header("x-forwarded-user").map(str::to_owned)
    }
}

#[test]
fn a_client_is_who_its_certificate_stands_for() {
    let authority = Authority::new("ours");
    let house = house(&authority, "");
    add(&house.gate, "alice", "user");
    for (name, names, status, user) in [
        ("x", [&["b.example", "agent.example"][..], &[], &[]], 403, "alice"),
        ("x", [&[], &["spiffe://x/robot"], &[]], 200, "certificate:robot"),
        ("x", [&[], &[], &["ops@x.example"]], 403, "certificate:ops"),
    ] {
        let shown = authority.client_called(name, names);
        assert_eq!(house.ask("/", Some(&shown), ""), 200, "{user}");
        assert_eq!(house.user().as_deref(), Some(user));
        assert_eq!(house.ask("/admin/x", Some(&shown), ""), status, "{user}");
    }
    let assertion = house.upstream.requests().pop().unwrap();
    assert!(assertion.header("mantlet-assertion").is_some());
    for names in [
        [&["x.agent.example"][..], &["agent.example"], &["agent.example"]],
        [&["*.example"], &["spiffe://x/robot/2"], &["x@x.example"]],
        [&[], &[], &[]],
    ] {
        let shown = authority.client_called("agent.example", names);
        assert_eq!(house.ask("/", Some(&shown), ""), 401, "{names:?}");
        assert_eq!(house.ask("/open", Some(&shown), ""), 200);
        assert_eq!(house.user(), None);
    }
}

#[test]
fn a_whole_subject_counts_and_none_that_resembles_it() {
    use DnType::{CommonName, CountryName, CustomDnType, OrganizationName, OrganizationalUnitName};
    let authority = Authority::new("ours");
    let more = "[[identity.certificates]]\nsubject = 'CN=agent,O=Example'\naccount = \"alice\"\n\
        [[identity.certificates]]\nsubject = 'CN=a\\,b\\+c,O=\\#Example\\ '\naccount = \"bob\"\n";
    let house = house(&authority, more);
    for name in ["alice", "bob"] {
        add(&house.gate, name, "user");
    }
    let text = |text: &str| DnValue::Utf8String(text.to_owned());
    let printable = |text: &str| DnValue::PrintableString(text.try_into().unwrap());
    let company = || (OrganizationName, text("Example"));
    let common = |text: DnValue| (CommonName, text);
    for (subject, user) in [
        (vec![company(), common(text("agent"))], "alice"),
        (vec![(OrganizationName, printable("Example")), common(printable("agent"))], "alice"),
        (vec![(OrganizationName, text("#Example ")), common(text("a,b+c"))], "bob"),
    ] {
        let shown = authority.client_of(subject);
        assert_eq!(house.ask("/", Some(&shown), ""), 200, "{user}");
        assert_eq!(house.user().as_deref(), Some(user));
    }
    let again = || (CustomDnType(vec![2, 5, 4, 3]), text("agent"));
    for (subject, what) in [
        (vec![common(text("agent")), company()], "another order"),
        (vec![common(text("agent,O=Example"))], "one value that looks like two"),
        (vec![common(text("agent\\,O=Example"))], "one value with an escape in it"),
        (vec![(OrganizationName, text("Example,CN=agent"))], "the same, of the other"),
        (
            vec![company(), common(text("agent")), (OrganizationalUnitName, text("x"))],
            "one more in front",
        ),
        (vec![(CountryName, printable("DE")), company(), common(text("agent"))], "one more behind"),
        (vec![company(), common(text("agent")), again()], "the same twice"),
        (vec![company(), common(text("eve")), again()], "somebody else's beside it"),
        (vec![common(text("agent"))], "a part"),
        (vec![company()], "the other part"),
        (vec![company(), common(text("Agent"))], "another case"),
        (vec![company(), common(text("agent "))], "a space behind"),
        (vec![company(), common(text(" agent"))], "a space in front"),
        (vec![company(), common(text("agent\0"))], "a byte that ends texts elsewhere"),
        (vec![company(), common(text("\u{430}gent"))], "a letter that looks the same"),
        (vec![company(), common(text("agent\u{200b}"))], "a letter that nobody sees"),
        (vec![company(), common(text(""))], "an empty name"),
        (vec![], "nothing at all"),
        (
            vec![(OrganizationName, text("\\#Example\\ ")), common(text("a\\,b\\+c"))],
            "escapes as they are written",
        ),
    ] {
        let shown = authority.client_of(subject);
        assert_eq!(house.ask("/", Some(&shown), ""), 401, "{what}");
        assert_eq!(house.ask("/open", Some(&shown), ""), 200, "{what}");
        assert_eq!(house.user(), None, "{what}");
    }
}

#[test]
fn no_header_stands_for_a_certificate_and_a_credential_counts_before_it() {
    let authority = Authority::new("ours");
    let house = house(&authority, "[client]\ntrusted_proxies = [\"127.0.0.9\"]\n");
    add(&house.gate, "alice", "user");
    add(&house.gate, "bob", "user");
    let claims = "X-Client-Cert: CN=Machine 7\r\nX-SSL-Client-S-DN: CN=Machine 7\r\n\
        X-Forwarded-Client-Cert: URI=spiffe://x/robot\r\nX-Forwarded-User: certificate:robot\r\n\
        X_Forwarded_User: certificate:robot\r\n";
    assert_eq!(house.ask("/", None, claims), 401);
    assert_eq!(house.ask("/open", None, claims), 200);
    assert_eq!(house.user(), None);
    let plain = wire::get(house.gate.address(), "/", &[("X-Client-Cert", "CN=Machine 7")]);
    assert_eq!(plain.status, 401);
    let shown = authority.client_called("x", [&["agent.example"], &[], &[]]);
    let (_, key) = super::key(&house.gate, "bob", &[]);
    assert_eq!(house.ask("/", Some(&shown), &format!("X-API-Key: {key}\r\n")), 200);
    assert_eq!(house.user().as_deref(), Some("bob"));
    let wrong = format!("X-API-Key: {}x\r\n", key.get(..key.len() - 1).unwrap());
    assert_eq!(house.ask("/", Some(&shown), &wrong), 401, "a wrong key is not made good");
}

#[test]
fn a_certificate_counts_as_long_as_its_account_is_open() {
    let authority = Authority::new("ours");
    let house = house(&authority, "");
    let shown = authority.client_called("x", [&["agent.example"], &[], &[]]);
    assert_eq!(house.ask("/", Some(&shown), ""), 401, "no such account yet");
    add(&house.gate, "alice", "admin");
    let opened =
        poll_until(PATIENCE, || (house.ask("/admin/x", Some(&shown), "") == 200).then_some(()));
    assert!(opened.is_some());
    assert_eq!(house.gate.command(&["user", "lock", "alice"]).code, Some(0));
    assert_eq!(house.ask("/", Some(&shown), ""), 401);
    let refused = |event: &Value| event["evidence"] == "account-closed certificate";
    let _ = house.gate.wait_for_event(refused, PATIENCE);
    assert_eq!(house.gate.command(&["user", "unlock", "alice"]).code, Some(0));
    assert_eq!(house.ask("/", Some(&shown), ""), 200);
}

#[test]
fn a_certificate_counts_over_http_2() {
    let lacking = lacking(&["curl"]);
    if !lacking.is_empty() {
        return left_out("wire", "curl is not there");
    }
    let authority = Authority::new("ours");
    let house = house(&authority, "");
    let (cert, key) = authority.client_called("x", [&[], &["spiffe://x/robot"], &[]]);
    let (cert, key) = (house.folder.write("c.pem", cert), house.folder.write("c.key", key));
    let url = format!("https://{}/admin/x", house.address);
    let shown = [cert.to_str().unwrap(), key.to_str().unwrap()];
    for (extra, expected) in
        [(&["--cert", shown[0], "--key", shown[1]][..], "200 2"), (&[], "401 2")]
    {
        let mut arguments =
            vec!["-sk", "--http2", "-o", "/dev/null", "-w", "%{http_code} %{http_version}"];
        arguments.extend(extra);
        arguments.push(&url);
        let done = run_program("curl", &arguments, Duration::from_secs(30));
        assert_eq!(done.stdout, expected, "{done:?}");
    }
}

#[test]
fn settings_that_name_no_certificate_or_nobody_are_told() {
    let upstream = FakeUpstream::answering(Answer::ok("inside"));
    for (section, told) in [
        ("account = \"alice\"\n", "exactly one whole name"),
        ("dns = \"a\"\nuri = \"b\"\naccount = \"alice\"\n", "exactly one whole name"),
        ("dns = \"*.example\"\naccount = \"alice\"\n", "exactly one whole name"),
        ("dns = \"a\"\n", "nobody is named"),
        ("dns = \"a\"\naccount = \"a\"\nname = \"b\"\n", "nobody is named"),
        ("dns = \"a\"\naccount = \"a\"\nroles = [\"admin\"]\n", "nobody is named"),
        ("dns = \"a\"\nname = \"b\"\nroles = [\"king\"]\n", "there is no role `king`"),
        ("dns = \"a\"\nname = \"b\"\n", "no client is asked"),
    ] {
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let config = format!("[access]\nrequire = \"login\"\n[[identity.certificates]]\n{section}");
        let refused = builder.upstream(&upstream.url()).config(&config).try_start().unwrap_err();
        assert!(refused.stderr.contains(told), "{section}: {}", refused.stderr);
    }
}
