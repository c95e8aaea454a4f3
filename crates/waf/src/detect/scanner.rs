//! The signs of scanners: what they call themselves. They lie easily, so the weight is low, and no
//! honest browser, library or search engine is named in the word list of the first pass.

use super::finding::Class;
use super::input::Place;
use super::view::{View, Work};
use super::words::signal;

/// Whether the place is one where tools name themselves.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    match view.place {
        Place::Header("user-agent") => view.has(signal::SCANNER),
        Place::Header(name) => {
            matches!(
                name,
                "acunetix-product" | "acunetix-scanning-agreement" | "x-wvs-id" | "x-scanner"
            )
        }
        _ => false,
    }
}

/// Reports the tool.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    let named = matches!(view.place, Place::Header("user-agent"));
    let (confidence, reason) =
        if named { (66, "the name of a scanner") } else { (80, "a header of a scanner") };
    work.note(Class::Scanner, confidence, 0..view.bytes.len(), reason);
}
