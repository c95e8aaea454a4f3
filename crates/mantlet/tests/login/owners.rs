//! What belongs to somebody, by the parameters of its path: from the attacker's side.

use mantlet_testkit::wire;

use super::{add, asking, json, key, with_key};

const ROUTES: &str = "[access]\nprofile = \"research\"\nrequire = \"login\"\n\
    [[routes]]\npath = \"/users/{user}/*\"\nrequire = { any = [{ owner = \"{user}\" }, { role = \"super_admin\" }] }\n\
    [[routes]]\npath = \"/users/me\"\nrequire = { role = \"super_admin\" }\n\
    [[routes]]\npath = \"/drive/{owner}/{*rest}\"\nresource = \"drive:{owner}\"\nrequire = { class = \"confidential\" }\n\
    [[routes]]\npath = \"/vault/{owner}/{box}\"\nresource = \"vault:{owner}:{box}\"\nrequire = { class = \"restricted\" }\n";

/// Paths that are not alice's, whatever they look like.
const OF_OTHERS: [&str; 36] = [
    "/users/bob",
    "/users/bob/",
    "/users/bob/files",
    "/users/alic/files",
    "/users/alice2/files",
    "/users/Alice/files",
    "/users/ALICE",
    "/users/alice%20/files",
    "/users/alice%00/files",
    "/users/alice./files",
    "/users/alice;x=bob/files",
    "/users/alice%3Bbob/files",
    "/users/alice%2Fbob/files",
    "/users/alice%5Cbob/files",
    "/users/alice/../bob/files",
    "/users/alice/%2e%2e/bob/files",
    "/users/alice/.%2e/bob/files",
    "/users/alice/..%2fbob/files",
    "/users/alice/%252e%252e/bob",
    "/users/%2561lice/files",
    "/users//files",
    "/users/%2e/files",
    "/users/me",
    "/users",
    "/users/bob?user=alice",
    "/users/bob/alice",
    "/users/al%C3%ACce/files",
    // Letters that look the same, and forms that are folded into them.
    "/users/%D0%B0lice/files",
    "/users/%EF%BD%81lice/files",
    "/users/alic%65%CC%81/files",
    "/users/alice%E2%80%8B/files",
    "/users/{user}/files",
    "/drive/bob/x",
    "/drive/bob/alice",
    "/drive//alice",
    "/vault/alice/one",
];

// covers: SCI-15 (binary)
#[test]
fn sci_d09_somebody_reaches_what_their_name_stands_in_and_nothing_else() {
    let (upstream, gate) = asking(ROUTES);
    for name in ["alice", "alic", "alice2", "bob"] {
        add(&gate, name, "user");
    }
    let (_, alice) = key(&gate, "alice", &[]);
    for path in [
        "/users/alice",
        "/users/alice/files",
        "/users/alice/files/a%20b",
        "/users/%61lice",
        "/drive/alice/x",
    ] {
        assert_eq!(with_key(&gate, path, &alice).status, 200, "{path}");
    }
    upstream.clear();
    for path in OF_OTHERS {
        for method in ["GET", "HEAD", "POST", "DELETE", "PROPFIND"] {
            let headers = [
                ("X-API-Key", alice.as_str()),
                ("X-User-ID", "bob"),
                ("X-Original-URL", "/users/alice"),
            ];
            let answer = wire::request(gate.address(), method, path, &headers, b"");
            let is_closed = matches!(answer.status, 400 | 403 | 404);
            let is_users = path == "/users" || path == "/users//files" || path == "/drive//alice";
            assert!(is_closed || (is_users && answer.status == 200), "{method} {path}: {answer:?}");
        }
    }
    for request in upstream.requests() {
        assert!(
            !request.target.contains("bob") && !request.target.contains("vault"),
            "{}",
            request.target
        );
    }
}

#[test]
fn a_path_that_servers_read_in_two_ways_is_about_one_thing_or_refused() {
    let lenient = "[hygiene]\nduplicate_slashes = \"keep\"\nencoded_slash = \"pass\"\npath_parameters = \"pass\"\n\
        double_encoding = \"pass\"\ninvalid_utf8 = \"pass\"\n";
    let (upstream, gate) = asking(&format!("{lenient}{ROUTES}"));
    add(&gate, "alice", "user");
    let (_, alice) = key(&gate, "alice", &[]);
    for path in [
        "/users/alice%2F..%2Fbob/files",
        "/users/alice%2Fbob",
        "/users/alice;/../bob",
        "/users/alice;a/files",
        "/users//alice/files",
        "/users/%2561lice/files",
        "/users/alice%C0%AFbob/files",
        "/users/alice/..;/bob/files",
        "/drive/alice%2f..%2fbob/x",
    ] {
        let answer = with_key(&gate, path, &alice);
        assert!(matches!(answer.status, 400 | 403), "{path}: {answer:?}");
    }
    assert!(upstream.is_untouched(), "{:?}", upstream.requests());
    assert_eq!(
        with_key(&gate, "/users/alice/a%2Fb", &alice).status,
        200,
        "it is hers however read"
    );
}

#[test]
fn explaining_shows_what_the_path_and_approvals_tell() {
    let (_upstream, gate) = asking(ROUTES);
    for (name, role) in [("alice", "user"), ("carol", "admin")] {
        add(&gate, name, role);
    }
    let explain = |words: &[&str]| {
        let config = gate.config_file();
        let config = ["--config", config.to_str().unwrap(), "--json"];
        let done = gate.command(&[&["access", "explain"], words, &config].concat());
        let said: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
        (done.code, said)
    };
    let (code, said) = explain(&["/users/alice/x", "--user", "alice"]);
    assert_eq!((code, &said["known"]["facts"]["user"]), (Some(0), &"alice".into()), "{said}");
    let (code, said) = explain(&["/vault/alice/one:2", "--user", "alice"]);
    assert_eq!(
        (code, &said["known"]["resource"]),
        (Some(1), &"vault:alice:one%3A2".into()),
        "{said}"
    );
    assert!(said["why"].as_str().unwrap().contains("an approval that is in force"), "{said}");
    json(&gate, &["access", "approve", "alice", "vault:alice:one%3A2", "--by", "carol"]);
    let (code, said) = explain(&["/vault/alice/one:2", "--user", "alice"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said["why"].as_str().unwrap().contains("approved by `carol` until"), "{said}");
    let (code, _) = explain(&["/vault/alice/one:2", "--user", "alice", "--method", "PUT"]);
    assert_eq!(code, Some(1), "it is for reading");
    let (code, said) = explain(&["/drive/alice/x", "--user", "carol"]);
    assert_eq!(code, Some(0), "cleared: {said}");
}
