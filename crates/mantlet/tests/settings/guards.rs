//! Settings of guards that look at requests and answers, each shown to act.

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, TempFolder};

use super::common::{PATIENCE, assert_refused, gate};

/// This machine is a proxy that says who asks and over what.
const PROXY: &str = "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n";

fn page(config: &str, answer: Answer, headers: &[(&str, &str)]) -> Response {
    let upstream = FakeUpstream::answering(answer);
    let gate = gate(&upstream, config);
    wire::get(gate.address(), "/", headers)
}

fn post(gate: &MantletProcess, kind: &str, body: &str) -> Response {
    let headers = [("Content-Type", kind)];
    wire::request(gate.address(), "POST", "/", &headers, body.as_bytes())
}

#[test]
fn pages_on_the_internet_reach_a_private_network_where_that_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, expected) in [("", None), ("private_network = true\n", Some("true"))] {
        let config = format!("[guards.cors]\norigins = [\"https://a.example\"]\n{setting}");
        let gate = gate(&upstream, &config);
        let plain = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")];
        let private = [plain[0], plain[1], ("Access-Control-Request-Private-Network", "true")];
        let ask = |headers: &[_]| wire::request(gate.address(), "OPTIONS", "/", headers, b"");
        let answer = ask(&private);
        assert_eq!(answer.header("access-control-allow-private-network"), expected, "{setting}");
        let origin = expected.map(|_| "https://a.example");
        assert_eq!(answer.header("access-control-allow-origin"), origin, "{setting}");
        if expected.is_none() {
            let id = answer.header("x-request-id").unwrap();
            assert_eq!(gate.wait_for_refusal(id, PATIENCE)["reason"], "cors-preflight");
        }
        let plain = ask(&plain);
        assert_eq!(plain.header("access-control-allow-origin"), Some("https://a.example"));
        assert_eq!(plain.header("access-control-allow-private-network"), None, "{setting}");
    }
}

#[test]
fn pages_of_the_same_site_change_things_where_that_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, status) in [("", 403), ("same_site = \"allow\"\n", 200)] {
        let gate = gate(&upstream, &format!("[guards.csrf]\n{setting}"));
        let send = |site: &str| {
            let headers = [("Sec-Fetch-Site", site), ("Origin", "https://blog.example.org")];
            wire::request(gate.address(), "POST", "/", &headers, b"").status
        };
        assert_eq!([send("same-site"), send("cross-site")], [status, 403], "{setting}");
    }
}

#[test]
fn cookies_get_what_is_said() {
    let https = [("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-Proto", "https")];
    for (setting, expected) in [
        ("", "sid=1; Secure; HttpOnly; SameSite=Lax"),
        ("same_site = \"strict\"\n", "sid=1; Secure; HttpOnly; SameSite=Strict"),
        ("same_site = \"off\"\n", "sid=1; Secure; HttpOnly"),
        ("dangerous_insecure = [\"s*\"]\n", "sid=1; HttpOnly; SameSite=Lax"),
    ] {
        let config = format!("{PROXY}[guards.cookies]\n{setting}");
        let answer = page(&config, Answer::ok("x").header("Set-Cookie", "sid=1"), &https);
        assert_eq!(answer.header("set-cookie"), Some(expected), "{setting}");
    }
}

#[test]
fn policies_of_pages_say_what_is_said() {
    const HASH: &str = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";
    let hash = HASH.trim_matches('\'');
    let settings = [
        ("trusted_types = true\n".to_owned(), "require-trusted-types-for 'script'"),
        ("style_src = [\"https://cdn.example.org\"]\n".to_owned(), " https://cdn.example.org;"),
        (format!("style_hashes = [\"{hash}\"]\n"), HASH),
    ];
    let policy = |setting: &str| {
        let config = format!("[guards.csp]\nprofile = \"strict\"\n{setting}");
        let answer = page(&config, Answer::html("<p>"), &[]);
        answer.header("content-security-policy").unwrap_or_default().to_owned()
    };
    let usual = policy("");
    for (setting, part) in &settings {
        let policy = policy(setting);
        assert!(policy.contains(part) && !usual.contains(part), "{setting}: {policy}");
    }
    let observed = policy("mode = \"observe\"\n");
    assert!(
        usual.contains("default-src 'none'") && !observed.contains("default-src"),
        "{observed}"
    );
}

#[test]
fn so_much_of_an_error_answer_is_looked_at_as_is_said() {
    let trace = "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in index\nValueError: x\n";
    let body = format!("{}{trace}", "It failed.\n".repeat(500));
    for (setting, is_shown) in [("", false), ("inspect = \"1KiB\"\n", true)] {
        let answer = Answer::of(500, "text/plain", body.clone());
        let answer = page(&format!("[guards.errors]\n{setting}"), answer, &[]);
        assert_eq!(answer.text().contains("/srv/app.py"), is_shown, "{setting}");
    }
}

#[test]
fn bodies_that_cannot_be_read_pass_where_that_is_said_and_unpacked_ones_are_as_large_as_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, statuses) in [("", [400, 415]), ("unreadable = \"pass\"\n", [200, 200])] {
        let gate = gate(&upstream, &format!("[guards.waf]\n{setting}"));
        let coded = |coding: &str| {
            let headers = [("Content-Type", "application/json"), ("Content-Encoding", coding)];
            wire::request(gate.address(), "POST", "/", &headers, b"{}").status
        };
        assert_eq!(["br", "compress"].map(coded), statuses, "{setting}");
        let attack = "{\"id\": \"1' OR '1'='1\"}";
        assert_eq!(post(&gate, "application/json", attack).status, 403, "{setting}");
    }
    let packed = {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gzip, &vec![b' '; 100_000]).unwrap();
        gzip.finish().unwrap()
    };
    for (setting, status) in [("", 200), ("decoded_limit = \"64KiB\"\n", 413)] {
        let gate = gate(&upstream, &format!("[guards.waf]\n{setting}"));
        let headers = [("Content-Type", "text/plain"), ("Content-Encoding", "gzip")];
        let answer = wire::request(gate.address(), "POST", "/", &headers, &packed);
        assert_eq!(answer.status, status, "{setting}");
        if status == 413 {
            assert_refused(&gate, &answer, (413, "waf-decoded-size"), setting);
        }
    }
}

#[test]
fn an_exception_holds_in_its_part_of_a_request_alone() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, expected) in [("", [200, 200]), ("place = \"query\"\n", [200, 403])] {
        let config =
            format!("[[guards.waf.exceptions]]\nclass = \"sqli\"\nparameter = \"q\"\n{setting}");
        let gate = gate(&upstream, &config);
        let attack = "q=1%27%20OR%20%271%27%3D%271";
        let query = wire::get(gate.address(), &format!("/?{attack}"), &[]).status;
        let form = post(&gate, "application/x-www-form-urlencoded", attack).status;
        assert_eq!([query, form], expected, "{setting}");
    }
}

#[test]
fn a_guard_that_has_no_verdict_in_time_fails_as_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let folder = TempFolder::new();
    let document = folder.write("list.json", r#"{"items": {"type": "string"}}"#);
    let schema = format!("body = {document:?}\ndepth = 40\n[guards.waf]\nmode = \"off\"\n");
    let long = format!("[\"{}\"]", "some text, ".repeat(80_000));
    let many = format!("[{}\"x\"]", "\"some text\",".repeat(90_000));
    for (guard, rest, large) in
        [("schema", schema.as_str(), &many), ("waf", "threshold = 60\n", &long)]
    {
        for (budget, setting, status) in
            [("60s", "closed", 200), ("1ms", "closed", 503), ("1ms", "open", 200)]
        {
            let config = format!(
                "[guards]\nbudget = \"{budget}\"\n[guards.{guard}]\nfail = \"{setting}\"\n{rest}"
            );
            let gate = gate(&upstream, &config);
            let answer = post(&gate, "application/json", large);
            assert_eq!(answer.status, status, "{guard} {budget} {setting}");
            if status == 503 {
                let event = assert_refused(&gate, &answer, (503, "guard-failed"), guard);
                assert_eq!(event["guard"], guard);
            }
            assert_eq!(post(&gate, "application/json", "[\"x\"]").status, 200, "a small one");
        }
    }
}
