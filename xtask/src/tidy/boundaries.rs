//! Invariant 1: only `gate/edge` and `gate/upstream` name the proxy and TLS libraries; the admin
//! listener, a server of its own, names the HTTP library in one file.

use regex::Regex;

use super::{Finding, source};
use crate::tree::Tree;

/// Where these libraries are at home; the test kit plays the other side of the wire.
const HOMES: &[&str] = &["crates/gate/src/edge", "crates/gate/src/upstream", "crates/testkit/"];

/// Single files that name one of the libraries for a reason of their own.
const EXCEPTIONS: &[(&str, &[&str])] = &[
    // The admin listener is an HTTP server of its own; axum gives it a router, but only hyper's
    // connection builder has timeouts for heads and idle connections.
    ("crates/admin/src/server.rs", &["hyper", "hyper_util"]),
];

/// No code under `crates/` outside the homes and exceptions names `hyper`, `hyper_util`, `rustls` or
/// `tokio_rustls`. The plain types of `http` and `http_body` are fine everywhere.
pub(super) fn foreign_libraries_stay_in_their_rooms(tree: &Tree) -> Vec<Finding> {
    let Ok(pattern) =
        Regex::new(r"\b(hyper|hyper_util|rustls|rustls_native_certs|tokio_rustls)\s*::")
    else {
        return vec![Finding::error("xtask", "the pattern of boundaries.rs does not compile")];
    };
    tree.under("crates", "rs")
        .filter(|(path, _)| !HOMES.iter().any(|home| path.starts_with(home)))
        .filter(|(path, _)| !source::is_test_file(path))
        .flat_map(|(path, text)| violations(path, text, &pattern))
        .collect()
}

/// Files that hand SQLite a statement made at run time: of numbers and keys of ours, or to ask for its
/// plan. Every other statement is a text of the program, and `sqlx` takes nothing else.
const STATEMENTS: &[&str] =
    &["crates/store/src/sqlite/connect.rs", "crates/store/src/sqlite/plans.rs"];

/// No code makes statements of SQL from anything that came in.
pub(super) fn statements_are_written_down(tree: &Tree) -> Vec<Finding> {
    tree.under("crates", "rs")
        .filter(|(path, _)| !STATEMENTS.contains(path))
        .flat_map(|(path, text)| {
            let lines = source::code_lines(text).filter(|(_, line)| line.contains("AssertSqlSafe"));
            lines.map(move |(number, _)| {
                let message = "makes a statement at run time: write it down, and bind values";
                Finding::error(format!("{path}:{number}"), message)
            })
        })
        .collect()
}

fn violations(path: &str, text: &str, pattern: &Regex) -> Vec<Finding> {
    source::code_lines(text)
        .filter_map(|(number, line)| {
            let library = pattern.captures(line)?.get(1)?.as_str();
            if is_exception(path, library) {
                return None;
            }
            let message = format!(
                "names `{library}`: only gate/edge and gate/upstream may; use the types of `http`, or a function of theirs"
            );
            Some(Finding::error(format!("{path}:{number}"), message))
        })
        .collect()
}

fn is_exception(path: &str, library: &str) -> bool {
    EXCEPTIONS.iter().any(|(file, libraries)| *file == path && libraries.contains(&library))
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
    fn samo_d25_d28_a_statement_made_at_run_time_is_caught() {
        let text = "use sqlx::query;\nlet all = query(AssertSqlSafe(text));\n";
        let places = |path| statements_are_written_down(&Tree::sample(&[(path, text)])).len();
        assert_eq!(places("crates/store/src/sqlite/accounts.rs"), 1);
        assert_eq!(places("crates/store/src/sqlite/plans.rs"), 0);
    }

    #[test]
    fn an_exception_is_one_file_and_its_libraries() {
        let server = "crates/admin/src/server.rs";
        assert!(places(server, "use hyper::body::Incoming;\nuse hyper_util::rt::X;\n").is_empty());
        assert_eq!(places(server, "use rustls::ServerConfig;\n").len(), 1);
        assert_eq!(places("crates/admin/src/door.rs", "use hyper::body::Incoming;\n").len(), 1);
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
