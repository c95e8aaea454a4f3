//! `@verifyCC`, `@verifySSN`, `@verifyCPF`, `@verifySVNR` and `@validateNid`: numbers whose check digits
//! hold among those a pattern finds.

use super::rx::Rx;
use crate::seclang::problem::Fault;

/// Which numbers are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Payment cards: Luhn.
    Card,
    /// Social security numbers of the United States.
    Ssn,
    /// Brazil's CPF.
    Cpf,
    /// Austria's social security number.
    Svnr,
    /// Chile's RUT.
    Rut,
}

/// The country and the pattern of `@validateNid`.
pub(crate) fn parse_nid(text: &str) -> Result<(Scheme, Rx), Fault> {
    let usage = || {
        Fault::new("`@validateNid` needs a country and a pattern")
            .hint("write `us PATTERN` or `cl PATTERN`")
    };
    let (country, pattern) = text.trim().split_once(' ').ok_or_else(usage)?;
    let scheme = match country {
        "us" => Scheme::Ssn,
        "cl" => Scheme::Rut,
        _ => return Err(usage()),
    };
    Ok((scheme, Rx::compile(pattern.trim())?))
}

impl Scheme {
    /// Whether `text` is a number of this scheme whose check digits hold.
    pub(super) fn is_valid(self, text: &[u8]) -> bool {
        let digits: Vec<u32> = text
            .iter()
            .filter(|byte| byte.is_ascii_digit())
            .map(|byte| u32::from(byte - b'0'))
            .collect();
        match self {
            Self::Card => digits.len() >= 12 && luhn(&digits),
            Self::Ssn => ssn(&digits),
            Self::Cpf => cpf(&digits),
            Self::Svnr => svnr(&digits),
            Self::Rut => rut(&digits, text),
        }
    }
}

fn luhn(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| if index % 2 == 1 { doubled(*digit) } else { *digit })
        .sum();
    sum.is_multiple_of(10)
}

fn number(digits: &[u32]) -> u32 {
    digits.iter().fold(0, |value, digit| value * 10 + digit)
}

/// No all-zero group, area below 740 and not 666, no run and no repetition of one digit.
fn ssn(digits: &[u32]) -> bool {
    let [area @ .., _, _, _, _, _, _] = digits else { return false };
    if digits.len() != 9 {
        return false;
    }
    let (group, serial) = (digits.get(3..5).map_or(0, number), digits.get(5..).map_or(0, number));
    let area = number(area);
    let pairs = || digits.iter().zip(digits.iter().skip(1));
    let runs = pairs().all(|(left, right)| left + 1 == *right);
    let repeats = pairs().all(|(left, right)| left == right);
    area != 0 && area != 666 && area < 740 && group != 0 && serial != 0 && !runs && !repeats
}

fn cpf(digits: &[u32]) -> bool {
    let [body @ .., first, second] = digits else { return false };
    if digits.len() != 11 || digits.iter().all(|digit| Some(digit) == digits.first()) {
        return false;
    }
    let check = |digits: &[u32], from: u32| {
        let sum: u32 =
            digits.iter().zip((2..=from).rev()).map(|(digit, weight)| digit * weight).sum();
        let rest = sum % 11;
        if rest < 2 { 0 } else { 11 - rest }
    };
    let with_first: Vec<u32> = body.iter().copied().chain([*first]).collect();
    check(body, 10) == *first && check(&with_first, 11) == *second
}

fn svnr(digits: &[u32]) -> bool {
    let [a, b, c, check, d, e, f, g, h, i] = digits else { return false };
    let weights = [3, 7, 9, 5, 8, 4, 2, 1, 6];
    let sum: u32 = [a, b, c, d, e, f, g, h, i]
        .iter()
        .zip(weights)
        .map(|(digit, weight)| **digit * weight)
        .sum();
    sum % 11 == *check
}

fn rut(digits: &[u32], text: &[u8]) -> bool {
    let ends_in_k = text.last().is_some_and(|last| last.eq_ignore_ascii_case(&b'k'));
    let (body, check) = match digits {
        body if ends_in_k => (body, 10),
        [body @ .., check] => (body, *check),
        [] => return false,
    };
    let weights = (2..=7).cycle();
    let sum: u32 = body.iter().rev().zip(weights).map(|(digit, weight)| digit * weight).sum();
    body.len() >= 6 && (11 - sum % 11) % 11 == check
}
