//! The nearest known name, and showing what was written.

/// Longer names are not compared.
const MAX_COMPARED: usize = 64;
/// Longer input is cut when it is shown.
const MAX_SHOWN: usize = 80;

/// The known name that `text` was probably meant to be; `None` when none is close.
pub(crate) fn nearest<'k>(text: &str, known: &[&'k str]) -> Option<&'k str> {
    if text.len() > MAX_COMPARED {
        return None;
    }
    let lower = text.to_lowercase();
    let close = |name: &&'k str| {
        let distance = strsim::damerau_levenshtein(&lower, name);
        let allowed = (name.len().min(lower.len()) / 3).max(1);
        (distance <= allowed).then_some((distance, *name))
    };
    known.iter().filter_map(close).min().map(|(_, name)| name)
}

/// "did you mean `x`? " or nothing.
pub(crate) fn suggestion(text: &str, known: &[&str]) -> String {
    nearest(text, known).map_or_else(String::new, |name| format!("did you mean `{name}`? "))
}

/// What was written, fit for one line of a message.
pub(crate) fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(MAX_SHOWN).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    if cut.chars().any(char::is_control) {
        cut = cut.escape_debug().collect();
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_close_names_are_suggested() {
        let known = ["listen", "listeners", "mode", "tls"];
        for (text, expected) in [
            ("lisen", Some("listen")),
            ("Mode", Some("mode")),
            ("mdoe", Some("mode")),
            ("tsl", Some("tls")),
            ("port", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, &known), expected, "{text}");
        }
        assert_eq!(nearest(&"m".repeat(1_000_000), &known), None);
    }

    #[test]
    fn long_and_odd_input_is_shown_on_one_short_line() {
        assert_eq!(shown("a\nb"), "a\\nb");
        assert_eq!(shown(&"ä".repeat(200)).chars().count(), MAX_SHOWN + 1);
    }
}
