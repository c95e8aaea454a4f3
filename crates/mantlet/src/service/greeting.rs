//! What a person and the service manager hear of start, reload and end.

use std::net::SocketAddr;

use mantlet_event::{Event, catalogue, field};
use mantlet_gate::Live;
use mantlet_gate::edge::OPEN_HINT;
use mantlet_identity::directory::Directory;
use sd_notify::NotifyState;

use super::keeper::{Keeper, lock};
use crate::config::Config;
use crate::data::DataFolder;
use crate::output;

/// What a person wants to know in the first minute.
pub(super) fn greet(
    config: &Config,
    live: &Live,
    data: &DataFolder,
    addresses: &[(SocketAddr, bool)],
    admin: SocketAddr,
) {
    output::note(&format!("Mantlet {} is up", env!("CARGO_PKG_VERSION")));
    for (address, is_tls) in addresses {
        let scheme = if *is_tls { "https" } else { "http" };
        match config.server.forward_auth.listen.contains(address) {
            true => output::note(&format!("  proxies ask http://{address}/")),
            false => output::note(&format!("  listening   {scheme}://{address}/")),
        }
    }
    for url in &config.upstream.url {
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
    let api = if config.admin.api.enabled { ", service API" } else { "" };
    output::note(&format!("  admin       http://{admin}/ (health, metrics{api})"));
    output::note(&format!("  data        {}", data.path().display()));
    if let Some(fingerprint) = live.tls().and_then(|tls| tls.local_fingerprint()) {
        output::note("  certificate of our own, which no browser trusts; its SHA-256 is");
        output::note(&format!("              {fingerprint}"));
    }
}

/// Where people sign in, and how the first of them can.
pub(super) async fn greet_people(
    directory: &Directory,
    data: &DataFolder,
    addresses: &[(SocketAddr, bool)],
) {
    let private = addresses.iter().find(|(_, is_tls)| *is_tls);
    if let Some((address, is_tls)) = private.or_else(|| addresses.first()) {
        let scheme = if *is_tls { "https" } else { "http" };
        output::note(&format!("  sign-in     {scheme}://{address}/.mantlet/sign-in"));
    }
    let is_empty = directory.accounts.list(None, 1).await.is_ok_and(|users| users.is_empty());
    if is_empty {
        let data = data.path().display();
        output::note(
            "nobody can sign in yet; add the first account, whose password is shown once:",
        );
        output::note(&format!("  mantlet user add NAME --role admin --data {data}"));
    }
}

pub(super) fn started(keeper: &Keeper, addresses: &[(SocketAddr, bool)]) {
    let events = &keeper.events;
    for (address, _) in addresses {
        events.emit(
            Event::new(&catalogue::PROCESS_SERVICE_STARTED)
                .text(field::LISTEN, address.to_string())
                .text(field::VERSION, env!("CARGO_PKG_VERSION")),
        );
    }
    let running = lock(&keeper.running);
    let open = running.iter().flat_map(|running| running.config.server.open_addresses());
    for address in open {
        let message = format!("`{address}` is open to the network without TLS");
        events.emit(
            Event::new(&catalogue::CONFIG_VALUE_RISKY)
                .text(field::SETTING, "server.listen")
                .text(field::MESSAGE, message)
                .text(field::HINT, OPEN_HINT),
        );
    }
}

/// Tells the service manager, where there is one.
pub(super) fn notify(states: &[NotifyState<'_>]) {
    // Without a manager there is nobody to tell.
    let _ = sd_notify::notify(states);
}

/// Tells the service manager that a reload begins (`Type=notify-reload`); `READY=1` ends it.
pub(super) fn notify_reloading() {
    // Without the time the message would not be believed.
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        notify(&[NotifyState::Reloading, now]);
    }
}
