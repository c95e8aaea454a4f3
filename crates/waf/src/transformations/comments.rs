//! `removeComments`, `removeCommentsChar` and `replaceComments`.

/// What opens and what ends a comment.
const MARKS: &[&[u8]] = &[b"/*", b"*/", b"<!--", b"-->", b"--", b"#"];

/// Whether a text has no mark of a comment.
pub(super) fn leaves(text: &[u8]) -> bool {
    let marks = |pair: &[u8]| matches!(pair, b"/*" | b"*/" | b"--" | b"<!");
    memchr::memchr(b'#', text).is_none() && !text.windows(2).any(marks)
}

/// Makes every `/* */` comment one space; an open one too.
pub(super) fn replace(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some(start) = memchr::memmem::find(rest, b"/*") {
        let (before, comment) = rest.split_at(start);
        out.extend_from_slice(before);
        out.push(b' ');
        let inside = comment.get(2..).unwrap_or_default();
        let end = memchr::memmem::find(inside, b"*/").map_or(inside.len(), |end| end + 2);
        rest = inside.get(end..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// Takes `/* */` and `<!-- -->` comments out, whichever end comes first, and ends the
/// text at `--` and `#`. As in the reference, the byte after a comment is never the start of one,
/// and a comment that ends the text leaves a NUL.
pub(super) fn remove(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some((first, after)) = rest.split_first() {
        let inside = match rest {
            [b'/', b'*', inside @ ..] | [b'<', b'!', b'-', b'-', inside @ ..] => inside,
            [b'-', b'-', ..] | [b'#', ..] => return,
            _ => {
                out.push(*first);
                rest = after;
                continue;
            }
        };
        let Some(beyond) = after_comment(inside) else {
            out.push(b' ');
            return;
        };
        out.push(beyond.first().copied().unwrap_or_default());
        rest = beyond.get(1..).unwrap_or_default();
    }
}

/// What follows the first end of a comment, of either kind. One search for both: the other kind may be
/// nowhere, and would be looked for to the end of the text at every comment.
fn after_comment(inside: &[u8]) -> Option<&[u8]> {
    let ends = |last: &usize| {
        let text = inside.get(..=*last).unwrap_or_default();
        text.ends_with(b"*/") || text.ends_with(b"-->")
    };
    let last = memchr::memchr2_iter(b'/', b'>', inside).find(ends)?;
    inside.get(last + 1..)
}

/// Takes the marks of comments out and leaves what is between them.
pub(super) fn remove_marks(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some((first, after)) = rest.split_first() {
        match MARKS.iter().find_map(|mark| rest.strip_prefix(*mark)) {
            Some(beyond) => rest = beyond,
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
}
