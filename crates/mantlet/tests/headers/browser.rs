//! What a real browser makes of it.

use std::path::PathBuf;
use std::time::Duration;

use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, lacking, left_out, poll_until, root, run_program,
    venv_python,
};
use serde_json::Value;

use crate::{PLACEHOLDER, gzip};

const SUITE: &str = "browser";
/// A visit on a busy machine.
const VISIT: Duration = Duration::from_secs(120);
/// `mark("learnt")`, as the console of a browser and `mantlet csp suggest` print its hash.
const LEARNT: &str = "mark('learnt')";

/// A page into which an attacker got a script, with a nonce that was good some time ago.
fn page() -> String {
    format!(
        "<!doctype html><html><head><title>start</title>\
         <script nonce=\"{PLACEHOLDER}\">function mark(word) {{ document.title += ' ' + word }} mark('nonced')</script>\
         <script>document.title += ' injected'</script>\
         <script nonce=\"AAAAAAAAAAAAAAAAAAAAAAAA\">document.title += ' forged'</script>\
         <script>{LEARNT}</script><script src=\"/app.js\"></script></head>\
         <body><p onclick=\"mark('clicked')\">the end</p></body></html>"
    )
}

fn python() -> Option<PathBuf> {
    let missing = lacking(&["chromium", "chromedriver"]);
    if !missing.is_empty() {
        left_out(SUITE, &format!("lacks {}", missing.join(", ")));
        return None;
    }
    let python = venv_python(&["selenium"]);
    if python.is_none() {
        left_out(SUITE, "lacks the packages of examples/etsm/requirements.txt in target/venv");
    }
    python
}

fn visit(python: &PathBuf, url: &str) -> Value {
    let script = root().join("crates/mantlet/tests/headers/visit.py").into_os_string();
    let finished = run_program(python, &[script, url.into(), "the end".into()], VISIT);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    serde_json::from_str(&finished.stdout).unwrap()
}

/// An application that sends its page in gzip, in pieces.
fn application() -> FakeUpstream {
    FakeUpstream::start(|request| match request.target.as_str() {
        "/app.js" => Answer::of(200, "text/javascript", "mark('external')"),
        "/" => {
            let coded = gzip(page().as_bytes());
            Answer::Chunked {
                status: 200,
                headers: vec![
                    ("Content-Type".to_owned(), "text/html; charset=utf-8".to_owned()),
                    ("Content-Encoding".to_owned(), "gzip".to_owned()),
                ],
                chunks: coded.chunks(97).map(<[u8]>::to_vec).collect(),
                pause: Duration::from_millis(2),
                trailers: Vec::new(),
            }
        }
        _ => Answer::status(404),
    })
}

fn gate(upstream: &FakeUpstream, config: &str) -> MantletProcess {
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    builder.upstream(&upstream.url()).config(config).env("PLACEHOLDER", PLACEHOLDER).start()
}

// covers: SCI-32 (binary)
#[test]
fn sci_d23_samo_d52_a_browser_runs_what_is_blessed_and_nothing_else() {
    let Some(python) = python() else { return };
    let upstream = application();
    let learning =
        gate(&upstream, "[guards.csp]\nreport = true\nplaceholder = \"env:PLACEHOLDER\"\n");
    let seen = visit(&python, &format!("http://{}/", learning.address()));
    // Nothing is blocked yet, and the browser tells what would be.
    assert_eq!(seen["title"], "start nonced injected forged learnt external", "{seen:#}");
    let hash = poll_until(Duration::from_secs(30), || learnt_hash(&learning))
        .unwrap_or_else(|| panic!("{:?}", learning.command(&["csp", "suggest"])));
    let config = format!(
        "[guards.headers]\nprofile = \"strict\"\n[guards.csp]\nplaceholder = \"env:PLACEHOLDER\"\nscript_hashes = [\"{hash}\"]\n"
    );
    let strict = gate(&upstream, &config);
    let seen = visit(&python, &format!("http://{}/", strict.address()));
    assert_eq!(seen["title"], "start nonced learnt external", "{seen:#}");
}

/// The hash of the page's own script that has no nonce, once browser and gate have told of it.
fn learnt_hash(gate: &MantletProcess) -> Option<String> {
    let suggested = gate.command(&["csp", "suggest", "--json"]);
    let json: Value = serde_json::from_str(&suggested.stdout).ok()?;
    let has_reported = json["doubts"]
        .as_array()?
        .iter()
        .any(|doubt| doubt["reported"]["directive"] == "script-src-attr");
    let hashes = json["settings"]["script_hashes"].as_array()?;
    let learnt = hashes.iter().find(|value| value["reported"]["sample"] == LEARNT)?;
    has_reported.then(|| learnt["value"].as_str().unwrap().to_owned())
}
