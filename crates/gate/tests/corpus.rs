//! The fuzz corpora as ordinary tests: every committed input, and others made of them, go through
//! the function that their fuzz target calls. None may panic.

use std::sync::LazyLock;

use mantlet_event::Redactor;
use mantlet_testkit::fuzz;
use mantlet_types::Secret;

const SECRET: &str = "correct-horse-battery-staple";

fn redact(data: &[u8]) {
    static REDACTOR: LazyLock<Redactor> =
        LazyLock::new(|| Redactor::with_known(vec![Secret::new(SECRET.to_owned())]));
    let text = String::from_utf8_lossy(data);
    let redacted = REDACTOR.redact(&format!("{text}{SECRET}{text}")).into_owned();
    assert!(!redacted.contains(SECRET));
}

#[test]
fn paths_of_the_corpus_and_their_kin_are_read_without_panic() {
    fuzz("path", mantlet_gate::fuzzing::path);
}

#[test]
fn heads_of_the_corpus_and_their_kin_are_read_without_panic() {
    fuzz("head", mantlet_gate::fuzzing::head);
}

#[test]
fn proxy_headers_of_the_corpus_and_their_kin_are_read_without_panic() {
    fuzz("proxy", mantlet_gate::fuzzing::proxy_header);
}

#[test]
fn bodies_of_the_corpus_and_their_kin_are_read_without_panic() {
    fuzz("chunked", mantlet_gate::fuzzing::body);
}

#[test]
fn frames_of_the_corpus_and_their_kin_are_the_same_however_they_come() {
    fuzz("websocket", mantlet_gate::fuzzing::websocket);
}

#[test]
fn answers_of_the_corpus_and_their_kin_are_read_without_panic() {
    fuzz("answer", mantlet_gate::fuzzing::answer);
}

#[test]
fn configs_of_the_corpus_and_their_kin_are_read_without_panic() {
    fuzz("config", mantlet_config::fuzzing::load);
}

#[test]
fn a_known_secret_never_leaves_the_redactor() {
    fuzz("redact", redact);
}
