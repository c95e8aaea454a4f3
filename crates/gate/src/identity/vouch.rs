//! What the application is told of who asks.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use mantlet_crypto::jws;
use mantlet_identity::UserId;
use mantlet_identity::cache::Cache;
use mantlet_identity::directory::{Caller, Directory, Way};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value};

use super::presets::Told;
use super::{HeaderPreset, Identified, IdentitySection};
use crate::guards::FieldName;
use crate::pipeline::Exchange;

/// The header of the signed assertion.
const ASSERTION: HeaderName = HeaderName::from_static("mantlet-assertion");

/// The type of the assertion's header (RFC 8725, section 3.11): it is no access token.
const KIND: &str = "mantlet-assertion+jwt";

/// How many assertions are remembered.
const REMEMBERED: usize = 10_000;

/// What cannot stand in a header, or would end an item of a list.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%').add(b',').add(b' ');

/// Whom it is about, and whom it is for.
type About = ([u8; 16], Arc<str>);

/// What one audience is told of a caller, ready to be sent. It lives as long as what was verified of
/// the caller is believed, which is a moment.
#[derive(Debug)]
pub(super) struct Vouched {
    by: Arc<()>,
    audience: Arc<str>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Tells the application who asks, in headers that no client can send.
#[derive(Debug)]
pub struct Vouch {
    directory: Arc<Directory>,
    is_signed: bool,
    issuer: String,
    lifetime: Duration,
    user_headers: Vec<Told>,
    role_headers: Vec<HeaderName>,
    made: Cache<About, Made>,
    /// Tells it from every other one.
    mark: Arc<()>,
}

#[derive(Debug, Clone)]
struct Made {
    value: HeaderValue,
    /// Whom it is about: two issuers may give the same mark to two users of theirs.
    user: UserId,
    /// What it says of roles: others need another.
    roles: Arc<[String]>,
}

impl Vouch {
    /// By these settings.
    #[must_use]
    pub fn new(section: &IdentitySection, directory: Arc<Directory>) -> Self {
        let assertion = &section.assertion;
        let named = |names: &[FieldName]| names.iter().map(|name| name.0.clone()).collect();
        let presets = || assertion.presets.iter().copied();
        let (users, mut roles): (Vec<HeaderName>, Vec<HeaderName>) =
            (named(&assertion.user_headers), named(&assertion.role_headers));
        let mut users: Vec<Told> = users.into_iter().map(|name| (name, "")).collect();
        users.extend(presets().flat_map(HeaderPreset::users));
        roles.extend(presets().flat_map(HeaderPreset::roles));
        Self {
            directory,
            is_signed: assertion.signed,
            issuer: section.tokens.issuer.clone(),
            lifetime: assertion.lifetime,
            user_headers: users,
            role_headers: roles,
            // What is handed out has half of its life before it.
            made: Cache::new(REMEMBERED, assertion.lifetime / 2),
            mark: Arc::default(),
        }
    }

    /// The names of all headers that tell it.
    pub(crate) fn names(&self) -> impl Iterator<Item = HeaderName> {
        let users = self.user_headers.iter().map(|(name, _)| name);
        let names = users.chain(&self.role_headers).cloned();
        names.chain(self.is_signed.then_some(ASSERTION))
    }

    /// Puts into the headers what is known of who asks; for nobody that is nothing.
    pub(crate) fn tell(&self, exchange: &mut Exchange, audience: &Arc<str>) {
        let Some(who) = exchange.facts.lookup::<Identified>() else { return };
        let made = || self.vouch(&who.caller, audience);
        let vouched = who.vouched.get_or_init(made);
        let is_same = Arc::ptr_eq(&vouched.by, &self.mark) && vouched.audience == *audience;
        let other = (!is_same).then(made);
        for (name, value) in &other.as_ref().unwrap_or(vouched).headers {
            exchange.headers.insert(name, value.clone());
        }
    }

    /// What `audience` is told of a caller.
    fn vouch(&self, caller: &Caller, audience: &Arc<str>) -> Vouched {
        let mut headers = Vec::new();
        for (name, prefix) in &self.user_headers {
            headers
                .extend(readable(prefix, caller.user.as_str()).map(|value| (name.clone(), value)));
        }
        if !self.role_headers.is_empty() {
            let roles = caller.standing.roles.iter();
            let roles: Vec<String> =
                roles.map(|role| utf8_percent_encode(role, ESCAPED).to_string()).collect();
            let roles = HeaderValue::from_str(&roles.join(","));
            let names = self.role_headers.iter().cloned();
            headers.extend(names.zip(roles.iter().cycle().cloned()));
        }
        let assertion = self.is_signed.then(|| self.assertion(caller, audience)).flatten();
        headers.extend(assertion.map(|value| (ASSERTION, value)));
        Vouched { by: Arc::clone(&self.mark), audience: Arc::clone(audience), headers }
    }

    /// The assertion about a caller for an audience; made anew when half of its life is over.
    fn assertion(&self, caller: &Caller, audience: &Arc<str>) -> Option<HeaderValue> {
        let at = self.directory.clock.monotonic();
        let about = (caller.mark, Arc::clone(audience));
        let known = self.made.find(&about, at);
        let is_theirs =
            |made: &Made| made.user == caller.user && *made.roles == *caller.standing.roles;
        if let Some(made) = known.filter(is_theirs) {
            return Some(made.value);
        }
        let token = jws::sign(
            self.directory.assertion_keys.signing(),
            KIND,
            &self.claims(caller, audience),
        );
        let mut value = HeaderValue::from_str(&token.ok()?).ok()?;
        value.set_sensitive(true);
        let roles = caller.standing.roles.as_slice().into();
        let (value, user) = (value, caller.user.clone());
        self.made.insert(about, Made { value: value.clone(), user, roles }, at);
        Some(value)
    }

    fn claims(&self, caller: &Caller, audience: &str) -> Map<String, Value> {
        let now = self.directory.clock.now();
        let lifetime = i64::try_from(self.lifetime.as_secs()).unwrap_or(0);
        let until = now.as_second().saturating_add(lifetime).min(caller.until.as_second());
        let mut claims = Map::new();
        for (name, value) in [
            ("iss", Value::from(self.issuer.as_str())),
            ("aud", Value::from(audience)),
            ("sub", Value::from(caller.user.as_str())),
            ("iat", Value::from(now.as_second())),
            ("nbf", Value::from(now.as_second())),
            ("exp", Value::from(until)),
            ("roles", Value::from(caller.standing.roles.as_slice())),
            ("way", Value::from(caller.way.as_str())),
        ] {
            claims.insert(name.to_owned(), value);
        }
        match &caller.way {
            Way::Session(session) => {
                claims.insert("amr".to_owned(), Value::from(session.methods.as_slice()));
                claims.insert("sid".to_owned(), Value::from(session.handle.as_str()));
                claims.insert("auth_time".to_owned(), Value::from(session.created.as_second()));
            }
            Way::ApiKey(key) => {
                claims.insert("client_id".to_owned(), Value::from(key.id.as_str()));
            }
            Way::Token(_) | Way::Ticket(_) | Way::Certificate => {}
        }
        if let Some(scopes) = caller.scopes() {
            claims.insert("scope".to_owned(), Value::from(scopes.join(" ")));
        }
        claims
    }
}

/// A name as a header value: as it is where it is plain text, else percent-encoded.
fn readable(prefix: &str, name: &str) -> Option<HeaderValue> {
    if name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return HeaderValue::from_str(&format!("{prefix}{name}")).ok();
    }
    HeaderValue::from_str(&format!("{prefix}{}", utf8_percent_encode(name, ESCAPED))).ok()
}
