//! What one process needs to answer requests.

use std::sync::Arc;

use mantlet_event::{Events, Metrics};
use mantlet_types::{Clock, Rng};

use crate::edge::ServerSection;
use crate::penalty::Ledger;
use crate::recording::Recorder;
use crate::stages::body::BodyMemory;
use crate::upstream::TunnelRegistry;

/// What one process needs to answer requests, whatever its configuration; that is [`crate::Live`].
#[derive(Debug)]
pub struct Gate {
    /// Where decisions are reported.
    pub events: Events,
    /// Where everything is counted.
    pub metrics: Metrics,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// The memory for held bodies.
    pub body_memory: BodyMemory,
    /// Connections that have left HTTP.
    pub tunnels: TunnelRegistry,
    /// Who has been refused how often.
    pub penalties: Arc<Ledger>,
    /// Who keeps requests for later; `None` where nothing is recorded.
    pub recorder: Option<Arc<Recorder>>,
}

impl Gate {
    /// The limits of a new configuration; what is over them already stays.
    pub(crate) fn set_limits(&self, section: &ServerSection) {
        self.body_memory.set_limit(section.body_memory.0);
        let upgraded = usize::try_from(section.max_upgraded_connections).unwrap_or(usize::MAX);
        self.tunnels.set_limit(upgraded);
    }
}
