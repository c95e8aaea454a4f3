//! Passkeys in a real browser, with an authenticator that it plays itself.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use mantlet_testkit::{lacking, left_out, root, run_program, venv_python};
use serde_json::{Value, json};

use super::{add, closed};

const SUITE: &str = "passkeys";
/// A start of the browser on a busy machine, and every page's own patience.
const VISIT: Duration = Duration::from_secs(300);

/// The Python with a browser to drive; otherwise the gap is on record.
pub(crate) fn equipped(suite: &str) -> Option<PathBuf> {
    let missing = lacking(&["chromium", "chromedriver"]);
    if !missing.is_empty() {
        left_out(suite, &format!("lacks {}", missing.join(", ")));
        return None;
    }
    let python = venv_python(&["selenium"]);
    if python.is_none() {
        left_out(suite, "lacks selenium in target/venv");
    }
    python
}

/// What a script of this folder says at the end.
pub(crate) fn story(python: &PathBuf, script: &str, arguments: &[&str]) -> Value {
    let script = root().join("crates/mantlet/tests/login").join(script).into_os_string();
    let arguments: Vec<OsString> =
        std::iter::once(script).chain(arguments.iter().map(OsString::from)).collect();
    let finished = run_program(python, &arguments, VISIT);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    serde_json::from_str(&finished.stdout).unwrap()
}

#[test]
fn a_browser_makes_a_passkey_and_signs_in_with_it() {
    let Some(python) = equipped(SUITE) else { return };
    let (_upstream, gate) = closed("");
    let password = add(&gate, "alice", "user");
    let url = format!("http://localhost:{}", gate.address().port());
    let seen = story(&python, "passkeys.py", &[&url, "alice", &password]);
    assert_eq!(seen["codes"], 10, "{seen:#}");
    assert_eq!((&seen["alone"], &seen["beside"]), (&json!("inside"), &json!("inside")));
    assert!(seen["told"].as_str().unwrap().contains("No passkey was used"), "{seen:#}");
    assert_eq!(seen["complaints"], json!([]), "the policy of the pages fits them");
}
