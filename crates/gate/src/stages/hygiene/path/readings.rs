//! The other ways in which servers read a path that the policy lets pass.
//!
//! A path with an escaped slash, a parameter, an escape within an escape or an empty segment goes
//! on as it is where the policy says so, and the application may read it in its own way. Whatever
//! way that is, it must not lead to another route than the one that was decided on.

use super::{
    Doubtful, DuplicateSlashes, NormalPath, PathError, PathPolicy, normalize, push_escape, unescape,
};

/// Reads what is left after a step of folding as it stands.
const AS_IS: PathPolicy = PathPolicy {
    duplicate_slashes: DuplicateSlashes::Keep,
    encoded_slash: Doubtful::Pass,
    invalid_utf8: Doubtful::Pass,
    double_encoding: Doubtful::Pass,
    path_parameters: Doubtful::Pass,
};

/// What some servers do to a path, in the order in which they do it.
const STEPS: [fn(&str) -> String; 5] =
    [decode_again, shorten_overlong, split_at_escaped, cut_parameters, merge];

/// How often escapes within escapes are looked into.
const MAX_DECODINGS: usize = 8;

impl NormalPath<'_> {
    /// The other readings of this path, each in normal form; none for a path without doubt, which
    /// costs one look at its bytes.
    ///
    /// # Errors
    /// The fault of the first reading that has no normal form.
    pub fn other_readings(&self) -> Result<Vec<NormalPath<'static>>, PathError> {
        let path = self.as_str();
        let mut readings: Vec<NormalPath<'static>> = Vec::new();
        if !is_doubtful(path) {
            return Ok(readings);
        }
        for choice in 1_u8..1 << STEPS.len() {
            let chosen = STEPS.iter().enumerate().filter(|(at, _)| choice & (1 << at) != 0);
            let text = chosen.fold(path.to_owned(), |text, (_, step)| step(&text));
            let reading = normalize(&text, &AS_IS)?.into_owned();
            if reading.as_str() != path && !readings.contains(&reading) {
                readings.push(reading);
            }
        }
        Ok(readings)
    }
}

fn is_doubtful(path: &str) -> bool {
    let bytes = path.as_bytes();
    memchr::memchr2(b'%', b';', bytes).is_some_and(|at| {
        let doubtful = ["%2F", "%5C", "%25", "%3B", ";", "%C0", "%C1", "%E0"];
        path.get(at..).is_some_and(|rest| doubtful.iter().any(|form| rest.contains(form)))
    }) || path.contains("//")
}

fn decode_again(path: &str) -> String {
    let mut path = path.to_owned();
    for _ in 0..MAX_DECODINGS {
        let decoded = decode_once(&path);
        if decoded == path {
            break;
        }
        path = decoded;
    }
    path
}

fn decode_once(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("%25") {
        out.push_str(before);
        let is_nested =
            matches!(after.as_bytes(), [high, low, ..] if unescape(*high, *low).is_some());
        out.push_str(if is_nested { "%" } else { "%25" });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// ASCII written in two or three bytes of UTF-8, as lenient decoders read it.
fn shorten_overlong(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, escapes)) = rest.split_once('%') {
        out.push_str(before);
        let (ascii, size) = overlong(escapes).unwrap_or((b'%', 0));
        match ascii {
            b'%' => out.push('%'),
            ascii => push_escape(&mut out, ascii),
        }
        rest = escapes.get(size..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The character that `escapes`, which follow a percent sign, write too long, and their size.
fn overlong(escapes: &str) -> Option<(u8, usize)> {
    let mut pieces = escapes.splitn(4, '%');
    let mut byte = || match pieces.next()?.as_bytes() {
        [high, low, ..] => unescape(*high, *low),
        _ => None,
    };
    let (lead, second) = (byte()?, byte()?);
    let (low, size) = match lead {
        0xc0 | 0xc1 => ((lead & 1) << 6 | second & 0x3f, 5),
        0xe0 if second & 0xe0 == 0x80 => ((second & 1) << 6 | byte()? & 0x3f, 8),
        _ => return None,
    };
    Some((low, size))
}

fn split_at_escaped(path: &str) -> String {
    ["%2F", "%2f", "%5C", "%5c"].iter().fold(path.to_owned(), |path, form| path.replace(form, "/"))
}

fn cut_parameters(path: &str) -> String {
    let plain = path.replace("%3B", ";").replace("%3b", ";");
    let segments = plain.split('/').map(|segment| segment.split(';').next().unwrap_or_default());
    segments.collect::<Vec<_>>().join("/")
}

fn merge(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.chars() {
        if byte != '/' || !out.ends_with('/') {
            out.push(byte);
        }
    }
    out
}
