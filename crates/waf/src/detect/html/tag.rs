//! A tag, read the way a browser does.

use super::{Sign, attribute, is_blank, url};
use crate::detect::bytes::{
    Ahead, at, before, contains_any, find, is_any, is_word, part, starts_with, tail,
};
use crate::detect::view::View;

/// Bytes of a tag that are read. Browsers read on; an attack shows itself before.
const LONGEST: usize = 2_048;
/// Attributes of a tag that are read.
const ATTRIBUTES: usize = 32;

/// What an element does when it is parsed.
fn element(name: &[u8]) -> (u8, &'static str) {
    let local = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
    let is = |names: &[&str]| is_any(local, names);
    match () {
        () if is(&["script"]) => (92, "a script element"),
        () if is(&[
            "iframe",
            "frame",
            "frameset",
            "object",
            "embed",
            "applet",
            "ilayer",
            "layer",
            "bgsound",
            "isindex",
            "portal",
            "fencedframe",
            "plaintext",
        ]) =>
        {
            (70, "an element that loads active content")
        }
        () if is(&["vmlframe", "xss", "handler", "listener", "set"])
            && name.len() > local.len() =>
        {
            (70, "an element that loads active content")
        }
        () if name.len() > local.len() && is(&["include"]) && name.starts_with(b"esi") => {
            (70, "an inclusion that a cache carries out")
        }
        () if is(&["base"]) => (62, "an element that moves every address of the page"),
        () if is(&["style"]) => (55, "a style element"),
        () if is(&[
            "svg",
            "math",
            "foreignobject",
            "animate",
            "animatetransform",
            "noscript",
            "template",
            "xmp",
            "noembed",
            "noframes",
            "mglyph",
            "malignmark",
            "annotation-xml",
            "desc",
            "marquee",
        ]) =>
        {
            (35, "an element of another language")
        }
        () if is(&[
            "meta", "link", "form", "input", "button", "textarea", "select", "keygen", "dialog",
            "video", "audio", "source", "title", "body", "html", "head",
        ]) =>
        {
            (25, "an element of a page")
        }
        () => (10, "a tag"),
    }
}

/// What a conditional comment is harmless without.
pub(super) const SCRIPTS: &[&str] = &["<script", "alert"];

/// Reads the tag at `place`, which holds `<`; `None` when a browser would show it as text.
pub(super) fn read(view: &View<'_>, place: usize, scripts: &mut Ahead) -> Option<Sign> {
    let bytes = part(view.bytes, place, place + LONGEST);
    let found = |confidence, length: usize, reason| {
        Some(Sign { confidence, start: place, end: (place + length).min(view.bytes.len()), reason })
    };
    let mut next = 1;
    let closing = at(bytes, next) == b'/';
    next += usize::from(closing);
    if matches!(at(bytes, next), b'!' | b'?' | b'%') {
        return declaration(bytes, || scripts.is_within(view.bytes, place, place + LONGEST))
            .and_then(|(confidence, reason)| found(confidence, bytes.len().min(64), reason));
    }
    let (name, after) = read_name(bytes, next)?;
    let script = name.eq_ignore_ascii_case(b"script") || ends_with_script(&name);
    if closing {
        let leaves = script
            || is_any(
                &name,
                &[
                    "style", "title", "textarea", "noscript", "iframe", "xmp", "noembed",
                    "template", "svg", "math",
                ],
            );
        let opens_next = memchr::memchr(b'<', tail(bytes, after)).is_some();
        let many = leaves && view.is_short() && leaves_several(view.bytes);
        let confidence = match () {
            () if many => 64,
            () if script && is_end_of_name(at(bytes, after)) => {
                if opens_next {
                    72
                } else {
                    50
                }
            }
            () if leaves && opens_next => 30,
            () => 0,
        };
        return (confidence > 0).then_some(()).and_then(|()| {
            found(confidence, after, "the end of an element whose text is no markup")
        });
    }
    let boundary = at(bytes, after);
    let (mut confidence, mut reason) = element(&name);
    let blank_inside = after - next > name.len();
    if script {
        let ends = is_end_of_name(boundary) || after >= bytes.len();
        let generic = (is_word(before(view.bytes, place)) || before(view.bytes, place) == b':')
            && find(bytes, b"</script").is_none()
            && boundary == b'>'
            && view.is_document();
        confidence = if ends && !generic { script_confidence(view, bytes, after) } else { 40 };
    }
    // `Stream<Frame>`: without an attribute nothing is loaded.
    if confidence == 70 && matches!(boundary, b'>' | b'<' | 0 | b',') && !swallows(view, &name) {
        confidence = 45;
    }
    let length = attributes(bytes, after, &name, &mut confidence, &mut reason);
    if view.is_document() && (confidence == 62 || confidence == 70) {
        confidence = 50;
    }
    if confidence == 55
        && view.is_short()
        && !view.is_prose()
        && name.eq_ignore_ascii_case(b"style")
    {
        confidence = 62;
    }
    let spaced = blank_inside && at(bytes, next + 1) != 0 && !script && confidence < 60;
    if spaced && boundary != b'>' && boundary != b'=' {
        confidence = confidence.min(20);
    }
    found(confidence, length, reason)
}

/// `<plaintext>` needs no attribute: the rest of the page is its text.
fn swallows(view: &View<'_>, name: &[u8]) -> bool {
    is_any(name, &["plaintext"]) && view.is_short() && !view.is_prose()
}

/// `</title></textarea></script>`: the ends of several elements whose text is no markup, and the
/// start of none of them: the value tries which of them it stands in.
fn leaves_several(bytes: &[u8]) -> bool {
    const ELEMENTS: &[&[u8]] =
        &[b"style", b"title", b"textarea", b"script", b"noscript", b"xmp", b"noembed", b"iframe"];
    let ended = |name: &&&[u8]| {
        memchr::memmem::find_iter(bytes, b"</")
            .take(16)
            .any(|place| starts_with(tail(bytes, place + 2), name))
    };
    let begun = |name: &&[u8]| {
        memchr::memchr_iter(b'<', bytes)
            .take(16)
            .any(|place| starts_with(tail(bytes, place + 1), name))
    };
    let several = ELEMENTS.iter().filter(ended).count() > 1;
    several && !ELEMENTS.iter().any(begun)
}

/// `<script>` as a word of a sentence, or with something to run.
fn script_confidence(view: &View<'_>, bytes: &[u8], after: usize) -> u8 {
    let rest = tail(bytes, after);
    let body = memchr::memchr(b'>', rest).map_or(&[][..], |end| tail(rest, end + 1));
    let first = body.iter().copied().find(|byte| !is_blank(*byte)).unwrap_or(0);
    let mention =
        at(rest, 0) == b'>' && at(body, 0) == b' ' && view.is_document() == view.is_short();
    let prose = at(rest, 0) == b'>'
        && matches!(at(body, 0), b' ' | b',' | b'.' | b'`' | b'"')
        && !contains_any(part(body, 0, 200), &["(", "`", "</script", "=", "//"]);
    match () {
        () if mention || prose && first != 0 => 50,
        () => 92,
    }
}

fn ends_with_script(name: &[u8]) -> bool {
    name.rsplit(|byte| *byte == b':')
        .next()
        .is_some_and(|local| local.eq_ignore_ascii_case(b"script"))
}

fn is_end_of_name(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b'/' | b'>' | b'<' | b'"' | b'\'' | b'`' | b'=' | b'+')
}

/// The name of a tag without the characters some browsers drop; `None` when it begins with no letter.
pub(super) fn read_name(bytes: &[u8], start: usize) -> Option<(Vec<u8>, usize)> {
    let mut name = Vec::with_capacity(12);
    let mut place = start;
    while is_blank(at(bytes, place)) && place < start + 3 && place < bytes.len() {
        // `< script`: text for a browser, a tag for filters that trim; counts only for `script`.
        place += 1;
    }
    let blank = place > start;
    while let Some(&byte) = bytes.get(place) {
        match byte {
            0 => {}
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b':' | b'-' | b'_' | b'.' => name.push(byte),
            _ => break,
        }
        place += 1;
        if name.len() > 40 {
            return None;
        }
    }
    if at(bytes, place) == b' ' && at(bytes, place + 1) == b':' {
        return None;
    }
    let letter = name.first().is_some_and(u8::is_ascii_alphabetic);
    let allowed = !blank || is_any(&name, &["script", "iframe", "svg", "img"]);
    (letter && allowed).then_some((name, place))
}

/// `<!ENTITY`, `<!--#exec`, `<?import`, `<%`.
fn declaration(bytes: &[u8], has_script: impl FnOnce() -> bool) -> Option<(u8, &'static str)> {
    match () {
        () if starts_with(bytes, b"<?import") => Some((70, "an import into the page")),
        () if starts_with(bytes, b"<!--[if") && has_script() => {
            Some((70, "a conditional comment with a script"))
        }
        () => None,
    }
}

/// Reads the attributes from `start` on and raises the confidence; gives the length of the tag.
fn attributes(
    bytes: &[u8],
    start: usize,
    name: &[u8],
    confidence: &mut u8,
    reason: &mut &'static str,
) -> usize {
    let mut place = start;
    let mut raise = |level: u8, why: &'static str| {
        if level > *confidence {
            *confidence = level;
            *reason = why;
        }
    };
    for _ in 0..ATTRIBUTES {
        while is_blank(at(bytes, place)) && place < bytes.len()
            || matches!(at(bytes, place), b'/' | b'"' | b'\'' | b'`' | b'+' | b',')
        {
            place += 1;
        }
        if place >= bytes.len() || matches!(at(bytes, place), b'>') {
            break;
        }
        let (attribute, after) = attribute::read(bytes, place);
        if after == place {
            place += 1;
            continue;
        }
        place = after;
        let (level, why) = judge_attribute(name, attribute);
        raise(level, why);
    }
    place.min(bytes.len())
}

/// The attributes of a meta element that act.
fn of_meta(name: &[u8], value: &[u8]) -> (u8, &'static str) {
    const ACTING: &[&str] = &["refresh", "set-cookie", "content-security-policy", "link"];
    match () {
        () if is_any(name, &["charset"]) && contains_any(value, &["utf-7"]) => {
            (72, "a character set that hides text")
        }
        () if is_any(name, &["http-equiv"]) => {
            (if is_any(value, ACTING) { 82 } else { 40 }, "a meta element that acts")
        }
        () => (0, ""),
    }
}

fn judge_attribute(element: &[u8], attribute: attribute::Attribute<'_>) -> (u8, &'static str) {
    let name = attribute.name;
    let is = |names: &[&str]| is_any(name, names);
    let value = attribute.value;
    let of = |elements: &[&str]| is_any(element, elements);
    match () {
        () if attribute::is_handler(name) && attribute.has_value => (92, "an event handler"),
        () if is(&["srcdoc"]) && !value.is_empty() => (88, "a page within an attribute"),
        () if is(&[
            "href",
            "src",
            "action",
            "formaction",
            "data",
            "xlink:href",
            "background",
            "dynsrc",
            "lowsrc",
            "poster",
            "to",
            "from",
            "values",
            "value",
            "content",
            "code",
            "codebase",
            "folder",
            "ping",
        ]) && url::is_active_scheme(value) =>
        {
            (92, "an address that runs code")
        }
        () if is(&["style"]) && is_active_style(value) => (85, "a style that runs code"),
        () if of(&["meta"]) => of_meta(name, value),
        () if is(&["href"]) && of(&["base"]) && contains_any(value, &["//"]) => {
            (80, "an element that moves every address of the page")
        }
        () if is(&["rel"])
            && of(&["link"])
            && is_any(value, &["import", "stylesheet", "preload", "modulepreload"]) =>
        {
            (62, "a foreign style or import")
        }
        () if is(&["href"]) && of(&["link"]) && contains_any(value, &["//"]) => {
            (62, "a foreign style or import")
        }
        () if is(&["ng-app", "data-ng-app", "x-ng-app", "ng-csp"]) => {
            (66, "an application that compiles the page")
        }
        () if is(&["src"]) && of(&["xml"]) => (64, "an element that loads active content"),
        () if is(&["action", "formaction"]) && contains_any(value, &["//"]) => {
            (62, "a form that sends elsewhere")
        }
        () if attribute::is_bound_handler(name) && attribute::reaches_page(value) => {
            (80, "an event handler of a framework")
        }
        () if is(&["attributename"]) => (80, "an animation of an address"),
        () if is(&["xmlns"]) && contains_any(value, &["1999/xhtml"]) && element.contains(&b':') => {
            (70, "an element under another name")
        }
        () => (0, ""),
    }
}

/// `\0075\0072\006c`: letters of a style that nobody has to escape.
fn is_spelt_in_escapes(value: &[u8]) -> bool {
    let hex = |place: usize| (1..5).all(|step| at(value, place + step).is_ascii_hexdigit());
    memchr::memchr_iter(b'\\', value).filter(|place| hex(*place)).take(4).count() > 3
}

fn is_active_style(value: &[u8]) -> bool {
    is_spelt_in_escapes(value)
        || contains_any(
            value,
            &[
                "expression(",
                "javascript:",
                "-moz-binding",
                "behavior:",
                "behaviour:",
                "@import",
                "vbscript:",
            ],
        )
        || contains_any(value, &["url("])
            && contains_any(value, &["data:text", "//"])
            && contains_any(value, &["script", "xss"])
}
