//! Applications of a single page: their addresses are made up in the browser, and when one of them
//! is loaded or shared there is no file of that name.

use std::path::PathBuf;

use http::HeaderValue;
use http::header::ACCEPT;

use super::name;
use crate::pipeline::Exchange;
use crate::stages::route::StaticFiles;

/// Of what the answer depends, besides the path.
pub(super) const VARY: HeaderValue = HeaderValue::from_static("accept, sec-fetch-mode");

/// The page that answers in place of a file that is not there; `None` when nothing may: a script
/// that is not there must not turn into a page.
pub(super) fn answers(settings: &StaticFiles, exchange: &Exchange) -> Option<PathBuf> {
    let fallback = settings.fallback.as_ref()?;
    let last = exchange.path.segments().last().unwrap_or_default();
    let is_page = settings.is_for_assets || !last.contains('.');
    let is_served = name::below(&exchange.path).is_some();
    (is_page && is_served && is_page_load(exchange)).then(|| PathBuf::from(fallback))
}

/// Whether a person opens the address: browsers say so, and all others say what they can show.
fn is_page_load(exchange: &Exchange) -> bool {
    let headers = &exchange.headers;
    if let Some(mode) = headers.get("sec-fetch-mode") {
        return mode == "navigate";
    }
    let kinds = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    kinds.flat_map(|kinds| kinds.split(',')).any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("text/html")
    })
}
