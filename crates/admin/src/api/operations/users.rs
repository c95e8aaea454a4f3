//! Accounts.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::call::Call;
use crate::api::cursor;
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::desk::{Ask, Typed};

pub(in crate::api) async fn list(call: &Call) -> Result<Reply, Problem> {
    let ask = Ask::UserList { after: call.after()?, most: Some(call.limit()) };
    let said = call.ask(ask).await?;
    let users = said.get("users").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_more = said.get("more") == Some(&Value::Bool(true));
    let last = users.last().and_then(|user| user.get("name")?.as_str()).filter(|_| is_more);
    Ok(Reply::new(200, &json!({ "users": users, "next": cursor::write(last) })))
}

pub(in crate::api) async fn add(call: &Call) -> Result<Reply, Problem> {
    let said = call.ask(Ask::UserAdd { user: call.read()? }).await?;
    Ok(Reply::new(201, &said).at(place_of(&said)))
}

/// Where an account that was added is found.
pub(super) fn place_of(said: &Value) -> String {
    let name = said.get("name").and_then(Value::as_str).unwrap_or_default();
    format!("/v1/users/{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
}

pub(in crate::api) async fn get(call: &Call) -> Result<Reply, Problem> {
    show(call).await
}

#[derive(Deserialize)]
struct Patch {
    locked: bool,
}

pub(in crate::api) async fn change(call: &Call) -> Result<Reply, Problem> {
    let (Patch { locked }, name) = (call.read()?, call.part(0).to_owned());
    call.ask(match locked {
        true => Ask::UserLock { name },
        false => Ask::UserUnlock { name, address: None },
    })
    .await?;
    show(call).await
}

pub(in crate::api) async fn retire(call: &Call) -> Result<Reply, Problem> {
    call.ask(Ask::UserRetire { name: call.part(0).to_owned() }).await?;
    Ok(Reply::empty())
}

#[derive(Deserialize)]
struct Password {
    #[serde(default)]
    password: Option<Typed>,
}

pub(in crate::api) async fn password(call: &Call) -> Result<Reply, Problem> {
    let (Password { password }, name) = (call.read()?, call.part(0).to_owned());
    Ok(Reply::new(200, &call.ask(Ask::UserPassword { name, password }).await?))
}

#[derive(Deserialize)]
struct Email {
    email: Option<String>,
}

pub(in crate::api) async fn email(call: &Call) -> Result<Reply, Problem> {
    let (Email { email }, name) = (call.read()?, call.part(0).to_owned());
    call.ask(Ask::UserEmail { name, email: email.unwrap_or_default() }).await?;
    show(call).await
}

/// The account as it is now.
async fn show(call: &Call) -> Result<Reply, Problem> {
    let said = call.ask(Ask::UserShow { name: call.part(0).to_owned() }).await?;
    Ok(Reply::versioned(&said))
}
