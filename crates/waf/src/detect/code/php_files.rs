//! Names of uploads that a server would run.

use super::note;
use crate::detect::bytes::{contains_any, is_any, is_space, part, tail};
use crate::detect::finding::Class;
use crate::detect::view::{View, Work};

/// A script as the name of an upload, in any of the ways servers take for one.
pub(super) fn file_name(view: &View<'_>, work: &mut Work<'_>) {
    let name: Vec<u8> = view
        .bytes
        .iter()
        .copied()
        .filter(|b| !is_space(*b))
        .map(|b| b.to_ascii_lowercase())
        .collect();
    let name = name.as_slice();
    let end = name.len()
        - name.iter().rev().take_while(|b| matches!(b, b'.' | b'"' | b'\'' | b';')).count();
    let name = part(name, 0, end);
    let mut extensions = name.split(|b| *b == b'.').skip(1);
    let is_php = |extension: &[u8]| {
        let letters = extension.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let rest = tail(extension, letters);
        is_any(
            part(extension, 0, letters),
            &["php", "phtml", "phtm", "pht", "phps", "phar", "phpt", "pgif", "inc"],
        ) && rest.len() <= 1
            && rest.iter().all(u8::is_ascii_digit)
    };
    let is_other = |extension: &[u8]| {
        is_any(
            extension,
            &[
                "jsp", "jspx", "jsw", "jsv", "jspf", "asp", "aspx", "asa", "cer", "ashx", "asmx",
                "cfm", "cgi", "htaccess", "war",
            ],
        )
    };
    let script = extensions.clone().any(|e| is_php(e) && !e.eq_ignore_ascii_case(b"inc"));
    let other = extensions.any(is_other);
    if script || other {
        let class = if script { Class::Php } else { Class::Java };
        note(
            view,
            class,
            if script { 76 } else { 66 },
            0..view.bytes.len(),
            "a script as the name of a file",
            work,
        );
    }
    if contains_any(name, &[concat!("/tm", "p/sess_"), "sess_"])
        && name.iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count() >= 20
    {
        note(view, Class::Php, 62, 0..view.bytes.len(), "the file of a session", work);
    }
}
