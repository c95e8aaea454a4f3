//! RSA keys of a broken generator (CVE-2017-15361, "ROCA").

/// The generator's moduli are powers of 65537 modulo each of these. A key of another generator is
/// so for all of them once in 2^27.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether `modulus`, highest byte first, looks like one of the broken generator.
pub(super) fn is_broken(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| is_power(remainder(modulus, *prime), *prime))
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime)
}

/// Whether `value` is a power of 65537 modulo `prime`.
fn is_power(value: u32, prime: u32) -> bool {
    let powers =
        std::iter::successors(Some(1 % prime), |power| Some(power * (65_537 % prime) % prime));
    powers.take(usize::try_from(prime).unwrap_or(0)).any(|power| power == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_65537_are_told_from_other_numbers() {
        // 65537^7 has the fingerprint; its neighbour has not.
        let number = 65_537_u128.pow(7);
        assert!(is_broken(&number.to_be_bytes()));
        assert!(!is_broken(&(number + 2).to_be_bytes()));
    }
}
