//! The shapes of stack traces and debug pages.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

/// What a shape is called in events, and the pattern that finds it. Each wants structure, not a
/// word: prose about exceptions does not match.
const SHAPES: [(&str, &str); 9] = [
    (
        "python traceback",
        r#"Traceback \(most recent call last\)|File (?:"|&quot;|&#34;|\\")[^\n]{1,300}(?:"|&quot;|&#34;|\\"), line \d+, in "#,
    ),
    ("python debugger", r"Werkzeug Debugger|DEBUG = True</code>|__debugger__=yes"),
    (
        "java stack trace",
        r"(?m)^\s*at [\w.$/<>]+\((?:[\w$]+\.(?:java|kt|scala|groovy):\d+|Native Method|Unknown Source)\)",
    ),
    (".net stack trace", r"\bat [\w.`<>\[\]]+\([^)\n]{0,200}\) in [^\n]{1,200}:line \d+"),
    (
        "node stack trace",
        r"\bat (?:async )?(?:[\w.<>$ \[\]]{1,100} )?\(?(?:file://|/|node:|[A-Z]:\\)[^\n()]{1,300}:\d+:\d+\)?",
    ),
    (
        "php error",
        r"(?:Fatal error|Parse error|Warning|Notice)(?:</b>)?: [^\n]{1,500} in (?:<b>)?[^\n<]{1,300}\.php(?:</b>)? on line (?:<b>)?\d+",
    ),
    ("ruby backtrace", r"[\w/.-]{1,300}\.rb:\d+:in ['`\x60]"),
    ("go panic", r"goroutine \d+ \[[a-z ]{1,40}\]:"),
    ("rust panic", r"thread '[^'\n]{1,100}'(?: \(\d+\))? panicked at "),
];

static PATTERNS: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
    let compile = |(name, pattern): &(&'static str, &str)| {
        let regex = RegexBuilder::new(pattern).unicode(false).build().ok()?;
        Some((*name, regex))
    };
    SHAPES.iter().filter_map(compile).collect()
});

/// The kind of trace that `body` shows; `None` for none.
pub(super) fn find(body: &[u8]) -> Option<&'static str> {
    // Not `is_match`, which goes over to a slow engine where a literal inside stands everywhere.
    let is_shown = |pattern: &Regex| pattern.shortest_match(body).is_some();
    PATTERNS.iter().find(|(_, pattern)| is_shown(pattern)).map(|(name, _)| *name)
}

#[cfg(test)]
pub(super) fn compiled() -> (usize, usize) {
    (SHAPES.len(), PATTERNS.len())
}
