//! Encodings around an attack, taken off one at a time and only where the bytes give cause.
//!
//! Every decoder keeps, for each byte it gives, where in the original value that byte came from, so
//! that evidence can be shown in what the client sent.

mod base64;
mod escape;
mod html;
mod text;
mod unicode;
mod url;

pub(super) use html::entity;
pub(super) use text::Text;

use super::finding::Layer;
use super::scan::{Mask, class};

/// A decoder: `None` when it would change nothing.
type Decoder = fn(&Text, Mask) -> Option<Text>;

/// Every decoder with its layer, those first that attacks use most.
pub(super) const DECODERS: &[(Layer, Decoder)] = &[
    (Layer::Url, url::decode),
    (Layer::Url, url::spaces),
    (Layer::Html, html::decode),
    (Layer::Escape, escape::decode),
    (Layer::Unicode, unicode::fold),
    (Layer::Utf7, unicode::utf7),
    (Layer::Utf16, unicode::utf16),
    (Layer::Base64, base64::decode),
];

/// Whether no decoder could change a value of these bytes: the common case.
pub(super) fn is_plain(mask: Mask, bytes: &[u8]) -> bool {
    let cause = class::PERCENT | class::AMP | class::BACKSLASH | class::HIGH | class::CONTROL;
    let utf7 = mask.all(class::PLUS) && mask.any(class::LETTER);
    let base64 = mask.any(class::LETTER) && base64::is_plausible(bytes);
    !mask.any(cause) && !utf7 && !base64
}
