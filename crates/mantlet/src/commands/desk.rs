//! Commands about accounts and their credentials: done by the server that runs on the data folder,
//! else here, on its store.

mod keys;
mod secrets;
mod users;

use std::sync::Arc;
use std::time::Duration;

use mantlet_admin::control::{Actor, Client, Command};
use mantlet_admin::desk::{Ask, Desk};
use mantlet_config::{Scalar as _, Sources, Value};
use mantlet_event::{Event, Events, Metrics, catalogue, field};
use mantlet_types::{Clock, SystemClock, SystemRng};
use serde_json::Value as Json;

pub(super) use keys::{key, session, token};
pub(super) use users::{role, user};

use super::{Failure, Outcome};
use crate::cli::identity::DeskFlags;
use crate::cli::{PlaceFlags, ServerFlags};
use crate::config::{Need, Ready, read};
use crate::data::DataFolder;
use crate::directory::Opening;
use crate::log::{self, LogSection, TerminalLog};
use crate::output;

/// How long the log files may take to be complete at the end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Asks the server, or does it here; `None` when the configuration cannot be used.
pub(super) fn ask(place: PlaceFlags, ask: Ask) -> Result<Option<Json>, Failure> {
    let Some(data) = super::data_folder(place.clone()) else { return Ok(None) };
    if let Some(mut client) = Client::connect(&data)? {
        return Ok(Some(client.request(&Command::Identity(ask))?));
    }
    let flags = ServerFlags { place, ..ServerFlags::default() };
    let Some(ready) = read(&flags, Need::Nothing).ready() else { return Ok(None) };
    Ok(Some(alone(&ready, &DataFolder::open(data)?, &ask)?))
}

/// Does it on the store of a data folder on which no server runs. A change is on record before it
/// is made.
fn alone(ready: &Ready, data: &DataFolder, ask: &Ask) -> Result<Json, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let metrics = Metrics::new();
    let quiet = LogSection { terminal: TerminalLog::Off, ..ready.config.log.clone() };
    let (events, _) = log::open(&quiet, data, Arc::clone(&clock), &metrics, Vec::new())?;
    let actor = Actor { uid: rustix::process::geteuid().as_raw() };
    if ask.is_change() {
        events.record(told(&catalogue::CONTROL_COMMAND_REQUESTED, ask, actor)).map_err(|error| {
            format!("not done: the audit record could not be written: {error}\n  hint: free space or repair the disk of the data folder")
        })?;
    }
    let answer = runtime.block_on(async {
        let sources = Sources::new(&ready.environment);
        let times = (clock, Arc::new(SystemRng) as Arc<dyn mantlet_types::Rng>);
        let opened = Opening::new(data.path(), &ready.config, &sources, times).open().await?;
        let roles = Arc::clone(&ready.resolved.asked.roles);
        let desk = Desk::new(Arc::clone(&opened.directory), roles, Some(events.clone()));
        let answer = desk.answer(ask, actor).await.map_err(Failure::from);
        opened.store.close().await;
        answer
    });
    finish(&events, ask, actor, &answer);
    answer
}

fn finish(events: &Events, ask: &Ask, actor: Actor, answer: &Result<Json, Failure>) {
    if ask.is_change() {
        let outcome = if answer.is_ok() { "success" } else { "failure" };
        let event = told(&catalogue::CONTROL_COMMAND_EXECUTED, ask, actor);
        events.emit(event.text(field::OUTCOME, outcome));
    }
    events.close(LAST_WORDS);
}

fn told(entry: &'static mantlet_event::Entry, ask: &Ask, actor: Actor) -> Event {
    let event =
        Event::new(entry).text(field::COMMAND, ask.name()).text(field::ACTOR, actor.to_string());
    match ask.user() {
        Some(user) => event.text(field::USER, user.to_owned()),
        None => event,
    }
}

/// Asks, and prints the answer: as JSON, or by `shown`.
pub(super) fn answer(
    flags: DeskFlags,
    ask: Ask,
    shown: impl FnOnce(&Json),
) -> Result<Outcome, Failure> {
    let Some(answer) = self::ask(flags.place, ask)? else { return Ok(Outcome::Unusable) };
    if flags.json {
        output::say(&answer.to_string());
    } else {
        shown(&answer);
    }
    Ok(Outcome::Fine)
}

/// The text of a member; `-` where there is none.
pub(super) fn text<'a>(value: &'a Json, key: &str) -> &'a str {
    value.get(key).and_then(Json::as_str).unwrap_or("-")
}

/// The texts of a list, with commas between them; `-` for none.
fn list(value: &Json, key: &str) -> String {
    let texts = value.get(key).and_then(Json::as_array).into_iter().flatten();
    let texts: Vec<&str> = texts.filter_map(Json::as_str).collect();
    if texts.is_empty() { "-".to_owned() } else { texts.join(",") }
}

/// The entries of a list.
pub(super) fn entries<'a>(value: &'a Json, key: &str) -> &'a [Json] {
    value.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// A duration of a flag, in seconds.
pub(super) fn seconds(flag: &str, text: &str) -> Result<u64, Failure> {
    Duration::parse(&Value::String(text.into())).map(|duration| duration.as_secs()).map_err(
        |complaint| format!("{flag}: {}\n  hint: {}", complaint.message, complaint.hint).into(),
    )
}
