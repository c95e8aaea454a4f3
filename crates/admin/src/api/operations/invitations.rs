//! Links by which people set their password.

use serde::Deserialize;

use super::users::place_of;
use crate::api::call::Call;
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::desk::{Ask, NewUser};

#[derive(Deserialize)]
struct NewInvitation {
    name: String,
    email: String,
    #[serde(default)]
    roles: Vec<String>,
}

pub(in crate::api) async fn invite(call: &Call) -> Result<Reply, Problem> {
    let NewInvitation { name, email, roles } = call.read()?;
    let user = NewUser { name, roles, password: None, password_hash: None };
    let said = call.ask(Ask::UserInvite { user, email }).await?;
    Ok(Reply::new(201, &said).at(place_of(&said)))
}

pub(in crate::api) async fn reset(call: &Call) -> Result<Reply, Problem> {
    Ok(Reply::new(201, &call.ask(Ask::UserReset { name: call.part(0).to_owned() }).await?))
}
