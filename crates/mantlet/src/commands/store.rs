//! `mantlet store …`: copies of the store and back, another key, a look at migrations. A server that
//! runs on the data folder does it itself; a backup is put back where none runs. A change is on record
//! before it is made.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mantlet_admin::control::{Actor, Client, Command};
use mantlet_config::Sources;
use mantlet_event::{Event, Events, Metrics, catalogue, field};
use mantlet_store::backup::{self, Replacing};
use mantlet_store::{Options, Store, rekey, try_migrations};
use mantlet_types::{Clock, SystemClock, SystemRng};
use serde_json::{Value as Json, json};

use super::{Failure, Outcome};
use crate::cli::ServerFlags;
use crate::cli::store::StoreCommand;
use crate::config::{Need, Ready, read};
use crate::data::DataFolder;
use crate::log::{self, LogSection, TerminalLog};
use crate::output;

/// How long the log files may take to be complete at the end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What a command has to say.
struct Said {
    /// For people.
    lines: Vec<String>,
    /// For programs.
    json: Json,
    outcome: Outcome,
}

pub(super) fn execute(command: &StoreCommand) -> Result<Outcome, Failure> {
    let place = command.flags().place.clone();
    let Some(folder) = super::data_folder(place.clone()) else { return Ok(Outcome::Unusable) };
    let flags = ServerFlags { place, ..ServerFlags::default() };
    let Some(ready) = read(&flags, Need::Nothing).ready() else { return Ok(Outcome::Unusable) };
    let said = match running(command, &folder)? {
        Some(said) => said,
        None => {
            see_what_is_named(command, &folder)?;
            // To look at a backup is no matter of what runs on the folder.
            let data = match command.is_verification() {
                true => None,
                false => Some(free(&folder)?),
            };
            alone(command, &ready, (&folder, data.as_ref()))?
        }
    };
    if command.flags().json {
        output::say(&said.json.to_string());
    } else {
        said.lines.iter().for_each(|line| output::say(line));
    }
    Ok(said.outcome)
}

/// What the server that runs on the folder does itself; `None` where none runs, and for the rest.
fn running(command: &StoreCommand, folder: &Path) -> Result<Option<Said>, Failure> {
    let asked = match command {
        // The server stands in another folder than whoever types this.
        StoreCommand::Backup { folder, .. } => {
            Command::StoreBackup { folder: std::path::absolute(folder)? }
        }
        StoreCommand::Rekey { .. } => Command::StoreRekey,
        StoreCommand::Migrate { check, .. } => Command::StoreMigrate { check: *check },
        StoreCommand::Restore { .. } => return Ok(None),
    };
    if !folder.exists() {
        return Ok(None);
    }
    let Some(mut client) = Client::connect(folder)? else { return Ok(None) };
    let json = client.request(&asked)?;
    Ok(Some(match command {
        StoreCommand::Rekey { .. } => {
            rekeyed(json.get("key").and_then(Json::as_str).unwrap_or_default())
        }
        StoreCommand::Migrate { check, .. } => migrated_by_server(json, *check),
        _ => backed_up(json.get("bytes").and_then(Json::as_u64).unwrap_or_default(), json),
    }))
}

/// What is said of a store that has the key `key` from now on.
fn rekeyed(key: &str) -> Said {
    let lines = vec![format!("the store is encrypted with its new key {key}")];
    Said { lines, json: json!({ "key": key }), outcome: Outcome::Fine }
}

/// What is said of the schema of a store that a server has open.
fn migrated_by_server(json: Json, is_check: bool) -> Said {
    let schema = json.get("schema").and_then(Json::as_u64).unwrap_or_default();
    let named = json.get("migrations").and_then(Json::as_array).into_iter().flatten();
    let pending: Vec<_> = named.filter_map(Json::as_str).map(str::to_owned).collect();
    let Said { mut lines, outcome, .. } = migrated(&pending, is_check);
    lines.push(format!(
        "a server runs on it: its start brings the schema up to date, {schema:04} is the last migration"
    ));
    Said { lines, json, outcome }
}

/// What is said of a backup that was made.
fn backed_up(bytes: u64, json: Json) -> Said {
    let shown = json.get("folder").and_then(Json::as_str).unwrap_or_default();
    let lines = vec![
        format!("backed up {bytes} bytes to `{shown}`"),
        "the root key is not in it: without that key, the backup cannot be read".to_owned(),
    ];
    Said { lines, json, outcome: Outcome::Fine }
}

/// The folder must be there, except for a backup to be put in it, which must be there itself.
fn see_what_is_named(command: &StoreCommand, folder: &Path) -> Result<(), Failure> {
    let shown = folder.display();
    match command {
        StoreCommand::Restore { folder: backup, .. } if !backup.is_dir() => {
            let hint = "name the folder that `mantlet store backup` made";
            Err(format!("there is no backup `{}`\n  hint: {hint}", backup.display()).into())
        }
        StoreCommand::Restore { .. } => Ok(()),
        _ if !folder.exists() => {
            let hint = "name the data folder with --data";
            Err(format!("there is no data folder `{shown}`\n  hint: {hint}").into())
        }
        _ => Ok(()),
    }
}

/// The data folder, on which no server may run.
fn free(folder: &Path) -> Result<DataFolder, Failure> {
    if Client::connect(folder)?.is_some() {
        let message = format!(
            "a server runs on `{}`: what it has open is not replaced under it, and what it acknowledged meanwhile would be lost",
            folder.display()
        );
        let hint =
            "stop it (`systemctl stop mantlet`, or SIGTERM), then run this again and start it";
        return Err(format!("{message}\n  hint: {hint}").into());
    }
    Ok(DataFolder::open(folder.to_owned())?)
}

/// `data`: the folder, where it is not only looked into.
fn alone(
    command: &StoreCommand,
    ready: &Ready,
    (folder, data): (&Path, Option<&DataFolder>),
) -> Result<Said, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let sources = Sources::new(&ready.environment);
    let times = (Arc::clone(&clock), Arc::new(SystemRng) as Arc<_>);
    let options = ready.config.store.options(folder, &sources, times)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let Some(data) = data.filter(|_| !command.is_look()) else {
        return runtime.block_on(act(command, &options));
    };
    let quiet = LogSection { terminal: TerminalLog::Off, ..ready.config.log.clone() };
    let (events, _) = log::open(&quiet, data, clock, &Metrics::new(), Vec::new())?;
    let done = recorded(&events, command, || runtime.block_on(act(command, &options)));
    events.close(LAST_WORDS);
    done
}

/// Does `act` between the two events that say what was asked and what became of it.
fn recorded(
    events: &Events,
    command: &StoreCommand,
    act: impl FnOnce() -> Result<Said, Failure>,
) -> Result<Said, Failure> {
    let actor = Actor { uid: rustix::process::geteuid().as_raw() };
    let told = |entry| {
        Event::new(entry).text(field::COMMAND, command.name()).text(field::ACTOR, actor.to_string())
    };
    events.record(told(&catalogue::CONTROL_COMMAND_REQUESTED)).map_err(|error| {
        format!("not done: the audit record could not be written: {error}\n  hint: free space or repair the disk of the data folder")
    })?;
    let done = act();
    let outcome = if done.is_ok() { "success" } else { "failure" };
    events.emit(told(&catalogue::CONTROL_COMMAND_EXECUTED).text(field::OUTCOME, outcome));
    done
}

async fn act(command: &StoreCommand, options: &Options) -> Result<Said, Failure> {
    match command {
        StoreCommand::Backup { folder, .. } => back_up(folder, options).await,
        StoreCommand::Restore { folder, verify: true, .. } => verify(folder, options).await,
        StoreCommand::Restore { folder, replace, .. } => {
            let replacing = if *replace { Replacing::WhatIsThere } else { Replacing::Nothing };
            restore(folder, options, replacing).await
        }
        StoreCommand::Rekey { .. } => Ok(rekeyed(&rekey(options).await?.to_string())),
        StoreCommand::Migrate { check, .. } => migrate(options, *check).await,
    }
}

async fn back_up(folder: &Path, options: &Options) -> Result<Said, Failure> {
    // Opening would make a store where there is none.
    try_migrations(options).await?;
    let store = Store::open(options).await?;
    let made = store.backup(folder).await;
    store.close().await;
    let (manifest, shown) = (made?, folder.display().to_string());
    let bytes = manifest.bytes();
    let json = json!({ "folder": shown, "bytes": bytes, "manifest": manifest });
    Ok(backed_up(bytes, json))
}

async fn verify(folder: &Path, options: &Options) -> Result<Said, Failure> {
    let manifest = backup::verify(options, folder).await?;
    let lines = vec![format!("whole: made at {}, {} bytes", manifest.made, manifest.bytes())];
    let json = json!({ "whole": true, "manifest": manifest });
    Ok(Said { lines, json, outcome: Outcome::Fine })
}

async fn restore(folder: &Path, options: &Options, how: Replacing) -> Result<Said, Failure> {
    let (manifest, aside) = backup::restore(options, folder, how).await?;
    let aside = aside.map(|aside| aside.display().to_string());
    let mut lines = vec![format!("restored the store as it was at {}", manifest.made)];
    lines.extend(aside.iter().map(|aside| format!("what was there before is in `{aside}`")));
    let json = json!({ "manifest": manifest, "replaced": aside });
    Ok(Said { lines, json, outcome: Outcome::Fine })
}

async fn migrate(options: &Options, is_check: bool) -> Result<Said, Failure> {
    let pending = try_migrations(options).await?;
    if !is_check {
        Store::open(options).await?.close().await;
    }
    Ok(migrated(&pending, is_check))
}

/// What is said of migrations that were applied, or would be.
fn migrated(pending: &[String], is_check: bool) -> Said {
    let (done, outcome) = match (pending.is_empty(), is_check) {
        (true, _) => ("up to date", Outcome::Fine),
        (false, true) => ("to be applied, tried on a copy without trouble", Outcome::Findings),
        (false, false) => ("applied", Outcome::Fine),
    };
    let mut lines = pending.to_vec();
    lines.push(done.to_owned());
    let json = json!({ "migrations": pending, "applied": !is_check });
    Said { lines, json, outcome }
}
