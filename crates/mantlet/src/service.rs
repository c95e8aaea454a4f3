//! The composition root: everything is built in an order in which nothing is half-started. What
//! can fail comes first (data folder, secrets, sockets, files); only then does anything serve.

mod api;
mod channel;
mod greeting;
mod handover;
mod inherited;
mod keeper;
mod open_files;
mod parts;
mod running;
mod signals;
mod storing;
mod watch;

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use mantlet_admin::api::ApiMemory;
use mantlet_admin::{AdminAuth, AdminServer};
use mantlet_config::Sources;
use mantlet_event::{Event, Metrics, Recent, catalogue, task};
use mantlet_gate::edge::{Farewell, Listeners, PhaseSwitch, Server};
use mantlet_gate::penalty::{Ledger, PenaltyQueue};
use mantlet_gate::upstream::TunnelRegistry;
use mantlet_gate::{Gate, Live};
use mantlet_types::{Clock, Revocation, Secret, SystemClock};
use sd_notify::NotifyState;
use tokio::sync::Notify;

use crate::cli::ServerFlags;
use crate::config::{Config, Ready};
use crate::data::{self, DataFolder};
use crate::reports::Saving;
use crate::{log, output, recording};

pub(crate) use api::path_rule;
use channel::Successor;
use greeting::{greet, greet_people, notify, started};
pub(crate) use handover::Program;
use inherited::Inherited;
use keeper::{Keeper, lock};
use parts::{control, counters, enforcer, facts, gate, is_ready, people, secrets, services};
use running::{Running, admin_services};
use signals::{Request, RequestSignals, StopSignals};

type Failure = Box<dyn std::error::Error>;

/// How long the log files may take to be complete at the end.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_secs(5);

/// How the server is started.
#[derive(Debug)]
pub(crate) struct Start {
    /// What was said on the command line, with the configuration file that was found.
    pub(crate) flags: ServerFlags,
    /// How to start it anew; `None` when it cannot hand over.
    pub(crate) program: Option<Program>,
    /// Whether it takes over from the process that started it.
    pub(crate) takes_over: bool,
}

/// Everything that could fail, done; nothing serves yet.
struct Built {
    keeper: Arc<Keeper>,
    config: Config,
    auth: Arc<dyn AdminAuth>,
    secrets: Vec<Secret<String>>,
    listeners: Listeners,
    admin: TcpListener,
    live: Arc<Live>,
    gate: Arc<Gate>,
    penalties: PenaltyQueue,
    recent: Arc<Recent>,
    phases: PhaseSwitch,
    is_serving: Arc<AtomicBool>,
}

/// Runs the server until it is told to stop. `announce` is called once it listens.
pub(crate) fn run(
    start: Start,
    ready: Ready,
    announce: impl FnOnce(&[SocketAddr]),
) -> Result<(), Failure> {
    open_files::raise_limit();
    let (successor, mut inherited, folder_lock) = if start.takes_over {
        let (successor, inherited, lock) = Successor::take().map_err(|error| {
            format!("nobody hands over to this process: {error}\n  hint: leave --take-over out")
        })?;
        (Some(successor), inherited, Some(lock))
    } else {
        (None, Inherited::of_service_manager()?, None)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let built = build(start, ready, (&mut inherited, folder_lock), &runtime)?;
    let keeper = Arc::clone(&built.keeper);
    runtime.block_on(serve(built, successor.as_ref(), announce))?;
    // Tasks that wait for the next change have nothing to wait for any more.
    runtime.shutdown_background();
    keeper.events.emit(Event::new(&catalogue::PROCESS_SERVICE_STOPPED));
    keeper.events.close(LAST_WORDS);
    Ok(())
}

fn build(
    start: Start,
    ready: Ready,
    (inherited, folder_lock): (&mut Inherited, Option<File>),
    runtime: &tokio::runtime::Runtime,
) -> Result<Built, Failure> {
    let Ready { mut config, resolved, environment, text, .. } = ready;
    let folder = config.data.clone().unwrap_or_else(|| data::usual_place(&environment));
    let data = match folder_lock {
        Some(lock) => DataFolder::take_over(folder, lock)?,
        None => DataFolder::open(folder)?,
    };
    let fixed = inherited.fixed();
    fixed.apply(&mut config);
    let sources = Sources::new(&environment);
    let auth = config.admin.auth(&sources)?;
    let listeners = Listeners::bind(&config.server, |address| inherited.take(address))?;
    let admin = inherited.take(config.admin.listen).map_or_else(|| config.admin.bind(), Ok)?;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let metrics = Metrics::new();
    let secrets = secrets(&config, &resolved, &*auth, &sources)?;
    let (events, recent) =
        log::open(&config.log, &data, Arc::clone(&clock), &metrics, secrets.clone())?;
    let counters = counters(config.guards.counters, &metrics);
    let (ledger, penalties) =
        Ledger::new(Arc::clone(&clock), Arc::clone(&counters), metrics.clone());
    let services = services((&config, &data), &clock, counters, (&events, &metrics))?;
    let services = services.with_sources(sources);
    let upgraded = usize::try_from(config.server.max_upgraded_connections).unwrap_or(usize::MAX);
    let tunnels = TunnelRegistry::new(upgraded, metrics.clone());
    let is_asked = resolved.asked.is_anywhere() || (config.admin.api.enabled && data.has_store());
    let open = || people(&config, &data, &services, (&tunnels, &events, &metrics), runtime);
    let opened = is_asked.then(open).transpose()?;
    let live = Arc::new(Live::build(resolved, &services, &metrics, None)?);
    data.keep_configuration(text.as_deref());
    metrics.config_loaded(clock.now());

    let (phases, is_serving) = (PhaseSwitch::default(), Arc::new(AtomicBool::new(false)));
    let recorder = recording::start(&config.recording, &data, &services, (&events, &metrics))?;
    let parts = (tunnels.clone(), ledger, recorder);
    let gate = Arc::new(gate(&config, &events, &metrics, &clock, parts));
    let facts = facts(&config, &listeners, &admin, clock.now())?;
    let api = Arc::new(ApiMemory::new(&metrics, &*services.rng));
    let keeper = Keeper {
        flags: start.flags,
        fixed,
        services,
        metrics,
        events,
        clock,
        data,
        runtime: tokio::runtime::Handle::current(),
        is_ready: is_ready(&phases, &is_serving),
        program: start.program,
        running: Mutex::new(None),
        facts: Mutex::new(facts),
        tried: Mutex::new(text),
        is_handed_over: Arc::default(),
        api,
        retire: Notify::new(),
        tunnels,
        opened: Mutex::new(opened),
    };
    Ok(Built {
        keeper: Arc::new(keeper),
        config,
        auth,
        secrets,
        listeners,
        admin,
        live,
        gate,
        penalties,
        recent,
        phases,
        is_serving,
    })
}

/// Serves until it is told to stop or another process has taken over.
async fn serve(
    built: Built,
    successor: Option<&Successor>,
    announce: impl FnOnce(&[SocketAddr]),
) -> Result<(), Failure> {
    let Built {
        keeper,
        config,
        auth,
        secrets,
        listeners,
        admin,
        live,
        gate,
        penalties,
        recent,
        phases,
        is_serving,
    } = built;
    let addresses: Vec<(SocketAddr, bool)> =
        listeners.iter().map(|listener| (listener.address, listener.is_tls)).collect();
    let (mut stop, requests) = (StopSignals::listen()?, RequestSignals::listen()?);
    let revocation: Arc<dyn Revocation> = Arc::new(gate.tunnels.clone());
    let recorder = gate.recorder.clone();
    let enforcer = enforcer(&keeper, &gate, &revocation);
    task::spawn(&keeper.events, "penalties", enforcer.run(penalties));
    let server = Server::start(&config.server, listeners, gate, &live, phases)?;
    let control = control(&keeper, revocation, recent)?;
    let saving = Saving::start(&keeper.events, Arc::clone(&keeper.services.reports));
    if let Some(successor) = successor {
        successor.ready()?;
    }
    let admin = AdminServer::start(admin, admin_services(&keeper, &auth, &config, &live))?;
    is_serving.store(true, Ordering::Release);
    let (greeted, admin_address) = ((config.clone(), Arc::clone(&live)), admin.address());
    // Whoever reads the greeting may ask for something at once.
    *lock(&keeper.running) = Some(Running { server, admin, secrets, live, config });
    greet(&greeted.0, &greeted.1, &keeper.data, &addresses, admin_address);
    if let Some(directory) = keeper.services.identities.directory() {
        greet_people(directory, &keeper.data, &addresses).await;
    }
    started(&keeper, &addresses);
    notify(&[NotifyState::Ready]);
    let listening: Vec<SocketAddr> = addresses.iter().map(|(address, _)| *address).collect();
    announce(&listening);
    task::spawn(&keeper.events, "requests by signal", obey(Arc::clone(&keeper), requests));
    task::spawn(&keeper.events, "certificates", Arc::clone(&keeper).watch_certificates());
    if let Some(file) = keeper.file() {
        let watching = watch::watch(Arc::clone(&keeper), file.as_path().into());
        task::spawn(&keeper.events, "configuration file", watching);
    }
    task::spawn(&keeper.events, "rule files", watch::watch_rules(Arc::clone(&keeper)));

    let farewell = tokio::select! {
        () = stop.requested() => keeper.fixed.farewell(),
        () = keeper.retire.notified() => Farewell::HandedOver,
    };
    // Another process that has taken over keeps its own from now on.
    saving.stop(farewell != Farewell::HandedOver);
    end(&keeper, farewell, stop).await;
    control.finish().await;
    let opened = lock(&keeper.opened).take();
    if let Some(opened) = opened {
        opened.store.close().await;
    }
    if let Some(recorder) = recorder {
        recorder.flush(LAST_WORDS);
    }
    keeper.services.audit_logs.flush(LAST_WORDS);
    Ok(())
}

/// Does what signals ask for, one after the other.
async fn obey(keeper: Arc<Keeper>, mut requests: RequestSignals) {
    loop {
        let (request, keeper) = (requests.next().await, Arc::clone(&keeper));
        let done = tokio::task::spawn_blocking(move || {
            // What came of it is in the log.
            match request {
                Request::Reload => drop(keeper.reload("signal")),
                Request::Upgrade => drop(keeper.hand_over("signal")),
            }
        });
        let _ = done.await;
    }
}

/// Drains; a signal ends the wait.
async fn end(keeper: &Arc<Keeper>, farewell: Farewell, mut stop: StopSignals) {
    let events = &keeper.events;
    if farewell != Farewell::HandedOver {
        notify(&[NotifyState::Stopping]);
    }
    events.emit(Event::new(&catalogue::PROCESS_SERVICE_STOPPING));
    let ending = Arc::clone(keeper);
    let drained = tokio::task::spawn_blocking(move || {
        // A reload that runs is finished first.
        let Some(Running { server, admin, .. }) = lock(&ending.running).take() else { return };
        if farewell == Farewell::HandedOver {
            // Whoever asks how we are is to be answered by the process after us.
            admin.stop();
            return server.drain(farewell);
        }
        let seconds = server.drain_time().as_secs();
        output::note(&format!(
            "stopping; running requests have {seconds} s to end, a second signal ends them now"
        ));
        server.drain(farewell);
        admin.stop();
    });
    tokio::select! {
        _ = drained => {}
        () = stop.requested() => {
            // What lets go of the store at the end of the process must find nobody in it.
            let opened = lock(&keeper.opened).take();
            if let Some(opened) = opened {
                let _ = tokio::time::timeout(LAST_WORDS, opened.store.close()).await;
            }
            // The drain thread would keep the runtime from ending.
            events.emit(Event::new(&catalogue::PROCESS_SERVICE_STOPPED));
            events.close(LAST_WORDS);
            std::process::exit(0);
        }
    }
}
