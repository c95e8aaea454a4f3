//! What the composition root puts together, each by itself.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mantlet_admin::AdminAuth;
use mantlet_admin::control::{ControlServer, CoreHandler, Lifecycle, ServerFacts};
use mantlet_config::Sources;
use mantlet_event::{Events, Metrics, Recent};
use mantlet_gate::edge::{Listeners, Phase, PhaseSwitch};
use mantlet_gate::guards::Services;
use mantlet_gate::guards::blocklist::Blocklist;
use mantlet_gate::penalty::{Enforcer, Ledger};
use mantlet_gate::recording::Recorder;
use mantlet_gate::stages::body::BodyMemory;
use mantlet_gate::upstream::TunnelRegistry;
use mantlet_gate::{Gate, Resolved};
use mantlet_limit::{Counters, MemoryCounters};
use mantlet_types::{Blocking, Clock, Revocation, Secret, SystemRng, Timestamp};

use super::Failure;
use super::keeper::{IsReady, Keeper};
use crate::config::Config;
use crate::data::DataFolder;
use crate::directory::{Opened, Opening};
use crate::{log, recording, reports};

/// What a server that starts at `now` tells of itself.
pub(super) fn facts(
    config: &Config,
    listeners: &Listeners,
    admin: &TcpListener,
    now: Timestamp,
) -> Result<ServerFacts, Failure> {
    Ok(ServerFacts {
        listen: listeners.iter().map(|listener| listener.address).collect(),
        admin: admin.local_addr()?,
        started: now,
        configured: now,
        proxies: config.client.trusted_proxies.clone(),
        servers: serde_json::Value::Null,
    })
}

/// Every secret, for the redaction of logs.
pub(super) fn secrets(
    config: &Config,
    resolved: &Resolved,
    auth: &dyn AdminAuth,
    sources: &Sources,
) -> Result<Vec<Secret<String>>, Failure> {
    let mut secrets = auth.secrets();
    secrets.extend(resolved.secrets(sources)?);
    secrets.extend(recording::secret(&config.recording, sources)?);
    secrets.extend(config.store.secrets(sources)?);
    secrets.extend(config.identity.secrets(sources)?);
    secrets.extend(config.mail.secret(sources)?);
    Ok(secrets)
}

/// The store and the directory of users over it.
pub(super) fn people(
    config: &Config,
    data: &DataFolder,
    services: &Services,
    (tunnels, events, metrics): (&TunnelRegistry, &Events, &Metrics),
    runtime: &tokio::runtime::Runtime,
) -> Result<Opened, Failure> {
    let times = (Arc::clone(&services.clock), Arc::clone(&services.rng));
    let mut opening = Opening::new(data.path(), config, &services.sources, times);
    opening.connections = vec![Arc::new(tunnels.clone())];
    let opened = runtime.block_on(opening.open())?;
    opened.serve(config, &services.sources, (events, metrics))?;
    services.identities.set(Arc::clone(&opened.directory));
    Ok(opened)
}

/// What guards share beside their settings.
pub(super) fn services(
    (config, data): (&Config, &DataFolder),
    clock: &Arc<dyn Clock>,
    counters: Arc<dyn Counters>,
    (events, metrics): (&Events, &Metrics),
) -> Result<Services, Failure> {
    let blocklist = Blocklist::open(data.path().join("blocks.json"), Arc::clone(clock))?;
    let blocking: Arc<dyn Blocking> = Arc::new(blocklist);
    let services = Services::new(Arc::clone(clock), Arc::new(SystemRng), counters, blocking);
    let services = services.with_data(data.path().to_owned()).with_metrics(metrics);
    let services = services.with_audit_logs(log::audit_logs(&config.log, data, events, metrics));
    Ok(services.with_reports(Arc::new(reports::open(data, clock, metrics))))
}

/// The counters of limits in memory; each that goes before its time is counted.
pub(super) fn counters(capacity: u32, metrics: &Metrics) -> Arc<dyn Counters> {
    let capacity = usize::try_from(capacity).unwrap_or(usize::MAX);
    let lost = metrics.limit_counter("guards.counters");
    Arc::new(MemoryCounters::new(capacity).on_eviction(move || lost.add_one()))
}

/// Whether requests are taken.
pub(super) fn is_ready(phases: &PhaseSwitch, is_serving: &Arc<AtomicBool>) -> IsReady {
    let (phases, is_serving) = (phases.clone(), Arc::clone(is_serving));
    IsReady(Arc::new(move || {
        is_serving.load(Ordering::Acquire) && phases.current() == Phase::Serving
    }))
}

/// What the command line talks to.
pub(super) fn control(
    keeper: &Arc<Keeper>,
    revocation: Arc<dyn Revocation>,
    recent: Arc<Recent>,
) -> Result<ControlServer, Failure> {
    let handler = CoreHandler::new(
        Arc::clone(keeper) as Arc<dyn Lifecycle>,
        Arc::clone(&keeper.services.blocking),
        revocation,
        recent,
        Arc::clone(&keeper.clock),
        keeper.events.clone(),
    );
    Ok(ControlServer::start(keeper.data.path(), Arc::new(handler), keeper.events.clone())?)
}

/// Who carries penalties out.
pub(super) fn enforcer(
    keeper: &Keeper,
    gate: &Gate,
    revocation: &Arc<dyn Revocation>,
) -> Arc<Enforcer> {
    Enforcer::new(
        Arc::clone(&gate.penalties),
        Arc::clone(&keeper.clock),
        Arc::clone(&keeper.services.blocking),
        Arc::clone(revocation),
        keeper.events.clone(),
    )
}

/// The gate with what its workers share.
pub(super) fn gate(
    config: &Config,
    events: &Events,
    metrics: &Metrics,
    clock: &Arc<dyn Clock>,
    (tunnels, penalties, recorder): (TunnelRegistry, Arc<Ledger>, Option<Arc<Recorder>>),
) -> Gate {
    Gate {
        events: events.clone(),
        metrics: metrics.clone(),
        clock: Arc::clone(clock),
        rng: Arc::new(SystemRng),
        body_memory: BodyMemory::new(config.server.body_memory.0),
        tunnels,
        penalties,
        recorder,
    }
}
