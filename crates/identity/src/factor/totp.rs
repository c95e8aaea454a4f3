//! Codes of a clock.

use mantlet_crypto::{OtpDigest, hotp};
use mantlet_types::{Rng, Secret, Timestamp};

use super::base32;
use crate::account::AccountName;

/// Seconds of a step, as every authenticator program has them.
const STEP_SECS: i64 = 30;

/// Digits of a code.
const DIGITS: u32 = 6;

/// How codes are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpPolicy {
    /// How many steps a clock may be off to either side; at most two count.
    pub drift: u8,
    /// What stands above the account in the authenticator program.
    pub service: String,
}

impl Default for TotpPolicy {
    /// One step to either side, `Mantlet`.
    fn default() -> Self {
        Self { drift: 1, service: "Mantlet".to_owned() }
    }
}

/// The secret of a clock: 160 random bits (RFC 4226, section 4). It cannot be printed by accident.
#[derive(Debug, Clone)]
pub struct TotpSecret(Secret<[u8; 20]>);

impl TotpSecret {
    pub(super) fn generate(rng: &dyn Rng) -> Self {
        let mut bytes = [0; 20];
        rng.fill(&mut bytes);
        Self(Secret::new(bytes))
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Secret::new(bytes)))
    }

    pub(super) const fn expose(&self) -> &[u8; 20] {
        self.0.expose()
    }

    /// The secret for typing it in.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        Secret::new(base32::encode(self.expose()))
    }

    /// The address that an authenticator program reads as a QR code.
    #[must_use]
    pub fn uri(&self, policy: &TotpPolicy, account: &AccountName) -> Secret<String> {
        let (service, name) = (escape(&policy.service), escape(account.as_str()));
        let secret = self.text();
        Secret::new(format!(
            "otpauth://totp/{service}:{name}?secret={}&issuer={service}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECS}",
            secret.expose()
        ))
    }

    /// The step whose code `code` is, near `now` and later than `used`; `None` when it is none.
    /// Spaces within are left out. Every step is compared, each in constant time.
    pub(super) fn step_of(
        &self,
        code: &str,
        used: Option<u64>,
        drift: u8,
        now: Timestamp,
    ) -> Option<u64> {
        let code: Secret<String> = Secret::new(code.chars().filter(|c| *c != ' ').collect());
        let step = u64::try_from(now.as_second().div_euclid(STEP_SECS)).ok()?;
        let drift = u64::from(drift.min(2));
        let mut found = None;
        for step in step.saturating_sub(drift)..=step.saturating_add(drift) {
            let expected = hotp(OtpDigest::Sha1, self.expose(), step, DIGITS);
            let is_new = used.is_none_or(|used| step > used);
            if code.matches(expected.as_bytes()) && is_new {
                found = found.or(Some(step));
            }
        }
        found
    }
}

/// Text within a URI (RFC 3986, section 2): everything but unreserved characters is escaped.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
