//! Problem details, RFC 9457.

use mantlet_event::Value;
use mantlet_types::RequestId;
use serde_json::{Map, Value as Json};

use crate::pipeline::{Denial, Fault};

/// The problem document. `type` is `about:blank` plus a stable `code`, because a type URI that
/// leads nowhere helps nobody; problems of a registered type have that.
pub(super) fn render(denial: &Denial, id: RequestId) -> String {
    let mut document = Map::new();
    document.insert("type".into(), denial.kind.unwrap_or("about:blank").into());
    document.insert("title".into(), denial.reason.title.into());
    document.insert("status".into(), denial.shown_status().into());
    document.insert("detail".into(), denial.reason.detail.into());
    document.insert("instance".into(), format!("urn:uuid:{id}").into());
    document.insert("code".into(), denial.reason.code.into());
    document.insert("request_id".into(), id.to_string().into());
    for (name, value) in &denial.members {
        document.insert((*name).into(), json(value));
    }
    for (name, texts) in denial.lists() {
        document.insert((*name).into(), texts.as_slice().into());
    }
    if !denial.faults().is_empty() {
        let errors = denial.faults().iter().map(Fault::to_json).collect();
        document.insert("errors".into(), errors);
    }
    Json::Object(document).to_string()
}

fn json(value: &Value) -> Json {
    match value {
        Value::Text(text) => Json::from(text.as_ref()),
        Value::Number(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::Flag(flag) => Json::from(*flag),
    }
}
