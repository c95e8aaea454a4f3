//! Passwords for people who have none.

use mantlet_types::{Rng, Secret};

use super::{NewPassword, PasswordContext, PasswordPolicy};

/// Letters and digits that are not mistaken for each other.
const LETTERS: &[u8; 54] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ345679";

/// Letters and digits of a group, and groups: 115 random bits.
const GROUP: usize = 5;
const GROUPS: usize = 4;

/// How often a password is made anew when the policy does not take it. One in some hundred lacks a
/// kind of character; so many in a row never do.
const ATTEMPTS: usize = 1000;

impl PasswordPolicy {
    /// A random password that this policy takes, for example `kd7Xw-5rTqb-Zm4cV-9hLpy`. `None` when
    /// the policy takes none of that length.
    #[must_use]
    pub fn generate(
        &self,
        context: &PasswordContext<'_>,
        rng: &dyn Rng,
    ) -> Option<(Secret<String>, NewPassword)> {
        (0..ATTEMPTS).find_map(|_| {
            let text = random(rng);
            let taken = self.check(&text, context).ok()?;
            Some((text, taken))
        })
    }
}

fn random(rng: &dyn Rng) -> Secret<String> {
    let mut text = String::with_capacity(GROUPS * (GROUP + 1));
    let mut letters = 0;
    while letters < GROUP * GROUPS {
        let mut byte = [0];
        rng.fill(&mut byte);
        let [byte] = byte.map(usize::from);
        // 216 is the largest multiple of 54 in a byte.
        let Some(letter) = LETTERS.get(byte % LETTERS.len()).filter(|_| byte < 216) else {
            continue;
        };
        if letters > 0 && letters % GROUP == 0 {
            text.push('-');
        }
        text.push(char::from(*letter));
        letters += 1;
    }
    Secret::new(text)
}
