//! `removeNulls` and `replaceNulls`.

/// Takes NUL bytes out.
pub(super) fn remove(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.iter().filter(|byte| **byte != 0));
}

/// Makes NUL bytes spaces.
pub(super) fn replace(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.iter().map(|byte| if *byte == 0 { b' ' } else { *byte }));
}
