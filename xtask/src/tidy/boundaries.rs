//! Invariant 1: only `gate/edge` and `gate/upstream` name the proxy and TLS libraries.

use regex::Regex;

use super::{Finding, source};
use crate::tree::Tree;

/// Where these libraries are at home; the test kit plays the other side of the wire.
const HOMES: &[&str] = &["crates/gate/src/edge", "crates/gate/src/upstream", "crates/testkit/"];

/// No code under `crates/` outside the homes names `hyper`, `hyper_util`, `rustls` or
/// `tokio_rustls`. The plain types of `http` and `http_body` are fine everywhere.
pub(super) fn foreign_libraries_stay_in_their_rooms(tree: &Tree) -> Vec<Finding> {
    let Ok(pattern) = Regex::new(r"\b(hyper|hyper_util|rustls|tokio_rustls)\s*::") else {
        return vec![Finding::error("xtask", "the pattern of boundaries.rs does not compile")];
    };
    tree.under("crates", "rs")
        .filter(|(path, _)| !HOMES.iter().any(|home| path.starts_with(home)))
        .filter(|(path, _)| !source::is_test_file(path))
        .flat_map(|(path, text)| violations(path, text, &pattern))
        .collect()
}

fn violations(path: &str, text: &str, pattern: &Regex) -> Vec<Finding> {
    source::code_lines(text)
        .filter_map(|(number, line)| {
            let library = pattern.captures(line)?.get(1)?.as_str();
            let message = format!(
                "names `{library}`: only gate/edge and gate/upstream may; use the types of `http`, or a function of theirs"
            );
            Some(Finding::error(format!("{path}:{number}"), message))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> Vec<String> {
        let findings = foreign_libraries_stay_in_their_rooms(&Tree::sample(&[(path, text)]));
        findings.into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn a_guard_that_names_the_proxy_library_is_caught() {
        let text = "use http::Method;\nuse hyper::body::Incoming;\n";
        assert_eq!(
            places("crates/gate/src/guards/csrf/mod.rs", text),
            ["crates/gate/src/guards/csrf/mod.rs:2"]
        );
    }

    #[test]
    fn the_homes_and_comments_may_name_it() {
        let text = "use hyper::body::Incoming;\n";
        assert!(places("crates/gate/src/edge/serve.rs", text).is_empty());
        assert!(places("crates/gate/src/upstream/pool.rs", text).is_empty());
        assert!(places("crates/event/src/lib.rs", "// as hyper::Error does\n").is_empty());
        assert!(places("crates/event/src/lib.rs", "use rustls_pki_types::X;\n").is_empty());
    }
}
