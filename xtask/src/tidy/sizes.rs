//! Files stay small enough to be read in one go.

use super::{Finding, source};
use crate::tree::Tree;

const LOOK_AGAIN: usize = 400;
const TOO_LONG: usize = 600;
const ROOT_TOO_LONG: usize = 150;

/// A Rust file has at most 600 lines outside its tests (from 400 on: a warning); `lib.rs` and
/// `mod.rs` at most 150.
pub(super) fn files_have_a_readable_size(tree: &Tree) -> Vec<Finding> {
    tree.iter()
        .filter(|(path, _)| path.ends_with(".rs") && !source::is_test_file(path))
        .filter_map(|(path, text)| judge(path, source::lines_before_tests(text).len()))
        .collect()
}

fn judge(path: &str, lines: usize) -> Option<Finding> {
    let is_root = path.ends_with("/lib.rs") || path.ends_with("/mod.rs");
    if is_root && lines > ROOT_TOO_LONG {
        let message = format!(
            "{lines} lines; a module root has docs, `mod` and `pub use`, at most {ROOT_TOO_LONG} lines: move the logic out"
        );
        return Some(Finding::error(path, message));
    }
    if lines > TOO_LONG {
        let message = format!("{lines} lines outside tests, at most {TOO_LONG}: split the file");
        return Some(Finding::error(path, message));
    }
    (lines > LOOK_AGAIN).then(|| {
        let message = format!("{lines} lines outside tests: look for a second reason to change");
        Finding::warning(path, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, lines: usize) -> Vec<Finding> {
        files_have_a_readable_size(&Tree::sample(&[(path, &"x\n".repeat(lines))]))
    }

    #[test]
    fn long_files_are_caught_and_tests_are_not() {
        assert!(findings("crates/a/src/x.rs", 400).is_empty());
        assert!(!findings("crates/a/src/x.rs", 401)[0].is_error);
        assert!(findings("crates/a/src/x.rs", 601)[0].is_error);
        assert!(findings("crates/a/src/mod.rs", 151)[0].is_error);
        assert!(findings("crates/a/src/x/tests.rs", 2000).is_empty());
        assert!(findings("crates/a/tests/wire.rs", 2000).is_empty());
    }
}
