//! Secrets as text that scanners recognise: `<prefix><random><checksum>` in base 62.
//!
//! The checksum is the CRC-32 of everything before it, as six digits: with it, a program that looks
//! for leaked secrets tells them from look-alikes without asking anybody. It is no protection.

use mantlet_types::Rng;

/// The digits, in the order of their values.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Digits of a checksum: 62^6 is more than 2^32.
pub(crate) const CHECKSUM_LEN: usize = 6;

/// Digits that hold 256 random bits: 62^43 is more than 2^256.
pub(crate) const SECRET_LEN: usize = 43;

/// `count` random digits, each as likely as any other.
pub(crate) fn random_digits(count: usize, rng: &dyn Rng) -> String {
    let mut text = String::with_capacity(count);
    let mut bytes = [0; 64];
    while text.len() < count {
        rng.fill(&mut bytes);
        // 248 is the largest multiple of 62 that a byte holds: larger bytes would favour the first
        // eight digits.
        for byte in bytes.iter().filter(|byte| **byte < 248).take(count - text.len()) {
            text.extend(digit(u32::from(*byte) % 62));
        }
    }
    zeroize::Zeroize::zeroize(&mut bytes);
    text
}

/// `number` as `COUNT` digits, the highest first; what does not fit is cut off.
pub(crate) fn digits<const COUNT: usize>(mut number: u32) -> [u8; COUNT] {
    let mut text = [b'0'; COUNT];
    for place in text.iter_mut().rev() {
        if let Some(digit) = DIGITS.get(usize::try_from(number % 62).unwrap_or(0)) {
            *place = *digit;
        }
        number /= 62;
    }
    text
}

/// The number that digits stand for; `None` for other characters and for 2^32 and more.
pub(crate) fn number(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0_u32, |number, byte| {
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        };
        number.checked_mul(62)?.checked_add(u32::from(value))
    })
}

/// Appends the checksum of `text` to it.
pub(crate) fn append_checksum(text: &mut String) {
    let checksum = digits::<CHECKSUM_LEN>(crc32fast::hash(text.as_bytes()));
    text.extend(checksum.map(char::from));
}

/// What stands before the checksum; `None` when it is not the right one.
pub(crate) fn strip_checksum(text: &str) -> Option<&str> {
    let (body, checksum) = text.split_at_checked(text.len().checked_sub(CHECKSUM_LEN)?)?;
    let expected = digits::<CHECKSUM_LEN>(crc32fast::hash(body.as_bytes()));
    (checksum.as_bytes() == expected).then_some(body)
}

/// Whether `text` is digits alone.
pub(crate) fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn digit(value: u32) -> Option<char> {
    DIGITS.get(usize::try_from(value).ok()?).copied().map(char::from)
}

#[cfg(test)]
mod tests {
    use mantlet_types::SystemRng;

    use super::*;

    #[test]
    fn the_checksum_is_crc_32_in_base_62() {
        // CRC-32 of "123456789" is cbf43926 by every catalogue; 62 digits of it by hand.
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
        let mut text = "123456789".to_owned();
        append_checksum(&mut text);
        assert_eq!(number(&text.as_bytes()[9..]), Some(0xcbf4_3926));
        assert_eq!(strip_checksum(&text), Some("123456789"));
        assert_eq!(strip_checksum("123456789000000"), None);
        for text in ["", "12345", "ä23456", "12345ä"] {
            assert_eq!(strip_checksum(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_survive_their_digits() {
        for value in [0, 1, 61, 62, 3843, u32::MAX] {
            assert_eq!(number(&digits::<6>(value)), Some(value));
        }
        assert_eq!(number(b"zzzzzz"), None, "more than 2^32");
        assert_eq!(number(b"0_0"), None);
    }

    #[test]
    fn every_digit_is_as_likely_as_any_other() {
        let text = random_digits(62_000, &SystemRng);
        assert_eq!(text.len(), 62_000);
        for digit in DIGITS {
            let count = text.bytes().filter(|byte| byte == digit).count();
            // Seven standard deviations around a thousand.
            assert!((780..=1220).contains(&count), "{} {count}", char::from(*digit));
        }
    }
}
