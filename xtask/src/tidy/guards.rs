//! One word finds everything about a guard: its folder, its place in the order, its test cases
//! and its page.

use std::collections::BTreeSet;

use regex::Regex;

use super::Finding;
use crate::tree::Tree;

const GUARDS: &str = "crates/gate/src/guards";

/// The kinds of test case that every guard brings.
const KINDS: &[&str] = &["allowed", "denied", "hostile", "oversized"];

/// Every folder of guards has its three files, a line in an `order.rs` of the gate, a case of
/// every kind under `corpora/guards/<name>/`, and its page in the reference.
pub(super) fn guards_are_complete(tree: &Tree) -> Vec<Finding> {
    names(tree).iter().flat_map(|name| missing(tree, name)).collect()
}

fn names(tree: &Tree) -> BTreeSet<&str> {
    tree.under(GUARDS, "rs")
        .filter_map(|(path, _)| path.strip_prefix(GUARDS)?.strip_prefix('/')?.split_once('/'))
        .map(|(name, _)| name)
        .collect()
}

fn missing(tree: &Tree, name: &str) -> Vec<Finding> {
    let folder = format!("{GUARDS}/{name}");
    let mut findings = Vec::new();
    let mut wanted: Vec<String> =
        ["mod.rs", "config.rs", "tests.rs"].iter().map(|file| format!("{folder}/{file}")).collect();
    wanted.push(format!("docs/reference/guards/{name}.md"));
    for path in wanted.iter().filter(|path| !tree.holds(path)) {
        findings.push(Finding::error(&folder, format!("the guard lacks `{path}`")));
    }
    if !is_ordered(tree, name) {
        let message = format!("`{name}` has no line in order.rs: it would never run");
        findings.push(Finding::error(&folder, message));
    }
    for kind in KINDS.iter().filter(|kind| !has_case(tree, name, kind)) {
        let message = format!("no case of kind `{kind}` in corpora/guards/{name}/*.toml");
        findings.push(Finding::error(&folder, message));
    }
    findings
}

fn is_ordered(tree: &Tree, name: &str) -> bool {
    let Ok(word) = Regex::new(&format!(r"\b{}\b", regex::escape(name))) else {
        return false;
    };
    tree.under("crates/gate/src", "rs")
        .filter(|(path, _)| path.ends_with("/order.rs"))
        .any(|(_, text)| word.is_match(text))
}

/// A kind is a file of its own (`denied.toml`) or a key of a case (`kind = "denied"`).
fn has_case(tree: &Tree, name: &str, kind: &str) -> bool {
    let folder = format!("corpora/guards/{name}");
    let (file, key) = (format!("/{kind}.toml"), format!("kind = \"{kind}\""));
    tree.under(&folder, "toml").any(|(path, text)| path.ends_with(&file) || text.contains(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: &[(&str, &str)] = &[
        ("crates/gate/src/guards/cors/mod.rs", ""),
        ("crates/gate/src/guards/cors/config.rs", ""),
        ("crates/gate/src/guards/cors/tests.rs", ""),
        ("crates/gate/src/guards/order.rs", "cors::guard,"),
        ("docs/reference/guards/cors.md", ""),
        ("corpora/guards/cors/allowed.toml", ""),
        ("corpora/guards/cors/denied.toml", ""),
        ("corpora/guards/cors/odd.toml", "kind = \"hostile\"\nkind = \"oversized\""),
    ];

    #[test]
    fn a_complete_guard_passes() {
        assert_eq!(guards_are_complete(&Tree::sample(COMPLETE)), []);
    }

    #[test]
    fn every_missing_part_is_caught() {
        for absent in COMPLETE {
            let rest = COMPLETE.iter().filter(|file| file.0 != absent.0);
            let files: Vec<_> = rest.copied().collect();
            let findings = guards_are_complete(&Tree::sample(&files));
            assert!(!findings.is_empty(), "{}", absent.0);
        }
    }
}
