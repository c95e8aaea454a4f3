//! What one process needs to answer requests.

use std::sync::Arc;
use std::time::Duration;

use mantlet_event::{Events, Metrics};
use mantlet_types::{Clock, Rng};

use crate::live::Live;
use crate::stages::body::BodyMemory;
use crate::upstream::TunnelRegistry;

/// Everything one process needs to answer requests.
#[derive(Debug)]
pub struct Gate {
    /// What the configuration says.
    pub live: Live,
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
    /// How long a client may pause inside a request body.
    pub body_timeout: Duration,
}
