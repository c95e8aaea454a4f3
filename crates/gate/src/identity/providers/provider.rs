//! One provider: what it publishes, kept for a while, and the exchange of codes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mantlet_crypto::jws::{Algorithm, JwsError, VerifyingKeys};
use mantlet_identity::outside::{Source, discover};
use mantlet_identity::provider::{Goal, IdToken, IdTokenError, Metadata, Secrets};
use mantlet_identity::token::{TokenError, TokenPolicy, VerifiedToken, Verifier};
use mantlet_types::{Clock, Monotonic, Secret, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

use super::ProviderSection;
use crate::guards::Services;
use crate::live::BuildError;
use crate::upstream::{Fetcher, Outbound, Pool, Question};

/// The algorithms of keys that are taken; each key counts for its own alone.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];
/// How long what it publishes is kept.
const KEPT: Duration = Duration::from_secs(3600);
/// How long it is left alone after it did not answer.
const REST: Duration = Duration::from_secs(5);
/// How often at most its keys are fetched anew for a key that we do not know.
const ANEW: Duration = Duration::from_secs(10);

/// One provider.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) settings: ProviderSection,
    secret: Option<Secret<String>>,
    outbound: Arc<Outbound>,
    clock: Arc<dyn Clock>,
    /// Held while it is asked, so that it is asked once.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Arc<Known>>,
    failed: Option<Monotonic>,
}

/// What a provider publishes.
#[derive(Debug)]
struct Known {
    metadata: Metadata,
    verifier: Verifier,
    at: Monotonic,
}

/// Where somebody is sent back to, and what was agreed with their browser.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Return<'a> {
    pub(crate) address: &'a str,
    pub(crate) secrets: &'a Secrets,
}

impl Provider {
    /// A provider as it is configured; it is asked nothing yet.
    ///
    /// # Errors
    /// What is wrong with its secret or with the authorities that it is verified by.
    pub(crate) fn build(
        name: &str,
        section: &ProviderSection,
        services: &Services,
    ) -> Result<Self, BuildError> {
        let resolve = |reference| services.sources.resolve(reference, 1);
        let secret = section.client_secret.as_ref().map(resolve).transpose();
        let outbound = Outbound::new(section.ca.as_deref(), section.is_here());
        Ok(Self {
            name: name.to_owned(),
            settings: section.clone(),
            secret: secret.map_err(BuildError::Secret)?,
            outbound: Arc::new(outbound.map_err(BuildError::UpstreamTls)?),
            clock: Arc::clone(&services.clock),
            state: Mutex::default(),
        })
    }

    /// What stands on its button.
    pub(crate) fn label(&self) -> &str {
        self.settings.label.as_deref().unwrap_or(&self.name)
    }

    /// Where a browser is sent. `lifetime`: how long ago somebody may have shown the provider who
    /// they are, unless they are to show it anew.
    pub(crate) async fn authorization(
        &self,
        pool: &Pool,
        back: Return<'_>,
        (goal, lifetime): (&Goal, Duration),
    ) -> Result<String, ProviderError> {
        let known = self.known(pool).await?;
        let mut url = Url::parse(&known.metadata.authorization)
            .map_err(|error| ProviderError::Down(error.to_string()))?;
        let mut scopes = vec!["openid"];
        let own = self.settings.scopes.iter().map(String::as_str);
        scopes.extend(own.filter(|scope| *scope != "openid"));
        let is_anew = *goal == Goal::SignInAnew;
        let max_age = if is_anew { 0 } else { lifetime.as_secs() };
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", back.address)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &back.secrets.state)
            .append_pair("nonce", &back.secrets.nonce)
            .append_pair("code_challenge", &back.secrets.challenge())
            .append_pair("code_challenge_method", "S256")
            .append_pair("max_age", &max_age.to_string());
        if is_anew {
            url.query_pairs_mut().append_pair("prompt", "login");
        }
        Ok(url.into())
    }

    /// Whether an answer that names `issuer` (RFC 9207), or none, is this provider's.
    pub(crate) async fn is_own(&self, pool: &Pool, issuer: &str) -> Result<bool, ProviderError> {
        let known = self.known(pool).await?;
        Ok(if issuer.is_empty() {
            !known.metadata.says_issuer
        } else {
            issuer == self.settings.issuer
        })
    }

    /// Exchanges a code for whom it names. `since`: they must have shown the provider who they are
    /// since then; `None` for whenever.
    pub(crate) async fn exchange(
        &self,
        pool: &Pool,
        code: &str,
        back: Return<'_>,
        since: Option<Timestamp>,
    ) -> Result<IdToken, ProviderError> {
        let known = self.known(pool).await?;
        let question = self.question(&known.metadata, code, back);
        let asked = self.outbound.read(pool, &known.metadata.token, question).await;
        let (status, bytes) = asked.map_err(ProviderError::Down)?;
        if status.is_server_error() {
            return Err(ProviderError::Down(format!("status {status}")));
        }
        if !status.is_success() {
            return Err(ProviderError::Refused);
        }
        let said = mantlet_crypto::jws::parse_object(&bytes);
        let said = said.ok_or_else(|| ProviderError::Down("its answer is no object".to_owned()))?;
        let token = said.get("id_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| ProviderError::Down("no ID token came".to_owned()))?;
        let verified = self.verify(pool, &known, token).await?;
        let client = &self.settings.client_id;
        Ok(IdToken::check(verified, client, &back.secrets.nonce, since)?)
    }

    /// Checks an ID token; with a key that we do not know, the provider may have a new one.
    async fn verify(
        &self,
        pool: &Pool,
        known: &Arc<Known>,
        token: &str,
    ) -> Result<VerifiedToken, ProviderError> {
        match known.verifier.verify(token) {
            Err(TokenError::Signature(JwsError::UnknownKey)) => {
                let known = self.anew(pool, known).await?;
                Ok(known.verifier.verify(token)?)
            }
            verified => Ok(verified?),
        }
    }

    fn question(&self, metadata: &Metadata, code: &str, back: Return<'_>) -> Question {
        let client = &self.settings.client_id;
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", back.address)
            .append_pair("code_verifier", back.secrets.verifier.expose());
        let mut authorization = None;
        match &self.secret {
            Some(secret) if !metadata.wants_secret_in_body => {
                // RFC 6749, section 2.3.1: both parts are written as in a form.
                let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = Zeroizing::new(format!("{}:{}", part(client), part(secret.expose())));
                authorization = Some(Secret::new(format!("Basic {}", base64(pair.as_bytes()))));
            }
            Some(secret) => {
                form.append_pair("client_id", client).append_pair("client_secret", secret.expose());
            }
            None => {
                form.append_pair("client_id", client);
            }
        }
        Question { form: Some(Zeroizing::new(form.finish())), authorization }
    }

    /// What the provider publishes; an hour old at most, unless it does not answer.
    async fn known(&self, pool: &Pool) -> Result<Arc<Known>, ProviderError> {
        let mut state = self.state.lock().await;
        let now = self.clock.monotonic();
        if let Some(known) = &state.known
            && now.since(known.at) < KEPT
        {
            return Ok(Arc::clone(known));
        }
        let is_resting = state.failed.is_some_and(|at| now.since(at) < REST);
        match (is_resting, &state.known) {
            (true, Some(known)) => return Ok(Arc::clone(known)),
            (true, None) => {
                return Err(ProviderError::Down("it did not answer a moment ago".to_owned()));
            }
            (false, _) => {}
        }
        match self.fetch(pool).await {
            Ok(fetched) => Ok(self.keep(&mut state, fetched)),
            Err(error) => {
                state.failed = Some(self.clock.monotonic());
                state.known.clone().ok_or(error)
            }
        }
    }

    /// The same, newer than `old`, where that was not fetched just now.
    async fn anew(&self, pool: &Pool, old: &Arc<Known>) -> Result<Arc<Known>, ProviderError> {
        let mut state = self.state.lock().await;
        if let Some(known) = &state.known
            && !Arc::ptr_eq(known, old)
        {
            return Ok(Arc::clone(known));
        }
        if self.clock.monotonic().since(old.at) < ANEW {
            return Err(ProviderError::Token(TokenError::Signature(JwsError::UnknownKey)));
        }
        let fetched = self.fetch(pool).await?;
        Ok(self.keep(&mut state, fetched))
    }

    fn keep(&self, state: &mut State, (metadata, keys): (Metadata, VerifyingKeys)) -> Arc<Known> {
        let policy = TokenPolicy {
            kinds: vec!["jwt".to_owned()],
            ..TokenPolicy::outside(&self.settings.issuer, &self.settings.client_id)
        };
        let verifier = Verifier::new(policy, keys, None, Arc::clone(&self.clock));
        let known = Arc::new(Known { metadata, verifier, at: self.clock.monotonic() });
        *state = State { known: Some(Arc::clone(&known)), failed: None };
        known
    }

    async fn fetch(&self, pool: &Pool) -> Result<(Metadata, VerifyingKeys), ProviderError> {
        let documents = Fetcher::over(pool, &self.outbound);
        let said = discover(&documents, &self.settings.issuer).await;
        let metadata = Metadata::read(&said.map_err(ProviderError::Down)?);
        let metadata = metadata.map_err(|error| ProviderError::Down(error.to_string()))?;
        for address in [&metadata.authorization, &metadata.token] {
            self.outbound.place(address).map_err(ProviderError::Down)?;
        }
        let source = Source::At(metadata.keys.clone());
        let keys = source.fetch(&documents, &ALGORITHMS).await;
        let (keys, _) = keys.map_err(ProviderError::Down)?;
        Ok((metadata, keys))
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Why a provider signs nobody in, for the log.
#[derive(Debug)]
pub(crate) enum ProviderError {
    /// It does not answer, or not as it should.
    Down(String),
    /// It does not take the code, or us.
    Refused,
    /// The ID token does not count.
    Token(TokenError),
    /// It counts, and not for this.
    IdToken(IdTokenError),
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down(why) => write!(f, "the provider cannot be asked: {why}"),
            Self::Refused => f.write_str("the provider does not take the code, or our secret"),
            Self::Token(error) => write!(f, "the provider's ID token does not count: {error}"),
            Self::IdToken(error) => error.fmt(f),
        }
    }
}

impl From<TokenError> for ProviderError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<IdTokenError> for ProviderError {
    fn from(error: IdTokenError) -> Self {
        Self::IdToken(error)
    }
}
