//! A real browser: pages of strangers try to change something, the application's own page does.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, lacking, left_out, poll_until, root, run_program,
    venv_python,
};

use crate::common::{PATIENCE, gate};

const SUITE: &str = "cross-site";
/// A start of the browser on a busy machine, and every page's own patience.
const VISIT: Duration = Duration::from_secs(180);
/// Every way in which the page tries to change something.
const WAYS: [&str; 10] = [
    "/socket",
    "/form",
    "/multipart",
    "/text",
    "/noreferrer",
    "/nocors",
    "/simple",
    "/keepalive",
    "/hidden",
    "/beacon",
];

/// The Python with a browser to drive; otherwise the gap is on record.
fn equipped() -> Option<PathBuf> {
    let missing = lacking(&["chromium", "chromedriver"]);
    if !missing.is_empty() {
        left_out(SUITE, &format!("lacks {}", missing.join(", ")));
        return None;
    }
    let python = venv_python(&["selenium"]);
    if python.is_none() {
        left_out(SUITE, "lacks selenium in target/venv");
    }
    python
}

/// What each page says when it is done.
fn visit(python: &PathBuf, urls: &[String]) -> Vec<String> {
    let script = root().join("crates/mantlet/tests/cross_site/visit.py").into_os_string();
    let arguments: Vec<OsString> =
        std::iter::once(script).chain(urls.iter().map(OsString::from)).collect();
    let finished = run_program(python, &arguments, VISIT);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    serde_json::from_str(&finished.stdout).unwrap()
}

/// The page that tries everything at `target`.
fn page(target: &str, is_own: bool) -> Answer {
    let text = include_str!("page.html").replace("TARGET", target);
    Answer::html(&text.replace("OWN", &is_own.to_string()))
}

/// An application that takes whatever comes, and shows its own page at `/`.
fn application() -> FakeUpstream {
    FakeUpstream::start(|request| match request.target.as_str() {
        "/" => page("", true),
        path if path.ends_with("/socket") => Answer::WebSocketEcho,
        _ => Answer::ok("done"),
    })
}

/// Every path that is tried below each of `folders`.
fn tried(folders: &[&str], ways: &[&str]) -> BTreeSet<String> {
    folders.iter().flat_map(|folder| ways.iter().map(move |way| format!("{folder}{way}"))).collect()
}

/// The paths that the guard refused at this host.
fn refused(gate: &MantletProcess, host: &str) -> BTreeSet<String> {
    let events = gate.events().into_iter();
    let refusals = events.filter(|event| event["event.name"] == "csrf.request.refused");
    let refusals = refusals.filter(|event| event["url.domain"] == host);
    refusals.map(|event| event["url.path"].as_str().unwrap().to_owned()).collect()
}

/// The paths that reached the application with something to change at this host.
fn reached(application: &FakeUpstream, host: &str) -> BTreeSet<String> {
    let requests = application.requests().into_iter();
    let here = requests.filter(|request| request.header("host").unwrap().starts_with(host));
    let is_change = |target: &str, method: &str| method != "GET" || target.ends_with("/socket");
    let changes = here.filter(|request| is_change(&request.target, &request.method));
    changes.map(|request| request.target).collect()
}

// covers: ETSM-05 (binary)
#[test]
fn etsm_d01_no_strangers_page_changes_anything_and_the_own_page_does() {
    let Some(python) = equipped() else { return };
    let application = application();
    let gate = gate(&application, "");
    let port = gate.address().port();
    // Fetch Metadata is sent to this machine's own name only, as over TLS; elsewhere the guard
    // goes by the origin.
    let hosts = ["localhost", "app.test"];
    let (mut pages, mut strangers) = (Vec::new(), Vec::new());
    for host in hosts {
        // Another site, then a neighbour: same site, another origin.
        for (from, folder) in [("evil.test", "/evil"), (host, "/neighbour")] {
            let target = format!("http://{host}:{port}{folder}");
            let stranger = FakeUpstream::start(move |_| page(&target, false));
            pages.push(format!("http://{from}:{}/", stranger.address().port()));
            strangers.push(stranger);
        }
        pages.push(format!("http://{host}:{port}/"));
    }
    let _ = visit(&python, &pages);
    let hostile = tried(&["/evil", "/neighbour"], &[&WAYS[..], &["/sandbox"]].concat());
    let own = tried(&["/own"], &WAYS);
    for host in hosts {
        let found = poll_until(PATIENCE, || (refused(&gate, host) == hostile).then_some(()));
        assert!(found.is_some(), "{host}: refused {:?}", refused(&gate, host));
        let found = poll_until(PATIENCE, || (reached(&application, host) == own).then_some(()));
        assert!(found.is_some(), "{host}: reached by {:?}", reached(&application, host));
    }
}
