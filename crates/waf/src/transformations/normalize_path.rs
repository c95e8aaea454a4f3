//! `normalizePath` and `normalizePathWin`.

/// Takes out empty and `.` segments and resolves `..` where there is something to go back over. A
/// slash at the end stays.
pub(super) fn unix(input: &[u8], out: &mut Vec<u8>) {
    let is_absolute = input.first() == Some(&b'/');
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in input.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => go_back(&mut segments, is_absolute),
            other => segments.push(other),
        }
    }
    if is_absolute {
        out.push(b'/');
    }
    out.extend_from_slice(&segments.join(&b'/'));
    if input.ends_with(b"/") && !segments.is_empty() {
        out.push(b'/');
    }
}

/// Whether a text is one segment with a name: nothing is to be done.
pub(super) fn leaves(text: &[u8], slashes: &[u8]) -> bool {
    text != b"." && !text.iter().any(|byte| slashes.contains(byte))
}

fn go_back(segments: &mut Vec<&[u8]>, is_absolute: bool) {
    match segments.last() {
        Some(last) if *last != b".." => {
            segments.pop();
        }
        // A relative path may leave the folder it began in.
        _ if !is_absolute => segments.push(b".."),
        _ => {}
    }
}

/// The same after every backslash became a slash.
pub(super) fn windows(input: &[u8], out: &mut Vec<u8>) {
    let slashes: Vec<u8> =
        input.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
    unix(&slashes, out);
}
