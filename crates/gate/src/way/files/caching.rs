//! How long browsers keep files.

use std::path::Path;

use http::HeaderValue;

use crate::stages::route::StaticFiles;

/// The shortest part of a name that can be a hash, in characters.
const HASH: usize = 8;

/// What `Cache-Control` says of a file; `None` where the route leaves it to browsers.
pub(super) fn of(settings: &StaticFiles, name: &Path) -> Option<HeaderValue> {
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    let asked = HeaderValue::from_static("no-cache");
    settings.is_immutable.then(|| if has_hash(name) { kept } else { asked })
}

/// Whether a part of the name before its extension looks like a hash: letters and digits, both of
/// them, as bundlers write it: `app-5f3c9a1b.js`, `app.5f3c9a1b.css`.
fn has_hash(name: &Path) -> bool {
    let name = name.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some((stem, _)) = name.rsplit_once('.') else { return false };
    let is_hash = |part: &str| {
        part.len() >= HASH
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && part.bytes().any(|byte| byte.is_ascii_digit())
            && part.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    stem.rsplit(['-', '.']).next().is_some_and(|last| is_hash(last) && last != stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_last_part_of_a_name() {
        for (name, expected) in [
            ("assets/app-5f3c9a1b.js", true),
            ("app.5F3c9a1bXy.css", true),
            ("app-2026.js", false),
            ("app-20261122.js", false),
            ("app-component.js", false),
            ("5f3c9a1b.js", false),
            ("index.html", false),
            ("5f3c9a1b-app.js", false),
            ("app-5f3c9a1b", false),
        ] {
            assert_eq!(has_hash(Path::new(name)), expected, "{name}");
        }
    }
}
