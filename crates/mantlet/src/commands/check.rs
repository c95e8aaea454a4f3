//! `mantlet check`: every problem of the configuration, with the code that the server uses.

use std::collections::HashSet;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use mantlet_config::Sources;
use mantlet_gate::upstream::ServerAddress;

use super::{Failure, Outcome};
use crate::cli::CheckFlags;
use crate::config::{Config, Need, Ready, applications, read};
use crate::output;

/// How long a server may take to accept a connection.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn execute(flags: &CheckFlags) -> Result<Outcome, Failure> {
    let read = read(&flags.server, Need::Upstream);
    let mut findings = read.loaded.problems.warnings();
    let what = match &read.file {
        Some(file) => format!("`{}`", file.display()),
        None => "the configuration (no file, defaults and flags only)".into(),
    };
    let Some(ready) = read.ready() else { return Ok(Outcome::Unusable) };
    let mut more = secrets(&ready);
    if flags.probe {
        more.extend(probe(&ready.config));
    }
    findings = findings.saturating_add(more.len());
    for finding in more {
        output::note(&format!("warning: {finding}"));
    }
    if findings > 0 {
        output::say(&format!("{what} can be used, with {findings} warning(s)"));
        return Ok(Outcome::Findings);
    }
    output::say(&format!("{what} is fine"));
    Ok(Outcome::Fine)
}

/// Secrets in files that cannot be read or used, or that others can read too. What is in the
/// environment is not looked at: it may be another one than the server's.
fn secrets(ready: &Ready) -> Vec<String> {
    let config = &ready.config;
    let providers = config.identity.providers.iter();
    let named = [
        &config.admin.metrics_token,
        &config.recording.key,
        &config.store.root_key,
        &config.store.passphrase,
        &config.mail.password,
        &config.identity.tokens.legacy.secret,
    ];
    let named = named.into_iter().flatten();
    let named = named.chain(providers.filter_map(|(_, provider)| provider.client_secret.as_ref()));
    let named = named.map(|secret| (secret, 1)).chain(ready.resolved.named_secrets());
    let mut seen = HashSet::new();
    let files = named.filter(|(secret, _)| secret.scheme() == "file" && seen.insert(*secret));
    let sources = Sources::new(&ready.environment);
    let unusable = |(secret, shortest)| sources.resolve(secret, shortest).err();
    files.filter_map(unusable).map(|error| error.to_string()).collect()
}

/// Servers that no connection can be made to now.
fn probe(config: &Config) -> Vec<String> {
    let unreachable = |(key, url): (String, &ServerAddress)| {
        let failed = connect(url).err()?;
        Some(format!("{key}: `{url}` cannot be reached: {failed}\n  hint: is it running?"))
    };
    applications(config).filter_map(unreachable).collect()
}

fn connect(server: &ServerAddress) -> std::io::Result<()> {
    if let Some(path) = server.socket() {
        return UnixStream::connect(path).map(drop);
    }
    let Some(url) = server.url() else { return Ok(()) };
    let mut outcome = Err(std::io::ErrorKind::NotFound.into());
    for address in (url.connect_host(), url.port()).to_socket_addrs()? {
        outcome = TcpStream::connect_timeout(&address, PROBE_TIMEOUT).map(drop);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}
