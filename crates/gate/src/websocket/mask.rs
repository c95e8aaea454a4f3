//! Masking (RFC 6455 section 5.3): an exclusive or with four bytes, the same both ways.

/// Masks or unmasks `bytes`, the first of which stands `offset` bytes into its frame.
pub(super) fn apply(bytes: &mut [u8], mask: [u8; 4], offset: u64) {
    let mut mask = mask;
    mask.rotate_left(usize::try_from(offset % 4).unwrap_or(0));
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (blocks, rest) = bytes.as_chunks_mut::<8>();
    for block in blocks {
        *block = (u64::from_ne_bytes(*block) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_are_masked_as_the_whole_is(
            bytes in proptest::collection::vec(any::<u8>(), 0..100),
            mask: [u8; 4],
            cut in 0..100_usize,
        ) {
            let plain: Vec<u8> =
                bytes.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
            let mut pieces = bytes.clone();
            let (first, second) = pieces.split_at_mut(cut.min(bytes.len()));
            apply(first, mask, 0);
            apply(second, mask, first.len() as u64);
            prop_assert_eq!(pieces, plain);
        }
    }
}
