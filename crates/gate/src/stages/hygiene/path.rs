//! One normal form of a request path, for every decision and for the upstream.
//!
//! A path that two readers could resolve differently is refused unless the policy says that the
//! application needs it. What is left has no dot segments, no needless escapes and one spelling.

mod fault;
mod readings;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use fault::{PathError, PathFault};

mantlet_config::choice! {
    /// What to do with two slashes in a row.
    pub enum DuplicateSlashes {
        /// Make them one.
        Merge => "merge",
        /// Refuse the path.
        Refuse => "refuse",
        /// Leave them: each empty segment counts as one.
        Keep => "keep",
    }
}

mantlet_config::choice! {
    /// What to do with a spelling that readers resolve differently.
    pub enum Doubtful {
        /// Refuse the path.
        Refuse => "refuse",
        /// Let it pass; the application is known to read it the way it is meant.
        Pass => "pass",
    }
}

/// Which paths are let through. The default refuses everything doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathPolicy {
    /// Two slashes in a row.
    pub duplicate_slashes: DuplicateSlashes,
    /// An escaped slash (`%2F`) or a backslash, escaped or not. Let pass, they stay escaped.
    pub encoded_slash: Doubtful,
    /// Escapes that decode to something other than UTF-8, overlong forms included.
    pub invalid_utf8: Doubtful,
    /// An escaped percent sign that starts another escape (`%252e`).
    pub double_encoding: Doubtful,
    /// A semicolon, which starts a path parameter for some servers and is a letter for others.
    pub path_parameters: Doubtful,
}

impl Default for PathPolicy {
    fn default() -> Self {
        Self {
            duplicate_slashes: DuplicateSlashes::Merge,
            encoded_slash: Doubtful::Refuse,
            invalid_utf8: Doubtful::Refuse,
            double_encoding: Doubtful::Refuse,
            path_parameters: Doubtful::Refuse,
        }
    }
}

impl PathPolicy {
    /// Lets through all that can be let through: for paths an operator wrote.
    #[must_use]
    pub const fn lenient() -> Self {
        Self {
            duplicate_slashes: DuplicateSlashes::Merge,
            encoded_slash: Doubtful::Pass,
            invalid_utf8: Doubtful::Pass,
            double_encoding: Doubtful::Pass,
            path_parameters: Doubtful::Pass,
        }
    }
}

/// A path in normal form; borrowed from the request where that was already normal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NormalPath<'a>(Cow<'a, str>);

impl NormalPath<'static> {
    /// The root, `/`.
    #[must_use]
    pub const fn root() -> Self {
        NormalPath(Cow::Borrowed("/"))
    }
}

impl NormalPath<'_> {
    /// The path: starts with a slash, escapes in upper case and only where needed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path without a trailing slash (the root keeps it), for matching routes.
    #[must_use]
    pub fn match_key(&self) -> &str {
        match self.0.strip_suffix('/') {
            Some("") | None => &self.0,
            Some(key) => key,
        }
    }

    /// The segments of [`Self::match_key`], as escaped as they are there; none for the root.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        let inner = self.match_key().strip_prefix('/').unwrap_or_default();
        let has_segments = !inner.is_empty();
        inner.split('/').filter(move |_| has_segments)
    }

    /// The same path, independent of the request.
    #[must_use]
    pub fn into_owned(self) -> NormalPath<'static> {
        NormalPath(Cow::Owned(self.0.into_owned()))
    }
}

/// The normal form of `raw`, a path without query. Normal paths are their own normal form.
///
/// # Errors
/// The first rule broken; see [`PathFault`].
pub fn normalize<'a>(raw: &'a str, policy: &PathPolicy) -> Result<NormalPath<'a>, PathError> {
    if !raw.starts_with('/') {
        return Err(PathError::new(PathFault::NotAbsolute, raw.as_bytes()));
    }
    if is_plain(raw.as_bytes()) {
        return Ok(NormalPath(Cow::Borrowed(raw)));
    }
    let spelled = respell(raw, policy)?;
    refuse_nested_escapes(&spelled, policy)?;
    refuse_invalid_utf8(&spelled, policy)?;
    resolve(&spelled, policy).map(|path| NormalPath(Cow::Owned(path)))
}

/// Whether a path is normal under every policy: the common case, seen in one pass.
fn is_plain(raw: &[u8]) -> bool {
    let mut was_slash = false;
    raw.iter().all(|&byte| {
        let is_slash = byte == b'/';
        let after_slash = std::mem::replace(&mut was_slash, is_slash);
        is_literal(byte) && !(after_slash && (is_slash || byte == b'.'))
    })
}

/// Bytes that stand for themselves: unreserved, `/`, `:`, `@` and the sub-delimiters but `;`.
fn is_literal(byte: u8) -> bool {
    LITERALS.get(usize::from(byte)).copied().unwrap_or(false)
}

static LITERALS: [bool; 256] = literals();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated at compile time, over exactly 256 entries"
)]
const fn literals() -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < table.len() {
        let byte = at as u8;
        table[at] = is_unreserved(byte)
            || matches!(byte, b'/' | b':' | b'@' | b'!' | b'$' | b'&'..=b',' | b'=');
        at += 1;
    }
    table
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// One spelling for every byte: plain where it stands for itself, all other escapes in upper case.
fn respell(raw: &str, policy: &PathPolicy) -> Result<String, PathError> {
    let mut out = String::with_capacity(raw.len().saturating_add(16));
    let mut rest = raw.as_bytes();
    loop {
        let literal = rest.iter().position(|&byte| !is_literal(byte));
        let (plain, special) =
            rest.split_at_checked(literal.unwrap_or(rest.len())).unwrap_or_default();
        out.extend(std::str::from_utf8(plain));
        let (byte, tail, is_escaped) = match special {
            [] => return Ok(out),
            [b'%', high, low, tail @ ..] => (unescape(*high, *low), tail, true),
            [b'%', tail @ ..] => (None, tail, true),
            [byte, tail @ ..] => (Some(*byte), tail, false),
        };
        let spelling = byte
            .ok_or(PathFault::BadEscape)
            .and_then(|byte| spell(byte, is_escaped, policy).map(|escape| (byte, escape)));
        match spelling {
            Ok((byte, true)) => push_escape(&mut out, byte),
            Ok((byte, false)) => out.push(char::from(byte)),
            Err(fault) => return Err(PathError::new(fault, special)),
        }
        rest = tail;
    }
}

/// Whether `byte` is to be written as an escape.
fn spell(byte: u8, is_escaped: bool, policy: &PathPolicy) -> Result<bool, PathFault> {
    match byte {
        0..=0x1f | 0x7f => Err(PathFault::ControlByte),
        b'\\' | b'/' if policy.encoded_slash == Doubtful::Refuse => Err(PathFault::EncodedSlash),
        b'\\' => Ok(true),
        // A slash, a semicolon and a percent sign mean something else plain than escaped.
        _ if is_escaped => Ok(byte == b'/' || !is_literal(byte)),
        b';' if policy.path_parameters == Doubtful::Refuse => Err(PathFault::PathParameter),
        b';' => Ok(false),
        // Browsers send these raw; the grammar wants them escaped.
        b'[' | b']' | b'^' | b'{' | b'|' | b'}' => Ok(true),
        _ => Err(PathFault::IllegalByte),
    }
}

fn unescape(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from((digit(high)? << 4) | digit(low)?).ok()
}

fn push_escape(out: &mut String, byte: u8) {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    out.push('%');
    out.push(digit(byte >> 4).to_ascii_uppercase());
    out.push(digit(byte & 0xf).to_ascii_uppercase());
}

/// Looks at the result of the first decoding, so that `%25%32%65` is no way around it.
fn refuse_nested_escapes(spelled: &str, policy: &PathPolicy) -> Result<(), PathError> {
    if policy.double_encoding == Doubtful::Pass {
        return Ok(());
    }
    let nested = spelled.match_indices("%25").find(|(at, _)| {
        let after = spelled.as_bytes().get(at.saturating_add(3)..);
        matches!(after, Some([high, low, ..]) if unescape(*high, *low).is_some())
    });
    match nested {
        Some((at, _)) => {
            let around = spelled.as_bytes().get(at..).unwrap_or_default();
            Err(PathError::new(PathFault::DoubleEncoding, around))
        }
        None => Ok(()),
    }
}

fn refuse_invalid_utf8(spelled: &str, policy: &PathPolicy) -> Result<(), PathError> {
    // Only escapes from `%80` on can be anything but ASCII.
    let mut pairs = spelled.as_bytes().windows(2);
    let is_ascii = !pairs.any(|pair| matches!(pair, [b'%', b'8'..=b'F']));
    if policy.invalid_utf8 == Doubtful::Pass || is_ascii {
        return Ok(());
    }
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(spelled).collect();
    std::str::from_utf8(&decoded).map(|_| ()).map_err(|error| {
        let around = decoded.get(error.valid_up_to()..).unwrap_or_default();
        PathError::new(PathFault::InvalidUtf8, around)
    })
}

/// Removes dot segments (RFC 3986, section 5.2.4) and deals with empty ones.
fn resolve(spelled: &str, policy: &PathPolicy) -> Result<String, PathError> {
    let mut out: Vec<&str> = Vec::new();
    let mut segments = spelled.split('/').skip(1).peekable();
    let mut has_trailing_slash = false;
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        has_trailing_slash = is_last && matches!(segment, "" | "." | "..");
        match segment {
            "" if is_last => {}
            "" => match policy.duplicate_slashes {
                DuplicateSlashes::Merge => {}
                DuplicateSlashes::Keep => out.push(""),
                DuplicateSlashes::Refuse => {
                    return Err(PathError::new(PathFault::DuplicateSlash, spelled.as_bytes()));
                }
            },
            "." => {}
            ".." if out.pop().is_some() => {}
            ".." => return Err(PathError::new(PathFault::AboveRoot, spelled.as_bytes())),
            _ if hides_dots(segment) => {
                return Err(PathError::new(PathFault::HiddenTraversal, segment.as_bytes()));
            }
            _ => out.push(segment),
        }
    }
    Ok(join(&out, has_trailing_slash, spelled.len()))
}

fn join(segments: &[&str], has_trailing_slash: bool, size: usize) -> String {
    let mut path = String::with_capacity(size);
    for segment in segments {
        path.push('/');
        path.push_str(segment);
    }
    if has_trailing_slash || path.is_empty() {
        path.push('/');
    }
    path
}

/// Whether a reader that splits at escaped slashes or cuts parameters off would see `.` or `..`.
fn hides_dots(segment: &str) -> bool {
    if !segment.contains(['%', ';']) {
        return false;
    }
    let mut pieces = segment
        .split("%2F")
        .flat_map(|piece| piece.split("%5C"))
        .flat_map(|piece| piece.split("%3B"))
        .flat_map(|piece| piece.split(';'));
    pieces.any(|piece| matches!(piece, "." | ".."))
}
