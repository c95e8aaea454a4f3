//! What the claims of an issuer outside mean here: nothing, but for what is said.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::UserId;
use crate::account::Standing;
use crate::token::TokenError;

/// Claims that hold several words in one text (RFC 8693, section 4.2; `scp` is Microsoft's).
const WORDS: [&str; 2] = ["scope", "scp"];

/// A claim: by its name, or by a JSON Pointer (RFC 6901) for one within others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim(String);

impl Claim {
    /// The claim `name`; one that begins with `/` is a pointer, as in `/realm_access/roles`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    fn of<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        let Some(path) = self.0.strip_prefix('/') else { return claims.get(&self.0) };
        let unescaped = |step: &str| step.replace("~1", "/").replace("~0", "~");
        let mut steps = path.split('/').map(unescaped);
        let first = claims.get(&steps.next()?)?;
        steps.try_fold(first, |value, step| value.as_object()?.get(&step))
    }

    /// Whether the claim is this text, or a list that holds it.
    fn holds(&self, claims: &Map<String, Value>, wanted: &str) -> bool {
        match self.of(claims) {
            Some(Value::String(text)) if WORDS.contains(&self.0.as_str()) => {
                text.split_ascii_whitespace().any(|word| word == wanted)
            }
            Some(Value::String(text)) => text == wanted,
            Some(Value::Array(list)) => list.iter().any(|entry| entry.as_str() == Some(wanted)),
            _ => false,
        }
    }
}

/// A value of a claim gives something here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gives {
    /// The claim.
    pub claim: Claim,
    /// The text that it has to be, or to hold.
    pub value: String,
    /// The name of the role or the scope.
    pub name: String,
}

/// What the claims of one issuer mean here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The word before the names of its users, who are nobody's but its own: `corp:alice`. `None`: they
    /// are accounts of ours, by their names, with the roles of these.
    pub namespace: Option<String>,
    /// The claim that names the user.
    pub user: Claim,
    /// What gives roles; without a namespace nothing does.
    pub roles: Vec<Gives>,
    /// What gives scopes; `None` when tokens are bounded to none.
    pub scopes: Option<Vec<Gives>>,
}

/// What the claims of one token mean here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// What its user may; `None` when that is for the account of this name to say.
    pub standing: Option<Arc<Standing>>,
    /// What the token is bounded to; `None` for nothing.
    pub scopes: Option<Vec<String>>,
}

impl Mapping {
    /// Whose token it is.
    ///
    /// # Errors
    /// [`TokenError::Claim`].
    pub(crate) fn subject(&self, claims: &Map<String, Value>) -> Result<UserId, TokenError> {
        let error = TokenError::Claim("sub");
        let Some(Value::String(name)) = self.user.of(claims) else { return Err(error) };
        // Anybody can enter the address of another at most issuers, until they have to prove it.
        if self.user.0 == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
            return Err(TokenError::Claim("email_verified"));
        }
        match &self.namespace {
            Some(space) => UserId::outside(space, name).map_err(|_| error),
            None => UserId::parse(name).map_err(|_| error),
        }
    }

    /// What the claims give.
    pub(crate) fn read(&self, claims: &Map<String, Value>) -> Mapped {
        let given = |list: &[Gives]| {
            let mut names: Vec<String> = Vec::new();
            for gives in list.iter().filter(|gives| gives.claim.holds(claims, &gives.value)) {
                if !names.contains(&gives.name) {
                    names.push(gives.name.clone());
                }
            }
            names
        };
        let standing = self.namespace.is_some().then(|| {
            let roles = given(&self.roles);
            Arc::new(Standing { is_active: true, roles, not_before: None })
        });
        Mapped { standing, scopes: self.scopes.as_deref().map(given) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn gives(claim: &str, value: &str, name: &str) -> Gives {
        Gives { claim: Claim::new(claim), value: value.to_owned(), name: name.to_owned() }
    }

    fn mapping() -> Mapping {
        Mapping {
            namespace: Some("corp".to_owned()),
            user: Claim::new("sub"),
            roles: vec![
                gives("groups", "Domain Admins", "admin"),
                gives("/realm_access/roles", "staff", "user"),
                gives("https://corp/role", "staff", "user"),
            ],
            scopes: Some(vec![gives("scope", "files.read", "read")]),
        }
    }

    #[test]
    fn a_claim_gives_what_is_said_and_nothing_beside_it() {
        for (given, roles, scopes) in [
            (json!({}), &[][..], &[][..]),
            (json!({"roles": ["admin"], "groups": "admin"}), &[], &[]),
            (json!({"groups": "Domain Admins"}), &["admin"], &[]),
            (json!({"groups": "x Domain Admins"}), &[], &[]),
            (json!({"groups": ["x", "Domain Admins"]}), &["admin"], &[]),
            (json!({"groups": [["Domain Admins"]]}), &[], &[]),
            (json!({"realm_access": {"roles": ["staff"]}}), &["user"], &[]),
            (json!({"/realm_access/roles": ["staff"]}), &[], &[]),
            (json!({"https://corp/role": "staff"}), &["user"], &[]),
            (json!({"scope": "openid files.read", "scp": "x"}), &[], &["read"]),
            (json!({"scope": ["files.read"]}), &[], &["read"]),
        ] {
            let mapped = mapping().read(&claims(&given));
            assert_eq!(mapped.standing.unwrap().roles, roles, "{given}");
            assert_eq!(mapped.scopes.unwrap(), scopes, "{given}");
        }
        let bare = Mapping { scopes: None, ..mapping() }.read(&claims(&json!({"scope": "x"})));
        assert_eq!(bare.scopes, None, "not bounded");
        let ours = Mapping { namespace: None, ..mapping() };
        assert_eq!(ours.read(&claims(&json!({"groups": "Domain Admins"}))).standing, None);
    }

    #[test]
    fn a_user_of_an_issuer_has_a_name_of_its_own() {
        let subject = |mapping: &Mapping, given| mapping.subject(&claims(&given));
        let alice = subject(&mapping(), json!({"sub": "Alice"})).unwrap();
        assert_eq!(alice.as_str(), "corp:Alice");
        let ours = Mapping { namespace: None, ..mapping() };
        assert_eq!(subject(&ours, json!({"sub": "alice"})).unwrap().as_str(), "alice");
        for bad in [
            json!({}),
            json!({"sub": 1}),
            json!({"sub": ""}),
            json!({"sub": "a b"}),
            json!({"sub": "a\u{202e}b"}),
            json!({"sub": "x".repeat(128)}),
        ] {
            assert!(subject(&mapping(), bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_that_nobody_proved_is_nobodys() {
        let mapping = Mapping { user: Claim::new("email"), ..mapping() };
        for (verified, is_fine) in [
            (json!({"email": "a@x", "email_verified": true}), true),
            (json!({"email": "a@x", "email_verified": "true"}), false),
            (json!({"email": "a@x", "email_verified": false}), false),
            (json!({"email": "a@x"}), false),
        ] {
            assert_eq!(mapping.subject(&claims(&verified)).is_ok(), is_fine, "{verified}");
        }
    }
}
