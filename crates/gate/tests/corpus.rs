//! The fuzz corpora as ordinary tests: every committed input goes through the function that its
//! fuzz target calls. None may panic.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::fs;
use std::path::Path;

use mantlet_event::Redactor;
use mantlet_types::Secret;

const SECRET: &str = "correct-horse-battery-staple";

/// Runs every input of `corpora/fuzz/<target>`, in the order of their names.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpora/fuzz").join(target);
    let entries = fs::read_dir(&folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 12, "{target} has only {} inputs", files.len());
    for file in files {
        let data = fs::read(&file).unwrap();
        let outcome = std::panic::catch_unwind(|| run(&data));
        assert!(outcome.is_ok(), "{} panics", file.display());
    }
}

fn redact(data: &[u8]) {
    let redactor = Redactor::with_known(vec![Secret::new(SECRET.to_owned())]);
    let text = String::from_utf8_lossy(data);
    let redacted = redactor.redact(&format!("{text}{SECRET}{text}")).into_owned();
    assert!(!redacted.contains(SECRET));
}

#[test]
fn paths_of_the_corpus_are_read_without_panic() {
    replay("path", mantlet_gate::fuzzing::path);
}

#[test]
fn heads_of_the_corpus_are_read_without_panic() {
    replay("head", mantlet_gate::fuzzing::head);
}

#[test]
fn proxy_headers_of_the_corpus_are_read_without_panic() {
    replay("proxy", mantlet_gate::fuzzing::proxy_header);
}

#[test]
fn bodies_of_the_corpus_are_read_without_panic() {
    replay("chunked", mantlet_gate::fuzzing::body);
}

#[test]
fn frames_of_the_corpus_are_the_same_however_they_come() {
    replay("websocket", mantlet_gate::fuzzing::websocket);
}

#[test]
fn answers_of_the_corpus_are_read_without_panic() {
    replay("answer", mantlet_gate::fuzzing::answer);
}

#[test]
fn configs_of_the_corpus_are_read_without_panic() {
    replay("config", mantlet_config::fuzzing::load);
}

#[test]
fn a_known_secret_never_leaves_the_redactor() {
    replay("redact", redact);
}
