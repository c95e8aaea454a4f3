//! Refuses blocked networks.
//!
//! **Protects against** clients that an operator or a detection has decided not to serve.
//!
//! **Looks at** the client's address as the client stage established it.
//!
//! **Verdicts**: refused with `address-blocked` (403). Networks on the allow-list are spared from
//! blocks, and from nothing else.
//!
//! **Settings**: `mode`, `fail`, `block`, `allow`. Blocks set while running (`mantlet block add`)
//! survive a restart.
//!
//! **Example**
//! ```toml
//! [guards.blocklist]
//! block = ["203.0.113.0/24"]
//! allow = ["198.51.100.7"]
//! ```

mod config;
mod list;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ipnet::IpNet;
use mantlet_config::Cidr;
use mantlet_event::reasons;
use mantlet_types::Blocking;

pub use config::BlocklistSection;
pub use list::{Blocklist, BlocklistError};

use super::Services;
use crate::pipeline::{Denial, Exchange, Guard, Inspection, Stages, Verdict};

#[derive(Debug)]
struct Blocked {
    configured: table::Table<()>,
    spared: Vec<Cidr>,
    blocking: Arc<dyn Blocking>,
}

pub(super) fn build(section: &BlocklistSection, services: &Services) -> Arc<dyn Guard> {
    let configured = section.block.iter().map(|network| (network.network(), ())).collect();
    Arc::new(Blocked {
        configured,
        spared: section.allow.clone(),
        blocking: Arc::clone(&services.blocking),
    })
}

impl Guard for Blocked {
    fn stages(&self) -> Stages {
        Stages { request: true, address: true, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        let address = exchange.client.address;
        let found = match self.configured.find(address, |()| true) {
            Some((network, ())) => Some((network, "configured".to_owned())),
            None => self.blocking.lookup(address).map(|block| (block.network, block.why)),
        };
        let Some((network, why)) = found else { return Inspection::ready(Verdict::Pass) };
        if self.spared.iter().any(|spared| spared.contains(address)) {
            return Inspection::ready(Verdict::Pass);
        }
        Inspection::ready(refuse(network, &why))
    }
}

fn refuse(network: IpNet, why: &str) -> Verdict {
    Denial::new(&reasons::ADDRESS_BLOCKED).evidence(format!("{network}: {why}")).into()
}
