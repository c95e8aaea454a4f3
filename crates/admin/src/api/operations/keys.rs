//! API keys.

use serde::Deserialize;
use serde_json::Value;

use crate::api::call::Call;
use crate::api::cursor;
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::desk::{Ask, Page};

/// For how many seconds the secret before stays valid, where nobody says.
const GRACE: u64 = 86_400;

pub(in crate::api) async fn list(call: &Call) -> Result<Reply, Problem> {
    let page = Some(Page { after: call.after()?, most: call.limit() });
    let user = call.asked("user").map(str::to_owned);
    Ok(part_of(call.ask(Ask::KeyList { user, page }).await?))
}

/// A part of a list, with the word for the next in place of a name.
pub(super) fn part_of(mut said: Value) -> Reply {
    if let Some(next) = said.get_mut("next") {
        *next = cursor::write(next.as_str());
    }
    Reply::new(200, &said)
}

#[derive(Deserialize)]
struct NewKey {
    user: String,
    label: String,
    #[serde(default)]
    scopes: Option<Vec<String>>,
    #[serde(default)]
    networks: Vec<String>,
    #[serde(default)]
    seconds: Option<u64>,
}

pub(in crate::api) async fn issue(call: &Call) -> Result<Reply, Problem> {
    let NewKey { user, label, scopes, networks, seconds } = call.read()?;
    let ask = Ask::KeyIssue { user, label, scopes, networks, seconds };
    let said = call.ask(ask).await?;
    let place = said.get("id").and_then(Value::as_str).map(|id| format!("/v1/keys/{id}"));
    Ok(Reply::new(201, &said).at(place.unwrap_or_default()))
}

pub(in crate::api) async fn get(call: &Call) -> Result<Reply, Problem> {
    Ok(Reply::new(200, &call.ask(Ask::KeyShow { id: call.part(0).to_owned() }).await?))
}

pub(in crate::api) async fn revoke(call: &Call) -> Result<Reply, Problem> {
    let why = "over the service API".to_owned();
    call.ask(Ask::KeyRevoke { id: call.part(0).to_owned(), why }).await?;
    Ok(Reply::empty())
}

#[derive(Deserialize)]
struct Rotation {
    #[serde(default)]
    grace: Option<u64>,
}

pub(in crate::api) async fn rotate(call: &Call) -> Result<Reply, Problem> {
    let Rotation { grace } = call.read()?;
    let grace = grace.unwrap_or(GRACE);
    let ask = Ask::KeyRotate { id: call.part(0).to_owned(), grace };
    Ok(Reply::new(201, &call.ask(ask).await?))
}
