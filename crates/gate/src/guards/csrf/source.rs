//! Where a request comes from, in the browser's words.

use http::header::{ORIGIN, REFERER};
use http::{HeaderMap, HeaderName, HeaderValue};
use mantlet_config::WebOrigin;

use crate::pipeline::{ClaimedOrigin, Exchange};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Who sent a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// No browser on behalf of a page.
    NotABrowser,
    /// A browser, which says this about the page.
    SaidBy(Page),
}

/// What a browser says about the page behind a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// A page of the same origin, or the user.
    Ours,
    /// A page of another origin of the same site.
    SameSite,
    /// A page of another site, one that hides where it is from, or words that no browser says.
    Foreign,
    /// A page of this origin.
    At(WebOrigin),
}

/// The first of `Sec-Fetch-Site`, `Origin` and `Referer` that is there decides.
pub(super) fn of(headers: &HeaderMap) -> Source {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
    if let Some(site) = sites.next() {
        let is_only = sites.next().is_none();
        return Source::SaidBy(match site.as_bytes() {
            b"same-origin" | b"none" if is_only => Page::Ours,
            b"same-site" if is_only => Page::SameSite,
            _ => Page::Foreign,
        });
    }
    match ClaimedOrigin::of(headers) {
        ClaimedOrigin::Page(origin) => Source::SaidBy(Page::At(origin)),
        ClaimedOrigin::Null | ClaimedOrigin::Unreadable => Source::SaidBy(Page::Foreign),
        ClaimedOrigin::Nothing => of_referer(headers),
    }
}

fn of_referer(headers: &HeaderMap) -> Source {
    let mut fields = headers.get_all(REFERER).iter();
    let Some(referer) = fields.next() else { return Source::NotABrowser };
    let page = referer.to_str().ok().and_then(WebOrigin::of_url);
    let page = page.filter(|_| fields.next().is_none());
    Source::SaidBy(page.map_or(Page::Foreign, Page::At))
}

/// What the browser said, for the operator; of a referer the origin only.
pub(super) fn evidence(exchange: &Exchange) -> String {
    let shown = |name: &HeaderName| {
        let value = exchange.headers.get(name).map(HeaderValue::as_bytes)?;
        let text: Vec<u8> = value.iter().take(300).copied().collect();
        let text = text.escape_ascii().to_string();
        let text = if *name == REFERER { WebOrigin::of_url(&text)?.to_string() } else { text };
        Some(format!("{name} `{text}`"))
    };
    let said = [SEC_FETCH_SITE, ORIGIN, REFERER].iter().filter_map(shown).collect::<Vec<_>>();
    let authority = exchange.authority.to_str().unwrap_or_default();
    format!("{}, asked at `{}://{authority}`", said.join(", "), exchange.client.scheme)
}
