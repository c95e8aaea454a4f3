//! What paths ask for, and who may what.

use crate::api::call::Call;
use crate::api::cursor;
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::desk::PathQuestion;

/// The usual number of days after which an account that nobody uses is told.
const DORMANT_DAYS: usize = 90;

pub(in crate::api) async fn explain_path(call: &Call) -> Result<Reply, Problem> {
    let text = |name: &str, usual: &'static str| call.asked(name).unwrap_or(usual).to_owned();
    let question = PathQuestion {
        path: text("path", "/"),
        method: text("method", "GET"),
        host: text("host", "localhost"),
        user: call.asked("user").map(str::to_owned),
        client: None,
        facts: Vec::new(),
        member: None,
    };
    let rule = call.services.rules.rule_at(&question.host, &question.path, &question.method);
    let rule = rule.map_err(Problem::invalid)?;
    let (desk, _) = call.desk()?;
    Ok(Reply::new(200, &desk.explain_path(&rule, &question).await?))
}

pub(in crate::api) async fn review_accounts(call: &Call) -> Result<Reply, Problem> {
    let days = call.number("dormant_days").unwrap_or(DORMANT_DAYS);
    let (desk, _) = call.desk()?;
    let days = u64::try_from(days).unwrap_or(u64::MAX);
    let mut said = desk.review(call.after()?.as_deref(), call.limit(), days).await?;
    if let Some(next) = said.get_mut("next") {
        *next = cursor::write(next.as_str());
    }
    Ok(Reply::new(200, &said))
}
