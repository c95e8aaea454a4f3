//! No unsafe code, and no crate that opts out of the lint which forbids it.

use regex::Regex;
use toml::{Table, Value};

use super::{Finding, source};
use crate::tree::Tree;

/// `unsafe` appears in no Rust file, and every workspace crate inherits the workspace's lints.
pub(super) fn unsafe_appears_nowhere(tree: &Tree) -> Vec<Finding> {
    let Ok(pattern) = Regex::new(r"\bunsafe\s*(\{|\(|fn\b|impl\b|trait\b|extern\b)") else {
        return vec![Finding::error("xtask", "the pattern of unsafety.rs does not compile")];
    };
    let code = tree
        .iter()
        .filter(|(path, _)| path.ends_with(".rs"))
        .flat_map(|(path, text)| unsafe_lines(path, text, &pattern));
    let manifests = tree
        .iter()
        .filter(|(path, _)| is_crate_manifest(path))
        .filter(|(_, text)| !inherits_lints(text))
        .map(|(path, _)| Finding::error(path, "lacks `[lints] workspace = true`"));
    code.chain(manifests).collect()
}

fn unsafe_lines(path: &str, text: &str, pattern: &Regex) -> Vec<Finding> {
    source::code_lines(text)
        .filter(|(_, line)| pattern.is_match(line))
        .map(|(number, _)| {
            let message = "unsafe code: find a safe crate that is well kept, or do without";
            Finding::error(format!("{path}:{number}"), message)
        })
        .collect()
}

fn is_crate_manifest(path: &str) -> bool {
    path == "xtask/Cargo.toml" || (path.starts_with("crates/") && path.ends_with("/Cargo.toml"))
}

fn inherits_lints(manifest: &str) -> bool {
    manifest
        .parse::<Table>()
        .ok()
        .and_then(|table| table.get("lints")?.get("workspace").and_then(Value::as_bool))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        unsafe_appears_nowhere(&Tree::sample(&[(path, text)])).len()
    }

    #[test]
    fn unsafe_code_is_caught_and_words_are_not() {
        let block = concat!("let x = un", "safe { *p };\n");
        assert_eq!(count("crates/a/src/lib.rs", block), 1);
        assert_eq!(count("crates/a/src/lib.rs", "let csp = \"'unsafe-inline'\";\n"), 0);
        assert_eq!(count("crates/a/src/lib.rs", "// unsafe { is forbidden }\n"), 0);
    }

    #[test]
    fn a_crate_without_the_workspace_lints_is_caught() {
        assert_eq!(count("crates/a/Cargo.toml", "[package]\nname = 'a'\n"), 1);
        assert_eq!(count("crates/a/Cargo.toml", "[lints]\nworkspace = true\n"), 0);
    }
}
