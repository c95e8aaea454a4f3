//! The letters, in plain text.

use mantlet_types::Letter;

use super::EmailAddress;

/// Somebody asked for a new password.
#[must_use]
pub fn reset(to: &EmailAddress, (user, base): (&str, &str), link: &str) -> Letter {
    letter(
        to,
        format!("A new password for {base}"),
        format!(
            "Somebody, probably you, asked for a new password for the account {user} at\n{base}\n\n\
             Open this link within 30 minutes to choose one. It works once.\n\n{link}\n\n\
             If you did not ask for it, there is nothing to do: your password stays as it is.\n"
        ),
    )
}

/// Somebody is invited.
#[must_use]
pub fn invitation(to: &EmailAddress, (user, base): (&str, &str), link: &str) -> Letter {
    letter(
        to,
        format!("Your account at {base}"),
        format!(
            "There is an account for you at\n{base}\n\nIts name is {user}. Open this link within 7 days to choose \
             a password. It works once.\n\n{link}\n"
        ),
    )
}

/// A password was changed.
#[must_use]
pub fn changed(to: &EmailAddress, (user, base): (&str, &str)) -> Letter {
    letter(
        to,
        format!("Your password for {base} was changed"),
        format!(
            "The password of the account {user} at\n{base}\nhas just been changed, and everybody who was signed in \
             with it was signed out.\n\nIf that was not you, tell whoever runs this service at once.\n"
        ),
    )
}

fn letter(to: &EmailAddress, subject: String, text: String) -> Letter {
    Letter { to: to.as_str().to_owned(), subject, text }
}
