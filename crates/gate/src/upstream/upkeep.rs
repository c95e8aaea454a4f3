//! What is done about a server beside its requests: one task for each, whatever the number of
//! workers. It closes connections that nobody uses, looks names up again, and asks how it is.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, header};
use mantlet_event::{Events, Metrics, task};
use mantlet_types::{Clock, Monotonic, Rng};

use super::dial::{Dialled, dial};
use super::http1::{Asked, Limits, exchange, write_head};
use super::{Outgoing, Upstream, UpstreamBody, UpstreamError, Upstreams, report, two};

/// How often the task looks what is to be done.
const TICK: Duration = Duration::from_secs(1);

/// What upkeep needs of the process.
#[derive(Debug, Clone)]
pub struct Upkeep {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness: servers are not all asked at the same time.
    pub rng: Arc<dyn Rng>,
    /// Where changes are reported.
    pub events: Events,
    /// Where they are counted.
    pub metrics: Metrics,
}

impl Upkeep {
    /// Begins the upkeep of every server that has none yet; it ends when no configuration names the
    /// server any more. Must be called inside a runtime.
    pub fn begin(&self, upstreams: &Upstreams) {
        for upstream in upstreams.iter() {
            if !upstream.is_kept_up.swap(true, Ordering::AcqRel) {
                let (upkeep, upstream) = (self.clone(), Arc::downgrade(upstream));
                task::spawn(&self.events, "upstream upkeep", async move {
                    upkeep.run(upstream).await;
                });
            }
        }
    }

    async fn run(self, upstream: Weak<Upstream>) {
        let mut next_check = self.clock.monotonic();
        while let Some(upstream) = upstream.upgrade() {
            let now = self.clock.monotonic();
            upstream.sweep(now);
            if let Some(names) = &upstream.names
                && names.refresh(&*self.clock, upstream.rules.resolve_interval).await
            {
                upstream.sweep(now);
            }
            if let Some(path) = &upstream.rules.health.path
                && now >= next_check
            {
                next_check = self.after(now, upstream.rules.health.interval);
                self.check(&upstream, path).await;
            }
            let pause = match &upstream.rules.health.path {
                Some(_) => next_check.since(self.clock.monotonic()).min(TICK),
                None => TICK,
            };
            drop(upstream);
            tokio::time::sleep(pause.max(Duration::from_millis(10))).await;
        }
    }

    /// `interval` later, a tenth more or less.
    fn after(&self, now: Monotonic, interval: Duration) -> Monotonic {
        let mut byte = [0];
        self.rng.fill(&mut byte);
        let part = interval / 1280 * u32::from(byte[0]);
        now.plus(interval.saturating_sub(interval / 10).saturating_add(part))
    }

    async fn check(&self, upstream: &Upstream, path: &str) {
        let rules = &upstream.rules.health;
        let answer = tokio::time::timeout(rules.timeout, self.ask(upstream, path)).await;
        if matches!(answer, Ok(Err(UpstreamError::Exhausted(_)))) {
            // It was not asked.
            return;
        }
        let is_good = matches!(answer, Ok(Ok(status)) if (200..400).contains(&status));
        if !is_good {
            self.metrics.upstream_failed("check");
        }
        if let Some(change) = upstream.health.checked(is_good, rules) {
            report::changed(&self.events, &self.metrics, upstream, change);
        }
    }

    /// The status of the answer, on a connection of its own.
    async fn ask(&self, upstream: &Upstream, path: &str) -> Result<u16, UpstreamError> {
        let outgoing = request(upstream, path);
        match dial(upstream, true, &*self.clock).await? {
            Dialled::One(mut connection) => {
                write_head(connection.head(), upstream.address.base(), &outgoing);
                let Outgoing { method, body, .. } = outgoing;
                let rules = &upstream.rules;
                let asked = Asked {
                    method: &method,
                    body,
                    signs_in: false,
                    limits: Limits { head: rules.head_limit, header_count: rules.header_count },
                    answer_within: rules.health.timeout,
                    pause: rules.health.timeout,
                };
                let answered = exchange(connection, asked).await;
                answered.map(|answer| answer.status.as_u16()).map_err(|failure| failure.error)
            }
            Dialled::Two(stream, open) => {
                let mut sender = two::begin(stream, open, upstream, &self.events).await?;
                let body = UpstreamBody::empty();
                let answered = two::exchange(&mut sender, upstream, &outgoing, body).await;
                answered.map(|answer| answer.status().as_u16()).map_err(|failure| failure.error)
            }
        }
    }
}

fn request(upstream: &Upstream, path: &str) -> Outgoing {
    let mut headers = HeaderMap::new();
    let host = upstream.address.url().map_or_else(|| "localhost".to_owned(), |url| url.authority());
    let host = HeaderValue::try_from(host);
    headers.insert(header::HOST, host.unwrap_or_else(|_| HeaderValue::from_static("localhost")));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("mantlet-health-check"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    let (target, body) = (path.to_owned(), UpstreamBody::empty());
    Outgoing { method: Method::GET, target, headers, forwarding: None, body }
}
