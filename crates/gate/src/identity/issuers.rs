//! `[identity.issuers.NAME]`: whose tokens count beside our own, and what they mean here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mantlet_access::Roles;
use mantlet_config::{Named, Reader, choice, section};
use mantlet_crypto::jws::Algorithm;
use mantlet_identity::outside::{Claim, Gives, Mapping, OutsideSettings, Source};
use mantlet_identity::token::TokenPolicy;

use crate::upstream::DocumentUrl;

/// The word of the name space of client certificates.
pub(crate) const CERTIFICATE: &str = "certificate";

section! {
    /// Tokens of an issuer outside (a company's sign-in, another service) count as credentials, where
    /// they are signed with a key that it publishes. What they mean here is said here: without a role,
    /// its users may what everybody may who is signed in.
    pub struct IssuerSection {
        /// Who the tokens say has issued them (`iss`), exactly.
        pub issuer: String = String::new(),
        /// Where its keys are (a JWK set). Unset: where it says, under
        /// `ISSUER/.well-known/openid-configuration`.
        pub jwks_url: Option<DocumentUrl> = None,
        /// Whom the tokens are for (`aud`): one of these.
        pub audience: Vec<String> = Vec::new(),
        /// The algorithms of keys that are taken; each key counts for its own alone.
        pub algorithms: Vec<KeyAlgorithm> =
            vec![KeyAlgorithm::Rs256, KeyAlgorithm::Es256, KeyAlgorithm::EdDsa],
        /// The types (`typ`) of tokens that count, in lower case; an empty one stands for tokens
        /// that name none.
        pub types: Vec<String> = vec!["at+jwt".into(), "jwt".into(), String::new()],
        /// The claim that names the user; `email` counts where `email_verified` is true.
        pub user: String = "sub".into(),
        /// Whose its users are.
        pub users: Users = Users::Own,
        /// What gives roles; for users of its own alone, as accounts have theirs.
        pub roles: Vec<ClaimRole> = Vec::new(),
        /// What gives scopes: its tokens are bounded to these then. Empty: they are bounded to none.
        pub scopes: Vec<ClaimScope> = Vec::new(),
        /// By how much clocks may differ, five minutes at most.
        pub leeway: Duration = Duration::from_secs(30),
        /// The longest life that a token may claim.
        pub max_lifetime: Duration = Duration::from_secs(86_400),
        /// How long its keys count while it cannot be asked for them again.
        pub keep: Duration = Duration::from_secs(86_400),
        /// The authorities to trust instead of the system's when it is asked, PEM.
        pub ca: Option<PathBuf> = None,
    }
}

section! {
    /// A value of a claim gives a role.
    pub struct ClaimRole {
        /// The claim, or a JSON Pointer to one within others: `/realm_access/roles`.
        pub claim: String = String::new(),
        /// What it is, or what the list that it is holds.
        pub value: String = String::new(),
        /// The role.
        pub role: String = String::new(),
    }
}

section! {
    /// A value of a claim gives a scope.
    pub struct ClaimScope {
        /// The claim, or a JSON Pointer to one within others; of `scope` and `scp` each word is a
        /// value.
        pub claim: String = "scope".into(),
        /// What it is, or what it holds.
        pub value: String = String::new(),
        /// The permission.
        pub scope: String = String::new(),
    }
}

choice! {
    /// An algorithm of keys that are published.
    pub enum KeyAlgorithm {
        /// RSA, of 2048 bits and more.
        Rs256 => "RS256",
        /// P-256.
        Es256 => "ES256",
        /// Ed25519.
        EdDsa => "EdDSA",
    }
}

choice! {
    /// Whose the users of an issuer are.
    pub enum Users {
        /// Its own: they are called `NAME:user`, and have no account here.
        Own => "own",
        /// They are accounts here, of exactly the name in the claim: whoever runs the issuer can act
        /// as any of these.
        Accounts => "accounts",
    }
}

impl IssuerSection {
    fn check(&self, key: &str, reader: &mut Reader<'_>) {
        if self.issuer.is_empty() || self.issuer.len() > 256 {
            let hint =
                "write what its tokens have under `iss`, for example `https://login.example.org/`";
            reader.error(&format!("{key}.issuer"), "this names nobody", hint);
        } else if self.jwks_url.is_none() && self.issuer.parse::<DocumentUrl>().is_err() {
            let hint = "set `jwks_url`, or write the issuer as `https://login.example.org`";
            reader.error(&format!("{key}.issuer"), "its keys cannot be found by this name", hint);
        }
        if self.audience.is_empty() || self.audience.iter().any(String::is_empty) {
            let message = "tokens that were made for others would count";
            let hint = "write what its tokens for this application have under `aud`";
            reader.error(&format!("{key}.audience"), message, hint);
        }
        for (name, is_empty) in [
            ("algorithms", self.algorithms.is_empty()),
            ("types", self.types.is_empty()),
            ("user", self.user.is_empty()),
        ] {
            if is_empty {
                let hint = "leave it out for the usual";
                reader.error(&format!("{key}.{name}"), "none of its tokens would count", hint);
            }
        }
        if self.leeway > Duration::from_secs(300) {
            let message = "tokens would count long after their end";
            reader.error(&format!("{key}.leeway"), message, "choose at most `5m`");
        }
        for (name, duration) in [("max_lifetime", self.max_lifetime), ("keep", self.keep)] {
            let range = Duration::from_secs(1)..=Duration::from_secs(366 * 86_400);
            if !range.contains(&duration) {
                let hint = "choose a time from `1s` to `366d`";
                reader.error(&format!("{key}.{name}"), "the time is out of range", hint);
            }
        }
        if self.users == Users::Accounts && !self.roles.is_empty() {
            let message = "accounts have their roles here";
            let hint = "leave `roles` out, or set `users = \"own\"`";
            reader.error(&format!("{key}.roles"), message, hint);
        }
    }

    /// Every role and scope is one that there is.
    fn check_names(&self, key: &str, roles: &Roles, reader: &mut Reader<'_>) {
        for (index, given) in self.roles.iter().enumerate() {
            let key = format!("{key}.roles[{index}]");
            check_claim(&key, (&given.claim, &given.value), reader);
            if roles.role(&given.role).is_none() {
                let message = format!("there is no role `{}`", given.role.escape_debug());
                reader.error(&key, message, "names of roles come from `[access]`");
            }
        }
        for (index, given) in self.scopes.iter().enumerate() {
            let key = format!("{key}.scopes[{index}]");
            check_claim(&key, (&given.claim, &given.value), reader);
            if roles.permission(&given.scope).is_none() {
                let message = format!("there is no permission `{}`", given.scope.escape_debug());
                reader.error(&key, message, "names of permissions come from `[access]`");
            }
        }
    }

    fn settings(&self, name: &str) -> OutsideSettings {
        let first = self.audience.first().map_or("", String::as_str);
        let mapping = Mapping {
            namespace: (self.users == Users::Own).then(|| name.to_owned()),
            user: Claim::new(&self.user),
            roles: self.roles.iter().map(|it| gives(&it.claim, &it.value, &it.role)).collect(),
            scopes: (!self.scopes.is_empty()).then(|| {
                self.scopes.iter().map(|it| gives(&it.claim, &it.value, &it.scope)).collect()
            }),
        };
        let kinds = self.types.iter().filter(|kind| !kind.is_empty());
        let policy = TokenPolicy {
            audiences: self.audience.clone(),
            kinds: kinds.map(|kind| kind.to_ascii_lowercase()).collect(),
            accepts_no_kind: self.types.iter().any(String::is_empty),
            mapping: Some(Arc::new(mapping)),
            leeway: self.leeway,
            max_lifetime: self.max_lifetime,
            ..TokenPolicy::outside(&self.issuer, first)
        };
        let source = match &self.jwks_url {
            Some(url) => Source::At(url.to_string()),
            None => Source::Discovered(self.issuer.clone()),
        };
        let algorithms = self.algorithms.iter().map(|algorithm| match algorithm {
            KeyAlgorithm::Rs256 => Algorithm::Rs256,
            KeyAlgorithm::Es256 => Algorithm::Es256,
            KeyAlgorithm::EdDsa => Algorithm::EdDsa,
        });
        let algorithms = algorithms.collect();
        OutsideSettings { name: name.to_owned(), policy, source, algorithms, keep: self.keep }
    }

    /// Whether its documents may be on this machine: where it is itself.
    #[must_use]
    pub fn is_here(&self) -> bool {
        let named = || self.issuer.parse::<DocumentUrl>().ok();
        self.jwks_url.clone().or_else(named).is_some_and(|url| url.is_here())
    }
}

fn gives(claim: &str, value: &str, name: &str) -> Gives {
    Gives { claim: Claim::new(claim), value: value.to_owned(), name: name.to_owned() }
}

fn check_claim(key: &str, (claim, value): (&str, &str), reader: &mut Reader<'_>) {
    if claim.is_empty() || value.is_empty() {
        let hint = "write for example `claim = \"groups\"` and `value = \"admins\"`";
        reader.error(key, "no claim or no value is named", hint);
    }
}

/// Finds what the types cannot say of all of them; `own` is the issuer of our tokens.
pub(super) fn check(issuers: &Named<IssuerSection>, own: &str, reader: &mut Reader<'_>) {
    let mut seen: Vec<&str> = vec![own];
    for (name, section) in issuers.iter() {
        let key = format!("identity.issuers.{name}");
        section.check(&key, reader);
        if name == CERTIFICATE {
            let hint = "choose another name";
            reader.error(&key, "this is how users of client certificates are called", hint);
        }
        if seen.contains(&section.issuer.as_str()) && !section.issuer.is_empty() {
            let message = format!("`{}` issues tokens under another name", section.issuer);
            let hint = "name each issuer once; our own is `[identity.tokens] issuer`";
            reader.error(&format!("{key}.issuer"), message, hint);
        }
        seen.push(&section.issuer);
    }
}

/// Finds names that the table of roles does not have.
pub(crate) fn check_names(issuers: &Named<IssuerSection>, roles: &Roles, reader: &mut Reader<'_>) {
    for (name, section) in issuers.iter() {
        section.check_names(&format!("identity.issuers.{name}"), roles, reader);
    }
}

/// What the directory is opened with.
pub(super) fn settings(issuers: &Named<IssuerSection>) -> Vec<OutsideSettings> {
    issuers.iter().map(|(name, section)| section.settings(name)).collect()
}
