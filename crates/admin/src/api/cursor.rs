//! Where a list goes on: a word that means something to us alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::problem::Problem;

/// The word for what comes after `name`.
pub(super) fn write(name: Option<&str>) -> Value {
    name.map_or(Value::Null, |name| Value::from(URL_SAFE_NO_PAD.encode(name)))
}

/// What a word stands for.
pub(super) fn read(word: &str) -> Result<String, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(word).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(unknown)
}

/// A word that means nothing.
pub(super) fn unknown() -> Problem {
    Problem::invalid("`cursor` is none of ours: send what `next` named")
}
