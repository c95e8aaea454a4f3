//! One-time codes of a counter (RFC 4226), the base of those of a clock (RFC 6238).

use aws_lc_rs::hmac;

/// The digest inside. SHA-1 is what every authenticator program speaks, and is sound here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtpDigest {
    /// SHA-1.
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// The code of `counter` under `secret`: six to nine digits, others count as the nearest of these.
#[must_use]
pub fn hotp(digest: OtpDigest, secret: &[u8], counter: u64, digits: u32) -> String {
    let algorithm = match digest {
        OtpDigest::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        OtpDigest::Sha256 => hmac::HMAC_SHA256,
        OtpDigest::Sha512 => hmac::HMAC_SHA512,
    };
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), &counter.to_be_bytes());
    let tag = tag.as_ref();
    let digits = digits.clamp(6, 9);
    let place = tag.last().map_or(0, |byte| usize::from(byte & 0x0f));
    let chosen = tag.get(place..).and_then(<[u8]>::first_chunk::<4>);
    let number = chosen.map_or(0, |bytes| u32::from_be_bytes(*bytes) & 0x7fff_ffff);
    let code = number % 10_u32.pow(digits);
    format!("{code:0width$}", width = usize::try_from(digits).unwrap_or(6))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4226, appendix D.
    #[test]
    fn codes_of_a_counter_are_those_of_the_standard() {
        let expected = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (counter, code) in (0..).zip(expected) {
            assert_eq!(hotp(OtpDigest::Sha1, b"12345678901234567890", counter, 6), code);
        }
    }

    /// RFC 6238, appendix B: eight digits, steps of thirty seconds.
    #[test]
    fn codes_of_a_clock_are_those_of_the_standard() {
        let secret = |length: usize| b"1234567890".repeat(7).get(..length).unwrap().to_vec();
        let digests = [
            (OtpDigest::Sha1, secret(20)),
            (OtpDigest::Sha256, secret(32)),
            (OtpDigest::Sha512, secret(64)),
        ];
        for (seconds, codes) in [
            (59_u64, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, ["65353130", "77737706", "47863826"]),
        ] {
            for ((digest, secret), code) in digests.iter().zip(codes) {
                assert_eq!(hotp(*digest, secret, seconds / 30, 8), code, "{digest:?} {seconds}");
            }
        }
    }
}
