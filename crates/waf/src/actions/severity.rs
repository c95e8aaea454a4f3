//! Severities of rules, as syslog numbers them.

use crate::seclang::problem::Fault;

const NAMES: &[&str] =
    &["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];

/// Reads `CRITICAL` or `2`.
pub(crate) fn parse(text: &str) -> Result<u8, Fault> {
    let named = NAMES.iter().position(|name| name.eq_ignore_ascii_case(text));
    let number = named.or_else(|| text.parse().ok()).filter(|number| *number < NAMES.len());
    number.and_then(|number| u8::try_from(number).ok()).ok_or_else(|| {
        Fault::new(format!("unknown severity `{text}`"))
            .hint("write EMERGENCY, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFO or DEBUG")
    })
}

/// The name of a severity.
#[must_use]
pub fn name(severity: u8) -> &'static str {
    NAMES.get(usize::from(severity)).copied().unwrap_or("UNKNOWN")
}
