//! Profile `strict` over TLS: every answer, whoever makes it.

use std::net::SocketAddr;
use std::time::Duration;

use mantlet_testkit::wire;
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, TempFolder, certificate, free_address, lacking, left_out,
    run_program,
};

use crate::common::gate;
use crate::observatory::{Page, score};

/// What an application says that was told to set headers in two places, and knows no better.
fn careless(status: u16, body: &str) -> Answer {
    let fields = [
        ("Server", "Werkzeug/3.0.1 Python/3.11"),
        ("X-Powered-By", "PHP/8.1"),
        ("X-AspNet-Version", "4.0"),
        ("X-Generator", "Drupal 9"),
        ("X-Runtime", "0.01"),
        ("Via", "1.1 inner"),
        ("X-XSS-Protection", "1; mode=block"),
        ("X-Frame-Options", "SAMEORIGIN"),
        ("X-Frame-Options", "ALLOWALL"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "default-src * 'unsafe-inline'"),
        ("Content-Security-Policy", "script-src *"),
        ("Strict-Transport-Security", "max-age=1"),
        ("Referrer-Policy", "unsafe-url"),
        ("Referrer-Policy", "origin"),
        ("Set-Cookie", "session=1; Path=/"),
        ("Set-Cookie", "csrf_token=2; Path=/"),
    ];
    let answer = Answer::of(status, "text/html; charset=utf-8", body);
    fields.iter().fold(answer, |answer, (name, value)| answer.header(name, value))
}

/// The binary with a TLS listener, in front of a careless application.
struct Site {
    _gate: MantletProcess,
    _upstream: FakeUpstream,
    _files: TempFolder,
    address: SocketAddr,
}

impl Site {
    fn start(more: &str) -> Self {
        let upstream = FakeUpstream::start(|request| match request.target.as_str() {
            "/missing" => careless(404, "no"),
            "/moved" => careless(302, "").header("Location", "/"),
            "/broken" => Answer::garbage(),
            "/crash" => careless(500, "Traceback (most recent call last):\n  File \"/srv/a.py\""),
            _ => careless(200, "<!doctype html><title>x</title><script src=\"/a.js\"></script>"),
        });
        let files = TempFolder::new();
        let (cert, key) = certificate(&files, "cert.pem", "key.pem");
        let folder = files.path().join("files");
        files.write("files/static/a.js", "1;");
        let address = free_address();
        let config = format!(
            "[server.tls]\nlisten = [\"{address}\"]\ncert = {cert:?}\nkey = {key:?}\n\
             [guards.headers]\nprofile = \"strict\"\n{more}\n\
             [[routes]]\npath = \"/static/*\"\nstatic = {folder:?}\n\
             [[routes]]\npath = \"/old\"\nredirect = \"/new\"\n\
             [[routes]]\npath = \"/closed\"\ndeny = true\n"
        );
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let gate = builder.upstream(&upstream.url()).config(&config).start();
        Self { _gate: gate, _upstream: upstream, _files: files, address }
    }

    /// The status and the page that a client over TLS gets.
    fn get(&self, host: &str, path: &str) -> (u16, Page) {
        let url = format!("https://{}{path}", self.address);
        let host = format!("Host: {host}");
        let arguments =
            ["-k", "-s", "-i", "--http1.1", "--path-as-is", "--max-time", "20", "-H", &host, &url];
        let finished = run_program("curl", &arguments, Duration::from_secs(30));
        assert_eq!(finished.code, Some(0), "{path}: {finished:?}");
        let (head, body) = finished.stdout.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let field = |line: &str| line.split_once(": ").map(|(n, v)| (n.to_owned(), v.to_owned()));
        (status, Page { headers: lines.filter_map(field).collect(), body: body.to_owned() })
    }
}

fn values<'a>(page: &'a Page, name: &str) -> Vec<&'a str> {
    let named = page.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.as_str()).collect()
}

/// Every kind of answer there is, with its status.
const ANSWERS: [(&str, u16); 9] = [
    ("/", 200),
    ("/missing", 404),
    ("/moved", 302),
    ("/broken", 502),
    ("/crash", 500),
    ("/static/a.js", 200),
    ("/old", 308),
    ("/closed", 403),
    ("/..%2f", 400),
];

// covers: ETSM-06, SAMO-52, SCI-30, SCI-32, YMERA-22 (binary)
#[test]
fn etsm_d02_samo_d53_ymera_d21_sci_d22_every_answer_over_tls_is_worth_an_a_plus() {
    if !lacking(&["curl"]).is_empty() {
        return left_out("wire", "lacks curl");
    }
    let site = Site::start("");
    for (path, expected) in ANSWERS {
        let (status, page) = site.get("shop.example.org", path);
        assert_eq!(status, expected, "{path}");
        let (score, modifiers) = score(&page);
        assert!(score >= 100, "{path}: {score} {modifiers:?} {page:#?}");
        assert!(modifiers.values().all(|modifier| *modifier >= 0), "{path}: {modifiers:?}");
        assert_single(path, &page);
    }
}

/// One authority: each of these once, and nothing that tells about the software.
fn assert_single(path: &str, page: &Page) {
    for name in [
        "content-security-policy",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "strict-transport-security",
        "permissions-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "cache-control",
        "x-request-id",
    ] {
        assert_eq!(values(page, name).len(), 1, "{path}: {name}: {page:#?}");
    }
    for name in [
        "server",
        "x-powered-by",
        "x-aspnet-version",
        "x-generator",
        "x-runtime",
        "via",
        "x-xss-protection",
    ] {
        assert!(values(page, name).is_empty(), "{path}: {name}: {page:#?}");
    }
    let hsts = values(page, "strict-transport-security");
    assert_eq!(hsts, ["max-age=63072000; includeSubDomains"], "{path}");
    for cookie in values(page, "set-cookie") {
        assert!(cookie.contains("; Secure") && cookie.contains("; SameSite=Lax"), "{cookie}");
    }
}

// covers: SCI-32 (binary)
#[test]
fn samo_d51_samo_d52_sci_d23_elite_d05_a_strict_policy_leaves_nothing_open() {
    if !lacking(&["curl"]).is_empty() {
        return left_out("wire", "lacks curl");
    }
    let site = Site::start("hsts_preload = true\nembedder_policy = \"require-corp\"");
    let (_, page) = site.get("shop.example.org", "/");
    let policy = values(&page, "content-security-policy")[0];
    for directive in [
        "default-src 'none'",
        "script-src 'nonce-",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(directive), "{directive}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(values(&page, "cross-origin-embedder-policy"), ["require-corp"]);
    let hsts = values(&page, "strict-transport-security");
    assert_eq!(hsts, ["max-age=63072000; includeSubDomains; preload"]);
    // Nobody else may be meant by these names.
    for host in ["localhost", "127.0.0.1", "printer.local", "app.internal", "[::1]"] {
        let (_, page) = site.get(host, "/");
        assert!(values(&page, "strict-transport-security").is_empty(), "{host}");
    }
}

#[test]
fn settings_that_preloading_needs_are_asked_for() {
    for (lines, expected) in [
        ("hsts_preload = true", "hosts are preloaded with all hosts below them"),
        (
            "hsts_preload = true\nhsts_subdomains = true\nhsts_max_age = \"30d\"",
            "hosts are preloaded for a year at least",
        ),
    ] {
        let config = format!("[guards.headers]\n{lines}\n");
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let end = builder.upstream("http://127.0.0.1:9").config(&config).try_start().unwrap_err();
        assert_eq!(end.code, Some(2), "{end:?}");
        assert!(end.stderr.contains(expected), "{}", end.stderr);
    }
}

#[test]
fn every_directive_names_what_it_was_set_to() {
    let upstream = FakeUpstream::answering(Answer::html("<p>x"));
    let settings = "connect_src = [\"https://connect.example\"]
        font_src = [\"https://font.example\"]
        form_action = [\"https://form.example\"]
        frame_ancestors = [\"https://ancestors.example\"]
        frame_src = [\"https://frame.example\"]
        manifest_src = [\"https://manifest.example\"]
        media_src = [\"https://media.example\"]
        worker_src = [\"https://worker.example\"]";
    let gate = gate(&upstream, &format!("[guards.csp]\nprofile = \"strict\"\n{settings}\n"));
    let answer = wire::get(gate.address(), "/", &[]);
    let policy = answer.header("content-security-policy").unwrap();
    for line in settings.lines() {
        let (name, source) = line.trim().split_once(" = [\"").unwrap();
        let directive = format!("{} ", name.replace('_', "-"));
        let found = policy.split("; ").find(|part| part.starts_with(&directive));
        let source = source.trim_end_matches("\"]");
        assert!(found.is_some_and(|part| part.ends_with(source)), "{name}: {policy}");
    }
}

#[test]
fn policies_that_are_set_replace_what_the_application_says() {
    let upstream = FakeUpstream::answering(careless(200, "<p>x"));
    let config = "[guards.headers]\nreferrer_policy = \"no-referrer\"\n\
                  permissions_policy = \"camera=(self)\"\n";
    let gate = gate(&upstream, config);
    let answer = wire::get(gate.address(), "/", &[]);
    assert_eq!(answer.headers.get_all("referrer-policy"), ["no-referrer"]);
    assert_eq!(answer.headers.get_all("permissions-policy"), ["camera=(self)"]);
}
