//! Paths that say `/admin` to one reader and something else to another.

use mantlet_testkit::wire;
use mantlet_testkit::{Answer, FakeUpstream};

use crate::common::{assert_refused, gate};

const DENY: &str = "[[routes]]\npath = \"/admin/*\"\ndeny = true\n\n\
    [[routes]]\npath = \"/users:delete\"\ndeny = true\n";
const REFUSED: (u16, &str) = (400, "invalid-path");
const DENIED: (u16, &str) = (403, "route-denied");

fn ask(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
}

/// Decodes and resolves as a careless application does, again and again.
fn careless(target: &str) -> String {
    let mut path = target.split('?').next().unwrap().to_owned();
    for _ in 0..3 {
        path = path.replace("%2e", ".").replace("%2E", ".").replace("%2f", "/").replace("%2F", "/");
        path = path.replace("%5c", "/").replace("%5C", "/").replace('\\', "/").replace("%25", "%");
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment.split(';').next().unwrap() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

#[test]
fn no_spelling_of_a_denied_path_reaches_the_application() {
    let upstream = FakeUpstream::answering(Answer::ok("application"));
    let gate = gate(&upstream, DENY);
    for (path, expected) in [
        ("/admin", DENIED),
        ("/admin/", DENIED),
        ("/admin/x", DENIED),
        ("/admin?x=/", DENIED),
        ("/%61dmin", DENIED),
        ("/%61%64%6d%69%6e/x", DENIED),
        ("//admin", DENIED),
        ("///admin//x", DENIED),
        ("/./admin", DENIED),
        ("/.//admin", DENIED),
        ("/x/../admin", DENIED),
        ("/x/%2e%2e/admin", DENIED),
        ("/x/.%2E/admin/", DENIED),
        ("/admin/.", DENIED),
        ("/admin/x/..", DENIED),
        ("/admin/./", DENIED),
        ("/users:delete", DENIED),
        ("/users%3Adelete", DENIED),
        ("/users%3adelete/", DENIED),
        ("http://a/admin", DENIED),
        ("http://a/x/../admin", DENIED),
        ("/..%2fadmin", REFUSED),
        ("/..%5cadmin", REFUSED),
        ("/x%2f..%2fadmin", REFUSED),
        ("/admin%2fx", REFUSED),
        ("/%2fadmin", REFUSED),
        ("/\\admin", REFUSED),
        ("/x\\..\\admin", REFUSED),
        ("/%5cadmin", REFUSED),
        ("/x/..%5cadmin", REFUSED),
        ("/admin;x", REFUSED),
        ("/admin;x=y/z", REFUSED),
        ("/x/..;/admin", REFUSED),
        ("/;/admin", REFUSED),
        ("/admin%00", REFUSED),
        ("/%00/admin", REFUSED),
        ("/admin%0d%0aX:%20y", REFUSED),
        ("/%c0%ae%c0%ae/admin", REFUSED),
        ("/x/%c0%af../admin", REFUSED),
        ("/%e0%80%ae/admin", REFUSED),
        ("/%252e%252e/admin", REFUSED),
        ("/%2561dmin", REFUSED),
        ("/%25%36%31dmin", REFUSED),
        ("/x/%u002e%u002e/admin", REFUSED),
        ("/%", REFUSED),
        ("/%a", REFUSED),
        ("/%zz/admin", REFUSED),
        ("/../admin", REFUSED),
        ("/x/../../admin", REFUSED),
        ("/%ff/admin", REFUSED),
        ("/adm\u{131}n", REFUSED),
    ] {
        let answer = wire::send_raw(gate.address(), ask(path).as_bytes());
        let response = answer.responses().pop().unwrap_or_default();
        assert_refused(&gate, &response, expected, path);
        assert!(upstream.is_untouched(), "{path}: {:?}", upstream.requests());
    }
}

#[test]
fn other_paths_reach_the_application_in_their_normal_form_only() {
    let upstream = FakeUpstream::answering(Answer::ok("application"));
    // The WAF would have its own word on some of them.
    let gate = gate(&upstream, &format!("{DENY}\n[guards.waf]\nmode = \"off\"\n"));
    for (path, normal) in [
        ("/administrator", "/administrator"),
        ("/Admin", "/Admin"),
        ("/ADMIN/", "/ADMIN/"),
        ("/admin%20", "/admin%20"),
        ("/admin.", "/admin."),
        ("/.admin", "/.admin"),
        ("/admin/../x", "/x"),
        ("/admin/%2e%2e/x/", "/x/"),
        ("/x//y", "/x/y"),
        ("/x/./y", "/x/y"),
        ("//evil.example/x", "/evil.example/x"),
        ("/%7euser/%41", "/~user/A"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/%ef%bd%81dmin", "/%EF%BD%81dmin"),
        ("/x?../admin", "/x?../admin"),
        ("/x?a=%2e%2e%2f%00", "/x?a=%2e%2e%2f%00"),
        ("/x?", "/x?"),
        ("/...", "/..."),
        ("http://a", "/"),
        ("http://a?x", "/?x"),
        ("/a[1]{2}|^", "/a%5B1%5D%7B2%7D%7C%5E"),
    ] {
        upstream.clear();
        let answer = wire::send_raw(gate.address(), ask(path).as_bytes());
        assert_eq!(answer.statuses(), [200], "{path}: {}", answer.text());
        let seen = upstream.requests().pop().unwrap();
        assert_eq!(seen.target, normal, "{path}");
        assert!(!careless(&seen.target).starts_with("/admin/"), "{path}");
        assert_eq!(seen.headers.get_all("host"), ["a"], "{path}");
    }
}

const PASS_ALL: &str = "[hygiene]\nduplicate_slashes = \"keep\"\nencoded_slash = \"pass\"\n\
    path_parameters = \"pass\"\ndouble_encoding = \"pass\"\ninvalid_utf8 = \"pass\"\n\n";

#[test]
fn what_is_let_pass_leads_to_the_same_route_however_the_application_reads_it() {
    let upstream = FakeUpstream::answering(Answer::ok("application"));
    let gate = gate(&upstream, &format!("{PASS_ALL}{DENY}"));
    for path in [
        "//admin",
        "/;/admin",
        "/;x=y/admin",
        "/admin;x",
        "/admin;x=y/z",
        "/admin%3bx",
        "/%2fadmin",
        "/%2f%2fadmin/x",
        "/%5cadmin",
        "/\\admin",
        "/admin%2fx",
        "/admin%5cx",
        "/x%2f%2e%2e/admin",
        "/%2561dmin",
        "/%252561dmin",
        "/%25252561dmin",
        "/%252fadmin",
        "/x%252f%252e%252e%252fadmin",
        "/x/%252e%252e/admin",
        "/%253b/admin",
        "/%c0%afadmin",
        "/%c1%a1dmin",
        "/%e0%81%a1dmin",
        "/%e0%80%afadmin;x//y",
        "/;%2fadmin",
        "/.mantlet%2fx",
        "/;/.mantlet/x",
    ] {
        let answer = wire::send_raw(gate.address(), ask(path).as_bytes());
        let response = answer.responses().pop().unwrap_or_default();
        assert!([400, 403, 404].contains(&response.status), "{path}: {response:?}");
        assert!(upstream.is_untouched(), "{path}: {:?}", upstream.requests());
    }
    for (path, forwarded) in [
        ("/files/a%2fb", "/files/a%2Fb"),
        ("/files//b;v=1", "/files//b;v=1"),
        ("/files/100%25", "/files/100%25"),
        ("/files/%2541", "/files/%2541"),
        ("/files/%E0%A4%B9", "/files/%E0%A4%B9"),
        ("/files/%ff", "/files/%FF"),
    ] {
        upstream.clear();
        let answer = wire::send_raw(gate.address(), ask(path).as_bytes());
        assert_eq!(answer.statuses(), [200], "{path}: {}", answer.text());
        assert_eq!(upstream.requests().pop().unwrap().target, forwarded);
    }
}
