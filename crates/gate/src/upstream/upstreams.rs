//! Every server that the configuration names, and those of the configuration before.

use std::sync::Arc;

use super::tls::Tls;
use super::{Group, Rules, ServerAddress, Upstream, UpstreamSection};

/// Every server that the configuration names, each once.
#[derive(Debug)]
pub struct Upstreams {
    all: Vec<Arc<Upstream>>,
    /// Those of the configuration before, which go on as they are where they are named again.
    before: Vec<Arc<Upstream>>,
    rules: Arc<Rules>,
    section: UpstreamSection,
    /// Read when the first server is reached over TLS.
    tls: Option<Tls>,
    workers: usize,
}

impl Upstreams {
    /// No servers yet; each will be talked to as `section` says, from this many workers. Those that
    /// `before` knows under the same rules are taken over with their connections and their health;
    /// there are as many workers then as there were.
    #[must_use]
    pub fn new(section: &UpstreamSection, workers: usize, before: Option<&Self>) -> Self {
        let workers = before.map_or(workers, |before| before.workers);
        let before = before.map(|before| before.all.clone()).unwrap_or_default();
        let rules = Arc::new(Rules::new(section));
        let section = section.clone();
        Self { all: Vec::new(), before, rules, section, tls: None, workers }
    }

    /// The group of these addresses; servers already known are shared.
    ///
    /// # Errors
    /// What is wrong with the files of TLS.
    pub fn group(&mut self, addresses: &[ServerAddress]) -> Result<Arc<Group>, String> {
        let mut members = Vec::with_capacity(addresses.len());
        for address in addresses {
            members.push((self.intern(address)?, address.weight()));
        }
        Ok(Arc::new(Group::new(members)))
    }

    fn intern(&mut self, address: &ServerAddress) -> Result<Arc<Upstream>, String> {
        if address.is_tls() && self.tls.is_none() {
            self.tls = Some(Tls::load(&self.section.tls)?);
        }
        let tls = self.tls.as_ref().filter(|_| address.is_tls());
        let is_same = |known: &&Arc<Upstream>| known.is(address, &self.rules, tls);
        if let Some(known) = self.all.iter().find(is_same) {
            return Ok(Arc::clone(known));
        }
        let before = self.before.iter().find(is_same).map(Arc::clone);
        let new = || {
            let (rules, tls) = (Arc::clone(&self.rules), tls.cloned());
            Arc::new(Upstream::new(address, rules, tls, self.workers))
        };
        let upstream = before.unwrap_or_else(new);
        self.all.push(Arc::clone(&upstream));
        Ok(upstream)
    }

    /// All are named: those that only the configuration before had are let go.
    #[must_use]
    pub fn complete(mut self) -> Self {
        self.before = Vec::new();
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        self.all.iter()
    }
}
