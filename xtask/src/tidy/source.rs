//! Telling code from tests and comments, well enough for the rules.

/// Whether the whole file at `path` is test code.
pub(super) fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains("/benches/")
}

/// The lines of a Rust file before its inline test module, numbered from 1. All lines when it
/// has none.
pub(super) fn lines_before_tests(text: &str) -> Vec<(usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines
        .windows(2)
        .position(|pair| matches!(pair, ["#[cfg(test)]", next] if opens_inline_module(next)))
        .unwrap_or(lines.len());
    (1..).zip(lines).take(end).collect()
}

fn opens_inline_module(line: &str) -> bool {
    line.contains("mod ") && line.ends_with('{')
}

/// The code of a Rust file outside its tests: numbered lines without line comments.
pub(super) fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    lines_before_tests(text).into_iter().filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_test_module_is_no_code() {
        let text = "fn a() {}\n// note\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
        assert_eq!(lines_before_tests(text).len(), 2);
        assert_eq!(code_lines(text).collect::<Vec<_>>(), [(1, "fn a() {}")]);
    }

    #[test]
    fn a_declared_test_module_does_not_end_the_code() {
        let text = "#[cfg(test)]\nmod tests;\nfn a() {}\n";
        assert_eq!(lines_before_tests(text).len(), 3);
    }
}
