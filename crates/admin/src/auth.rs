//! Who may ask for what is not public.

use std::fmt::{self, Debug};

use http::header::AUTHORIZATION;
use http::request::Parts;
use mantlet_types::Secret;

/// Decides who asks, for every protected endpoint.
pub trait AdminAuth: Debug + Send + Sync {
    /// Who sent this request.
    ///
    /// # Errors
    /// [`AuthError`] when that is nobody who may.
    fn authenticate(&self, request: &Parts) -> Result<AdminIdentity, AuthError>;

    /// The secrets it compares with, so that they can be kept out of every log.
    fn secrets(&self) -> Vec<Secret<String>> {
        Vec::new()
    }
}

/// Who sent a request to a protected endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminIdentity {
    /// Somebody on this machine; nobody was asked to say more.
    Local,
    /// Somebody who has the token.
    TokenHolder,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthError {
    /// Nothing was shown.
    Required,
    /// What was shown is not right.
    Invalid,
    /// Nothing that could be shown would help: no way in is configured.
    Closed,
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Required => "a bearer token is required",
            Self::Invalid => "the bearer token is not valid",
            Self::Closed => "no bearer token is configured",
        })
    }
}

impl std::error::Error for AuthError {}

/// Lets whoever shows a token in (RFC 6750), compared in constant time.
#[derive(Debug, Clone)]
pub struct BearerToken(Secret<String>);

impl BearerToken {
    /// The token to compare with.
    #[must_use]
    pub const fn new(token: Secret<String>) -> Self {
        Self(token)
    }
}

impl AdminAuth for BearerToken {
    fn authenticate(&self, request: &Parts) -> Result<AdminIdentity, AuthError> {
        let mut values = request.headers.get_all(AUTHORIZATION).iter();
        let value = values.next().ok_or(AuthError::Required)?.as_bytes();
        // Two of them would be two claims; which one counts must not depend on who reads.
        if values.next().is_some() {
            return Err(AuthError::Invalid);
        }
        let (scheme, rest) = value.split_at_checked(6).ok_or(AuthError::Invalid)?;
        let token = rest.strip_prefix(b" ").map(<[u8]>::trim_ascii).ok_or(AuthError::Invalid)?;
        if scheme.eq_ignore_ascii_case(b"bearer") && self.0.matches(token) {
            Ok(AdminIdentity::TokenHolder)
        } else {
            Err(AuthError::Invalid)
        }
    }

    fn secrets(&self) -> Vec<Secret<String>> {
        vec![self.0.clone()]
    }
}

/// Lets everybody in: for a listener that only this machine can reach.
#[derive(Debug, Clone, Copy, Default)]
pub struct Open;

impl AdminAuth for Open {
    fn authenticate(&self, _request: &Parts) -> Result<AdminIdentity, AuthError> {
        Ok(AdminIdentity::Local)
    }
}

/// Lets nobody in: for a listener on the network without a token.
#[derive(Debug, Clone, Copy, Default)]
pub struct Closed;

impl AdminAuth for Closed {
    fn authenticate(&self, _request: &Parts) -> Result<AdminIdentity, AuthError> {
        Err(AuthError::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(auth: &dyn AdminAuth, values: &[&str]) -> Result<AdminIdentity, AuthError> {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        for value in values {
            parts.headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        auth.authenticate(&parts)
    }

    #[test]
    fn only_the_token_opens() {
        let auth = BearerToken::new(Secret::new("correct-horse".into()));
        for (values, expected) in [
            (&["Bearer correct-horse"][..], Ok(AdminIdentity::TokenHolder)),
            (&["bearer  correct-horse"], Ok(AdminIdentity::TokenHolder)),
            (&[], Err(AuthError::Required)),
            (&["Bearer wrong"], Err(AuthError::Invalid)),
            (&["Bearer"], Err(AuthError::Invalid)),
            (&["Bearer "], Err(AuthError::Invalid)),
            (&["Bearercorrect-horse"], Err(AuthError::Invalid)),
            (&["Basic correct-horse"], Err(AuthError::Invalid)),
            (&["correct-horse"], Err(AuthError::Invalid)),
            (&["Bearer correct-horse", "Bearer x"], Err(AuthError::Invalid)),
        ] {
            assert_eq!(ask(&auth, values), expected, "{values:?}");
        }
        assert!(!format!("{auth:?}").contains("horse"));
    }

    #[test]
    fn open_lets_in_and_closed_does_not() {
        assert_eq!(ask(&Open, &[]), Ok(AdminIdentity::Local));
        assert_eq!(ask(&Closed, &["Bearer x"]), Err(AuthError::Closed));
    }
}
