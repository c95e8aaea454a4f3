//! A person with a real browser.

use std::time::Duration;

use mantlet_testkit::{lacking, left_out, run_program};
use serde_json::{Value, json};

use super::{PEOPLE, SUITE, Served, equipped, folder};

/// Every wait of the driver together.
const DRIVE: Duration = Duration::from_secs(240);

#[test]
fn somebody_signs_in_on_the_way_to_a_project_and_sees_what_they_may() {
    let missing = lacking(&["chromium", "chromedriver"]);
    if !missing.is_empty() {
        return left_out(SUITE, &format!("lacks {}", missing.join(", ")));
    }
    let Some(python) = equipped(&["flask", "werkzeug", "selenium"]) else { return };
    let served = Served::start(&python);
    served.import(&python);
    served.json(&["access", "approve", "reader", "project:4", "--by", "owner", "--until", "1h"]);
    let (name, _, password) = PEOPLE[1];
    // Browsers keep a session's cookie over plain HTTP for this name.
    let url = format!("http://localhost:{}", served.gate.address().port());
    let script = folder().join("drive.py").into_os_string();
    let words = [script, url.into(), name.into(), password.into()];
    let finished = run_program(&python, &words, DRIVE);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let seen: Value = serde_json::from_str(&finished.stdout).unwrap();
    let expected = json!({
        "public": "public data",
        "asked": "Sign in",
        "came back to": "/projects/2",
        "internal": "internal data",
        "3": "confidential",
        "4": "restricted",
        "own notes": "Notes of reader",
        "another's notes": "Forbidden",
    });
    assert_eq!(seen, expected);
}
