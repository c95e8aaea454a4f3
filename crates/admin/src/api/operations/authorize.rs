//! Whether somebody may.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::call::Call;
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::desk::Question;

pub(in crate::api) async fn one(call: &Call) -> Result<Reply, Problem> {
    let (question, (desk, _)): (Question, _) = (call.read()?, call.desk()?);
    Ok(Reply::new(200, &desk.authorize(&question).await?))
}

#[derive(Deserialize)]
struct Batch {
    questions: Vec<Question>,
}

pub(in crate::api) async fn batch(call: &Call) -> Result<Reply, Problem> {
    let (Batch { questions }, (desk, _)) = (call.read()?, call.desk()?);
    let mut answers: Vec<Value> = Vec::with_capacity(questions.len());
    for question in &questions {
        match desk.authorize(question).await {
            Ok(answer) => answers.push(answer),
            Err(error) if error.is_passing() => return Err(error.into()),
            Err(error) => answers.push(json!({ "error": error.message })),
        }
    }
    Ok(Reply::new(200, &json!({ "answers": answers })))
}
