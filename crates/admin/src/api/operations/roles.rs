//! Roles, and who has them.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::call::Call;
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::desk::Ask;

pub(in crate::api) async fn list(call: &Call) -> Result<Reply, Problem> {
    Ok(Reply::new(200, &call.ask(Ask::RoleList).await?))
}

pub(in crate::api) async fn get(call: &Call) -> Result<Reply, Problem> {
    let said = call.ask(Ask::RoleList).await?;
    let roles = said.get("roles").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_it = |role: &&Value| role.get("name").and_then(Value::as_str) == Some(call.part(0));
    let role = roles.iter().find(is_it).ok_or_else(Problem::not_found)?;
    Ok(Reply::new(200, role))
}

pub(in crate::api) async fn of_user(call: &Call) -> Result<Reply, Problem> {
    Ok(shown(&call.ask(Ask::UserShow { name: call.part(0).to_owned() }).await?))
}

#[derive(Deserialize)]
struct NewRoles {
    roles: Vec<String>,
}

pub(in crate::api) async fn set(call: &Call) -> Result<Reply, Problem> {
    let NewRoles { roles } = call.read()?;
    Ok(shown(&call.ask(Ask::RoleSet { name: call.part(0).to_owned(), roles }).await?))
}

/// The roles of an account.
fn shown(user: &Value) -> Reply {
    let part = |name: &str| user.get(name).cloned().unwrap_or_default();
    let roles = json!({
        "name": part("name"), "roles": part("roles"), "version": part("version"),
    });
    Reply::versioned(&roles)
}
