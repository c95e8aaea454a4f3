//! Which route a request takes, and what each kind of route does with it.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod common;

use std::fs;
use std::os::unix::fs::symlink;

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, TempFolder};

use common::{assert_refused, gate};

const NOT_FOUND: (u16, &str) = (404, "no-route");

fn named(name: &str) -> FakeUpstream {
    FakeUpstream::answering(Answer::ok(name))
}

fn get(gate: &MantletProcess, host: &str, path: &str) -> Response {
    wire::get(gate.address(), path, &[("Host", host)])
}

#[test]
fn the_most_specific_route_wins_by_host_then_path_then_method() {
    let [main, shop, any_shop, api, v2, write] =
        ["main", "shop", "any-shop", "api", "v2", "write"].map(named);
    let route = |matching: &str, upstream: &FakeUpstream| {
        format!("[[routes]]\n{matching}\nupstream = [\"{}\"]\n", upstream.url())
    };
    let config = [
        route("path = \"/api/*\"", &api),
        route("path = \"/api/v2/*\"", &v2),
        route("path = \"/api/v2/*\"\nmethods = [\"POST\", \"PUT\"]", &write),
        route("host = [\"shop.example.org\"]\npath = \"/shop/*\"", &shop),
        route("host = [\"*.example.org\"]\npath = \"/shop/*\"", &any_shop),
        "[[routes]]\npath = \"/shop/admin/*\"\ndeny = true\n".to_owned(),
    ];
    let gate = gate(&main, &config.concat());
    for (method, host, path, expected) in [
        ("GET", "x", "/", "main"),
        ("GET", "x", "/apis", "main"),
        ("GET", "x", "/api", "api"),
        ("GET", "x", "/api/", "api"),
        ("GET", "x", "/api/v1/v2", "api"),
        ("GET", "x", "/api/v2", "v2"),
        ("GET", "x", "/api/v2/x", "v2"),
        ("POST", "x", "/api/v2/x", "write"),
        ("PUT", "x", "/api/v2", "write"),
        ("DELETE", "x", "/api/v2", "v2"),
        ("GET", "x", "/api/../x", "main"),
        ("GET", "x", "/x/../api/x", "api"),
        ("GET", "shop.example.org", "/shop", "shop"),
        ("GET", "SHOP.Example.ORG:8080", "/shop", "shop"),
        ("GET", "shop.example.org.", "/shop/x", "shop"),
        ("GET", "shop.example.org", "/", "main"),
        ("GET", "a.b.example.org", "/shop/x", "any-shop"),
        ("GET", "example.org", "/shop", "main"),
        ("GET", "evilexample.org", "/shop", "main"),
        ("GET", "shop.example.org.evil", "/shop", "main"),
    ] {
        let response = wire::request(gate.address(), method, path, &[("Host", host)], b"");
        assert_eq!(response.text(), expected, "{method} {host}{path}");
    }
    for host in ["x", "shop.example.org", "b.example.org"] {
        let denied = get(&gate, host, "/shop/admin/x");
        assert_refused(&gate, &denied, (403, "route-denied"), host);
    }
}

#[test]
fn a_route_inherits_what_its_parents_say_about_guards_and_bodies() {
    let upstream = named("main");
    let config = r#"
        [[routes]]
        path = "/a/*"
        body_limit = "10B"
        [routes.guards.blocklist]
        block = ["127.0.0.0/8"]
        [[routes]]
        path = "/a/b/*"
        [[routes]]
        path = "/a/open/*"
        [routes.guards.blocklist]
        mode = "off"
    "#;
    let gate = gate(&upstream, config);
    for path in ["/a", "/a/", "/a/x", "/a/b", "/a/b/c"] {
        assert_refused(&gate, &get(&gate, "x", path), (403, "address-blocked"), path);
    }
    for path in ["/", "/ab", "/a/open", "/a/open/x"] {
        assert_eq!(get(&gate, "x", path).status, 200, "{path}");
    }
    let response = wire::request(gate.address(), "POST", "/a/open/x", &[], b"eleven bytes");
    assert_refused(&gate, &response, (413, "body-too-large"), "the limit is inherited");
    assert_eq!(wire::request(gate.address(), "POST", "/b", &[], b"eleven bytes").status, 200);
}

#[test]
fn a_prefix_covers_whole_segments_only_and_denies_before_anything_is_sent() {
    let upstream = named("main");
    let gate = gate(&upstream, "[[routes]]\npath = \"/admin/*\"\ndeny = true\n");
    for path in ["/admin", "/admin/", "/admin/x", "/admin?x"] {
        assert_refused(&gate, &get(&gate, "x", path), (403, "route-denied"), path);
    }
    assert!(upstream.is_untouched());
    for path in ["/administrator", "/admin-x", "/x/admin"] {
        assert_eq!(get(&gate, "x", path).text(), "main", "{path}");
    }
}

#[test]
fn redirects_keep_path_and_query_and_never_lead_to_a_host_the_client_names() {
    let upstream = named("main");
    let config = r#"
        [[routes]]
        path = "/old/*"
        redirect = "https://new.example{path}{query}"
        [[routes]]
        path = "/here/*"
        redirect = "{path}"
        [[routes]]
        path = "/fixed"
        redirect = "/elsewhere"
    "#;
    let config = config.replace("redirect = \"{path}\"", "redirect = \"/{path}\"");
    let gate = gate(&upstream, &config);
    for (path, location) in [
        ("/old", "https://new.example/old"),
        ("/old/a%20b?c=d&e", "https://new.example/old/a%20b?c=d&e"),
        ("/old/x?", "https://new.example/old/x?"),
        ("/here//evil.example/..", "/here/"),
        ("/here/x?y", "/here/x"),
        ("/fixed/", "/elsewhere"),
    ] {
        let response = wire::request(gate.address(), "POST", path, &[], b"");
        assert_eq!(response.status, 308, "{path}");
        assert_eq!(response.header("location"), Some(location), "{path}");
        assert!(response.headers.contains("x-request-id"), "{response:?}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    }
    let split = get(&gate, "x", "/old/%0d%0aSet-Cookie:x=y");
    assert_refused(&gate, &split, (400, "invalid-path"), "header injection");
    assert!(upstream.is_untouched());
}

/// A folder with a page, a style sheet, hidden files, and links to what lies outside.
fn site() -> TempFolder {
    let folder = TempFolder::new();
    folder.write("secret.txt", "secret");
    let files = folder.path().join("site/files");
    fs::create_dir_all(files.join("sub")).unwrap();
    fs::write(files.join("index.html"), "<h1>index</h1>").unwrap();
    fs::write(files.join("a.css"), "0123456789").unwrap();
    fs::write(files.join(".env"), "secret").unwrap();
    fs::write(files.join("sub/x.txt"), "x").unwrap();
    symlink(folder.path().join("secret.txt"), files.join("link.txt")).unwrap();
    symlink("../../secret.txt", files.join("up.txt")).unwrap();
    symlink("sub/x.txt", files.join("inside.txt")).unwrap();
    symlink(folder.path(), files.join("out")).unwrap();
    folder
}

fn files_gate(folder: &TempFolder, upstream: &FakeUpstream) -> MantletProcess {
    let site = folder.path().join("site");
    // The WAF would not even let the doubtful ones near the folder.
    let rules = "[routes.guards.waf]\nmode = \"off\"\n";
    gate(upstream, &format!("[[routes]]\npath = \"/files/*\"\nstatic = {site:?}\n{rules}"))
}

#[test]
fn files_are_served_whole_in_parts_or_not_again() {
    let (folder, upstream) = (site(), named("main"));
    let gate = files_gate(&folder, &upstream);
    let page = get(&gate, "x", "/files/");
    assert_eq!((page.status, page.text().as_str()), (200, "<h1>index</h1>"));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert!(page.headers.contains("x-request-id"));
    assert_eq!(get(&gate, "x", "/files").header("location"), Some("/files/"));
    assert_eq!(get(&gate, "x", "/files/inside.txt").text(), "x");

    let whole = get(&gate, "x", "/files/a.css");
    assert_eq!(whole.text(), "0123456789");
    let head = wire::request(gate.address(), "HEAD", "/files/a.css", &[], b"");
    assert_eq!((head.status, head.header("content-length")), (200, Some("10")));
    let ask = |name, value| wire::get(gate.address(), "/files/a.css", &[(name, value)]);
    for (range, status, expected) in [
        ("bytes=2-4", 206, "234"),
        ("bytes=-3", 206, "789"),
        ("bytes=8-", 206, "89"),
        ("bytes=99-", 416, ""),
        ("lines=1-2", 200, "0123456789"),
    ] {
        let part = ask("Range", range);
        assert_eq!(part.status, status, "{range}: {part:?}");
        assert!(status == 416 || part.text() == expected, "{range}: {part:?}");
    }
    let tag = whole.header("etag").unwrap();
    assert_eq!(ask("If-None-Match", tag).status, 304);
    assert_eq!(ask("If-None-Match", "\"other\"").status, 200);
    assert_eq!(ask("If-Modified-Since", whole.header("last-modified").unwrap()).status, 304);
    let post = wire::request(gate.address(), "POST", "/files/a.css", &[], b"x");
    assert_eq!(post.header("allow"), Some("GET, HEAD"));
    assert_refused(&gate, &post, (405, "static-method"), "POST");
    assert!(upstream.is_untouched());
}

#[test]
fn no_path_and_no_link_leads_out_of_a_folder_of_files() {
    let (folder, upstream) = (site(), named("main"));
    let gate = files_gate(&folder, &upstream);
    for (path, expected) in [
        ("/files/none.txt", (404, "file-not-found")),
        ("/files/.env", (404, "file-not-found")),
        ("/files/%2eenv", (404, "file-not-found")),
        ("/files/link.txt", (404, "file-not-found")),
        ("/files/up.txt", (404, "file-not-found")),
        ("/files/out/secret.txt", (404, "file-not-found")),
        ("/files/sub/", (404, "file-not-found")),
        ("/files/..%2f..%2fsecret.txt", (400, "invalid-path")),
        ("/files/%2e%2e/%2e%2e/%2e%2e/secret.txt", (400, "invalid-path")),
        ("/files/..%5c..%5csecret.txt", (400, "invalid-path")),
        ("/files/a.css%00.txt", (400, "invalid-path")),
        ("/files/%c0%ae%c0%ae/secret.txt", (400, "invalid-path")),
    ] {
        let response = get(&gate, "x", path);
        assert!(!response.text().contains("secret\n"), "{path}");
        assert_refused(&gate, &response, expected, path);
    }
    assert!(upstream.is_untouched());
}

#[test]
fn what_no_route_leads_anywhere_is_not_found_without_an_upstream() {
    let upstream = named("api");
    let config = format!("[[routes]]\npath = \"/api/*\"\nupstream = [\"{}\"]\n", upstream.url());
    let gate = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet")).config(&config).start();
    assert_eq!(get(&gate, "x", "/api/x").text(), "api");
    assert_refused(&gate, &get(&gate, "x", "/other"), NOT_FOUND, "/other");
    let asterisk = wire::send_raw(gate.address(), b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_refused(&gate, &asterisk.responses()[0], NOT_FOUND, "OPTIONS *");
}

#[test]
fn reserved_paths_never_reach_the_application() {
    let upstream = named("main");
    let gate = gate(&upstream, "");
    for path in [
        "/.mantlet",
        "/.mantlet/",
        "/.mantlet/x",
        "/%2emantlet/x",
        "//.mantlet/x",
        "/x/../.mantlet/x",
        "/.%6dantlet/jwks",
    ] {
        assert_refused(&gate, &get(&gate, "x", path), (404, "reserved-path"), path);
    }
    assert!(upstream.is_untouched(), "{:?}", upstream.requests());
    assert_eq!(get(&gate, "x", "/.mantlets").text(), "main");
}

#[test]
fn several_upstreams_take_turns() {
    let (one, two) = (named("one"), named("two"));
    let urls = [one.url(), two.url()];
    let gate = gate(&one, &format!("[[routes]]\npath = \"/both/*\"\nupstream = {urls:?}\n"));
    for _ in 0..10 {
        assert_eq!(get(&gate, "x", "/both/x").status, 200);
    }
    assert_eq!((one.requests().len(), two.requests().len()), (5, 5));
}
