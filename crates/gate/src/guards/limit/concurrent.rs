//! How many requests run at once.

use std::sync::Arc;

use mantlet_event::reasons;
use mantlet_limit::{ConcurrencyError, ConcurrencyLimit, Key, KeyHasher, Permit};

use super::LimitSection;
use super::problem::{QUOTA_EXCEEDED, REDUCED_CAPACITY};
use crate::pipeline::{Denial, Exchange, GuardError};

/// The most addresses and routes of which requests run at once.
const MOST_RUNNING: usize = 1_000_000;

/// How long a client is told to wait for others to end; nobody knows, so the least.
const RETRY_SECS: u64 = 1;

/// Bounds on what runs at once.
#[derive(Debug)]
pub(super) struct Concurrent {
    per_address: Option<(u32, ConcurrencyLimit)>,
    per_route: Option<(u32, ConcurrencyLimit)>,
}

impl Concurrent {
    pub(super) fn new(section: &LimitSection) -> Self {
        let limit =
            |most: Option<u32>| most.map(|most| (most, ConcurrencyLimit::new(most, MOST_RUNNING)));
        Self {
            per_address: limit(section.concurrent_per_address),
            per_route: limit(section.concurrent_per_route),
        }
    }

    pub(super) const fn is_configured(&self) -> bool {
        self.per_address.is_some() || self.per_route.is_some()
    }

    /// The right to run for one request.
    ///
    /// # Errors
    /// The refusal, or that the table of who runs something is full.
    pub(super) fn admit(
        &self,
        exchange: &Exchange,
        hasher: &KeyHasher,
    ) -> Result<Vec<Arc<Permit>>, Result<Denial, GuardError>> {
        let mut permits = Vec::new();
        if let Some((most, limit)) = &self.per_address {
            let key = Key::of_address(0, exchange.client.address);
            let permit = limit.acquire(&key).map_err(|error| refuse(error, *most, false))?;
            permits.push(Arc::new(permit));
        }
        if let Some((most, limit)) = &self.per_route {
            let key = hasher.of_text(0, exchange.route.as_bytes());
            let permit = limit.acquire(&key).map_err(|error| refuse(error, *most, true))?;
            permits.push(Arc::new(permit));
        }
        Ok(permits)
    }
}

fn refuse(error: ConcurrencyError, most: u32, is_shared: bool) -> Result<Denial, GuardError> {
    if let ConcurrencyError::TooManyKeys(_) = error {
        return Err(GuardError(error.to_string()));
    }
    let (reason, kind) = if is_shared {
        (&reasons::ROUTE_BUSY, REDUCED_CAPACITY)
    } else {
        (&reasons::TOO_MANY_AT_ONCE, QUOTA_EXCEEDED)
    };
    let whose = if is_shared { "route concurrent" } else { "concurrent" };
    let name = format!("{whose} {most}");
    let denial = Denial::new(reason).evidence(format!("{most} run already")).kind(kind);
    Ok(super::problem::told(denial, &name, RETRY_SECS)
        .header(
            super::fields::RATE_LIMIT_POLICY,
            super::fields::text(&format!("\"{name}\";q={most};qu=\"concurrent-requests\"")),
        )
        .header(
            super::fields::RATE_LIMIT,
            super::fields::text(&format!("\"{name}\";r=0;t={RETRY_SECS}")),
        ))
}
