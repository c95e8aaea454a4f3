//! What ordinary people and programs send passes.

use mantlet_testkit::wire;
use mantlet_testkit::{Answer, FakeUpstream};

use super::common::{self, PATIENCE, assert_refused, gate};
use super::{SQL, escaped, get, post, quoted};

/// Texts that word lists refuse.
const TEXTS: [&str; 16] = [
    "please select an option from the list",
    "We updated the price: $5 (was $7); create an account -- it's free!",
    "O'Brien & Sons, 12 King's Road",
    "Transcript: the data: 12 % of users, conversion = 3",
    "if a < b and c > d then e",
    "Drop me a line where you can, or insert a coin and delete the rest.",
    "Mein Tisch heißt `Tabelle` -- sehr schön",
    "# Title\n\n- *one*\n- `two`\n\n[link](https://example.org/?a=1&b=2)\n",
    "def add(a, b):\n    return a + b\n\nprint(add(1, 2))\n",
    "https://example.org/search?q=a+b&lang=en#top",
    "{\"a\": 1}",
    "50% off; 3 for 2 | today only",
    "C:\\Users\\me\\Documents\\report.docx",
    "See section 1.2.3 / page 4; cf. (Smith, 2020)",
    "¿Qué tal? 你好, мир! 🎉",
    "SELECT is the word that begins most queries, and UNION joins two of them.",
];

// covers: ETSM-13, YMERA-09 (binary)
#[test]
fn etsm_d10_etsm_d13_samo_d19_samo_d20_samo_d21_ymera_d07_ordinary_texts_pass_unchanged() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let address = gate.address();
    for text in TEXTS {
        let form = format!("text={}", escaped(text));
        let json = format!("{{\"prompt\":{},\"max_tokens\":100}}", quoted(text));
        let parts = format!(
            "--B\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{text}\r\n--B--\r\n"
        );
        for (what, answer) in [
            ("query", get(address, &format!("/?{form}"))),
            ("form", post(address, "application/x-www-form-urlencoded", &form)),
            ("parts", post(address, "multipart/form-data; boundary=B", &parts)),
            ("json", post(address, "application/json", &json)),
            ("beacon", post(address, "text/plain;charset=UTF-8", &json)),
            ("text", post(address, "text/plain", text)),
        ] {
            assert_eq!(answer.status, 200, "{what}: {text}: {:?}", gate.events().last());
        }
        let last = upstream.requests().pop().unwrap();
        assert_eq!(last.text(), text, "nothing is escaped or stripped on the way");
    }
}

#[test]
fn uploads_and_binary_bodies_pass() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "[[routes]]\npath = \"/upload\"\nupload = true\n");
    let noise: Vec<u8> =
        (0..200_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let head = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"scan (1).png\"\r\nContent-Type: image/png\r\n\r\n";
    let form = [head.as_bytes(), &noise, b"\r\n--B--\r\n"].concat();
    assert_eq!(post(gate.address(), "multipart/form-data; boundary=B", &form).status, 200);
    assert_eq!(post(gate.address(), "application/octet-stream", &noise).status, 200);
    let script = format!(
        "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.sql\"\r\n\r\n{SQL}\r\n--B--\r\n"
    );
    assert_eq!(post(gate.address(), "multipart/form-data; boundary=B", &script).status, 200);
    let curious = common::gate(&upstream, "[guards.waf]\nfiles = true\n");
    let answer = post(curious.address(), "multipart/form-data; boundary=B", script);
    assert_eq!(assert_refused(&curious, &answer, (403, "waf-attack"), "files")["place"], "file");
    let answer = wire::request(gate.address(), "POST", "/upload", &[], SQL.as_bytes());
    assert_eq!(answer.status, 200, "an upload streams by");
    assert_eq!(post(gate.address(), "multipart/form-data; boundary=B", "--B--\r\n").status, 200);
}

#[test]
fn a_watching_waf_stops_nothing_and_says_what_it_would_have_done() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "[guards.waf]\nmode = \"observe\"\n");
    assert_eq!(get(gate.address(), &format!("/?id={}", escaped(SQL))).status, 200);
    let event = gate.wait_for_event(|event| event["reason"] == "waf-attack", PATIENCE);
    assert_eq!((&event["mode"], &event["class"]), (&"observe".into(), &"sqli".into()));
}

#[test]
fn a_route_has_its_own_waf() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(
        &upstream,
        "[[routes]]\npath = \"/off\"\n[routes.guards.waf]\nmode = \"off\"\n\
         [[routes]]\npath = \"/sure\"\n[routes.guards.waf]\nthreshold = 100\n\
         [[routes]]\npath = \"/sql\"\n[[routes.guards.waf.exceptions]]\nclass = \"sqli\"\nparameter = \"items.*.q\"\n",
    );
    let target = |path: &str| format!("{path}?id={}", escaped(SQL));
    assert_eq!(get(gate.address(), &target("/off")).status, 200);
    assert_eq!(get(gate.address(), &target("/sure")).status, 200);
    assert_eq!(get(gate.address(), &target("/")).status, 403);
    let to = |path: &str, body: &str| {
        let headers = [("Content-Type", "application/json")];
        wire::request(gate.address(), "POST", path, &headers, body.as_bytes())
    };
    let excepted = format!("{{\"items\":[{{\"q\":\"{SQL}\"}}]}}");
    assert_eq!(to("/sql", &excepted).status, 200);
    for other in [
        format!("{{\"items\":[{{\"q\":\"{SQL}\",\"p\":\"{SQL}\"}}]}}"),
        format!("{{\"q\":\"{SQL}\"}}"),
        "{\"items\":[{\"q\":\"<script>alert(1)</script>\"}]}".to_owned(),
    ] {
        assert_refused(&gate, &to("/sql", &other), (403, "waf-attack"), &other);
    }
    assert_refused(&gate, &to("/", &excepted), (403, "waf-attack"), "another route");
}

// covers: ETSM-15 (binary)
#[test]
fn etsm_d12_size_comes_before_content_and_all_work_is_bounded() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "[server]\nbody_limit = \"100KiB\"\n");
    let answer = post(gate.address(), "text/plain", "x".repeat(101 * 1024));
    assert_refused(&gate, &answer, (413, "body-too-large"), "size");
    let many = "a=b&".repeat(20_000);
    let answer = post(gate.address(), "application/x-www-form-urlencoded", many);
    let event = assert_refused(&gate, &answer, (403, "waf-budget"), "parameters");
    assert_eq!(event["evidence"], "too much: parameters");
    assert!(upstream.is_untouched());
}
