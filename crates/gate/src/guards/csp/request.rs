//! The request's side of a nonce.

use http::header::{ACCEPT, ACCEPT_ENCODING, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Nonces;
use super::nonce::Nonce;
use crate::pipeline::{Changes, Facts, HeaderEdit, Verdict};

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Whether the client reads gzip.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadsGzip(pub(super) bool);

impl Nonces {
    /// A fresh nonce for this request, and a request that the answer's side can work with.
    pub(super) fn offer(&self, headers: &HeaderMap) -> Verdict {
        let nonce = Nonce::fresh(&*self.rng);
        let name = &self.header.0;
        let mut edits = vec![
            HeaderEdit::RemoveSpelled(name.clone()),
            HeaderEdit::Set(name.clone(), nonce.to_header()),
        ];
        if asks_for_a_page(headers) {
            // A page with another nonce is another page: what the client has does not fit.
            edits.extend([IF_NONE_MATCH, IF_MODIFIED_SINCE].map(HeaderEdit::Remove));
            edits.extend([RANGE, IF_RANGE].map(HeaderEdit::Remove));
        } else if self.placeholder.is_some() && !asks_for_media(headers) {
            // A part of a text could hold a part of the placeholder.
            edits.extend([RANGE, IF_RANGE].map(HeaderEdit::Remove));
        }
        let mut facts = Facts::default();
        facts.state(nonce);
        if self.reads_bodies() {
            let reads_gzip = reads_gzip(headers);
            let coding = HeaderValue::from_static(if reads_gzip { "gzip" } else { "identity" });
            edits.push(HeaderEdit::Set(ACCEPT_ENCODING, coding));
            facts.state(ReadsGzip(reads_gzip));
        }
        Verdict::PassWith(Box::new(Changes { headers: edits, facts, ..Changes::default() }))
    }

    pub(super) const fn reads_bodies(&self) -> bool {
        self.placeholder.is_some() || self.stamps_all
    }
}

fn value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a [u8] {
    headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default()
}

fn asks_for_a_page(headers: &HeaderMap) -> bool {
    let destination = value(headers, &SEC_FETCH_DEST);
    matches!(destination, b"document" | b"iframe" | b"frame" | b"embed" | b"object")
        || value(headers, &ACCEPT).windows(9).any(|part| part.eq_ignore_ascii_case(b"text/html"))
}

fn asks_for_media(headers: &HeaderMap) -> bool {
    matches!(value(headers, &SEC_FETCH_DEST), b"audio" | b"video")
}

/// Whether `Accept-Encoding` lists gzip, and not only to refuse it.
fn reads_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).iter();
    let mut codings = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    codings.any(|coding| {
        let mut parts = coding.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(b"gzip"));
        let is_zero = |weight: &[u8]| {
            weight.iter().all(|byte| matches!(byte, b'q' | b'Q' | b'=' | b'0' | b'.' | b' '))
        };
        is_gzip && !parts.next().is_some_and(is_zero)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_read_where_it_is_listed_and_not_refused() {
        for (list, expected) in [
            ("gzip, deflate, br", true),
            ("br;q=1, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("identity", false),
            ("x-gzipped", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(list));
            assert_eq!(reads_gzip(&headers), expected, "{list}");
        }
    }
}
