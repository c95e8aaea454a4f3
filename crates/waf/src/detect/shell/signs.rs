//! Signs of a shell that show themselves wherever they stand.

use super::separators::note;
use crate::detect::bytes::{at, before, find, part, skip_space, starts_with_any, tail, trimmed};
use crate::detect::scan::class;
use crate::detect::view::{View, Work};

/// Looks for spellings, functions, lists and options that only a shell or an attack on one has.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let document = view.is_document();
    let mut sign = |text: &[u8], sure: u8, in_document: u8, reason: &'static str| {
        if let Some(place) = find(bytes, text) {
            let confidence = if document { in_document } else { sure };
            note(view, confidence, place, place + text.len(), reason, work);
        }
    };
    sign(b"${ifs", 88, 70, "white space spelt as a variable");
    sign(b"$ifs", 74, 50, "white space spelt as a variable");
    sign(b"/dev/tcp/", 82, 50, "a connection opened by a shell");
    sign(b"/dev/udp/", 82, 50, "a connection opened by a shell");
    sign(b"{cat,", 82, 50, "a command spelt as a list");
    let handed = find(bytes, b"<<<").is_some_and(|place| {
        before(bytes, place).is_ascii_alphanumeric() && at(bytes, place + 3) != b'<'
    });
    let confidence = if view.is_short() && handed { 64 } else { 20 };
    sign(b"<<<", confidence, 10, "a text handed to a command");
    sign(b"%comspec%", 74, 40, "the command processor by its variable");
    options(view, work);
    functions(view, work);
    command_lists(view, work);
    super::expansions::inspect(view, work);
}

/// `-oProxyCommand=id`: the value would be an option that makes another program run one.
fn options(view: &View<'_>, work: &mut Work<'_>) {
    const RUNNING: &[&str] = &[
        "-oproxycommand=",
        "-o proxycommand=",
        "--use-askpass=",
        "--upload-pack=",
        "--receive-pack=",
        "--checkpoint-action=exec",
        "--to-command=",
        "--use-compress-program=",
        "--config-env=",
        "--exec=",
        "--rsh=",
        "--post-file=",
        "-obatchmode",
        "--open-files-in-pager=",
    ];
    if view.is_header() || !view.is_short() {
        return;
    }
    let start = skip_space(view.bytes, 0);
    if starts_with_any(tail(view.bytes, start), RUNNING) {
        note(view, 72, start, start + 14, "an option that runs a program", work);
    }
}

/// `() { :;};`: a function whose definition goes on (CVE-2014-6271).
fn functions(view: &View<'_>, work: &mut Work<'_>) {
    if !view.mask.all(class::PAREN | class::BRACE | class::SEMICOLON) {
        return;
    }
    for place in memchr::memmem::find_iter(view.bytes, b"()").take(64) {
        let open = skip_space(view.bytes, place + 2);
        let body = part(view.bytes, open, open + 24);
        let shock = at(body, 0) == b'{'
            && (body.get(1..).is_some_and(|rest| {
                let rest = trimmed(rest);
                rest.starts_with(b":;")
                    || rest.starts_with(b":; }")
                    || rest.starts_with(b"_;")
                    || rest.starts_with(b"ignored;")
                    || rest.starts_with(b"_; }")
            }));
        if shock {
            note(view, 95, place, open + 4, "a function that a shell runs on import", work);
        }
    }
}

/// `{nc,-e,…}`: a brace list in the place of a command.
fn command_lists(view: &View<'_>, work: &mut Work<'_>) {
    if !view.is_short() || !view.mask.any(class::BRACE) {
        return;
    }
    for place in memchr::memchr_iter(b'{', view.bytes).take(16) {
        let inside = part(view.bytes, place + 1, place + 64);
        let name = inside.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let known = super::names::kind(part(inside, 0, name)).is_some();
        let option = at(inside, name) == b',' && matches!(at(inside, name + 1), b'-' | b'/');
        if known && option {
            note(view, 80, place, place + name + 2, "a command spelt as a list", work);
        }
    }
}
