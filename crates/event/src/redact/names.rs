//! Names under which secrets are passed.

/// Names that contain one of these, whatever stands between its words.
const WORDS: [&str; 17] = [
    "accesskey",
    "apikey",
    "authorization",
    "credential",
    "encryptionkey",
    "jsessionid",
    "masterkey",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "sessid",
    "sessionid",
    "signingkey",
    "token",
];
/// Short names, which must be the whole.
const WHOLE: [&str; 13] = [
    "auth",
    "creditcard",
    "csrf",
    "cvc",
    "cvv",
    "jwt",
    "otp",
    "pass",
    "pin",
    "session",
    "sid",
    "ssn",
    "xsrf",
];
/// Longer names are looked at in their first bytes.
const NAME_BYTES: usize = 256;

/// Whether a parameter, a header field or a member of this name holds a secret, as far as the name
/// tells.
#[must_use]
pub fn names_secret(name: &str) -> bool {
    let letters = name.bytes().take(NAME_BYTES).filter(u8::is_ascii_alphanumeric);
    let plain: String = letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    WHOLE.contains(&plain.as_str()) || WORDS.iter().any(|word| plain.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_others() {
        for name in [
            "password",
            "Passwd",
            "user[password]",
            "api_key",
            "X-Api-Key",
            "apiKey",
            "csrf_token",
            "PIN",
            "session-id",
            "client_secret",
            "refresh_token",
            "auth",
        ] {
            assert!(names_secret(name), "{name}");
        }
        for name in ["", "q", "comment", "key", "author", "spinner", "sessions_shown", "pass_count"]
        {
            assert!(!names_secret(name), "{name}");
        }
    }
}
