//! The one structure in DER that we read: an RSA public key (PKCS #1, RFC 8017).

/// Modulus and exponent of `SEQUENCE { INTEGER n, INTEGER e }`, without leading zeros.
pub(super) fn rsa_public(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (body, rest) = element(der, 0x30)?;
    let (modulus, after) = element(body, 0x02)?;
    let (exponent, end) = element(after, 0x02)?;
    (rest.is_empty() && end.is_empty()).then(|| (unsigned(modulus), unsigned(exponent)))
}

/// The content of the element with `tag` at the start, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 | 0x82 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// A number without the zeros in front.
pub(super) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().skip_while(|byte| *byte == 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_structure_is_read() {
        let der = [0x30, 0x08, 0x02, 0x02, 0x00, 0xc3, 0x02, 0x02, 0x01, 0x01];
        assert_eq!(rsa_public(&der), Some((vec![0xc3], vec![1, 1])));
        for cut in 0..der.len() {
            assert_eq!(rsa_public(der.get(..cut).unwrap()), None, "{cut}");
        }
        assert_eq!(rsa_public(&[&der as &[u8], &[0]].concat()), None);
    }
}
