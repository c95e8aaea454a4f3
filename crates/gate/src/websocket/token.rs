//! The token of a route: presented by header, subprotocol or first message, compared in constant
//! time, and never passed on.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::{AUTHORIZATION, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use mantlet_crypto::{Key as SecretKey, TAG_SIZE};
use mantlet_event::reasons;
use mantlet_limit::{Counters, Key, Quota};
use mantlet_types::{Clock, Rng, Secret, SystemRng};
use serde_json::Value;

use super::config::{TokenBy, WebsocketSection};
use super::handshake::{Offer, is_token};
use super::origin::single;
use crate::guards::Services;
use crate::pipeline::{Denial, Exchange};

/// The shortest token that is accepted, in bytes.
pub(crate) const MIN_TOKEN: usize = 16;
/// The longest first message that may hold one, in bytes.
pub(super) const MAX_MESSAGE: u64 = 4096;
/// The subprotocol that carries the token begins with this.
const CARRIER: &str = "bearer.";
/// The subprotocol that the gate answers by itself, for browsers: they want one of theirs chosen.
const OWN_PROTOCOL: &str = "bearer";

/// A token, and whoever tries to guess it.
#[derive(Debug)]
pub(crate) struct Token {
    proof: Proof,
    by: Vec<TokenBy>,
    header: HeaderName,
    pub(super) timeout: Duration,
    attempts: [Quota; 1],
    policy: u32,
    counters: Arc<dyn Counters>,
    clock: Arc<dyn Clock>,
}

/// The token's hash under a key of this process. Hashes are compared, in constant time: how long
/// that takes says nothing of how much of a guess is right, nor of the token's length.
struct Proof {
    key: SecretKey,
    hash: [u8; TAG_SIZE],
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl Proof {
    fn new(token: &Secret<String>, rng: &dyn Rng) -> Self {
        let key = SecretKey::generate(rng);
        let hash = key.tag(token.expose().as_bytes());
        Self { key, hash }
    }

    fn holds(&self, candidate: &str) -> bool {
        self.key.has_tagged(candidate.as_bytes(), &self.hash)
    }
}

/// Whether the client still has to present the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presented {
    Yes,
    /// As its first message.
    NotYet,
}

impl Token {
    /// A token; failures are counted under `policy`, or a new one.
    pub(super) fn new(
        section: &WebsocketSection,
        token: &Secret<String>,
        services: &Services,
        policy: Option<u32>,
    ) -> Self {
        let header = section.token_header.as_deref();
        let header = header.and_then(|name| HeaderName::from_bytes(name.as_bytes()).ok());
        Self {
            proof: Proof::new(token, &SystemRng),
            by: section.token_by.clone(),
            header: header.unwrap_or(AUTHORIZATION),
            timeout: section.token_timeout,
            attempts: [section.token_attempts.0],
            policy: policy.unwrap_or_else(|| services.next_policy()),
            counters: Arc::clone(&services.counters),
            clock: Arc::clone(&services.clock),
        }
    }

    /// Under which failed attempts are counted.
    pub(super) const fn policy(&self) -> u32 {
        self.policy
    }

    /// Looks for the token in the handshake, and takes it out.
    ///
    /// # Errors
    /// A [`Denial`] when it is wrong, or absent and can come in no other way.
    pub(crate) async fn at_handshake(
        &self,
        exchange: &mut Exchange,
        offer: &mut Offer,
    ) -> Result<Presented, Denial> {
        let by_header = self.take_header(exchange)?;
        let by_protocol = self.take_protocol(offer);
        let address = exchange.client.address;
        match by_header.or(by_protocol) {
            Some(token) => self.attempt(address, Ok(token.expose())).await.map(|()| Presented::Yes),
            None if self.by.contains(&TokenBy::FirstMessage) => {
                self.may_try(address).await.map(|()| Presented::NotYet)
            }
            None => Err(wrong("no token")),
        }
    }

    fn take_header(&self, exchange: &mut Exchange) -> Result<Option<Secret<String>>, Denial> {
        if !self.by.contains(&TokenBy::Header) {
            return Ok(None);
        }
        let Some(value) = single(&exchange.headers, &self.header)? else { return Ok(None) };
        let text = value.to_str().unwrap_or_default();
        let token = if self.header == AUTHORIZATION {
            // Another scheme is the application's business.
            let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Ok(None);
            }
            token.trim()
        } else {
            text
        };
        let token = Secret::new(token.to_owned());
        exchange.headers.remove(&self.header);
        Ok(Some(token))
    }

    fn take_protocol(&self, offer: &mut Offer) -> Option<Secret<String>> {
        if !self.by.contains(&TokenBy::Subprotocol) {
            return None;
        }
        let carrier = offer.protocols.iter().find_map(|name| name.strip_prefix(CARRIER));
        let token = Secret::new(carrier?.to_owned());
        let before = offer.protocols.len();
        offer.protocols.retain(|name| !name.starts_with(CARRIER));
        let carried = offer.protocols.len();
        offer.protocols.retain(|name| name != OWN_PROTOCOL);
        let is_named = carried < before && offer.protocols.len() < carried;
        offer.own_protocol = is_named.then_some(OWN_PROTOCOL).or(offer.own_protocol);
        Some(token)
    }

    /// Reads a first message.
    ///
    /// # Errors
    /// A [`Denial`] when it does not hold the token.
    pub(super) async fn at_message(&self, address: IpAddr, message: &[u8]) -> Result<(), Denial> {
        let json = serde_json::from_slice::<Value>(message);
        let token = match &json {
            Err(_) => Err("not json"),
            Ok(json) => match json.get("token") {
                Some(Value::String(token)) => Ok(token.as_str()),
                Some(_) => Err("token is no text"),
                None => Err("no token"),
            },
        };
        self.attempt(address, token).await
    }

    /// Compares what `address` presents; an error in its place counts as a failure too.
    ///
    /// # Errors
    /// A [`Denial`] when it is not the token, or the address has failed too often.
    pub(super) async fn attempt(
        &self,
        address: IpAddr,
        candidate: Result<&str, &'static str>,
    ) -> Result<(), Denial> {
        self.may_try(address).await?;
        let failure = match candidate {
            Ok(token) if self.proof.holds(token) => return Ok(()),
            Ok(_) => "wrong token",
            Err(what) => what,
        };
        let key = Key::of_address(self.policy, address);
        // When it cannot be counted, the next look finds that out and refuses.
        let _ = self.counters.take(&key, &self.attempts, 1, self.clock.monotonic()).await;
        Err(wrong(failure))
    }

    /// Whether `address` may try at all.
    async fn may_try(&self, address: IpAddr) -> Result<(), Denial> {
        let key = Key::of_address(self.policy, address);
        match self.counters.peek(&key, &self.attempts, self.clock.monotonic()).await {
            Ok(outcome) if outcome.allowed => Ok(()),
            Ok(outcome) => {
                let seconds = outcome.retry_after.as_secs().saturating_add(1);
                Err(Denial::new(&reasons::WEBSOCKET_ATTEMPTS)
                    .header(RETRY_AFTER, HeaderValue::from(seconds)))
            }
            // Guesses that are not counted would be free.
            Err(error) => Err(Denial::new(&reasons::GUARD_FAILED).evidence(error.to_string())),
        }
    }
}

fn wrong(evidence: &'static str) -> Denial {
    let challenge = HeaderValue::from_static("Bearer");
    Denial::new(&reasons::WEBSOCKET_TOKEN).evidence(evidence).header(WWW_AUTHENTICATE, challenge)
}

/// Why `token` cannot be presented as `by` says; `None` when it can.
pub(super) fn unfit(token: &Secret<String>, by: &[TokenBy]) -> Option<&'static str> {
    let only_protocol = by == [TokenBy::Subprotocol];
    (only_protocol && !is_token(token.expose()))
        .then_some("a subprotocol holds letters, digits and `-._~` only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elite_d03_only_hashes_are_compared_and_nothing_is_printed() {
        let token = Secret::new("correct-horse-battery".to_owned());
        let (one, two) = (Proof::new(&token, &SystemRng), Proof::new(&token, &SystemRng));
        assert!(one.holds("correct-horse-battery"));
        for wrong in ["", "correct-horse-batterx", "correct-horse-battery ", "orrect-horse-battery"]
        {
            assert!(!one.holds(wrong), "{wrong:?}");
        }
        // Under another key: what is compared cannot be worked out beforehand.
        assert_ne!(one.hash, two.hash);
        assert_eq!(format!("{one:?}"), "[secret]");
    }
}
