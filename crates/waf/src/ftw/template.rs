//! The one template the cases use: `{{ "1" | repeat 100 }}`.

/// How much one template may write.
const LIMIT_BYTES: usize = 16 << 20;

/// Fills templates in; braces that are none stay.
pub(super) fn expand(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let filled =
            after.split_once("}}").and_then(|(inner, beyond)| Some((repeat(inner)?, beyond)));
        match filled {
            Some((text, beyond)) => {
                out.push_str(before);
                out.push_str(&text);
                rest = beyond;
            }
            // As the runner of the rule set does: what does not parse stays, all of it.
            None => break,
        }
    }
    out.push_str(rest);
    out
}

fn repeat(inner: &str) -> Option<String> {
    let (text, count) = inner.trim().split_once('|')?;
    let text = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    let count: usize = count.trim().strip_prefix("repeat")?.trim().parse().ok()?;
    (text.len().checked_mul(count)? <= LIMIT_BYTES).then(|| text.repeat(count))
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn only_repetitions_are_filled_in() {
        assert_eq!(expand("a{{ \"12\" | repeat 2 }}b"), "a1212b");
        assert_eq!(expand("user={{constructor()}}"), "user={{constructor()}}");
    }
}
