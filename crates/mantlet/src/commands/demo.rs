//! `mantlet demo`: the gate in front of a small, deliberately weak application.

use std::net::SocketAddr;

use super::{Failure, Outcome};
use crate::cli::ServerFlags;
use crate::config::{Need, read};
use crate::demo::WeakApplication;
use crate::service::{self, Start};
use crate::{data, output};

pub(super) fn execute(mut flags: ServerFlags) -> Result<Outcome, Failure> {
    if flags.upstream.is_some() {
        return Err("the demo brings its own application\n  hint: `mantlet run --upstream URL` is for yours".into());
    }
    let application = WeakApplication::start()?;
    flags.upstream = Some(format!("http://{}", application.address()));
    if flags.place.data.is_none() {
        let environment = mantlet_config::Environment::from_process();
        flags.place.data = Some(data::usual_place(&environment).join("demo"));
    }
    let Some(ready) = read(&flags, Need::Upstream).ready() else { return Ok(Outcome::Unusable) };
    let server = &ready.config.server;
    let mut addresses = server.listen.iter().chain(&server.tls.listen);
    if let Some(open) = addresses.find(|at| !at.ip().is_loopback()) {
        return Err(format!("the demo is weak on purpose and stays on loopback, not on `{open}`\n  hint: leave --listen out, and `[server] listen` and `[server.tls] listen` on 127.0.0.1").into());
    }
    let start = Start { flags, program: None, takes_over: false };
    service::run(start, ready, |listening| introduce(&application, listening))?;
    Ok(Outcome::Fine)
}

fn introduce(application: &WeakApplication, listening: &[SocketAddr]) {
    let Some(gate) = listening.first() else { return };
    let bare = application.address();
    output::note(&format!(
        "\nThe weak application itself is at http://{bare}/ and the gate in front of it at http://{gate}/\n\
         Try the same thing on both:\n\n  \
         curl -i http://{gate}/crash           # {bare} shows its stack trace\n  \
         curl -i http://{gate}/files/..%2f..%2fetc%2fpasswd   # {bare} hands the file out\n  \
         curl -i -H 'X-User-Id: admin' http://{gate}/admin   # {bare} believes it\n  \
         curl -i 'http://{gate}/hello?name=%3Csvg/onload=alert%281%29%3E'   # {bare} runs it\n"
    ));
}
