//! Approvals.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::call::Call;
use crate::api::cursor;
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::desk::{Ask, NewGrant};

pub(in crate::api) async fn list(call: &Call) -> Result<Reply, Problem> {
    let after = match call.after()? {
        None => 0,
        Some(number) => number.parse().map_err(|_| cursor::unknown())?,
    };
    let (user, most) = (call.asked("user").map(str::to_owned), Some(call.limit()));
    let said = call.ask(Ask::AccessApprovals { user, after, most }).await?;
    let part = |name: &str| said.get(name).cloned().unwrap_or_default();
    let is_more = part("more") == Value::Bool(true);
    let next = is_more.then(|| part("last").to_string());
    let list = json!({ "approvals": part("approvals"), "next": cursor::write(next.as_deref()) });
    Ok(Reply::new(200, &list))
}

#[derive(Deserialize)]
struct NewApproval {
    user: String,
    resource: String,
    seconds: u64,
    #[serde(default)]
    may_write: bool,
    #[serde(default)]
    why: String,
}

pub(in crate::api) async fn approve(call: &Call) -> Result<Reply, Problem> {
    let NewApproval { user, resource, seconds, may_write, why } = call.read()?;
    let grant = NewGrant { user, resource, may_write, seconds, by: None, why };
    Ok(Reply::new(201, &call.ask(Ask::AccessApprove { grant }).await?))
}

pub(in crate::api) async fn withdraw(call: &Call) -> Result<Reply, Problem> {
    let number = call.part(0).parse().map_err(|_| Problem::not_found())?;
    let why = "over the service API".to_owned();
    call.ask(Ask::AccessWithdraw { number, why }).await?;
    Ok(Reply::empty())
}
