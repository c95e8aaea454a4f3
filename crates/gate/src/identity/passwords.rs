//! `[identity.passwords]`: what passwords have to be, and how many are hashed at once.

use mantlet_config::{Reader, choice, section};
use mantlet_identity::password::{Composition, PasswordPolicy};

section! {
    /// What passwords have to be. Lists of well-known ones, runs along the keyboard and the name of
    /// the account are refused whatever is said here.
    pub struct PasswordsSection {
        /// The fewest characters where the password is all that is asked for.
        pub min_length: u32 = 15,
        /// The fewest characters of somebody who has set up a second factor.
        pub min_length_with_second_factor: u32 = 8,
        /// Kinds of characters of which every new password must have one each, for where a rule from
        /// elsewhere still asks for it. It makes passwords easier to guess and harder to remember
        /// (NIST SP 800-63B-4 section 3.1.1.2), so `mantlet check` warns of it.
        pub legacy_composition: Vec<CharacterKind> = Vec::new(),
        /// How many hashes are made at once, each with 19 MiB of memory, by threads that give way to
        /// everything else; 0: on half of the processors, one at least.
        pub threads: u32 = 0,
        /// How many sign-ins may wait for that; further ones are told to come back.
        pub waiting: u32 = 64,
    }
}

choice! {
    /// A kind of characters.
    pub enum CharacterKind {
        /// A capital letter.
        Upper => "upper",
        /// A small letter.
        Lower => "lower",
        /// A digit.
        Digit => "digit",
        /// Anything else.
        Other => "other",
    }
}

impl PasswordsSection {
    /// Finds what the types cannot say.
    pub(super) fn check(&self, reader: &mut Reader<'_>) {
        for (name, number, range) in [
            ("min_length", self.min_length, 8..=64),
            ("min_length_with_second_factor", self.min_length_with_second_factor, 8..=64),
            ("threads", self.threads, 0..=64),
            ("waiting", self.waiting, 1..=10_000),
        ] {
            reader.expect_range(&format!("identity.passwords.{name}"), &number, &range);
        }
        if !self.legacy_composition.is_empty() {
            let hint =
                "leave it out where you may: length and the lists of known passwords protect";
            reader.warn("identity.passwords.legacy_composition", Composition::WARNING, hint);
        }
    }

    /// Which new passwords are taken.
    pub(super) fn policy(&self) -> PasswordPolicy {
        let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let kinds = &self.legacy_composition;
        let has = |kind| kinds.contains(&kind);
        PasswordPolicy {
            min_alone: number(self.min_length),
            min_with_second_factor: number(self.min_length_with_second_factor),
            legacy_composition: (!kinds.is_empty()).then(|| Composition {
                upper: has(CharacterKind::Upper),
                lower: has(CharacterKind::Lower),
                digit: has(CharacterKind::Digit),
                other: has(CharacterKind::Other),
            }),
            ..PasswordPolicy::default()
        }
    }

    /// How many hashes are made at once.
    pub(super) fn threads(&self) -> usize {
        match self.threads {
            0 => (std::thread::available_parallelism().map_or(1, usize::from) / 2).max(1),
            threads => usize::try_from(threads).unwrap_or(usize::MAX),
        }
    }
}
