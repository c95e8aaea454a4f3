//! `@eq`, `@ge`, `@gt`, `@le`, `@lt`.

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// `@eq`
    Equal,
    /// `@ge`
    AtLeast,
    /// `@gt`
    Above,
    /// `@le`
    AtMost,
    /// `@lt`
    Below,
}

impl Comparison {
    /// Compares what both texts begin with as whole numbers.
    pub(super) fn holds(self, value: &[u8], argument: &[u8]) -> bool {
        self.holds_for(whole(value), whole(argument))
    }

    /// Compares two numbers.
    pub(crate) const fn holds_for(self, value: i64, argument: i64) -> bool {
        match self {
            Self::Equal => value == argument,
            Self::AtLeast => value >= argument,
            Self::Above => value > argument,
            Self::AtMost => value <= argument,
            Self::Below => value < argument,
        }
    }
}

/// The whole number a text begins with, after white space; 0 when it begins with none.
pub(crate) fn whole(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let value =
        digits.iter().take_while(|byte| byte.is_ascii_digit()).fold(0_i64, |value, digit| {
            value.saturating_mul(10).saturating_add(i64::from(digit - b'0'))
        });
    if negative { value.saturating_neg() } else { value }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn numbers_are_read_from_the_start() {
        let cases: [(&[u8], i64); 6] = [
            (b"5", 5),
            (b" -12x", -12),
            (b"", 0),
            (b"x1", 0),
            (b"+3 4", 3),
            (b"99999999999999999999", i64::MAX),
        ];
        for (text, expected) in cases {
            assert_eq!(whole(text), expected);
        }
    }
}
