//! Unfinished work and paths of one machine stay out of the repository.

use regex::Regex;

use super::Finding;
use crate::tree::Tree;

/// Folders whose text is data: an attack may well ask for a temporary file.
const DATA: &[&str] = &["corpora/", "rules/"];

/// No text says that something is left to do, no test is switched off, and no path is one that
/// exists only on the machine of the person who wrote it.
pub(super) fn unfinished_work_and_machine_paths_stay_out(tree: &Tree) -> Vec<Finding> {
    let Some(patterns) = patterns() else {
        return vec![Finding::error("xtask", "a pattern of words.rs does not compile")];
    };
    tree.iter()
        .filter(|(path, _)| !DATA.iter().any(|data| path.starts_with(data)))
        .filter(|(path, _)| !path.ends_with("Cargo.lock"))
        .flat_map(|(path, text)| violations(path, text, &patterns))
        .collect()
}

/// Each pattern with what to do about a match. Spelt in pieces, so that this file passes too.
fn patterns() -> Option<Vec<(Regex, &'static str)>> {
    let left_to_do = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")].join("|");
    let sources = [
        (
            format!(r"\b(?:{left_to_do})\b"),
            "unfinished work: do it now, or describe the gap in the docs",
        ),
        (
            r"\b(?:to[d]o|unimplemen[t]ed)!".to_owned(),
            "unfinished work: a function that panics is not a function",
        ),
        (
            r"#\[ignore\b".to_owned(),
            "a test that is switched off: repair it, remove it, or report it as left out",
        ),
        (
            format!(r#"(?:^|[\s"'`(=,\[])(?:/{}/|/tm[p]/\w)"#, concat!("wo", "rk")),
            "a path of one machine: use a folder made for the run, or a path relative to the repository",
        ),
    ];
    let compile = |(source, advice): (String, _)| Some((Regex::new(&source).ok()?, advice));
    sources.into_iter().map(compile).collect()
}

fn violations(path: &str, text: &str, patterns: &[(Regex, &'static str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for (pattern, advice) in patterns {
            if let Some(found) = pattern.find(line) {
                let message = format!("`{}`: {advice}", found.as_str().trim());
                findings.push(Finding::error(format!("{path}:{number}"), message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        unfinished_work_and_machine_paths_stay_out(&Tree::sample(&[(path, text)])).len()
    }

    #[test]
    fn every_forbidden_word_is_caught() {
        for sample in [
            concat!("// TO", "DO later"),
            concat!("FIX", "ME: broken"),
            concat!("// XX", "X"),
            concat!("    to", "do!()"),
            concat!("#[ig", "nore = \"slow\"]"),
            concat!("let path = \"/tm", "p/socket\";"),
            concat!("see /wo", "rk/notes"),
        ] {
            assert_eq!(count("docs/start.md", sample), 1, "{sample}");
        }
    }

    #[test]
    fn harmless_text_and_test_data_pass() {
        assert_eq!(count("docs/start.md", "the todo list of example.com/team/plan"), 0);
        assert_eq!(count("corpora/waf/denied.toml", concat!("path = '/tm", "p/x'")), 0);
    }
}
