//! Password hashing: Argon2id for what we make (RFC 9106), and reading what others made.
//!
//! Everything here takes its time on purpose and blocks the thread: call it from threads of its
//! own, never from one that serves traffic.

mod argon;
mod foreign;

use mantlet_types::{Rng, Secret};

pub use argon::Cost;
pub(crate) use argon::derive_key;
use foreign::Foreign;

/// The longest password, in bytes: long enough for 128 characters of any script.
pub const MAX_PASSWORD: usize = 512;

/// The longest hash that is read, in bytes.
const MAX_HASH: usize = 1024;

/// What came of comparing a password with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is the password.
    Right,
    /// It is the password, and the hash is weaker than it should be: hash the password anew.
    RightButWeak,
    /// It is not.
    Wrong,
    /// The hash is of no kind we read, or asks for more work than we do.
    Unreadable,
}

impl Outcome {
    /// Whether the password was right.
    #[must_use]
    pub const fn is_right(self) -> bool {
        matches!(self, Self::Right | Self::RightButWeak)
    }
}

/// The hash of a new password, as a PHC string. `None` for passwords over [`MAX_PASSWORD`], and
/// when there is no memory for it.
#[must_use]
pub fn hash(password: &Secret<String>, cost: Cost, rng: &dyn Rng) -> Option<String> {
    let password = password.expose().as_bytes();
    if password.len() > MAX_PASSWORD {
        return None;
    }
    let mut salt = [0; 16];
    rng.fill(&mut salt);
    argon::hash(password, &salt, cost)
}

/// Compares `password` with `hash`, which is one of ours, any Argon2 PHC string, bcrypt, or what
/// werkzeug and Django write with PBKDF2, scrypt, bcrypt and Argon2.
#[must_use]
pub fn verify(password: &Secret<String>, hash: &str, cost: Cost) -> Outcome {
    let password = password.expose().as_bytes();
    if password.len() > MAX_PASSWORD || hash.len() > MAX_HASH {
        return Outcome::Wrong;
    }
    // Django writes its own name before the PHC string.
    let phc = hash.strip_prefix("argon2").filter(|rest| rest.starts_with("$argon2"));
    if let Some(ours) = argon::Hash::parse(phc.unwrap_or(hash)) {
        return match ours.is_of(password) {
            Some(true) if ours.is_weaker_than(cost) => Outcome::RightButWeak,
            Some(true) => Outcome::Right,
            Some(false) => Outcome::Wrong,
            None => Outcome::Unreadable,
        };
    }
    match Foreign::parse(hash).and_then(|foreign| foreign.is_of(password)) {
        Some(true) => Outcome::RightButWeak,
        Some(false) => Outcome::Wrong,
        None => Outcome::Unreadable,
    }
}

/// Whether [`verify`] can read `hash`: for imports, before anybody signs in.
#[must_use]
pub fn is_readable(hash: &str) -> bool {
    let phc = hash.strip_prefix("argon2").filter(|rest| rest.starts_with("$argon2"));
    hash.len() <= MAX_HASH
        && (argon::Hash::parse(phc.unwrap_or(hash)).is_some() || Foreign::parse(hash).is_some())
}

#[cfg(test)]
mod tests {
    use mantlet_types::SystemRng;

    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash = hash(&secret("correct horse"), CHEAP, &SystemRng).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        assert_eq!(verify(&secret("correct horse"), &hash, CHEAP), Outcome::Right);
        assert_eq!(verify(&secret("correct hors"), &hash, CHEAP), Outcome::Wrong);
        assert_eq!(verify(&secret(""), &hash, CHEAP), Outcome::Wrong);
        let again = super::hash(&secret("correct horse"), CHEAP, &SystemRng).unwrap();
        assert_ne!(hash, again, "a salt of its own");
    }

    #[test]
    fn a_hash_below_the_wanted_cost_is_to_be_made_anew() {
        let hash = hash(&secret("p"), CHEAP, &SystemRng).unwrap();
        for (cost, expected) in [
            (Cost { memory_kib: 65, ..CHEAP }, Outcome::RightButWeak),
            (Cost { passes: 2, ..CHEAP }, Outcome::RightButWeak),
            (Cost { memory_kib: 32, ..CHEAP }, Outcome::Right),
        ] {
            assert_eq!(verify(&secret("p"), &hash, cost), expected, "{cost:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_never_hashed() {
        let long = secret(&"a".repeat(MAX_PASSWORD + 1));
        assert_eq!(hash(&long, CHEAP, &SystemRng), None);
        let hash = hash(&secret("a"), CHEAP, &SystemRng).unwrap();
        assert_eq!(verify(&long, &hash, CHEAP), Outcome::Wrong);
    }

    /// The password is `pässword-1` throughout; made by the libraries named.
    #[test]
    fn what_others_made_is_read() {
        let made = include_str!("../../tests/data/foreign-hashes.txt");
        let mut kinds = 0;
        for line in made.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            assert!(is_readable(line), "{line}");
            let wanted = Cost { memory_kib: 128, ..CHEAP };
            assert_eq!(
                verify(&secret("pässword-1"), line, wanted),
                Outcome::RightButWeak,
                "{line}"
            );
            assert_eq!(verify(&secret("password-1"), line, wanted), Outcome::Wrong, "{line}");
            kinds += 1;
        }
        assert!(kinds >= 9, "{kinds} kinds");
    }

    #[test]
    fn what_is_no_hash_or_asks_too_much_is_unreadable() {
        for hash in [
            "",
            "$",
            "secret",
            "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=64,t=4000000000,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$",
            "pbkdf2:sha256:99999999999$salt$00",
            "pbkdf2:sha256:0$salt$00",
            "pbkdf2:md5:1000$salt$00",
            "scrypt:1073741824:8:1$salt$00",
            "scrypt:3:8:1$salt$00",
            "pbkdf2_sha256$1000$salt",
            "pbkdf2_sha256$1000$salt$",
            "$2b$31$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$2b$10$short",
            "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
        ] {
            assert_eq!(verify(&secret("x"), hash, CHEAP), Outcome::Unreadable, "{hash}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(hash in "[$:,=a-z0-9A-Z./+-]{0,80}") {
            let _ = is_readable(&hash);
        }
    }
}
