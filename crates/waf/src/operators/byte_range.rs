//! `@validateByteRange`: bytes that should not be there.

use crate::seclang::problem::Fault;
use crate::transformations::ByteSet;

/// Parses `32-126,9,10` into the set of allowed bytes.
pub(crate) fn parse(text: &str) -> Result<ByteSet, Fault> {
    let mut allowed = ByteSet::default();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let range = (byte(first)?, byte(last)?);
        if range.0 > range.1 {
            return Err(Fault::new(format!("the range `{part}` ends before it begins")));
        }
        allowed = allowed.and(ByteSet::range(range.0, range.1));
    }
    Ok(allowed)
}

fn byte(text: &str) -> Result<u8, Fault> {
    let text = text.trim();
    text.parse().map_err(|_| {
        Fault::new(format!("`{text}` is no byte")).hint("write numbers from 0 to 255 in decimal")
    })
}
