//! The document of the service API (OpenAPI 3.1), out of the table that requests are routed by.

use mantlet_event::reasons;
use mantlet_types::Reason;
use serde_json::{Map, Value, json};

use super::operation::{BodyKind, Condition, Operation};
use super::{problem, schemas, table};
use crate::scope;
use crate::server::HEAD_BYTES;

/// The document.
pub(super) fn build() -> Value {
    let mut paths = Map::new();
    for operation in table::OPERATIONS {
        let entry = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Value::Object(entry) = entry {
            entry.insert(operation.verb.as_str().to_owned(), describe(operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Mantlet service API",
            "version": "1",
            "description": "What an application asks of the gate in front of it: accounts, sessions, keys, tokens, tickets, and whether somebody may. Every change is in the audit record before it is made.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "parameters": parameters(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": format!("An API key or a signed token that names the scope of the operation. Scopes: {}.", scope::ALL.join(", ")),
                },
            },
        },
    })
}

fn describe(operation: &Operation) -> Value {
    let mut entry = Map::new();
    entry.insert("operationId".to_owned(), Value::from(operation.id));
    entry.insert("summary".to_owned(), Value::from(operation.summary));
    if !operation.about.is_empty() {
        entry.insert("description".to_owned(), Value::from(operation.about));
    }
    entry.insert("tags".to_owned(), json!([tag(operation)]));
    entry.insert(
        "security".to_owned(),
        match operation.scope {
            Some(scope) => json!([{ "bearer": [scope] }]),
            None => json!([]),
        },
    );
    let parameters: Vec<Value> = parameters_of(operation)
        .map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }))
        .collect();
    if !parameters.is_empty() {
        entry.insert("parameters".to_owned(), Value::from(parameters));
    }
    if let Some((kind, schema)) = content(operation.body) {
        let content = json!({ kind: { "schema": reference(schema) } });
        let body = json!({ "required": true, "content": content });
        entry.insert("requestBody".to_owned(), body);
    }
    entry.insert("responses".to_owned(), Value::Object(responses(operation)));
    Value::Object(entry)
}

/// The part of the API that an operation is of: the first word of its path.
fn tag(operation: &Operation) -> &'static str {
    operation.path.trim_start_matches("/v1/").split('/').next().unwrap_or_default()
}

const fn content(body: BodyKind) -> Option<(&'static str, &'static str)> {
    match body {
        BodyKind::None => None,
        BodyKind::Json(schema) => Some(("application/json", schema)),
        BodyKind::Form(schema) => Some(("application/x-www-form-urlencoded", schema)),
    }
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// The names of all parameters of an operation.
fn parameters_of(operation: &Operation) -> impl Iterator<Item = &'static str> {
    let own = operation.parameters().chain(operation.query.iter().copied());
    let condition = (operation.condition == Condition::Required).then_some("If-Match");
    let repeat = operation.is_repeatable().then_some("Idempotency-Key");
    own.chain(condition).chain(repeat)
}

/// Every status that an operation can answer.
fn responses(operation: &Operation) -> Map<String, Value> {
    let mut by_status: Map<String, Value> = Map::new();
    by_status.insert(operation.status.to_string(), success(operation));
    for reason in problems_of(operation) {
        let entry = by_status.entry(reason.status.to_string()).or_insert_with(|| {
            json!({
                "description": "",
                "content": { "application/problem+json": { "schema": reference("Problem") } },
            })
        });
        let Some(told) = entry.get_mut("description") else { continue };
        let line = format!("`{}`: {}", reason.code, reason.detail);
        let before = told.as_str().unwrap_or_default();
        *told = Value::from(if before.is_empty() { line } else { format!("{before}\n{line}") });
    }
    let too_long = format!("The head of the request is longer than {HEAD_BYTES} bytes.");
    for status in ["414", "431"] {
        by_status.insert(status.to_owned(), json!({ "description": too_long }));
    }
    if let Some(limited) = by_status.get_mut("429").and_then(Value::as_object_mut) {
        let schema = json!({ "type": "integer", "minimum": 1 });
        limited.insert(
            "headers".to_owned(),
            json!({ "Retry-After": {
            "description": "Seconds until it is worth another try.", "schema": schema,
        } }),
        );
    }
    by_status
}

fn success(operation: &Operation) -> Value {
    let mut answer = json!({ "description": operation.summary });
    if let (Some(schema), Value::Object(answer)) = (operation.answer, &mut answer) {
        let content = json!({ "application/json": { "schema": reference(schema) } });
        answer.insert("content".to_owned(), content);
    }
    answer
}

/// Every problem that an operation can end with.
pub(super) fn problems_of(operation: &Operation) -> Vec<&'static Reason> {
    let mut found: Vec<&'static Reason> = vec![
        &reasons::API_MALFORMED,
        &reasons::FOREIGN_ORIGIN,
        &reasons::API_NOT_ACCEPTABLE,
        &reasons::API_SLOW,
        &reasons::API_TOO_LARGE,
        &reasons::API_MEDIA_TYPE,
        &reasons::FOREIGN_HOST,
        &reasons::API_INVALID,
        &reasons::API_RATE,
        &reasons::API_DEFECT,
        &reasons::ADMIN_TIMEOUT,
    ];
    if operation.scope.is_some() {
        found.extend([
            &reasons::API_UNAUTHENTICATED,
            &reasons::API_SCOPE,
            &reasons::API_UNAVAILABLE,
        ]);
    }
    if operation.parameters().next().is_some() {
        found.push(&reasons::API_NOT_FOUND);
    }
    if operation.is_repeatable() {
        found.extend([&reasons::API_IN_FLIGHT, &reasons::API_KEY_REUSED, &reasons::API_BUSY]);
    }
    if operation.condition == Condition::Required {
        found.extend([&reasons::API_CHANGED, &reasons::API_PRECONDITION]);
    }
    found.extend(operation.problems);
    // In the order of the list of all, each once.
    problem::ALL.iter().copied().filter(|reason| found.contains(reason)).collect()
}

/// Every parameter, by name.
fn parameters() -> Value {
    let path = |name: &str, about: &str| {
        json!({ "name": name, "in": "path", "required": true, "description": about,
            "schema": { "type": "string", "minLength": 1, "maxLength": 128 } })
    };
    let query = |name: &str, about: &str, schema: Value| json!({ "name": name, "in": "query", "description": about, "schema": schema });
    let needed = |name: &str, about: &str, schema: Value| {
        json!({ "name": name, "in": "query", "required": true, "description": about,
            "schema": schema })
    };
    let text = |longest: u32| json!({ "type": "string", "minLength": 1, "maxLength": longest });
    json!({
        "name": path("name", "The name of an account."),
        "handle": path("handle", "The handle of a session, as lists show it."),
        "id": path("id", "The id of a key, as lists show it."),
        "role": path("role", "The name of a role."),
        "factor": path("factor", "`totp`, or the id of a passkey, as lists show it."),
        "number": path("number", "The number of an approval, as lists show it."),
        "code": path("code", "The code of a problem."),
        "limit": query("limit", "The most entries of one part. Lists of what belongs to accounts end a part at the end of an account, so there may be some more.",
            json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 })),
        "cursor": query("cursor", "What the part before names as `next`.", text(512)),
        "user": query("user", "Of this account alone.", text(128)),
        "issuer": needed("issuer", "The issuer of the provider, as the link names it.", text(2048)),
        "subject": needed("subject", "Who that is there, as the link names them.", text(2048)),
        "path": needed("path", "The path, as a client sends it.", text(2048)),
        "method": query("method", "The method.",
            json!({ "type": "string", "pattern": "^[A-Z]{1,16}$", "default": "GET" })),
        "host": query("host", "The host that is asked for.", text(255)),
        "dormant_days": query("dormant_days", "From how many days without a sign-in on somebody is told.",
            json!({ "type": "integer", "minimum": 1, "maximum": 3650, "default": 90 })),
        "If-Match": {
            "name": "If-Match", "in": "header", "required": false,
            "description": "The ETag of what you looked at, or `*`. Without it: 428.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 64 },
            "example": "\"0123456789abcdef\"",
        },
        "Idempotency-Key": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "A word that you make up for this request: sent again within an hour, it is answered as before and not done again.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$" },
            "example": "6f1c0f0c-8f6e-4a52-9d0f-3f6f1b1d3a77",
        },
    })
}
