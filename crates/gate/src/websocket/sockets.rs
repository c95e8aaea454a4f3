//! The rules of one route, compiled.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use mantlet_config::{SecretError, SecretRef};
use mantlet_limit::{ConcurrencyLimit, Key, Permit, Quota};
use mantlet_types::Clock;

use super::config::{Compression, WebsocketSection};
use super::handshake::{Agreement, Offer};
use super::inflate::Bounds;
use super::judge::{Rates, Rules};
use super::origin::PageRules;
use super::rate::Rate;
use super::token::{self, MIN_TOKEN, Token};
use crate::guards::Services;
use crate::pipeline::{AllowedOrigin, Denial, Exchange};
use crate::stages::body::BodyMemory;

/// What WebSockets of one route may do, and how many there are.
#[derive(Debug)]
pub(crate) struct Sockets {
    page: PageRules,
    compression: Compression,
    frame_limit: u64,
    bounds: Bounds,
    answer_limit: u64,
    message_rate: Quota,
    control_rate: Quota,
    pub(super) idle_timeout: Duration,
    pub(super) ping_interval: Option<Duration>,
    pub(super) lifetime: Option<Duration>,
    pub(crate) token: Option<Token>,
    by_address: ConcurrencyLimit,
    altogether: ConcurrencyLimit,
}

/// The place of one WebSocket under these rules, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permits: (Permit, Permit),
}

/// Rules already compiled: routes with the same settings share them, and so their counts.
#[derive(Debug, Default)]
pub(crate) struct SocketCache(HashMap<String, Arc<Sockets>>);

impl SocketCache {
    /// The rules that `section` asks for; those of the configuration `before` hand on their counts.
    ///
    /// # Errors
    /// The token's reference and why it cannot be used.
    pub(crate) fn build(
        &mut self,
        section: &WebsocketSection,
        services: &Services,
        before: Option<&Self>,
    ) -> Result<Arc<Sockets>, SecretError> {
        let key = format!("{section:?}");
        if let Some(known) = self.0.get(&key) {
            return Ok(Arc::clone(known));
        }
        let before = before.and_then(|before| before.0.get(&key));
        let sockets = Arc::new(Sockets::new(section, services, before.map(Arc::as_ref))?);
        self.0.insert(key, Arc::clone(&sockets));
        Ok(sockets)
    }
}

impl Sockets {
    fn new(
        section: &WebsocketSection,
        services: &Services,
        before: Option<&Self>,
    ) -> Result<Self, SecretError> {
        let policy = before.and_then(|before| before.token.as_ref()).map(Token::policy);
        // Read anew: the secret may be another one now.
        let token = match &section.token {
            Some(reference) => Some(read_token(reference, section, services, policy)?),
            None => None,
        };
        let counts = before.map(|before| (before.by_address.clone(), before.altogether.clone()));
        let (by_address, altogether) = counts.unwrap_or_else(|| limits(section));
        Ok(Self {
            page: PageRules {
                origins: section.origins.clone(),
                is_any: section.dangerous_any_origin,
                may_be_absent: section.without_origin,
                hosts: section.hosts.clone(),
            },
            compression: section.compression,
            frame_limit: section.frame_limit.0,
            bounds: Bounds {
                size: section.message_limit.0,
                ratio: u64::from(section.inflation_ratio),
            },
            answer_limit: section.answer_limit.map_or(u64::MAX, |limit| limit.0),
            message_rate: section.message_rate.0,
            control_rate: section.control_rate.0,
            idle_timeout: section.idle_timeout,
            ping_interval: section.ping_interval,
            lifetime: section.lifetime,
            token,
            by_address,
            altogether,
        })
    }

    /// States that the page may ask, where these rules list it: guards that look at pages let it
    /// pass then, and the rules themselves are asked again in [`Sockets::admit`].
    pub(crate) fn vouch(&self, exchange: &mut Exchange) {
        if self.page.lists(exchange) {
            exchange.facts.state(AllowedOrigin { with_credentials: true });
        }
    }

    /// Reads a handshake and refuses that of a foreign page or host.
    ///
    /// # Errors
    /// A [`Denial`].
    pub(crate) fn admit(&self, exchange: &Exchange) -> Result<Offer, Denial> {
        let mut offer = Offer::read(&exchange.headers)?;
        self.page.check(exchange)?;
        if self.compression == Compression::Off {
            offer.without_deflate();
        }
        Ok(offer)
    }

    /// A place for one more from `address`.
    ///
    /// # Errors
    /// The key of the limit that is reached.
    pub(crate) fn place(&self, address: IpAddr) -> Result<Place, &'static str> {
        let one = self.by_address.acquire(&Key::of_address(0, address));
        let one = one.map_err(|_| "websocket.max_connections_per_address")?;
        let all = self.altogether.acquire(&Key::of_policy(0));
        let all = all.map_err(|_| "websocket.max_connections")?;
        Ok(Place { _permits: (one, all) })
    }

    /// Where the gate answers before the application does: what it agrees to, and asks for then.
    pub(crate) fn settle(&self, offer: &mut Offer) -> Agreement {
        offer.settle()
    }

    /// Writes what the client is told of the agreement with the application.
    pub(crate) fn answer(&self, offer: &Offer, agreement: &Agreement, headers: &mut HeaderMap) {
        let mut told = agreement.clone();
        if self.compression == Compression::Bounded {
            told.deflate = told.deflate.map(super::extension::Deflate::without_client_takeover);
        }
        offer.answer(&told, headers);
    }

    /// What a client must keep to; `memory` where guards look at its texts.
    pub(super) fn of_client(&self, memory: Option<BodyMemory>, clock: &Arc<dyn Clock>) -> Rules {
        Rules {
            frame_limit: self.frame_limit,
            bounds: self.bounds,
            inflates: self.compression == Compression::Bounded,
            memory,
            rates: Some(Rates {
                messages: Rate::new(self.message_rate, clock),
                controls: Rate::new(self.control_rate, clock),
            }),
        }
    }

    /// What the application must keep to. What it compressed is passed on unread.
    pub(super) const fn of_application(&self) -> Rules {
        Rules {
            frame_limit: self.answer_limit,
            bounds: Bounds { size: self.answer_limit, ratio: u64::MAX },
            inflates: false,
            memory: None,
            rates: None,
        }
    }
}

/// For each address, and for all together.
fn limits(section: &WebsocketSection) -> (ConcurrencyLimit, ConcurrencyLimit) {
    let most = usize::try_from(section.max_connections).unwrap_or(usize::MAX);
    let by_address = ConcurrencyLimit::new(section.max_connections_per_address, most);
    (by_address, ConcurrencyLimit::new(section.max_connections, 1))
}

fn read_token(
    reference: &SecretRef,
    section: &WebsocketSection,
    services: &Services,
    policy: Option<u32>,
) -> Result<Token, SecretError> {
    let secret = services.sources.resolve(reference, MIN_TOKEN)?;
    if let Some(why) = token::unfit(&secret, &section.token_by) {
        let hint = "generate one, for example with `openssl rand -hex 32`";
        return Err(SecretError::new(format!("`{reference}` cannot be presented: {why}"), hint));
    }
    Ok(Token::new(section, &secret, services, policy))
}
