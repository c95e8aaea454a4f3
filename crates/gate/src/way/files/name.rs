//! From the path of a request to the name of a file.

use std::path::{Path, PathBuf};

use http::HeaderValue;
use percent_encoding::percent_decode_str;

use crate::stages::hygiene::NormalPath;

/// What stands for a folder.
const INDEX: &str = "index.html";
/// The one hidden name that is public (RFC 8615); only as the first segment.
const WELL_KNOWN: &str = ".well-known";

/// The file below the folder that `path` names; `None` when it cannot be one that is served.
pub(super) fn below(path: &NormalPath<'_>) -> Option<PathBuf> {
    let mut name = PathBuf::new();
    for (depth, segment) in path.segments().enumerate() {
        let segment = percent_decode_str(segment).decode_utf8().ok()?;
        let is_public = !segment.starts_with('.') || (depth == 0 && segment == WELL_KNOWN);
        if segment.is_empty() || !is_public || segment.contains(['/', '\\', '\0']) {
            return None;
        }
        name.push(segment.as_ref());
    }
    if path.as_str().ends_with('/') {
        name.push(INDEX);
    }
    Some(name)
}

/// The `Content-Type` by the extension; text is UTF-8.
pub(super) fn content_type(name: &Path) -> HeaderValue {
    let mime = mime_guess::from_path(name).first_or_octet_stream();
    let mime = mime.essence_str();
    let value = if mime.starts_with("text/") {
        HeaderValue::try_from(format!("{mime}; charset=utf-8"))
    } else {
        HeaderValue::try_from(mime)
    };
    value.unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::hygiene::{PathPolicy, normalize};

    fn check(path: &str) -> Option<String> {
        // The most lenient hygiene there is must not open anything here.
        let path = normalize(path, &PathPolicy::lenient()).unwrap();
        below(&path).map(|name| name.to_str().unwrap().to_owned())
    }

    #[test]
    fn paths_name_files_and_folders_their_index() {
        for (path, expected) in [
            ("/", "index.html"),
            ("/a/b.css", "a/b.css"),
            ("/a/", "a/index.html"),
            ("/na%C3%AFve%20file.txt", "naïve file.txt"),
            ("/50%25", "50%"),
            ("/.well-known/security.txt", ".well-known/security.txt"),
        ] {
            assert_eq!(check(path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn hidden_names_and_doubtful_segments_name_nothing() {
        for path in [
            "/.env",
            "/%2eenv",
            "/a/.git/config",
            "/a/.well-known/x",
            "/.well-known2/x",
            "/a%2Fb",
            "/..%2f..%2fetc%2fpasswd",
            "/a%5Cb",
            "/%FF",
            "/...",
        ] {
            let Ok(path) = normalize(path, &PathPolicy::lenient()) else { continue };
            assert_eq!(below(&path), None, "{path:?}");
        }
    }

    #[test]
    fn text_says_its_encoding() {
        for (name, expected) in [
            ("a.html", "text/html; charset=utf-8"),
            ("a.CSS", "text/css; charset=utf-8"),
            ("a.png", "image/png"),
            ("a.json", "application/json"),
            ("a", "application/octet-stream"),
        ] {
            assert_eq!(content_type(Path::new(name)), expected, "{name}");
        }
    }
}
