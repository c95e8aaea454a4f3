//! The guards, one folder each, and the one table of their order.

pub mod blocklist;
pub mod cookies;
pub mod cors;
pub mod csrf;
pub mod errors;
mod field_name;
pub mod headers;
pub mod json;
pub mod limit;
mod order;
mod origin_risk;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use mantlet_config::{Environment, Sources, section};
use mantlet_limit::Counters;
use mantlet_types::{Blocking, Clock};

pub use field_name::FieldName;
pub use order::{ORDER, Slot};

use crate::pipeline::{Guard, PlannedGuard};

section! {
    /// What each guard does, unless a route says otherwise.
    pub struct GuardsSection {
        /// How long one guard may take over one request before its fail mode decides.
        pub budget: Duration = Duration::from_secs(2),
        /// Refuses blocked networks.
        pub blocklist: blocklist::BlocklistSection = blocklist::BlocklistSection::default(),
        /// Limits the rate of requests.
        pub limit: limit::LimitSection = limit::LimitSection::default(),
        /// Says which pages of other origins may read answers.
        pub cors: cors::CorsSection = cors::CorsSection::default(),
        /// Refuses what pages of other sites make a user's browser do.
        pub csrf: csrf::CsrfSection = csrf::CsrfSection::default(),
        /// Bounds the nesting of JSON bodies.
        pub json: json::JsonSection = json::JsonSection::default(),
        /// Withholds error answers that show the application's inside.
        pub errors: errors::ErrorsSection = errors::ErrorsSection::default(),
        /// Hardens cookies.
        pub cookies: cookies::CookiesSection = cookies::CookiesSection::default(),
        /// Sets security headers.
        pub headers: headers::HeadersSection = headers::HeadersSection::default(),
    }
}

/// What guards are built from, besides their settings.
#[derive(Debug)]
pub struct Services {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The state of limits.
    pub counters: Arc<dyn Counters>,
    /// The list of blocked networks.
    pub blocking: Arc<dyn Blocking>,
    /// Where secrets come from.
    pub sources: Sources,
    /// The data folder, where certificates of our own are kept.
    pub data: PathBuf,
    policies: AtomicU16,
}

impl Services {
    /// The services of one process.
    #[must_use]
    pub fn new(
        clock: Arc<dyn Clock>,
        counters: Arc<dyn Counters>,
        blocking: Arc<dyn Blocking>,
    ) -> Self {
        let sources = Sources::new(&Environment::default());
        let data = PathBuf::from(".");
        Self { clock, counters, blocking, sources, data, policies: AtomicU16::new(0) }
    }

    /// The same, with what is kept on disk in the folder `data`.
    #[must_use]
    pub fn with_data(self, data: PathBuf) -> Self {
        Self { data, ..self }
    }

    /// The same, with secrets from `sources`; without this only files are looked into.
    #[must_use]
    pub fn with_sources(self, sources: Sources) -> Self {
        Self { sources, ..self }
    }

    /// A number for one more limit policy, so that policies do not share counters.
    pub(crate) fn next_policy(&self) -> u16 {
        self.policies.fetch_add(1, Ordering::Relaxed)
    }
}

/// Guards already built: places with the same settings share one guard, and so its counters; and
/// one whose settings a new configuration leaves as they are goes on as it is.
#[derive(Debug, Default)]
pub struct GuardCache(HashMap<(&'static str, String), Arc<dyn Guard>>);

impl GuardCache {
    /// Every guard, with its name.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Arc<dyn Guard>)> {
        self.0.iter().map(|((name, _), guard)| (*name, guard))
    }

    /// The guard of this name and these settings: the one that is here, the one of the
    /// configuration before with all its state, or a new one.
    fn guard(
        &mut self,
        key: (&'static str, String),
        before: Option<&Self>,
        build: impl FnOnce() -> Arc<dyn Guard>,
    ) -> &Arc<dyn Guard> {
        let known = before.and_then(|before| before.0.get(&key)).map(Arc::clone);
        self.0.entry(key).or_insert_with(|| known.unwrap_or_else(build))
    }
}

/// Builds every guard that is not off, in order; `before` are the guards of the configuration
/// before this one.
#[must_use]
pub fn build(
    section: &GuardsSection,
    services: &Services,
    cache: &mut GuardCache,
    before: Option<&GuardCache>,
) -> Vec<PlannedGuard> {
    ORDER.iter().filter_map(|slot| slot.plan(section, services, cache, before)).collect()
}
