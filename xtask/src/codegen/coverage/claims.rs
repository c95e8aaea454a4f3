//! Finding the tests that claim a row: by a comment directly above the test,
//! `// covers: ETSM-20, SAMO-33` (`#` in Python), or by the id in the test's name.

use std::collections::BTreeSet;

use regex::Regex;

use crate::Outcome;
use crate::tree::Tree;

/// How a test shows a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Through the real binary or its service API.
    Binary,
    /// Through a crate's functions.
    Library,
}

/// One test that shows one row or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) ids: BTreeSet<String>,
    /// The test function's name.
    pub(super) test: String,
    /// The file the test is in, relative to the root.
    pub(super) file: String,
    pub(super) way: Way,
}

/// Every claim in `crates/**/*.rs` and `examples/**/*.py`. An error when a `covers:` comment is
/// not followed by a test.
pub(super) fn scan(tree: &Tree) -> Outcome<Vec<Claim>> {
    let patterns = Patterns::new().map_err(|error| error.to_string())?;
    let files = tree.under("crates", "rs").chain(tree.under("examples", "py"));
    let mut claims = Vec::new();
    for (path, text) in files {
        scan_file(path, text, &patterns, &mut claims)?;
    }
    Ok(claims)
}

struct Patterns {
    comment: Regex,
    function: Regex,
    id: Regex,
}

impl Patterns {
    fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            comment: Regex::new(r"^\s*(?://|#) covers:(.*)$")?,
            function: Regex::new(r"^\s*(?:pub )?(?:async )?(?:fn|def) (\w+)")?,
            id: Regex::new(r"\b(?:ETSM|SAMO|ELITE|SCI|YMERA)-D?[0-9]{2}\b")?,
        })
    }
}

/// What has been read above the function that may follow.
#[derive(Default)]
struct Pending {
    ids: BTreeSet<String>,
    way: Option<Way>,
    line: usize,
    is_test: bool,
}

fn scan_file(path: &str, text: &str, patterns: &Patterns, claims: &mut Vec<Claim>) -> Outcome<()> {
    let mut pending = Pending::default();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(found) = patterns.comment.captures(line) {
            let list = found.get(1).map_or("", |list| list.as_str());
            pending.ids.extend(patterns.id.find_iter(list).map(|id| id.as_str().to_owned()));
            pending.way = stated_way(list);
            pending.line = number;
        } else if let Some(found) = patterns.function.captures(line) {
            let name = found.get(1).map_or("", |name| name.as_str());
            let done = std::mem::take(&mut pending);
            claims.extend(claim(path, name, done, patterns)?);
        } else if is_decoration(line) {
            pending.is_test |= marks_test(line);
        } else {
            end_of_claim(path, &pending)?;
            pending = Pending::default();
        }
    }
    end_of_claim(path, &pending)
}

/// Attributes, comments and decorators may stand between a claim and its test.
fn is_decoration(line: &str) -> bool {
    let line = line.trim_start();
    ["#", "//", "@", ")]"].iter().any(|start| line.starts_with(start))
}

fn marks_test(line: &str) -> bool {
    line.trim_start().starts_with("#[") && line.contains("test") && !line.contains("cfg(")
}

fn end_of_claim(path: &str, pending: &Pending) -> Outcome<()> {
    if pending.ids.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{path}:{}: `covers:` stands above no test: put it directly above the test function",
        pending.line
    ))
}

fn claim(path: &str, name: &str, pending: Pending, patterns: &Patterns) -> Outcome<Option<Claim>> {
    let is_test = pending.is_test || (path.ends_with(".py") && name.starts_with("test"));
    if !is_test {
        end_of_claim(path, &pending)?;
        return Ok(None);
    }
    let mut ids = pending.ids;
    ids.extend(ids_in_name(name, patterns));
    Ok((!ids.is_empty()).then(|| Claim {
        ids,
        test: name.to_owned(),
        file: path.to_owned(),
        way: pending.way.unwrap_or_else(|| usual_way(path)),
    }))
}

/// Every id in a test's name; those that follow one another are of the same guide.
fn ids_in_name(name: &str, patterns: &Patterns) -> Vec<String> {
    let (mut guide, mut ids) = ("", Vec::new());
    for word in name.split('_') {
        let id = format!("{guide}-{word}").to_uppercase();
        match word {
            "etsm" | "samo" | "elite" | "sci" | "ymera" => guide = word,
            _ if patterns.id.is_match(&id) => ids.push(id),
            _ => guide = "",
        }
    }
    ids
}

fn stated_way(list: &str) -> Option<Way> {
    match list {
        _ if list.contains("(binary)") => Some(Way::Binary),
        _ if list.contains("(library)") => Some(Way::Library),
        _ => None,
    }
}

/// Tests of the binary crate and of the examples start the real program.
fn usual_way(path: &str) -> Way {
    if path.starts_with("crates/mantlet/tests/") || path.starts_with("examples/") {
        Way::Binary
    } else {
        Way::Library
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(path: &str, text: &str) -> Outcome<Vec<(Vec<String>, String, Way)>> {
        let claims = scan(&Tree::sample(&[(path, text)]))?;
        let plain = |claim: Claim| (claim.ids.into_iter().collect(), claim.test, claim.way);
        Ok(claims.into_iter().map(plain).collect())
    }

    fn one(ids: &[&str], test: &str, way: Way) -> Vec<(Vec<String>, String, Way)> {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        vec![(ids, test.to_owned(), way)]
    }

    #[test]
    fn a_comment_above_a_test_claims_its_rows() {
        let text = "// covers: ETSM-20, SAMO-33\n#[tokio::test]\nasync fn bursts_end() {\n";
        assert_eq!(
            scanned("crates/limit/src/tests.rs", text).unwrap(),
            one(&["ETSM-20", "SAMO-33"], "bursts_end", Way::Library)
        );
    }

    #[test]
    fn the_way_follows_the_place_unless_stated() {
        let text = "// covers: ETSM-02\n#[test]\nfn serves() {}\n";
        let binary = scanned("crates/mantlet/tests/run.rs", text).unwrap();
        assert_eq!(binary, one(&["ETSM-02"], "serves", Way::Binary));
        let stated = "// covers: ETSM-02 (binary)\n#[test]\nfn serves() {}\n";
        let stated = scanned("crates/gate/tests/run.rs", stated).unwrap();
        assert_eq!(stated, one(&["ETSM-02"], "serves", Way::Binary));
    }

    #[test]
    fn a_defect_id_in_a_test_name_claims_it() {
        let text = "    #[test]\n    fn etsm_d18_store_is_bounded() {}\n";
        assert_eq!(
            scanned("crates/limit/src/store.rs", text).unwrap(),
            one(&["ETSM-D18"], "etsm_d18_store_is_bounded", Way::Library)
        );
        let several = "#[test]\nfn sci_d08_d09_samo_11_no_d10_d1() {}\n";
        assert_eq!(
            scanned("crates/access/src/x.rs", several).unwrap(),
            one(&["SAMO-11", "SCI-D08", "SCI-D09"], "sci_d08_d09_samo_11_no_d10_d1", Way::Library)
        );
        let helper = "fn etsm_d18_helper() {}\n";
        assert_eq!(scanned("crates/limit/src/store.rs", helper).unwrap(), []);
    }

    #[test]
    fn python_tests_claim_rows_too() {
        let text = "class T:\n    # covers: ETSM-05\n    def test_login(self):\n";
        assert_eq!(
            scanned("examples/etsm/test_app.py", text).unwrap(),
            one(&["ETSM-05"], "test_login", Way::Binary)
        );
    }

    #[test]
    fn a_claim_above_no_test_is_an_error() {
        for text in [
            "// covers: ETSM-05\nfn not_a_test() {}\n",
            "// covers: ETSM-05\n\n#[test]\nfn too_far() {}\n",
            "// covers: ETSM-05\n",
        ] {
            let error = scanned("crates/gate/src/x.rs", text).unwrap_err();
            assert!(error.contains("stands above no test"), "{text}");
        }
    }
}
