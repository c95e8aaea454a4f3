//! Patterns of what secrets look like.
//!
//! One search over all tell-tale words decides which rules run at all, so that ordinary text costs
//! one pass. The patterns use no Unicode tables (`(?i-u:…)`), and no repetition inside another, so
//! they stay small and linear.

use std::borrow::Cow;
use std::error::Error;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::{Captures, Regex};

use super::REDACTED;

/// One kind of secret.
struct Rule {
    /// Words, in any case, of which at least one is in every text that the rule can match.
    words: &'static [&'static str],
    /// Group `keep` (optional) stays, group `secret` goes.
    pattern: &'static str,
    /// Whether the pattern alone is proof; else the secret must also look like one, because the
    /// pattern matches prose too ("basic authentication").
    sure: bool,
}

/// The names under which secrets are passed.
macro_rules! secret_name {
    () => {
        concat!(
            r"(?i-u:(?:api|access|private|secret|signing|encryption|master)[_\-. ]?keys?|tokens?",
            r"|passw(?:or)?ds?|pwd|passphrase|secrets?|session(?:[_\-]?id)?|sessid|credentials?)",
            r"(?i-u:[_\-](?:key|id|value|hash|token))?"
        )
    };
}

/// Where a token may begin: at a word's edge, or behind an escape, whose last letter would hide it
/// (`\x01sk_…`, `%3Dghp_…`).
macro_rules! start {
    () => {
        r"(?P<keep>(?-u:\b)|\\[nrt]|\\x[0-9A-Fa-f]{2}|\\u\{?[0-9A-Fa-f]{1,6}\}?|%[0-9A-Fa-f]{2})"
    };
}

const NAME_WORDS: &[&str] =
    &["key", "token", "passw", "pwd", "passphrase", "secret", "sess", "credential"];

/// Order matters where two rules can match the same text: whole headers and blocks come before
/// what may be inside them.
const RULES: &[Rule] = &[
    // PEM private keys; one that is cut off reaches to the end.
    Rule {
        words: &["private key"],
        pattern: concat!(
            r"(?P<secret>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?s:.*?)",
            r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z))"
        ),
        sure: true,
    },
    // A whole cookie header: within quotes up to the closing one, else to the end of the line.
    Rule {
        words: &["cookie"],
        pattern: concat!(
            r#"(?P<keep>(?i-u:\bcookie2?)\\*["'][ \t]*[:=,][ \t]*)"#,
            r#"(?P<secret>\\+"[^"]*|"(?:[^"\\]|\\.)*|'(?:[^'\\]|\\.)*)"#
        ),
        sure: true,
    },
    Rule {
        words: &["cookie"],
        pattern: r"(?P<keep>(?i-u:\bcookie2?)[ \t]*:[ \t]*)(?P<secret>[^\r\n]+)",
        sure: true,
    },
    // An authorization header: the scheme stays when it is one whose credentials are one word.
    Rule {
        words: &["authorization"],
        pattern: concat!(
            r#"(?P<keep>(?i-u:\bauthorization)\\*["']?[ \t]*(?:=>|[:=,])[ \t]*\\*["']?"#,
            r"(?:(?i-u:bearer|basic|token|dpop|negotiate|apikey)[ \t]+)?)",
            r#"(?P<secret>[^\r\n"']+)"#
        ),
        sure: true,
    },
    Rule {
        words: &["bearer", "basic", "token", "dpop", "negotiate"],
        pattern: concat!(
            r"(?P<keep>(?i-u:\b(?:bearer|basic|token|dpop|negotiate))[ \t]+)",
            r"(?P<secret>[A-Za-z0-9._~+/=\-]{6,})"
        ),
        sure: false,
    },
    // The user part of a URL.
    Rule {
        words: &["@"],
        pattern: r#"(?P<keep>(?i-u:[a-z][a-z0-9+.\-]*:)//)(?P<secret>[^\s/?#"'<>]+)@"#,
        sure: true,
    },
    // Name and value: query and form, JSON (also inside a string), headers, YAML, `=>`.
    Rule {
        words: NAME_WORDS,
        pattern: concat!(
            "(?P<keep>",
            secret_name!(),
            r#"\\*["']?[ \t\r\n]*(?:=>|:=|={1,2}|:|%3[AaDd])[ \t]*)"#,
            r#"(?P<secret>\[[^\]]*\]?|\\+"[^"]*|"(?:[^"\\]|\\.)*|'(?:[^'\\]|\\.)*"#,
            r#"|(?:[^\s&"'<>,;]|[,;][^\s&"'<>,;])+)"#
        ),
        sure: true,
    },
    // Command lines.
    Rule {
        words: NAME_WORDS,
        pattern: concat!(
            r"(?P<keep>--[A-Za-z0-9\-]{0,40}",
            secret_name!(),
            r#"["']?,?[ \t]+["']?)(?P<secret>[^\s"',]+)"#
        ),
        sure: true,
    },
    // Self-describing tokens.
    Rule {
        words: &["eyj"],
        pattern: r"(?P<secret>eyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*){1,4})",
        sure: true,
    },
    Rule {
        words: &["akia", "asia", "gho_", "ghp_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"],
        pattern: concat!(
            start!(),
            r"(?P<secret>(?:A[KS]IA[0-9A-Z]{16}|gh[opusr]_[A-Za-z0-9]{16,}",
            r"|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_\-]{16,}))"
        ),
        sure: true,
    },
    Rule {
        words: &["xox", "sk-", "sk_", "rk_", "mk_", "aiza"],
        pattern: concat!(
            start!(),
            r"(?P<secret>(?:xox[a-z]-[A-Za-z0-9\-]{10,}|sk-[A-Za-z0-9_\-]{16,}",
            r"|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|mk_[A-Za-z0-9_\-]{12,}|AIza[A-Za-z0-9_\-]{35}))"
        ),
        sure: false,
    },
];

/// The rules, ready to run.
pub(super) struct Rules {
    words: AhoCorasick,
    /// For each word, the index of its rule.
    owners: Vec<usize>,
    patterns: Vec<(Regex, bool)>,
}

impl Rules {
    pub(super) fn new() -> Result<Self, Box<dyn Error>> {
        let words: Vec<(usize, &str)> = RULES
            .iter()
            .enumerate()
            .flat_map(|(rule, Rule { words, .. })| words.iter().map(move |word| (rule, *word)))
            .collect();
        let patterns = RULES
            .iter()
            .map(|rule| Ok((Regex::new(&expand(rule.pattern))?, rule.sure)))
            .collect::<Result<_, regex::Error>>()?;
        Ok(Self {
            words: AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .kind(Some(AhoCorasickKind::DFA))
                .build(words.iter().map(|(_, word)| word))?,
            owners: words.iter().map(|(rule, _)| *rule).collect(),
            patterns,
        })
    }

    pub(super) fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let due = self.due(text);
        let mut text = Cow::Borrowed(text);
        if due == 0 {
            return text;
        }
        for (index, (pattern, sure)) in self.patterns.iter().enumerate() {
            if due & (1 << index) == 0 {
                continue;
            }
            if let Some(clean) = replace_all(pattern, *sure, &text) {
                text = Cow::Owned(clean);
            }
        }
        text
    }

    /// One bit for each rule of which a word occurs in `text`.
    fn due(&self, text: &str) -> u32 {
        self.words
            .find_overlapping_iter(text)
            .filter_map(|found| self.owners.get(found.pattern().as_usize()))
            .fold(0, |due, rule| due | 1 << rule)
    }
}

/// `\s` needs Unicode tables that are not built in; white space in what we look at is ASCII.
fn expand(pattern: &str) -> String {
    pattern.replace(r"[^\s", r"[^ \t\r\n")
}

/// `text` without what the pattern finds; `None` when that is nothing. What only looked like a secret
/// stays, and may hide nothing: the search goes on inside it (`Basic Bearer s3cret`). It is short, so
/// the time stays linear.
fn replace_all(pattern: &Regex, sure: bool, text: &str) -> Option<String> {
    let (mut clean, mut copied, mut at) = (None::<String>, 0, 0);
    while let Some(found) = pattern.captures_at(text, at) {
        let (whole, Some(secret)) = (found.get_match(), found.name("secret")) else { break };
        if !sure && !looks_random(secret.as_str()) {
            // Both begin with an ASCII letter or sign.
            at = secret.start().max(whole.start() + 1);
            continue;
        }
        let clean = clean.get_or_insert_default();
        clean.push_str(text.get(copied..whole.start()).unwrap_or_default());
        clean.push_str(&replaced(&found, secret.as_str()));
        copied = whole.end();
        at = copied;
    }
    let mut clean = clean?;
    clean.push_str(text.get(copied..).unwrap_or_default());
    Some(clean)
}

/// What takes the place of one match.
fn replaced(found: &Captures<'_>, secret: &str) -> String {
    let whole = found.get_match().as_str();
    let keep = found.name("keep").map_or("", |keep| keep.as_str());
    let (open, close) = quotes(secret);
    let after = whole.get(keep.len() + secret.len()..).unwrap_or_default();
    format!("{keep}{open}{REDACTED}{close}{after}")
}

/// The quote that opens `secret`, with its backslashes, and the backslashes that belong to the
/// closing quote when both are escaped.
fn quotes(secret: &str) -> (&str, &str) {
    let inner = secret.trim_start_matches('\\');
    let Some(quote) = inner.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return ("", "");
    };
    let open = secret.len() - inner.len();
    let rest = inner.get(quote.len_utf8()..).unwrap_or_default();
    let close = if open > 0 { rest.len() - rest.trim_end_matches('\\').len() } else { 0 };
    (
        secret.get(..open + quote.len_utf8()).unwrap_or_default(),
        rest.get(rest.len() - close..).unwrap_or_default(),
    )
}

/// Whether no word of prose looks like this: digits or signs inside, mixed case, or very long.
fn looks_random(text: &str) -> bool {
    let body = text.trim_end_matches('.');
    body.len() >= 32
        || body.bytes().any(|b| b.is_ascii_digit() || matches!(b, b'=' | b'+' | b'_'))
        || (body.bytes().skip(1).any(|b| b.is_ascii_uppercase())
            && body.bytes().any(|b| b.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles_and_has_its_bit() {
        assert!(Rules::new().is_ok());
        assert!(RULES.len() <= 32);
    }
}
