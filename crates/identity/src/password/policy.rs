//! Which new passwords are taken.

use std::fmt;

use mantlet_crypto::password::MAX_PASSWORD;
use mantlet_types::Secret;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::patterns;

/// Which new passwords are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The fewest characters where the password is all that is asked for.
    pub min_alone: usize,
    /// The fewest characters where a second factor is asked for as well.
    pub min_with_second_factor: usize,
    /// The most characters.
    pub max: usize,
    /// Rules about kinds of characters, for where somebody insists; they make passwords worse.
    pub legacy_composition: Option<Composition>,
}

/// Kinds of characters of which a password must have one each: what SP 800-63B-4, section 3.1.1.2,
/// and ASVS 5.0, 6.2.5, tell verifiers not to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Composition {
    /// A capital letter.
    pub upper: bool,
    /// A small letter.
    pub lower: bool,
    /// A digit.
    pub digit: bool,
    /// Anything else.
    pub other: bool,
}

impl Composition {
    /// What to tell the operator who asks for such rules.
    pub const WARNING: &'static str =
        "rules about kinds of characters fail NIST SP 800-63B-4 section 3.1.1.2 and ASVS 5.0 6.2.5";
}

impl Default for PasswordPolicy {
    /// 15 characters, 8 with a second factor, up to 128.
    fn default() -> Self {
        Self { min_alone: 15, min_with_second_factor: 8, max: 128, legacy_composition: None }
    }
}

/// Who the password is for.
#[derive(Debug, Clone, Copy, Default)]
pub struct PasswordContext<'a> {
    /// Whether a second factor is asked for as well.
    pub has_second_factor: bool,
    /// Words that guessing would try first: the name of the user, their address, the service.
    pub words: &'a [&'a str],
}

/// A password that was found good enough, in its normal form.
#[derive(Debug, Clone)]
pub struct NewPassword(Secret<String>);

impl NewPassword {
    pub(super) const fn secret(&self) -> &Secret<String> {
        &self.0
    }
}

/// What is wrong with a password, for the person who chose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordProblem {
    /// It has fewer characters than it must.
    TooShort {
        /// The fewest.
        min: usize,
    },
    /// It has more characters than it may.
    TooLong {
        /// The most.
        max: usize,
    },
    /// It has characters that cannot be typed again.
    Control,
    /// It is one of those that guessing begins with, or near to one.
    Common,
    /// It is a repetition or a run along the keyboard.
    Regular,
    /// It is little more than a name that guessing would try.
    Context {
        /// Which.
        word: String,
    },
    /// A kind of character is missing that the operator insists on.
    Missing {
        /// Which.
        kind: &'static str,
    },
}

impl fmt::Display for PasswordProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { min } => {
                write!(
                    f,
                    "use at least {min} characters; a few words in a row are easy to remember"
                )
            }
            Self::TooLong { max } => write!(f, "use at most {max} characters"),
            Self::Control => f.write_str("leave out line breaks and other control characters"),
            Self::Common => {
                f.write_str("many people use this password, or one like it: choose another")
            }
            Self::Regular => f.write_str("this is a pattern that is guessed early: choose another"),
            Self::Context { word } => {
                write!(
                    f,
                    "this is little more than `{word}`: choose something that has nothing to do with it"
                )
            }
            Self::Missing { kind } => write!(f, "the operator asks for {kind}"),
        }
    }
}

impl PasswordPolicy {
    /// Looks at a password that somebody chose.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn check(
        &self,
        chosen: &Secret<String>,
        context: &PasswordContext<'_>,
    ) -> Result<NewPassword, Vec<PasswordProblem>> {
        let too_long = PasswordProblem::TooLong { max: self.max };
        if chosen.expose().len() > MAX_PASSWORD {
            return Err(vec![too_long]);
        }
        let password = normal_form(chosen);
        let (text, count) = (password.expose(), password.expose().chars().count());
        if text.len() > MAX_PASSWORD || count > self.max {
            return Err(vec![too_long]);
        }
        let mut problems = Vec::new();
        let min =
            if context.has_second_factor { self.min_with_second_factor } else { self.min_alone };
        if count < min {
            problems.push(PasswordProblem::TooShort { min });
        }
        if text.chars().any(char::is_control) {
            problems.push(PasswordProblem::Control);
        }
        problems.extend(guessable(text, context.words));
        problems.extend(self.missing(text).map(|kind| PasswordProblem::Missing { kind }));
        if problems.is_empty() { Ok(NewPassword(password)) } else { Err(problems) }
    }

    /// The kinds of characters that are asked for and not there.
    fn missing(&self, text: &str) -> impl Iterator<Item = &'static str> {
        let none = Composition { upper: false, lower: false, digit: false, other: false };
        let wanted = self.legacy_composition.unwrap_or(none);
        let has = |is_kind: fn(char) -> bool| text.chars().any(is_kind);
        [
            (wanted.upper && !has(char::is_uppercase), "a capital letter"),
            (wanted.lower && !has(char::is_lowercase), "a small letter"),
            (wanted.digit && !has(char::is_numeric), "a digit"),
            (
                wanted.other && !has(|c| !c.is_alphanumeric()),
                "a character that is no letter or digit",
            ),
        ]
        .into_iter()
        .filter_map(|(is_missing, kind)| is_missing.then_some(kind))
    }
}

/// What makes the password easy to guess, whatever its length.
fn guessable(text: &str, words: &[&str]) -> Option<PasswordProblem> {
    let lower = Zeroizing::new(text.to_lowercase());
    if patterns::is_common(&lower) {
        return Some(PasswordProblem::Common);
    }
    if patterns::is_regular(&lower) {
        return Some(PasswordProblem::Regular);
    }
    let word = patterns::context_word(&lower, words)?;
    Some(PasswordProblem::Context { word: word.to_owned() })
}

/// The password in normal form C.
pub(super) fn normal_form(password: &Secret<String>) -> Secret<String> {
    Secret::new(password.expose().nfc().collect())
}
