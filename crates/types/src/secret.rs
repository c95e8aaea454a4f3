//! Values that must never be printed.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A secret value. It has no printable form (`Debug` shows a placeholder, `Display` does not
/// exist), and its memory is overwritten when it is dropped. Nothing compares it in a time that tells
/// how much of it was right:
///
/// ```compile_fail,E0369
/// # use mantlet_types::Secret;
/// let is_right = Secret::new("right".to_owned()) == Secret::new("guess".to_owned());
/// ```
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes `value` in; from here on it can only be read through [`Secret::expose`].
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every call is a place to look at in a review: the result must not reach a
    /// log, an error or an answer.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + AsRef<[u8]>> Secret<T> {
    /// Whether `candidate` has the same bytes, in time that depends on the lengths only.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        self.0.as_ref().ct_eq(candidate).into()
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etsm_d28_a_secret_is_compared_whole_whatever_is_wrong_with_the_guess() {
        let secret = Secret::new(String::from("correct horse"));
        assert!(secret.matches(b"correct horse"));
        for guess in ["", "correct hors", "correct horsf", "xorrect horse", "correct horse "] {
            assert!(!secret.matches(guess.as_bytes()), "{guess}");
        }
    }

    #[test]
    fn a_secret_has_no_printable_form() {
        let secret = Secret::new(String::from("correct horse"));
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_eq!(format!("{:?}", Some(&secret)), "Some([secret])");
    }

    #[test]
    fn only_the_same_bytes_match() {
        let secret = Secret::new(String::from("correct horse"));
        assert!(secret.matches(b"correct horse"));
        assert!(!secret.matches(b"correct hors"));
        assert!(!secret.matches(b"correct horsf"));
        assert!(!secret.matches(b""));
    }
}
