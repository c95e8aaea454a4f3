//! `[identity]`: how long sessions, keys and tokens live, and what passwords have to be.

use std::time::Duration;

use http::HeaderName;
use mantlet_config::{Named, Reader, SecretError, SecretRef, Sources, section};
use mantlet_crypto::jws::VerifyingKeys;
use mantlet_crypto::password::Cost;
use mantlet_identity::api_key::ApiKeyPolicy;
use mantlet_identity::directory::Policies;
use mantlet_identity::factor::TotpPolicy;
use mantlet_identity::lockout::LockoutPolicy;
use mantlet_identity::password_link::LinkPolicy;
use mantlet_identity::refresh::RefreshPolicy;
use mantlet_identity::session::SessionPolicy;
use mantlet_identity::ticket::TicketPolicy;
use mantlet_identity::token::{TokenPolicy, legacy_secret};
use mantlet_limit::Quota;
use mantlet_types::{Secret, Timestamp};

use super::{
    CertificateSection, HeaderPreset, IssuerSection, PasskeysSection, PasswordsSection,
    ProviderSection, certificates, issuers,
};
use crate::guards::FieldName;
use crate::guards::limit::QuotaSetting;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// How many counts of failed sign-ins are remembered.
const LOCKOUT_COUNTERS: usize = 200_000;

/// The longest that an assertion may live: it cannot be taken back.
const LONGEST_ASSERTION: Duration = Duration::from_secs(300);

section! {
    /// Accounts, sessions, keys and tokens. Used once some path asks for an identity, and from then on
    /// until the process ends.
    pub struct IdentitySection {
        /// Sessions of people.
        pub sessions: SessionsSection = SessionsSection::default(),
        /// Passwords.
        pub passwords: PasswordsSection = PasswordsSection::default(),
        /// Passkeys.
        pub passkeys: PasskeysSection = PasskeysSection::default(),
        /// Outside OpenID Connect providers that people sign in with.
        pub providers: Named<ProviderSection> = Named::default(),
        /// Keys of programs.
        pub keys: KeysSection = KeysSection::default(),
        /// Signed tokens of our own.
        pub tokens: TokensSection = TokensSection::default(),
        /// Issuers outside whose tokens count.
        pub issuers: Named<IssuerSection> = Named::default(),
        /// Clients that are known by their certificates.
        pub certificates: Vec<CertificateSection> = Vec::new(),
        /// What slows the guessing of passwords down.
        pub lockout: LockoutSection = LockoutSection::default(),
        /// What the application is told of who asks.
        pub assertion: AssertionSection = AssertionSection::default(),
    }
}

section! {
    /// How long sessions live.
    pub struct SessionsSection {
        /// How long one lives unused.
        pub idle: Duration = 8 * HOUR,
        /// How long one lives at most after the sign-in.
        pub lifetime: Duration = DAY,
        /// The most sessions of one user; beyond it the one used least recently ends.
        pub max_per_user: u32 = 20,
    }
}

section! {
    /// How long API keys live.
    pub struct KeysSection {
        /// The word that stands in every key and that presented ones must name, so that a key of a
        /// test system opens nothing elsewhere: 1 to 8 lower-case letters and digits.
        pub environment: String = "live".into(),
        /// How long a key lives that was asked for without an end.
        pub lifetime: Duration = 90 * DAY,
        /// The longest life that can be asked for.
        pub max_lifetime: Duration = 366 * DAY,
        /// The most keys of one owner that can be used.
        pub max_per_user: u32 = 100,
        /// The longest time that old secrets stay valid after a rotation.
        pub max_grace: Duration = 7 * DAY,
    }
}

section! {
    /// Signed tokens of our own (RFC 9068).
    pub struct TokensSection {
        /// Who they say has issued them (`iss`).
        pub issuer: String = "mantlet".into(),
        /// Whom they are for (`aud`).
        pub audience: String = "mantlet".into(),
        /// How long they live at most.
        pub lifetime: Duration = HOUR,
        /// How long a sign-in can be prolonged with refresh tokens.
        pub refresh_lifetime: Duration = 30 * DAY,
        /// How long a refresh token counts that nobody uses.
        pub refresh_idle: Duration = 7 * DAY,
        /// The most sign-ins with refresh tokens of one user.
        pub refresh_per_user: u32 = 50,
        /// Tokens that the application made with PyJWT before, while its programs move over.
        pub legacy: LegacySection = LegacySection::default(),
    }
}

section! {
    /// Tokens that an application made with PyJWT and a shared secret (HS256): they name no issuer,
    /// and act for the account of ours that they name.
    pub struct LegacySection {
        /// The secret that they are signed with; unset, none of them counts.
        pub secret: Option<SecretRef> = None,
        /// The claim that names the user.
        pub subject: String = "sub".into(),
        /// The day from which on none of them counts any more, for example `2027-06-30`.
        pub until: Option<String> = None,
    }
}

section! {
    /// What slows the guessing of passwords down. No stranger can lock an account: who signed in
    /// from a device before is not slowed down by what others do.
    pub struct LockoutSection {
        /// Attempts of one address at one account.
        pub per_address_and_account: QuotaSetting = quota(5, 5 * MINUTE),
        /// Failures of one address at any accounts, IPv6 by /64.
        pub per_address: QuotaSetting = quota(50, 15 * MINUTE),
        /// Failures of one network at any accounts: IPv4 by /24, IPv6 by /48.
        pub per_network: QuotaSetting = quota(300, 15 * MINUTE),
        /// Attempts at one account from devices that never signed in to it.
        pub per_account: QuotaSetting = quota(100, DAY),
        /// Attempts at the second factor of one account.
        pub per_second_factor: QuotaSetting = quota(10, 15 * MINUTE),
    }
}

section! {
    /// What the application is told of who asks: headers that no client can send.
    pub struct AssertionSection {
        /// Whether `Mantlet-Assertion` is sent: a token signed with ES256, whose key is published
        /// under `/.mantlet/jwks.json`.
        pub signed: bool = true,
        /// How long it counts, five minutes at most.
        pub lifetime: Duration = LONGEST_ASSERTION,
        /// Whom it is for (`aud`). Unset: the address of the route's first server, as it is
        /// configured.
        pub audience: Option<String> = None,
        /// Names under which other proxies tell it, for applications that were written for them:
        /// `remote-user`, `x-auth-request`, `pomerium`, `cloudflare` or `google-iap`.
        pub presets: Vec<HeaderPreset> = Vec::new(),
        /// Headers that carry the name of the user.
        pub user_headers: Vec<FieldName> =
            vec![FieldName(HeaderName::from_static("x-forwarded-user"))],
        /// Headers that carry the names of their roles, with commas between them.
        pub role_headers: Vec<FieldName> = Vec::new(),
    }
}

/// The beginning of a day, UTC.
fn day(text: &str) -> Option<Timestamp> {
    (text.len() == 10).then(|| format!("{text}T00:00:00Z").parse().ok())?
}

fn quota(limit: u64, window: Duration) -> QuotaSetting {
    Quota::new(limit, window, None).map_or_else(|_| QuotaSetting::generous(), QuotaSetting)
}

impl IdentitySection {
    /// Finds what the types cannot say.
    pub fn check(&self, reader: &mut Reader<'_>) {
        let key = |name: &str| format!("identity.{name}");
        for (name, duration) in [
            ("sessions.idle", self.sessions.idle),
            ("sessions.lifetime", self.sessions.lifetime),
            ("keys.lifetime", self.keys.lifetime),
            ("keys.max_lifetime", self.keys.max_lifetime),
            ("tokens.lifetime", self.tokens.lifetime),
            ("tokens.refresh_idle", self.tokens.refresh_idle),
            ("assertion.lifetime", self.assertion.lifetime),
        ] {
            if duration < Duration::from_secs(1) {
                reader.error(&key(name), "this ends before it begins", "choose at least `1s`");
            }
        }
        for (name, duration, longest) in [
            ("sessions.idle", self.sessions.idle, self.sessions.lifetime),
            ("keys.lifetime", self.keys.lifetime, self.keys.max_lifetime),
            ("tokens.refresh_idle", self.tokens.refresh_idle, self.tokens.refresh_lifetime),
        ] {
            if duration > longest {
                let message = "this is longer than the longest life";
                reader.error(&key(name), message, "raise that, or lower this");
            }
        }
        if self.assertion.lifetime > LONGEST_ASSERTION {
            let message = "an assertion cannot be taken back";
            reader.error(&key("assertion.lifetime"), message, "choose at most `5m`");
        }
        for (name, number, range) in [
            ("sessions.max_per_user", self.sessions.max_per_user, 1..=1000),
            ("keys.max_per_user", self.keys.max_per_user, 1..=10_000),
            ("tokens.refresh_per_user", self.tokens.refresh_per_user, 1..=10_000),
        ] {
            reader.expect_range(&key(name), &number, &range);
        }
        self.passwords.check(reader);
        self.check_texts(reader);
        self.check_legacy(reader);
        certificates::check(&self.certificates, reader);
        issuers::check(&self.issuers, &self.tokens.issuer, reader);
    }

    fn check_legacy(&self, reader: &mut Reader<'_>) {
        let LegacySection { secret, until, subject } = &self.tokens.legacy;
        let until_key = "identity.tokens.legacy.until";
        match (secret, until) {
            (Some(_), None) => {
                let message = "such tokens cannot be told from forged ones by anybody who has the secret: say until when they count";
                reader.error(
                    "identity.tokens.legacy.secret",
                    message,
                    "set `until = \"2027-06-30\"`",
                );
            }
            (_, Some(text)) if day(text).is_none() => {
                let message = format!("`{}` is not a day", text.escape_debug());
                reader.error(until_key, message, "write it as `2027-06-30`");
            }
            _ => {}
        }
        if subject.is_empty() {
            let hint = "name a claim, for example `user_id`";
            reader.error("identity.tokens.legacy.subject", "this names no claim", hint);
        }
    }

    /// The secrets that it names, for the redaction of logs.
    ///
    /// # Errors
    /// [`SecretError`] for one that cannot be read.
    pub fn secrets(&self, sources: &Sources) -> Result<Vec<Secret<String>>, SecretError> {
        let theirs = self.providers.iter().filter_map(|(_, it)| it.client_secret.as_ref());
        let named = self.tokens.legacy.secret.iter().chain(theirs);
        named.map(|reference| sources.resolve(reference, 1)).collect()
    }

    /// The key and the rules of tokens of an application before us; `None` where none count.
    ///
    /// # Errors
    /// What is wrong with the secret; never the secret.
    pub fn legacy(
        &self,
        sources: &Sources,
    ) -> Result<Option<(VerifyingKeys, TokenPolicy)>, Box<dyn std::error::Error>> {
        let LegacySection { secret, until, subject } = &self.tokens.legacy;
        let (Some(secret), Some(until)) = (secret, until.as_deref().and_then(day)) else {
            return Ok(None);
        };
        let keys = legacy_secret(&sources.resolve(secret, 1)?);
        let keys = keys.map_err(|error| {
            format!("`[identity.tokens.legacy] secret`: {error}\n  hint: give the application another secret, and its users new tokens")
        })?;
        Ok(Some((keys, TokenPolicy::legacy(subject, until))))
    }

    fn check_texts(&self, reader: &mut Reader<'_>) {
        let environment = &self.keys.environment;
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if !(1..=8).contains(&environment.len()) || !environment.bytes().all(is_word) {
            let message = format!("`{}` cannot stand in a key", environment.escape_debug());
            let hint = "use 1 to 8 lower-case letters and digits, for example `live`";
            reader.error("identity.keys.environment", message, hint);
        }
        for (name, text) in [("issuer", &self.tokens.issuer), ("audience", &self.tokens.audience)] {
            if text.is_empty() || text.len() > 256 {
                let key = format!("identity.tokens.{name}");
                reader.error(&key, "this names nobody", "use 1 to 256 characters");
            }
        }
        for (name, headers) in [
            ("user_headers", &self.assertion.user_headers),
            ("role_headers", &self.assertion.role_headers),
        ] {
            if headers.iter().any(FieldName::is_any) {
                let key = format!("identity.assertion.{name}");
                reader.error(&key, "`*` is not a header", "name one, for example `Remote-User`");
            }
        }
    }

    /// The headers in which the application is told who asks.
    pub(crate) fn told_headers(&self) -> impl Iterator<Item = &FieldName> {
        self.assertion.user_headers.iter().chain(&self.assertion.role_headers)
    }

    /// The numbers that the directory is opened with.
    #[must_use]
    pub fn policies(&self) -> Policies {
        let Self { sessions, passwords, keys, tokens, lockout, .. } = self;
        let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Policies {
            sessions: SessionPolicy {
                idle: sessions.idle,
                lifetime: sessions.lifetime,
                max_per_user: number(sessions.max_per_user),
                ..SessionPolicy::default()
            },
            api_keys: ApiKeyPolicy {
                environment: keys.environment.clone(),
                default_lifetime: keys.lifetime,
                max_lifetime: keys.max_lifetime,
                max_per_owner: number(keys.max_per_user),
                max_grace: keys.max_grace,
                ..ApiKeyPolicy::default()
            },
            passwords: passwords.policy(),
            cost: Cost::default(),
            hashing: (passwords.threads(), number(passwords.waiting)),
            totp: TotpPolicy::default(),
            most_passkeys: number(self.passkeys.max_per_user),
            lockout: LockoutPolicy {
                per_pair: lockout.per_address_and_account.0,
                per_address: lockout.per_address.0,
                per_network: lockout.per_network.0,
                per_account: lockout.per_account.0,
                per_factor: lockout.per_second_factor.0,
                delay_from: 5,
                first_delay: Duration::from_millis(250),
                max_delay: Duration::from_secs(8),
            },
            lockout_counters: LOCKOUT_COUNTERS,
            tokens: (tokens.issuer.clone(), tokens.audience.clone()),
            token_lifetime: tokens.lifetime,
            refresh: RefreshPolicy {
                lifetime: tokens.refresh_lifetime,
                idle: tokens.refresh_idle,
                max_per_user: number(tokens.refresh_per_user),
                ..RefreshPolicy::default()
            },
            tickets: TicketPolicy::default(),
            legacy: None,
            password_links: LinkPolicy::default(),
            certificates: certificates::settings(&self.certificates),
            outside: issuers::settings(&self.issuers),
            remembered: SessionPolicy::default().remembered,
        }
    }
}
