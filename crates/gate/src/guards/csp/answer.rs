//! The answer's side: which policy, and what becomes of the body.

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_SECURITY_POLICY_REPORT_ONLY, ETAG, EXPIRES, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use mantlet_event::reasons;

use super::media::Media;
use super::nonce::Nonce;
use super::page::{Inline, PageFilter, Placeholder, Stamp, Steps, Watch};
use super::policy::ENDPOINTS;
use super::request::ReadsGzip;
use super::{Csp, Nonces, floor};
use crate::coding::Coding;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, BodyFilter, Denial, Edits, Exchange, GuardError, HeaderEdit, Origin,
    Scheme,
};

const REPORTING_ENDPOINTS: HeaderName = HeaderName::from_static("reporting-endpoints");
/// What speaks about the bytes of a body that is changed.
const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

impl Csp {
    pub(super) fn answer(
        &self,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
    ) -> Result<AnswerVerdict, GuardError> {
        let has_policy = head.headers.contains_key(CONTENT_SECURITY_POLICY);
        if head.origin == Origin::Gate && has_policy {
            // Our own pages bring a policy that fits them.
            return Ok(AnswerVerdict::Pass);
        }
        let nonce = exchange.facts.lookup::<Nonce>();
        let nonces = self.nonces.as_ref().zip(nonce);
        if nonces.is_none() && self.reports.is_none() {
            return Ok(AnswerVerdict::Edit(self.without_nonce(head.headers, has_policy)));
        }
        let media = if has_body(head.status) { Media::of(head.headers) } else { Media::Opaque };
        let mut edits = Vec::new();
        let mut filter = None;
        if let Some((nonces, nonce)) = nonces {
            if nonces.must_withhold(head, media) {
                let denial = Denial::new(&reasons::PART_WITHHELD).evidence("a part of a text");
                return Ok(AnswerVerdict::Withhold(Box::new(denial)));
            }
            nonces.clean_headers(head.headers, media, nonce, &mut edits);
            filter = self.filter(nonces, exchange, head, media)?;
        }
        self.policies(exchange, head.headers, media, &mut edits);
        if media == Media::Page && nonces.is_some() {
            forget_versions(&mut edits);
        }
        Ok(match self.bodies(exchange, head, media, filter, &mut edits) {
            Some(filter) => AnswerVerdict::Filter(Edits::from(edits), filter),
            None => AnswerVerdict::Edit(Edits::from(edits)),
        })
    }

    /// The policy of an answer that needs nothing made for it.
    pub(super) fn without_nonce(&self, headers: &HeaderMap, has_policy: bool) -> Edits {
        if self.is_strict || !has_policy {
            return self.plain.clone();
        }
        match floor::additions(headers) {
            Some(value) => Edits::from(vec![HeaderEdit::Append(CONTENT_SECURITY_POLICY, value)]),
            None => Edits::none(),
        }
    }

    fn policies(
        &self,
        exchange: &Exchange,
        headers: &HeaderMap,
        media: Media,
        edits: &mut Vec<HeaderEdit>,
    ) {
        let is_page = media == Media::Page;
        let is_https = exchange.client.scheme == Scheme::Https;
        let policy = if is_https { &self.https } else { &self.http };
        let nonce = exchange.facts.lookup::<Nonce>().filter(|_| is_page && self.nonces.is_some());
        let strict = || nonce.map_or_else(|| policy.plain(), |nonce| policy.with(nonce));
        if self.is_strict {
            edits.push(HeaderEdit::Set(CONTENT_SECURITY_POLICY, strict()));
        } else if !headers.contains_key(CONTENT_SECURITY_POLICY) {
            edits.push(HeaderEdit::Set(CONTENT_SECURITY_POLICY, floor::VALUE));
        } else if let Some(value) = floor::additions(headers) {
            edits.push(HeaderEdit::Append(CONTENT_SECURITY_POLICY, value));
        }
        if self.reports.is_some() && is_page {
            if !self.is_strict {
                edits.push(HeaderEdit::Set(CONTENT_SECURITY_POLICY_REPORT_ONLY, strict()));
            }
            edits.extend(is_https.then_some(HeaderEdit::Append(REPORTING_ENDPOINTS, ENDPOINTS)));
        }
    }

    /// What has to be done to the body for the sake of a nonce; `None` for nothing.
    fn filter(
        &self,
        nonces: &Nonces,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
        media: Media,
    ) -> Result<Option<Steps>, GuardError> {
        let is_page = media == Media::Page;
        let is_text = media != Media::Opaque;
        let nonce = exchange.facts.lookup::<Nonce>().map(Nonce::as_str).unwrap_or_default();
        let stamp = (nonces.stamps_all && is_page).then(|| Stamp::new(nonce));
        let by = |placeholder: &Placeholder| match media {
            Media::Page => nonce.as_bytes().to_vec(),
            _ => placeholder.mask(),
        };
        let replace = nonces.placeholder.as_ref().filter(|_| is_text);
        let replace = replace.map(|placeholder| (placeholder.clone(), by(placeholder)));
        if stamp.is_none() && replace.is_none() {
            return Ok(None);
        }
        let coding = Coding::of(head.headers);
        let coding =
            coding.ok_or_else(|| GuardError("text in a coding that cannot be read".into()))?;
        let reads_gzip =
            exchange.facts.lookup::<ReadsGzip>().is_some_and(|ReadsGzip(reads)| *reads);
        let is_compressed = coding != Coding::Identity && reads_gzip;
        Ok(Some(Steps { coding, replace, stamp, inline: None, is_compressed }))
    }

    /// The filter of the body, and what its headers must no longer say.
    fn bodies(
        &self,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
        media: Media,
        steps: Option<Steps>,
        edits: &mut Vec<HeaderEdit>,
    ) -> Option<Box<dyn BodyFilter>> {
        let reports = self.reports.as_ref();
        let reports = reports.filter(|_| media == Media::Page && head.status == StatusCode::OK);
        let inline = reports.map(|reports| {
            let document = exchange.path.as_str().chars().take(200).collect();
            Inline::new(std::sync::Arc::clone(reports), document)
        });
        let Some(mut steps) = steps else {
            let coding = Coding::of(head.headers)?;
            return inline
                .map(|inline| Box::new(Watch::new(coding, inline)) as Box<dyn BodyFilter>);
        };
        // A mask is as long as what it covers: what is not compressed keeps its length and version.
        if media == Media::Page || steps.coding != Coding::Identity {
            edits.push(HeaderEdit::Remove(CONTENT_LENGTH));
            edits.push(HeaderEdit::Remove(ACCEPT_RANGES));
            edits.extend(DIGESTS.map(HeaderEdit::Remove));
            edits.push(if steps.is_compressed {
                HeaderEdit::Set(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
            } else {
                HeaderEdit::Remove(CONTENT_ENCODING)
            });
            edits.extend(weakened(head.headers).filter(|_| media != Media::Page));
        }
        steps.inline = inline;
        Some(Box::new(PageFilter::new(steps)))
    }
}

/// A version that was compressed anew is the same in meaning, no longer byte by byte.
fn weakened(headers: &HeaderMap) -> Option<HeaderEdit> {
    let tag = headers.get(ETAG)?.as_bytes();
    if tag.starts_with(b"W/") {
        return None;
    }
    let value = HeaderValue::from_bytes(&[b"W/", tag].concat()).ok()?;
    Some(HeaderEdit::Set(ETAG, value))
}

/// A page with a nonce is of use once.
fn forget_versions(edits: &mut Vec<HeaderEdit>) {
    edits.push(HeaderEdit::Set(CACHE_CONTROL, HeaderValue::from_static("no-store")));
    edits.extend([ETAG, LAST_MODIFIED, EXPIRES, ACCEPT_RANGES].map(HeaderEdit::Remove));
}

/// Whether an answer with this status speaks for itself: one without a body says something about
/// what the client has already.
fn has_body(status: StatusCode) -> bool {
    !status.is_informational()
        && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

impl Nonces {
    /// Whether the answer is a part of a text that may hold a part of the placeholder.
    fn must_withhold(&self, head: &AnswerHead<'_>, media: Media) -> bool {
        let is_part = head.status == StatusCode::PARTIAL_CONTENT;
        self.placeholder.is_some() && is_part && media != Media::Opaque
    }

    /// Replaces or masks the placeholder in the application's headers, above all in a policy of its
    /// own.
    fn clean_headers(
        &self,
        headers: &HeaderMap,
        media: Media,
        nonce: &Nonce,
        edits: &mut Vec<HeaderEdit>,
    ) {
        let Some(placeholder) = &self.placeholder else { return };
        let by = if media == Media::Page { nonce.as_str().as_bytes() } else { &[] };
        for name in headers.keys() {
            let values = || headers.get_all(name).iter();
            let clean = |value: &HeaderValue| placeholder.replaced(value.as_bytes(), by);
            if !values().any(|value| clean(value).is_some()) {
                continue;
            }
            edits.push(HeaderEdit::Remove(name.clone()));
            edits.extend(values().filter_map(|value| {
                let value = match clean(value) {
                    Some(clean) => HeaderValue::from_bytes(&clean).ok()?,
                    None => value.clone(),
                };
                Some(HeaderEdit::Append(name.clone(), value))
            }));
        }
    }
}
