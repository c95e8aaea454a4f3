//! What an ID token has to say beside what every token has to (OpenID Connect Core, 3.1.3.7).

use std::fmt;
use std::time::Duration;

use mantlet_types::Timestamp;
use serde_json::{Map, Value};

use crate::time::after;
use crate::token::VerifiedToken;

/// The longest claim that is read, in bytes.
const MAX_TEXT: usize = 256;
/// The most groups that are read.
const MAX_GROUPS: usize = 1000;
/// By how much clocks may differ.
const LEEWAY: Duration = Duration::from_secs(60);

/// An ID token that counts: whom a provider names.
#[derive(Debug, Clone, PartialEq)]
pub struct IdToken {
    /// What the provider calls them, for good.
    pub subject: String,
    /// When they showed the provider who they are; `None` where it does not say.
    pub authenticated: Option<Timestamp>,
    claims: Map<String, Value>,
}

impl IdToken {
    /// What is left to check once signature, issuer, audience and times are: that it is for `client`
    /// alone, that it answers our question (`nonce`), and, where `since` is given, that its owner
    /// showed the provider who they are since then.
    ///
    /// # Errors
    /// [`IdTokenError`].
    pub fn check(
        token: VerifiedToken,
        client: &str,
        nonce: &str,
        since: Option<Timestamp>,
    ) -> Result<Self, IdTokenError> {
        let claims = token.claims;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let has_others =
            claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
        let is_ours = match claims.get("azp") {
            None => !has_others,
            Some(party) => party.as_str() == Some(client),
        };
        if !is_ours {
            return Err(IdTokenError::Party);
        }
        if text("nonce") != Some(nonce) {
            return Err(IdTokenError::Nonce);
        }
        let seconds = claims.get("auth_time").and_then(Value::as_i64);
        let authenticated = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let is_late = |since: Timestamp| authenticated.is_none_or(|at| after(at, LEEWAY) < since);
        if since.is_some_and(is_late) {
            return Err(IdTokenError::NotAnew);
        }
        Ok(Self { subject: token.subject.as_str().to_owned(), authenticated, claims })
    }

    /// A claim that is a text of 1 to 256 bytes.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let text = self.claims.get(name)?.as_str()?;
        (1..=MAX_TEXT).contains(&text.len()).then_some(text)
    }

    /// Whether the provider says that they have several factors shown to it (`amr`, RFC 8176).
    #[must_use]
    pub fn has_second_factor(&self) -> bool {
        self.texts("amr").iter().any(|method| matches!(*method, "mfa" | "otp" | "hwk" | "swk"))
    }

    /// The domain of their e-mail address, in lower case, where the provider says that the address is
    /// theirs.
    #[must_use]
    pub fn domain(&self) -> Option<String> {
        if self.claims.get("email_verified") != Some(&Value::Bool(true)) {
            return None;
        }
        let (name, domain) = self.text("email")?.rsplit_once('@')?;
        (!name.is_empty() && !domain.is_empty()).then(|| domain.to_ascii_lowercase())
    }

    /// The texts of a claim that is a list of them, such as groups.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.claims.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).take(MAX_GROUPS).collect()
    }
}

/// Why an ID token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdTokenError {
    /// It is for another party, or for others beside us.
    Party,
    /// It answers another question.
    Nonce,
    /// Its owner was to show anew who they are, and the provider does not say that they have.
    NotAnew,
}

impl fmt::Display for IdTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Party => "the ID token is for another party",
            Self::Nonce => "the ID token answers another question",
            Self::NotAnew => "the provider does not say that they signed in anew",
        })
    }
}

impl std::error::Error for IdTokenError {}
