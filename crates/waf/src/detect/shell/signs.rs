//! Signs of a shell that show themselves wherever they stand.

use super::separators::note;
use crate::detect::bytes::{at, before, find, part, skip_space, starts_with_any, tail, trimmed};
use crate::detect::scan::{Mask, class};
use crate::detect::view::{View, Work};

/// Looks for spellings, functions, lists and options that only a shell or an attack on one has.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let document = view.is_document();
    let mut sign = |text: &[u8], sure: u8, in_document: u8, reason: &'static str| {
        if let Some(place) = rare(view, text) {
            let confidence = if document { in_document } else { sure };
            note(view, confidence, place, place + text.len(), reason, work);
        }
    };
    sign(b"${ifs", 88, 70, "white space spelt as a variable");
    sign(b"$ifs", 74, 50, "white space spelt as a variable");
    sign(b"/dev/tcp/", 82, 50, "a connection opened by a shell");
    sign(b"/dev/udp/", 82, 50, "a connection opened by a shell");
    sign(b"{cat,", 82, 50, "a command spelt as a list");
    let within = || view.mask.any(class::TICK) || memchr::memmem::find(bytes, b"$(").is_some();
    let handed = rare(view, b"<<<").is_some_and(|place| {
        let joint = before(bytes, place);
        (joint.is_ascii_alphanumeric() || matches!(joint, b'\'' | b'"') && within())
            && at(bytes, place + 3) != b'<'
    });
    let confidence = if view.is_short() && handed { 64 } else { 20 };
    sign(b"<<<", confidence, 10, "a text handed to a command");
    sign(b"%comspec%", 74, 40, "the command processor by its variable");
    sign(b"$shell -c", 74, 40, "a shell by its variable");
    sign(b"${shell} -c", 74, 40, "a shell by its variable");
    ruby(view, work);
    options(view, work);
    functions(view, work);
    command_lists(view, work);
    assembled(view, work);
    super::expansions::inspect(view, work);
}

/// `Process.spawn("id")`: a call of Ruby that runs a program.
fn ruby(view: &View<'_>, work: &mut Work<'_>) {
    const CALLS: &[&str] = &[
        "process.spawn(",
        "process.exec(",
        "kernel.exec(",
        "kernel.system(",
        "kernel.spawn(",
        "open3.capture",
        "open3.popen",
        "io.popen(",
        "pty.spawn(",
    ];
    if !view.is_short() || !view.mask.all(class::PAREN | class::DOT) {
        return;
    }
    let found =
        CALLS.iter().find_map(|call| find(view.bytes, call.as_bytes()).map(|at| (at, call.len())));
    if let Some((place, length)) = found.filter(|(place, _)| *place == skip_space(view.bytes, 0)) {
        note(view, 70, place, place + length, "a call of Ruby that runs a program", work);
    }
}

/// Where `text` stands, whose first byte is a sign of its own class: most values have none of it.
fn rare(view: &View<'_>, text: &[u8]) -> Option<usize> {
    let class = Mask::of(part(text, 0, 1)).0;
    if view.mask.any(class) { find(view.bytes, text) } else { None }
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
    if !view.mask.all(class::PAREN | class::BRACE) {
        return;
    }
    for place in memchr::memmem::find_iter(view.bytes, b"()").take(64) {
        let open = skip_space(view.bytes, place + 2);
        let body = part(view.bytes, open, open + 24);
        // A header that begins so is no text.
        let begins = place == 0 && view.is_header() && at(body, 0) == b'{';
        let shock = begins
            || at(body, 0) == b'{'
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

/// `a=c;b=at;$a$b x`, `{,ip,a}`: a command put together from variables, or from a list that begins
/// with nothing.
fn assembled(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    if !view.is_short() || view.is_header() {
        return;
    }
    let value = trimmed(bytes);
    let signs = value.iter().take_while(|b| matches!(b, b';' | b'|' | b'&' | b' ')).count();
    let list = tail(value, signs);
    let letter = |b: u8| b.is_ascii_lowercase() || matches!(b, b'$' | b'#');
    let name = tail(list, 1).iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let known = super::names::kind(part(list, 1, 1 + name)).is_some();
    let begun = list.starts_with(b"{,") && letter(at(list, 2))
        || (signs > 0 || known)
            && at(list, 0) == b'{'
            && list.ends_with(b",}")
            && !list.contains(&b' ');
    if begun && list.ends_with(b"}") && !list.contains(&b':') {
        note(view, 66, 0, bytes.len(), "a command spelt as a list", work);
    }
    for place in memchr::memchr_iter(b'$', bytes).take(16) {
        let name = tail(bytes, place + 1)
            .iter()
            .take(16)
            .take_while(|b| b.is_ascii_alphanumeric())
            .count();
        let next = place + 1 + name;
        let glued =
            name > 0 && at(bytes, next) == b'$' && at(bytes, next + 1).is_ascii_alphanumeric();
        let assigned = [part(bytes, place + 1, next), b"="].concat();
        let head = part(bytes, 0, place);
        let known = memchr::memmem::find(head, &assigned)
            .is_some_and(|found| matches!(before(head, found), b';' | b'&' | b' ' | b'\n' | 0));
        if glued && known && matches!(before(bytes, place), b';' | b'&' | b' ' | b'\n') {
            note(view, 74, place, next, "a command put together from variables", work);
        }
    }
}
