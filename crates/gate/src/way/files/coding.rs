//! Files that were compressed beforehand.

use std::path::{Path, PathBuf};

use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, RANGE};

use crate::stages::route::StaticFiles;

/// How a sibling of a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coding {
    /// As `Content-Encoding` calls it.
    pub(super) name: &'static str,
    extension: &'static str,
}

/// The smaller first.
const CODINGS: [Coding; 2] =
    [Coding { name: "br", extension: ".br" }, Coding { name: "gzip", extension: ".gz" }];

impl Coding {
    /// The name of the file beside `name` that is coded so.
    pub(super) fn sibling(self, name: &Path) -> PathBuf {
        let mut name = name.as_os_str().to_owned();
        name.push(self.extension);
        name.into()
    }
}

/// The codings to look for, in order: those that the client reads. A part of a file is a part of
/// the file itself.
pub(super) fn wanted(settings: &StaticFiles, headers: &HeaderMap) -> Vec<Coding> {
    if !settings.has_precompressed || headers.contains_key(RANGE) {
        return Vec::new();
    }
    CODINGS.into_iter().filter(|coding| is_read(coding.name, headers)).collect()
}

/// Whether the client lists `name` with a weight that is not zero (RFC 9110 section 12.5.3).
fn is_read(name: &str, headers: &HeaderMap) -> bool {
    let fields = headers.get_all(ACCEPT_ENCODING).iter();
    let members = fields.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    members.into_iter().any(|member| {
        let (coding, weight) = member.split_once(';').unwrap_or((member, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok());
        coding.trim().eq_ignore_ascii_case(name) && weight.is_some_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_coding_is_sent_to_those_who_read_it() {
        for (field, expected) in [
            ("gzip, deflate, br", vec!["br", "gzip"]),
            ("GZIP;q=0.5", vec!["gzip"]),
            ("br;q=0, gzip", vec!["gzip"]),
            ("br;q=0.000", vec![]),
            ("br;q=x", vec![]),
            ("brotli", vec![]),
            ("identity", vec![]),
            ("", vec![]),
        ] {
            let settings = StaticFiles { has_precompressed: true, ..StaticFiles::default() };
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(field));
            let names: Vec<_> = wanted(&settings, &headers).iter().map(|c| c.name).collect();
            assert_eq!(names, expected, "{field}");
            assert!(wanted(&StaticFiles::default(), &headers).is_empty());
        }
    }
}
