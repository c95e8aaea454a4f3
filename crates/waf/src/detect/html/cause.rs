//! Whether a value gives cause to be read as markup.

use super::script;
use crate::detect::input::Place;
use crate::detect::scan::class;
use crate::detect::view::View;
use crate::detect::words::signal;

/// Whether the bytes and words give cause to look.
pub(in crate::detect) fn has_cause(view: &View<'_>) -> bool {
    let mask = view.mask;
    if is_browser(view) {
        return false;
    }
    mask.any(class::LESS)
        || mask.any(class::EQUALS)
            && !view.is_header()
            && mask.any(
                class::QUOTE
                    | class::DOUBLE
                    | class::SPACE
                    | class::SLASH
                    | class::LINE
                    | class::PAREN,
            )
        || view.has(signal::SCRIPT)
        || view.bytes.len() >= script::BRACKETS
            && mask.only(class::BRACKET | class::PAREN | class::PLUS | class::OTHER | class::SPACE)
}

/// The name of a browser as browsers write it: `Windows` is no `window` there.
fn is_browser(view: &View<'_>) -> bool {
    const ACTIVE: u32 = class::LESS
        | class::EQUALS
        | class::QUOTE
        | class::DOUBLE
        | class::TICK
        | class::BRACKET
        | class::BACKSLASH;
    view.place == Place::Header("user-agent")
        && !view.mask.any(ACTIVE)
        && view.bytes.starts_with(b"Mozilla/")
}
