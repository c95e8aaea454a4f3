//! HAR that a real Chromium made.

use std::path::PathBuf;
use std::time::Duration;

use mantlet_testkit::{
    Answer, FakeUpstream, TempFolder, lacking, left_out, root, run_program, venv_python,
};
use serde_json::Value;

const SUITE: &str = "browser";
/// A visit on a busy machine.
const VISIT: Duration = Duration::from_secs(120);

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

/// A page that sends what browsers send: a query, a form, a form of several parts, JSON.
const PAGE: &str = "<!doctype html><title>page</title><body><p id=\"end\">wait</p><script>
const form = new FormData(); form.append('title', 'a'); form.append('text', \"1' or 1=1-- -\");
const words = new URLSearchParams({ text: \"1' or 1=1-- -\", page: '2' });
const json = JSON.stringify({ items: [{ note: \"1' or 1=1-- -\" }], ok: 'hello' });
const post = (path, body, headers) => fetch(path, { method: 'POST', body, headers });
Promise.all([
  fetch('/search?' + words),
  post('/form', words),
  post('/parts', form),
  post('/json', json, { 'Content-Type': 'application/json' }),
  post('/fine', JSON.stringify({ text: 'hello' }), { 'Content-Type': 'application/json' }),
]).then(() => { document.getElementById('end').textContent = 'the end' });
</script></body>";

#[test]
fn what_a_browser_exported_is_judged_as_what_it_sent() {
    let Some(python) = python() else { return };
    let upstream = FakeUpstream::start(|request| match request.target.as_str() {
        "/" => Answer::html(PAGE),
        _ => Answer::ok("x"),
    });
    let folder = TempFolder::new();
    let file = folder.path().join("visit.har");
    let script = root().join("crates/mantlet/tests/living/har.py").into_os_string();
    let arguments = [script, upstream.url().into(), "the end".into(), file.clone().into()];
    let visited = run_program(&python, &arguments, VISIT);
    assert_eq!(visited.code, Some(0), "{visited:#?}");
    let config = folder.write("mantlet.toml", "").display().to_string();
    let file = file.display().to_string();
    let arguments = ["waf", "replay", &file, "--json", "--config", &config];
    let end = run_program(env!("CARGO_BIN_EXE_mantlet"), &arguments, VISIT);
    assert_eq!(end.code, Some(1), "{end:#?}");
    let lines: Vec<Value> =
        end.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<(String, String)> = lines
        .iter()
        .filter_map(|line| {
            let finding = &line["verdict"]["findings"][0];
            let path = line["request"].as_str()?.rsplit('/').next()?.to_owned();
            let place =
                format!("{} {}", finding["place"].as_str()?, finding["parameter"].as_str()?);
            Some((path, place))
        })
        .collect();
    for (path, place) in [
        ("search", "query text"),
        ("form", "form text"),
        ("parts", "form text"),
        ("json", "json items.0.note"),
    ] {
        assert!(
            found.contains(&(path.to_owned(), place.to_owned())),
            "{path} {place}: {found:?} {end:#?}"
        );
    }
    assert_eq!(found.len(), 4, "{found:?}");
    let summary = &lines.last().unwrap()["summary"];
    assert!(summary["requests"].as_u64() >= Some(6), "{summary:#}");
    assert_eq!(summary["faults"], 0, "{summary:#}");
}
