//! One request that has passed every check.

use std::net::IpAddr;
use std::sync::Arc;

use mantlet_event::{Event, catalogue, field};
use mantlet_identity::directory::Directory;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::operation::Operation;
use super::problem::Problem;
use super::{ApiServices, cursor};
use crate::control::ControlError;
use crate::desk::{Ask, Asker, Desk, DeskError, Kind};

/// The most entries of one part of a list, where nothing else is asked for.
const LIMIT: usize = 50;

/// One request that has passed every check.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) services: Arc<ApiServices>,
    pub(super) operation: &'static Operation,
    /// The texts of the path's parameters, in order.
    pub(super) path: Vec<String>,
    /// The query, name by name.
    pub(super) query: Vec<(String, String)>,
    /// The body: JSON, or a form as an object of texts.
    pub(super) body: Value,
    /// Who asks; `None` where everybody may.
    pub(super) asker: Option<(Arc<Directory>, Asker)>,
    pub(super) client: IpAddr,
    /// The version that is to be changed; `None` for whatever is there.
    pub(super) version: Option<String>,
}

impl Call {
    /// A parameter of the path, by its place.
    pub(super) fn part(&self, place: usize) -> &str {
        self.path.get(place).map_or("", String::as_str)
    }

    /// A parameter of the query.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A number of the query, which was checked before.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.asked(name)?.parse().ok()
    }

    /// How many entries of a list are asked for.
    pub(super) fn limit(&self) -> usize {
        self.number("limit").unwrap_or(LIMIT)
    }

    /// What the part comes after that is asked for.
    pub(super) fn after(&self) -> Result<Option<String>, Problem> {
        self.asked("cursor").map(cursor::read).transpose()
    }

    /// The body, which was checked against its schema before.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_value(self.body.clone())
            .map_err(|error| Problem::invalid(error.to_string()))
    }

    /// Does what the desk is asked, for whoever asks. A change is on record before it is made.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Value, Problem> {
        let (desk, asker) = self.desk()?;
        if !ask.is_change() {
            return Ok(desk.answer_to(&ask, &asker, None).await?);
        }
        let (services, version) = (Arc::clone(&self.services), self.version.clone());
        let client = self.client;
        // On a thread of its own, since the disk may be slow; and it is finished, whatever becomes
        // of whoever asks.
        let done = tokio::task::spawn_blocking(move || {
            act(&services, (&desk, &asker), &ask, version.as_deref(), client)
        });
        done.await
            .map_err(|_| Problem::new(&mantlet_event::reasons::API_DEFECT))?
            .map_err(Into::into)
    }

    /// The desk, and who is before it.
    pub(super) fn desk(&self) -> Result<(Desk, Asker), Problem> {
        let (directory, asker) =
            self.asker.as_ref().ok_or_else(|| Problem::unauthenticated(None))?;
        let services = &self.services;
        let events = Some(services.events.clone());
        let desk = Desk::new(Arc::clone(directory), Arc::clone(&services.roles), events);
        Ok((desk.with_policies(services.policies.clone()), asker.clone()))
    }
}

/// A change: on record, made, and what came of it on record.
fn act(
    services: &ApiServices,
    (desk, asker): (&Desk, &Asker),
    ask: &Ask,
    version: Option<&str>,
    client: IpAddr,
) -> Result<Value, DeskError> {
    let told = |entry| {
        let event = Event::new(entry)
            .text(field::COMMAND, ask.name())
            .text(field::ACTOR, asker.to_string())
            .text(field::CLIENT, client.to_canonical().to_string());
        match ask.user() {
            Some(user) => event.text(field::USER, user.to_owned()),
            None => event,
        }
    };
    services.events.record(told(&catalogue::CONTROL_COMMAND_REQUESTED)).map_err(|error| {
        let message = format!("not done: the audit record could not be written: {error}");
        let hint = "free space or repair the disk of the data folder";
        DeskError::new(Kind::Unavailable, message, hint)
    })?;
    let mut done = None;
    let here = tokio::runtime::Handle::current();
    let turn = services.changes.change(&mut || {
        done = Some(here.block_on(desk.answer_to(ask, asker, version)));
    });
    let done = match (turn, done) {
        (Ok(()), Some(done)) => done,
        (Err(ControlError { message, hint }), _) => {
            Err(DeskError::new(Kind::Unavailable, message, hint))
        }
        (Ok(()), None) => Err(DeskError::new(Kind::Unavailable, "not done", "try again")),
    };
    let event = told(&catalogue::CONTROL_COMMAND_EXECUTED)
        .text(field::OUTCOME, if done.is_ok() { "success" } else { "failure" });
    services.events.emit(match &done {
        Err(error) => event.text(field::ERROR, error.message.clone()),
        Ok(_) => event,
    });
    done
}

/// A text of a path or form, without its escapes; `None` when it is not UTF-8.
pub(super) fn unescape(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}
