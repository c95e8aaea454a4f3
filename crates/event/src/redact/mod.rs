//! Taking secrets out of text before any sink sees it.
//!
//! Two kinds: values that the gateway knows to be secret (its own keys and passwords), wherever
//! and however encoded they occur; and patterns of what other people's secrets look like. When in
//! doubt too much is taken out, never too little.

mod known;
mod names;
mod rules;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use mantlet_types::Secret;

use known::Known;
pub use names::names_secret;
use rules::Rules;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Takes secrets out of text. Works in time linear in the length of the text; text without a
/// tell-tale word costs one scan and no allocation.
pub struct Redactor {
    known: Known,
    /// `None` when the rules could not be built; then nothing passes.
    rules: Option<Rules>,
}

impl Redactor {
    /// A redactor that knows patterns only.
    #[must_use]
    pub fn new() -> Self {
        Self::with_known(Vec::new())
    }

    /// A redactor that also takes out `secrets`, plain or encoded (percent, base64, JSON string),
    /// in any case. Values of fewer than 8 bytes are left to the patterns: they would blank
    /// ordinary words.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the caller's copies are wiped when this returns"
    )]
    pub fn with_known(secrets: Vec<Secret<String>>) -> Self {
        Self { known: Known::new(&secrets), rules: Rules::new().ok() }
    }

    /// `text` without secrets; borrowed when there was none.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(rules) = &self.rules else {
            return Cow::Borrowed(REDACTED);
        };
        match self.known.redact(text) {
            Cow::Borrowed(text) => rules.redact(text),
            Cow::Owned(text) => Cow::Owned(rules.redact(&text).into_owned()),
        }
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the search tables: they are made of the secrets.
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}
