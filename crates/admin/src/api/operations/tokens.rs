//! Signed tokens, their successors, and tickets.

use serde::Deserialize;
use serde_json::Value;

use crate::api::call::Call;
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::desk::{Ask, Typed};

#[derive(Deserialize)]
struct NewToken {
    user: String,
    #[serde(default)]
    scopes: Option<Vec<String>>,
    #[serde(default)]
    seconds: Option<u64>,
    #[serde(default)]
    client: Option<String>,
}

pub(in crate::api) async fn issue(call: &Call) -> Result<Reply, Problem> {
    let NewToken { user, scopes, seconds, client } = call.read()?;
    if client.is_some() && seconds.is_some() {
        let detail = "`seconds` does not go with `client`: what is prolonged lives as long as all";
        return Err(Problem::invalid(detail));
    }
    let ask = Ask::TokenIssue { user, scopes, seconds, client };
    Ok(Reply::new(201, &call.ask(ask).await?))
}

#[derive(Deserialize)]
struct Refresh {
    refresh_token: Typed,
}

pub(in crate::api) async fn refresh(call: &Call) -> Result<Reply, Problem> {
    let Refresh { refresh_token } = call.read()?;
    Ok(Reply::new(201, &call.ask(Ask::TokenRefresh { token: refresh_token }).await?))
}

#[derive(Deserialize)]
struct Form {
    token: Typed,
}

pub(in crate::api) async fn introspect(call: &Call) -> Result<Reply, Problem> {
    let Form { token } = call.read()?;
    let mut said = call.ask(Ask::TokenVerify { token }).await?;
    // Why it does not count is for the operator alone (RFC 7662, section 2.2).
    if let Value::Object(said) = &mut said {
        said.remove("why");
    }
    Ok(Reply::new(200, &said))
}

pub(in crate::api) async fn revoke(call: &Call) -> Result<Reply, Problem> {
    let Form { token } = call.read()?;
    match call.ask(Ask::TokenRevoke { token }).await {
        Ok(_) => Ok(Reply::done()),
        // What does not count is as good as revoked (RFC 7009, section 2.2).
        Err(problem) if problem.reason.status == 422 => Ok(Reply::done()),
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
struct NewTicket {
    user: String,
    origin: String,
    #[serde(default)]
    scopes: Option<Vec<String>>,
    #[serde(default)]
    seconds: Option<u64>,
}

pub(in crate::api) async fn end_all(call: &Call) -> Result<Reply, Problem> {
    call.ask(Ask::TokenRevokeAll { user: call.part(0).to_owned() }).await?;
    Ok(Reply::empty())
}

pub(in crate::api) async fn ticket(call: &Call) -> Result<Reply, Problem> {
    let NewTicket { user, origin, scopes, seconds } = call.read()?;
    let ask = Ask::TicketIssue { user, origin, scopes, seconds };
    Ok(Reply::new(201, &call.ask(ask).await?))
}
