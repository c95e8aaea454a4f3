//! Sessions.

use serde_json::Value;

use super::keys::part_of;
use crate::api::call::Call;
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::desk::{Ask, Page};

pub(in crate::api) async fn list(call: &Call) -> Result<Reply, Problem> {
    let page = Some(Page { after: call.after()?, most: call.limit() });
    let user = call.asked("user").map(str::to_owned);
    Ok(part_of(call.ask(Ask::SessionList { user, page }).await?))
}

pub(in crate::api) async fn end_all(call: &Call) -> Result<Reply, Problem> {
    let user = Some(call.part(0).to_owned());
    Ok(Reply::new(200, &call.ask(Ask::SessionEnd { user, handle: None }).await?))
}

pub(in crate::api) async fn end(call: &Call) -> Result<Reply, Problem> {
    let (user, handle) = (Some(call.part(0).to_owned()), Some(call.part(1).to_owned()));
    let said = call.ask(Ask::SessionEnd { user, handle }).await?;
    match said.get("ended").and_then(Value::as_u64) {
        Some(0) | None => Err(Problem::not_found()),
        Some(_) => Ok(Reply::empty()),
    }
}
