//! Foreign scripts to include.

use super::host::{address, split_port};
use super::note;
use crate::detect::bytes::{contains_any, is_any, part, starts_with, tail};
use crate::detect::input::Place;
use crate::detect::view::{View, Work};

/// Parameters that name what is included.
const INCLUDES: &[&str] = &[
    "file",
    "include",
    "inc",
    "page",
    "path",
    "template",
    "tpl",
    "document",
    "folder",
    "root",
    "pg",
    "style",
    "pdf",
    "layout",
    "conf",
    "dir",
    "module",
    "mod",
    "load",
    "theme",
    "lang",
    "language",
    "absolute_path",
    "mosconfig_absolute_path",
    "basepath",
    "base_path",
    "include_path",
    "view",
    "cat",
    "action",
    "board",
    "main",
];

/// A foreign script to include: an address whose path is a script, on a bare address or with a
/// dangling `?`.
pub(super) fn inspect(
    view: &View<'_>,
    value: &[u8],
    host: &[u8],
    path_start: usize,
    lead: usize,
    work: &mut Work<'_>,
) {
    if !matches!(
        view.place,
        Place::QueryValue | Place::BodyField | Place::Cookie | Place::JsonString | Place::XmlText
    ) {
        return;
    }
    let path = tail(value, path_start);
    let cut = path.iter().position(|b| *b == b'?').unwrap_or(path.len());
    let dangling = cut + 1 >= path.len() && path.contains(&b'?')
        || path.ends_with(b"?")
        || path.ends_with(b"\0");
    let file = part(path, 0, cut);
    let script = contains_any(
        tail(file, file.len().saturating_sub(6)),
        &[".php", ".txt", ".phtml", ".asp", ".jsp", ".inc", ".sh", ".py", ".pl"],
    );
    let numeric = address(split_port(host).0).is_some()
        || split_port(host).0.iter().filter(|b| **b == b':').count() > 2;
    let including = is_any(view.name, INCLUDES)
        || contains_any(view.name, &["_path", "path]", "basedir", "[path", "_dir", "root_path"]);
    let confidence = match () {
        () if script && dangling => 76,
        () if script && numeric => 72,
        () if dangling && numeric => 70,
        () if script && including => 66,
        () if dangling && including => 62,
        () if dangling => 45,
        () if including
            && starts_with(view.name, b"mosconfig")
                | contains_any(view.name, &["_path", "path]"]) =>
        {
            64
        }
        () if numeric && starts_with(value, b"ftp") => 62,
        () if numeric => 45,
        () => return,
    };
    note(view, confidence, lead, lead + value.len(), "a foreign script to include", work);
}
