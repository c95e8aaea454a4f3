//! Patterns: only such as take linear time, whatever the text.

use jsonschema::PatternOptions;
use serde_json::json;

/// Most bytes of one compiled pattern: enough for names of a hundred letters of any script.
const SIZE_LIMIT: usize = 16 << 20;

/// Most bytes that one pattern keeps to match faster.
const CACHE_LIMIT: usize = 2 << 20;

/// How patterns are matched: never by trying again and again.
pub(crate) fn engine() -> PatternOptions<jsonschema::Regex> {
    PatternOptions::regex().size_limit(SIZE_LIMIT).dfa_size_limit(CACHE_LIMIT)
}

/// Whether a pattern can be used.
///
/// # Errors
/// What is wrong with it, and what to do.
pub(crate) fn judge(pattern: &str) -> Result<(), (&'static str, &'static str)> {
    let schema = json!({ "pattern": pattern });
    if jsonschema::options().offline().with_pattern_options(engine()).build(&schema).is_ok() {
        return Ok(());
    }
    // The other engine knows what takes more than linear time.
    if jsonschema::options().offline().build(&schema).is_ok() {
        return Err((
            "looks around, refers back, or is too large: matching it could take forever",
            "write it without `(?=`, `(?!`, `(?<` and `\\1`; two patterns go into `allOf`, an exclusion into `not`",
        ));
    }
    Err(("is not a regular expression", "write it as in ECMA-262, as `^[a-z]+$`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_linear_patterns_are_taken() {
        for fine in [
            "^[a-zA-Z0-9_-]+$",
            r"^\d{4}-\d{2}$",
            r"^\p{L}+$",
            "(a+)+$",
            "^.{1,200}$",
            r"^\p{L}[\p{L}\p{M} '-]{0,99}$",
        ] {
            assert_eq!(judge(fine), Ok(()), "{fine}");
        }
        for slow in [r"^(?!.*script).*$", r"(?=.*\d).+", r"(a)\1"] {
            assert!(judge(slow).is_err_and(|(what, _)| what.starts_with("looks")), "{slow}");
        }
        for broken in ["[", "(", "*a"] {
            assert!(judge(broken).is_err_and(|(what, _)| what.starts_with("is not")), "{broken}");
        }
    }
}
