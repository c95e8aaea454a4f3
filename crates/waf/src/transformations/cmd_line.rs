//! `cmdLine`: what a command shell would not see is taken out.

/// Drops `" \' \\ ^`, makes runs of separators one space, none before `/` and `(`, and all letters
/// small.
pub(super) fn apply(input: &[u8], out: &mut Vec<u8>) {
    let mut after_space = false;
    for byte in input {
        match byte {
            b'"' | b'\'' | b'\\' | b'^' => {}
            b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                if !after_space {
                    out.push(b' ');
                }
                after_space = true;
            }
            other => {
                if after_space && matches!(other, b'/' | b'(') {
                    out.pop();
                }
                after_space = false;
                out.push(other.to_ascii_lowercase());
            }
        }
    }
}
