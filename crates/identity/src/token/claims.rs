//! Reading claims.

use std::sync::Arc;

use mantlet_types::Timestamp;
use serde_json::{Map, Value};

use super::{TokenError, TokenPolicy};
use crate::UserId;
use crate::outside::Mapped;
use crate::time::after;

/// The longest id of a token, in bytes.
const MAX_ID: usize = 256;

/// The claim of ours that says to the millisecond when a token was issued: `iat` has seconds, which
/// is too coarse to tell a token from before a revocation from one after it.
pub(super) const ISSUED_MS: &str = "iat_ms";

/// The claim of ours that names the grant a token is of: a sign-in with a refresh token.
pub const GRANT: &str = "grant";

/// A token that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedToken {
    /// Whose token it is: a user of ours with our own tokens, else one of the issuer's.
    pub subject: UserId,
    /// Its issuer; empty for tokens that name none.
    pub issuer: String,
    /// Its id; `None` for tokens without one, which cannot be revoked alone.
    pub id: Option<String>,
    /// When it was issued; `None` for tokens that do not say.
    pub issued: Option<Timestamp>,
    /// When it ends.
    pub expires: Timestamp,
    /// The key that signed it, as the header names it.
    pub key: Option<String>,
    /// All claims.
    pub claims: Map<String, Value>,
    /// What they mean here, with an issuer outside; `None` for tokens of ours and of an application
    /// before us.
    pub mapped: Option<Arc<Mapped>>,
    /// The grant of ours that it is of.
    grant: Option<String>,
}

impl VerifiedToken {
    /// The texts of a claim: a list, or one text with spaces between them, as `scope` has it (RFC
    /// 8693). Empty for a claim that is missing or of another kind.
    #[must_use]
    pub fn texts(&self, claim: &str) -> Vec<&str> {
        match self.claims.get(claim) {
            Some(Value::String(text)) => text.split_ascii_whitespace().collect(),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The grant that it is of; `None` for a token that stands alone.
    #[must_use]
    pub fn grant(&self) -> Option<&str> {
        self.grant.as_deref()
    }

    /// What `claims` say, when they satisfy `policy` at `now`.
    pub(super) fn read(
        claims: Map<String, Value>,
        key: Option<String>,
        policy: &TokenPolicy,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let issuer = text(&claims, "iss")?.unwrap_or_default().to_owned();
        if policy.issuer.as_deref().unwrap_or_default() != issuer {
            return Err(TokenError::Issuer);
        }
        check_audience(&claims, policy)?;
        let expires = time(&claims, "exp")?.ok_or(TokenError::Claim("exp"))?;
        let issued = issued(&claims, policy)?;
        check_times(&claims, policy, (issued, expires), now)?;
        let id = text(&claims, "jti")?.map(str::to_owned);
        if id.as_ref().map_or(policy.requires_id, |id| id.is_empty() || id.len() > MAX_ID) {
            return Err(TokenError::Claim("jti"));
        }
        let subject = match &policy.mapping {
            Some(mapping) => mapping.subject(&claims)?,
            None => subject(&claims, policy)?,
        };
        let mapped = policy.mapping.as_ref().map(|mapping| Arc::new(mapping.read(&claims)));
        // Whoever signs for themselves could name the grant of another.
        let grant = claims.get(GRANT).and_then(Value::as_str).filter(|_| policy.has_grants);
        let grant = grant.map(str::to_owned);
        Ok(Self { subject, issuer, id, issued, expires, key, claims, mapped, grant })
    }
}

fn check_audience(claims: &Map<String, Value>, policy: &TokenPolicy) -> Result<(), TokenError> {
    let is_ours = |value: &Value| {
        value.as_str().is_some_and(|name| policy.audiences.iter().any(|it| it == name))
    };
    let is_fine = match claims.get("aud") {
        None => policy.audiences.is_empty(),
        Some(Value::Array(list)) => list.iter().any(is_ours),
        Some(one) => is_ours(one),
    };
    if is_fine { Ok(()) } else { Err(TokenError::Audience) }
}

fn issued(
    claims: &Map<String, Value>,
    policy: &TokenPolicy,
) -> Result<Option<Timestamp>, TokenError> {
    let seconds = time(claims, "iat")?;
    if seconds.is_none() && policy.requires_issued {
        return Err(TokenError::Claim("iat"));
    }
    let exact = claims.get(ISSUED_MS).and_then(Value::as_i64);
    let exact = exact.and_then(|millis| Timestamp::from_millisecond(millis).ok());
    // Only our own tokens have it, and it only says more exactly what `iat` says.
    Ok(match (seconds, exact) {
        (Some(seconds), Some(exact)) if exact.as_second() == seconds.as_second() => Some(exact),
        (seconds, _) => seconds,
    })
}

fn check_times(
    claims: &Map<String, Value>,
    policy: &TokenPolicy,
    (issued, expires): (Option<Timestamp>, Timestamp),
    now: Timestamp,
) -> Result<(), TokenError> {
    let leeway = policy.leeway();
    if after(expires, leeway) <= now {
        return Err(TokenError::Expired);
    }
    let latest = after(now, leeway);
    let starts = [issued, time(claims, "nbf")?];
    if starts.into_iter().flatten().any(|start| start > latest) {
        return Err(TokenError::NotYet);
    }
    // A token that does not say when it was issued can still not end later than one issued now.
    if expires > after(issued.unwrap_or(now), policy.max_lifetime) {
        return Err(TokenError::TooLongLived);
    }
    Ok(())
}

fn subject(claims: &Map<String, Value>, policy: &TokenPolicy) -> Result<UserId, TokenError> {
    let error = TokenError::Claim("sub");
    match claims.get(&policy.subject) {
        Some(Value::String(text)) => UserId::parse(text).map_err(|_| error),
        // PyJWT before 2.10 let applications write numbers.
        Some(Value::Number(number)) if policy.issuer.is_none() && number.is_u64() => {
            UserId::parse(&number.to_string()).map_err(|_| error)
        }
        _ => Err(error),
    }
}

fn text<'a>(
    claims: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, TokenError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenError::Claim(name)),
    }
}

/// A time in seconds since 1970, of which the fraction is dropped (RFC 7519, NumericDate).
fn time(claims: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, TokenError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = value.as_i64().or_else(|| value.as_f64().and_then(whole));
    let time = seconds.filter(|seconds| *seconds >= 0).and_then(|s| Timestamp::from_second(s).ok());
    time.map(Some).ok_or(TokenError::Claim(name))
}

fn whole(number: f64) -> Option<i64> {
    let is_time = (0.0..253_402_300_800.0).contains(&number);
    #[expect(clippy::cast_possible_truncation, reason = "within the range of times, checked above")]
    is_time.then_some(number as i64)
}
