//! Invariant 12: only the folders of databases within `store` contain SQL.

use regex::Regex;

use super::{Finding, source};
use crate::tree::Tree;

/// One folder for each database; the query plans of one are tested in it.
const HOMES: &[&str] = &["crates/store/src/sqlite/"];

/// A statement, or the name of the library that takes one. SQL that the WAF detects, and tests write,
/// stands in its own rooms.
const PATTERN: &str =
    r#"\bsqlx::|"(SELECT .* FROM|INSERT INTO|DELETE FROM|UPDATE \w+ SET|CREATE TABLE|PRAGMA) "#;

/// No code of a room that is not a home names the library or holds a statement.
pub(super) fn sql_stays_in_the_rooms_of_databases(tree: &Tree) -> Vec<Finding> {
    let Ok(pattern) = Regex::new(PATTERN) else {
        return vec![Finding::error("xtask", "the pattern of sql.rs does not compile")];
    };
    tree.under("crates", "rs")
        .filter(|(path, _)| !HOMES.iter().any(|home| path.starts_with(home)))
        .filter(|(path, _)| !path.starts_with("crates/waf/") && !source::is_test_file(path))
        .flat_map(|(path, text)| violations(path, text, &pattern))
        .collect()
}

fn violations(path: &str, text: &str, pattern: &Regex) -> Vec<Finding> {
    let lines = source::code_lines(text).filter(|(_, line)| pattern.is_match(line));
    let message = "contains SQL: only store/sqlite may; add a method to a repository";
    lines.map(|(number, _)| Finding::error(format!("{path}:{number}"), message)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> Vec<String> {
        let findings = sql_stays_in_the_rooms_of_databases(&Tree::sample(&[(path, text)]));
        findings.into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn a_statement_outside_its_room_is_caught() {
        for line in [
            "use sqlx::query;\n",
            "let all = \"SELECT * FROM account\";\n",
            "let gone = \"DELETE FROM session WHERE 1\";\n",
            "let key = format!(\"PRAGMA key = {key}\");\n",
        ] {
            assert_eq!(places("crates/store/src/store.rs", line).len(), 1, "{line}");
            assert_eq!(places("crates/gate/src/live.rs", line).len(), 1, "{line}");
            assert!(places("crates/store/src/sqlite/accounts.rs", line).is_empty(), "{line}");
        }
    }

    #[test]
    fn words_and_comments_are_no_statements() {
        for line in ["// sqlx::query does\n", "let text = \"select one from the list\";\n"] {
            assert!(places("crates/gate/src/live.rs", line).is_empty(), "{line}");
        }
    }
}
