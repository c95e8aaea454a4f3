//! Second factors, as somebody sees and removes them who helps their owner.

use crate::api::call::Call;
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::desk::Ask;

pub(in crate::api) async fn get(call: &Call) -> Result<Reply, Problem> {
    Ok(Reply::versioned(&call.ask(Ask::FactorList { name: call.part(0).to_owned() }).await?))
}

pub(in crate::api) async fn remove_all(call: &Call) -> Result<Reply, Problem> {
    take_away(call, None).await
}

pub(in crate::api) async fn remove(call: &Call) -> Result<Reply, Problem> {
    take_away(call, Some(call.part(1).to_owned())).await
}

async fn take_away(call: &Call, factor: Option<String>) -> Result<Reply, Problem> {
    let ask = Ask::FactorRemove { name: call.part(0).to_owned(), factor };
    Ok(Reply::versioned(&call.ask(ask).await?))
}
