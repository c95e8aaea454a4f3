//! Clients that are known by their certificates.

use std::net::SocketAddr;
use std::time::Duration;

use mantlet_testkit::{
    Answer, Authority, FakeUpstream, MantletProcess, TempFolder, TlsClient, certificate,
    free_address, lacking, left_out, poll_until, run_program, wire,
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
