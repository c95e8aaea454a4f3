//! Spellings on which readers of addresses disagree.

use crate::detect::bytes::{
    before, contains_any, part, starts_with, starts_with_any, tail, trimmed,
};
use crate::detect::finding::Layer;
use crate::detect::view::{View, Work};

/// Spellings on which readers of addresses disagree: `@127.0.0.1`, `0://a:80;http://b:80/`,
/// `http://1.1.1.1 &@2.2.2.2# @3.3.3.3/`.
pub(super) fn inspect(view: &View<'_>, value: &[u8], lead: usize, work: &mut Work<'_>) {
    if !view.is_short() || view.is_header() {
        return;
    }
    let end = |host: &[u8]| host.iter().position(|b| b"/?#".contains(b)).unwrap_or(host.len());
    let inner = |host: &[u8]| {
        super::host::reach(part(host, 0, end(host))).is_some_and(|found| found.0 >= 62)
    };
    let web = starts_with_any(value, &["http:", "https:"]);
    let last = memchr::memrchr(b'@', value)
        .filter(|place| web && matches!(before(value, *place), b' ' | b'\\'));
    let sent = value.strip_prefix(b"@").is_some_and(inner)
        || last.is_some_and(|place| inner(tail(value, place + 1)));
    let numbered = starts_with(value, b"0://");
    let several = starts_with_any(value, &["http://", "https://"])
        && contains_any(value, &[" &@", "# @", ";@", " @"])
        && memchr::memchr_iter(b'@', value).count() > 1;
    let hidden = view.layers == [Layer::Unicode]
        && starts_with_any(value, &["http://", "https://", "//"])
        && !value.contains(&b' ');
    // `a://127.0.0.1`, `https:// 127.0.0.1`.
    let scheme = value.iter().take(16).take_while(|b| b.is_ascii_alphanumeric()).count();
    let rest = tail(value, scheme).strip_prefix(b"://").map(trimmed);
    let other = rest.is_some_and(|rest| !rest.starts_with(b"/") && inner(rest))
        && (!web || tail(value, scheme + 3).starts_with(b" "));
    if sent || numbered || several || hidden || other {
        super::note(view, 64, lead, lead + value.len(), "an address spelt to be misread", work);
    }
}
