//! Certificates of clients.

use std::net::SocketAddr;

use mantlet_testkit::{
    Answer, Authority, FakeUpstream, MantletProcess, TempFolder, TlsClient, certificate,
    free_address,
};

use crate::common::{PATIENCE, gate};

fn start(
    authority: &Authority,
    more: &str,
) -> (FakeUpstream, MantletProcess, SocketAddr, TempFolder) {
    let (upstream, address) = (FakeUpstream::answering(Answer::ok("ok")), free_address());
    let folder = TempFolder::new();
    let (cert, key) = certificate(&folder, "a.crt", "a.key");
    let ca = folder.write("ca.pem", authority.pem());
    let gate = gate(
        &upstream,
        &format!(
            "[server.tls]\nlisten = [\"{address}\"]\ncert = {cert:?}\nkey = {key:?}\nclient_ca = {ca:?}\nreload_interval = \"100ms\"\n{more}"
        ),
    );
    (upstream, gate, address, folder)
}

/// What a client gets that shows this certificate.
fn ask(address: SocketAddr, certificate: Option<&(String, String)>) -> Option<String> {
    let client = TlsClient::new(&["http/1.1"], certificate);
    // TLS 1.3 tells the client only after its own side of the handshake is done.
    let claims = "X-Client-Cert: CN=admin\r\nX-SSL-Client-S-DN: CN=admin\r\n";
    client.connect(address, "localhost").ok()?.ask("/", claims).ok()
}

#[test]
fn only_clients_of_the_authority_are_served_where_a_certificate_is_required() {
    let (authority, other) = (Authority::new("ours"), Authority::new("ours"));
    let (upstream, gate, address, _folder) = start(&authority, "");
    let known = authority.client("dashboard 7");
    assert!(ask(address, Some(&known)).is_some_and(|answer| answer.contains(" 200 ")));
    let entry = gate.wait_for_access(|entry| entry["url.path"] == "/", PATIENCE);
    assert!(
        entry["tls.client.subject"].as_str().is_some_and(|text| text.contains("CN=dashboard 7")),
        "{entry:#}"
    );
    let request = upstream.requests().pop().unwrap();
    assert!(
        !request.head().contains("CN=admin"),
        "a client's claims go nowhere: {}",
        request.head()
    );
    for stranger in [None, Some(other.client("dashboard 7"))] {
        assert_eq!(ask(address, stranger.as_ref()), None);
    }
    assert_eq!(upstream.requests().len(), 1);
}

#[test]
fn an_optional_certificate_may_be_missing_but_not_be_wrong() {
    let (authority, other) = (Authority::new("ours"), Authority::new("others"));
    let (_upstream, gate, address, _folder) = start(
        &authority,
        "client_certificates = \"optional\"\n[client]\ntrusted_proxies = [\"127.0.0.9\"]\n",
    );
    assert!(ask(address, None).is_some_and(|answer| answer.contains(" 200 ")));
    let entry = gate.wait_for_access(|_| true, PATIENCE);
    assert!(entry.get("tls.client.subject").is_none(), "{entry:#}");
    assert!(ask(address, Some(&authority.client("a"))).is_some());
    assert_eq!(ask(address, Some(&other.client("a"))), None);
}

#[test]
fn a_session_is_not_resumed_once_its_authority_is_gone() {
    let (authority, next) = (Authority::new("old"), Authority::new("new"));
    let (_upstream, gate, address, folder) = start(&authority, "");
    let known = authority.client("a");
    let client = TlsClient::new(&["http/1.1"], Some(&known));
    let visit = || client.connect(address, "localhost").and_then(|mut one| one.ask("/", ""));
    assert!(visit().is_ok() && visit().is_ok());
    folder.write("ca.pem", next.pem());
    let _ =
        gate.wait_for_event(|event| event["event.name"] == "tls.certificate.reloaded", PATIENCE);
    assert!(visit().is_err(), "its ticket is worth nothing now");
    assert!(ask(address, Some(&next.client("b"))).is_some());
}
