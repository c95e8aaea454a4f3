//! Links between accounts and users of outside providers.

use serde::Deserialize;
use serde_json::Value;

use crate::api::call::Call;
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::desk::{Ask, NewLink};

pub(in crate::api) async fn get(call: &Call) -> Result<Reply, Problem> {
    Ok(Reply::versioned(&call.ask(Ask::LinkList { name: call.part(0).to_owned() }).await?))
}

#[derive(Deserialize)]
struct Link {
    issuer: String,
    subject: String,
}

pub(in crate::api) async fn add(call: &Call) -> Result<Reply, Problem> {
    let said = set(call, call.read()?, true).await?;
    Ok(Reply::new(201, &said))
}

pub(in crate::api) async fn remove(call: &Call) -> Result<Reply, Problem> {
    let text = |name: &str| call.asked(name).unwrap_or_default().to_owned();
    let link = Link { issuer: text("issuer"), subject: text("subject") };
    Ok(Reply::versioned(&set(call, link, false).await?))
}

async fn set(call: &Call, link: Link, is_linked: bool) -> Result<Value, Problem> {
    let Link { issuer, subject } = link;
    let link = NewLink { user: call.part(0).to_owned(), issuer, subject };
    call.ask(Ask::LinkSet { link, is_linked }).await
}
