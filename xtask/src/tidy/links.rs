//! Relative links in Markdown lead somewhere.

use regex::Regex;

use super::Finding;
use crate::tree::Tree;

/// Every relative link of every `.md` file names a file or folder of the repository.
pub(super) fn relative_links_resolve(tree: &Tree) -> Vec<Finding> {
    let Ok(pattern) = Regex::new(r#"\]\(([^)\s]+)(?:\s+"[^"]*")?\)"#) else {
        return vec![Finding::error("xtask", "the pattern of links.rs does not compile")];
    };
    tree.iter()
        .filter(|(path, _)| path.ends_with(".md"))
        .flat_map(|(path, text)| dead_links(tree, path, text, &pattern))
        .collect()
}

fn dead_links(tree: &Tree, path: &str, text: &str, pattern: &Regex) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut in_code = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for target in pattern.captures_iter(line).filter_map(|found| found.get(1)) {
            let target = target.as_str();
            if is_relative(target) && !resolves(tree, path, target) {
                let message = format!("the link `{target}` leads nowhere");
                findings.push(Finding::error(format!("{path}:{number}"), message));
            }
        }
    }
    findings
}

fn is_relative(target: &str) -> bool {
    !target.contains("://") && !target.starts_with('#') && !target.starts_with("mailto:")
}

fn resolves(tree: &Tree, from: &str, target: &str) -> bool {
    let file = target.split('#').next().unwrap_or(target);
    let mut place: Vec<&str> = from.split('/').collect();
    place.pop();
    for step in file.trim_end_matches('/').split('/') {
        match step {
            "." | "" => {}
            ".." if place.pop().is_none() => return false,
            ".." => {}
            name => place.push(name),
        }
    }
    tree.holds(&place.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<String> {
        let tree = Tree::sample(&[("docs/a.md", text), ("README.md", ""), ("docs/x/b.md", "")]);
        let findings = relative_links_resolve(&tree);
        findings.into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn a_dead_link_is_caught_with_its_line() {
        assert_eq!(places("fine\n[gone](gone.md)\n"), ["docs/a.md:2"]);
        assert_eq!(places("[outside](../../etc)\n"), ["docs/a.md:1"]);
    }

    #[test]
    fn live_links_outside_links_and_code_pass() {
        assert!(places("[a](x/b.md#part) [b](../README.md) [c](x) [d](#top)\n").is_empty());
        assert!(places("[e](https://example.com/x)\n```\n[f](gone.md)\n```\n").is_empty());
    }
}
