//! About the API itself.

use serde_json::json;

use crate::api::call::Call;
use crate::api::problem::{self, Problem, TYPES};
use crate::api::{document, reply::Reply};

pub(in crate::api) async fn document(_call: &Call) -> Result<Reply, Problem> {
    Ok(Reply::new(200, &document::build()))
}

pub(in crate::api) async fn problem(call: &Call) -> Result<Reply, Problem> {
    let found = problem::ALL.iter().find(|reason| reason.code == call.part(0));
    let reason = found.ok_or_else(Problem::not_found)?;
    let told = json!({
        "type": format!("{TYPES}{}", reason.code),
        "title": reason.title,
        "status": reason.status,
        "detail": reason.detail,
    });
    Ok(Reply::new(200, &told))
}
