//! The composition root: everything is built in an order in which nothing is half-started. What
//! can fail comes first (data folder, secrets, sockets, files); only then does anything serve.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mantlet_admin::control::{ControlServer, CoreHandler, ServerFacts};
use mantlet_admin::{AdminServer, AdminServices};
use mantlet_config::Sources;
use mantlet_event::{Event, Events, Metrics, catalogue, field};
use mantlet_gate::edge::{Listeners, Phase, PhaseSwitch, Server};
use mantlet_gate::guards::Services;
use mantlet_gate::guards::blocklist::Blocklist;
use mantlet_gate::stages::body::BodyMemory;
use mantlet_gate::upstream::TunnelRegistry;
use mantlet_gate::{Gate, Live};
use mantlet_limit::MemoryCounters;
use mantlet_types::{Blocking, Clock, Revocation, SystemClock, SystemRng};
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{Config, Ready};
use crate::data::{self, DataFolder};
use crate::{log, output};

type Failure = Box<dyn std::error::Error>;

/// Clients whose limits are remembered at a time.
const COUNTED_CLIENTS: usize = 1_000_000;

/// How long the log files may take to be complete at the end.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_secs(5);

/// Runs the server until it is told to stop. `announce` is called once it listens.
pub(crate) fn run(ready: Ready, announce: impl FnOnce(&[SocketAddr])) -> Result<(), Failure> {
    let Ready { config, resolved, environment } = ready;
    let folder = config.data.clone().unwrap_or_else(|| data::usual_place(&environment));
    let data = DataFolder::open(folder)?;
    let sources = Sources::new(&environment);
    let auth = config.admin.auth(&sources)?;
    let listeners = Listeners::bind(&config.server)?;
    let admin_listener = config.admin.bind()?;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let metrics = Metrics::new();
    let mut secrets = auth.secrets();
    secrets.extend(resolved.secrets(&sources)?);
    let (events, recent) = log::open(&config.log, &data, Arc::clone(&clock), &metrics, secrets)?;
    let blocklist = Blocklist::open(data.path().join("blocks.json"), Arc::clone(&clock))?;
    let blocking: Arc<dyn Blocking> = Arc::new(blocklist);
    let services = Services::new(
        Arc::clone(&clock),
        Arc::new(MemoryCounters::new(COUNTED_CLIENTS)),
        Arc::clone(&blocking),
    )
    .with_sources(sources);
    let live = Arc::new(Live::build(resolved, &services, &metrics, None)?);
    let gate = Arc::new(gate(&config, &events, &metrics, &clock));
    let revocation: Arc<dyn Revocation> = Arc::new(gate.tunnels.clone());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let phases = PhaseSwitch::default();
        let is_serving = Arc::new(AtomicBool::new(false));
        let addresses: Vec<(SocketAddr, bool)> = listeners.addresses().collect();
        let is_ready = {
            let (phases, is_serving) = (phases.clone(), Arc::clone(&is_serving));
            move || is_serving.load(Ordering::Acquire) && phases.current() == Phase::Serving
        };
        let admin = AdminServer::start(
            admin_listener,
            AdminServices {
                events: events.clone(),
                metrics: metrics.clone(),
                is_ready: Arc::new(is_ready),
                auth: auth.clone(),
                hosts: config.admin.hosts.clone(),
            },
        )?;
        let handler = CoreHandler::new(
            ServerFacts::new(
                addresses.iter().map(|(address, _)| *address),
                admin.address(),
                clock.now(),
            ),
            blocking,
            revocation,
            recent,
            Arc::clone(&clock),
            events.clone(),
        );
        let control = ControlServer::start(data.path(), Arc::new(handler), events.clone())?;
        let mut signals = Signals::listen()?;
        let server = Server::start(&config.server, &listeners, gate, &live, phases)?;
        drop(listeners);
        is_serving.store(true, Ordering::Release);
        greet(&config, &live, &data, &addresses, admin.address());
        started(&events, &addresses);
        notify(&[sd_notify::NotifyState::Ready]);
        let listening: Vec<SocketAddr> = addresses.iter().map(|(address, _)| *address).collect();
        announce(&listening);

        signals.stop_requested().await;
        stop(server, signals, &events).await;
        control.stop();
        admin.stop();
        Ok::<(), Failure>(())
    })?;
    events.emit(Event::new(&catalogue::PROCESS_SERVICE_STOPPED));
    events.close(LAST_WORDS);
    Ok(())
}

/// The gate with what its workers share.
fn gate(config: &Config, events: &Events, metrics: &Metrics, clock: &Arc<dyn Clock>) -> Gate {
    let upgraded = usize::try_from(config.server.max_upgraded_connections).unwrap_or(usize::MAX);
    Gate {
        events: events.clone(),
        metrics: metrics.clone(),
        clock: Arc::clone(clock),
        rng: Arc::new(SystemRng),
        body_memory: BodyMemory::new(config.server.body_memory.0),
        tunnels: TunnelRegistry::new(upgraded, metrics.clone()),
    }
}

/// Drains; a second signal ends the wait.
async fn stop(server: Server, mut signals: Signals, events: &Events) {
    notify(&[sd_notify::NotifyState::Stopping]);
    let seconds = server.drain_time().as_secs();
    output::note(&format!(
        "stopping; running requests have {seconds} s to end, a second signal ends them now"
    ));
    events.emit(Event::new(&catalogue::PROCESS_SERVICE_STOPPING));
    let drained = tokio::task::spawn_blocking(move || server.drain());
    tokio::select! {
        _ = drained => {}
        () = signals.stop_requested() => {
            // The drain thread would keep the runtime from ending.
            events.emit(Event::new(&catalogue::PROCESS_SERVICE_STOPPED));
            events.close(LAST_WORDS);
            std::process::exit(0);
        }
    }
}

/// The signals that end the server.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn stop_requested(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// What a person wants to know in the first minute.
fn greet(
    config: &Config,
    live: &Live,
    data: &DataFolder,
    addresses: &[(SocketAddr, bool)],
    admin: SocketAddr,
) {
    output::note(&format!("Mantlet {} is up", env!("CARGO_PKG_VERSION")));
    for (address, is_tls) in addresses {
        let scheme = if *is_tls { "https" } else { "http" };
        output::note(&format!("  listening   {scheme}://{address}/"));
    }
    if let Some(url) = &config.upstream.url {
        output::note(&format!("  protecting  {url}"));
    }
    if !config.routes.is_empty() {
        output::note(&format!("  routes      {}", config.routes.len()));
    }
    let guards: Vec<String> = live
        .summary()
        .map(|(name, mode)| match mode.as_str() {
            "enforce" => name.to_owned(),
            mode => format!("{name} ({mode})"),
        })
        .collect();
    output::note(&format!("  guards      {}", guards.join(", ")));
    output::note(&format!("  admin       http://{admin}/ (health, metrics)"));
    output::note(&format!("  data        {}", data.path().display()));
}

fn started(events: &Events, addresses: &[(SocketAddr, bool)]) {
    for (address, _) in addresses {
        events.emit(
            Event::new(&catalogue::PROCESS_SERVICE_STARTED)
                .text(field::LISTEN, address.to_string())
                .text(field::VERSION, env!("CARGO_PKG_VERSION")),
        );
    }
}

/// Tells the service manager, where there is one.
fn notify(states: &[sd_notify::NotifyState<'_>]) {
    // Without a manager there is nobody to tell.
    let _ = sd_notify::notify(states);
}
