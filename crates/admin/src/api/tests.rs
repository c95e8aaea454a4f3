//! The table, the document and the ways to both agree.

use std::collections::HashSet;

use http::Method;
use mantlet_event::Metrics;
use mantlet_schema::Found as Described;
use mantlet_types::SystemRng;
use serde_json::Value;

use super::operation::{BodyKind, Condition};
use super::services::ApiMemory;
use super::table::{Found, OPERATIONS, find};
use super::{document, problem, schemas};
use crate::scope;

fn method(verb: super::operation::Verb) -> Method {
    verb.as_str().to_ascii_uppercase().parse().unwrap()
}

/// A path of an operation, with a text for each parameter.
fn path(template: &str) -> String {
    let parts = template.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_operation_is_routed_described_and_judged_and_nothing_else_is() {
    let memory = ApiMemory::new(&Metrics::new(), &SystemRng);
    let contract = memory.contract.as_ref().expect("the document is one that can be judged by");
    let document = document::build();
    let paths = document["paths"].as_object().unwrap();
    let described: usize = paths.values().map(|item| item.as_object().unwrap().len()).sum();
    assert_eq!(described, OPERATIONS.len());
    let mut ids = HashSet::new();
    for operation in OPERATIONS {
        assert!(ids.insert(operation.id), "{} twice", operation.id);
        let (method, path) = (method(operation.verb), path(operation.path));
        match find(&method, &path) {
            Found::Operation(found, _) => assert_eq!(found.id, operation.id),
            _ => panic!("{method} {path} is not routed"),
        }
        assert!(matches!(contract.find(&method, &path), Described::Operation(..)), "{path}");
        let entry = &paths[operation.path][operation.verb.as_str()];
        assert_eq!(entry["operationId"], operation.id);
        let scopes = entry["security"].as_array().unwrap();
        assert_eq!(scopes.is_empty(), operation.scope.is_none(), "{}", operation.id);
        assert!(entry["responses"].get(operation.status.to_string()).is_some());
        assert_eq!(entry.get("requestBody").is_some(), operation.body != BodyKind::None);
    }
    assert!(matches!(find(&Method::GET, "/v1/nothing"), Found::Nothing));
    assert!(matches!(find(&Method::GET, "/v1/users/"), Found::Nothing));
    let Found::OtherMethod(allowed) = find(&Method::TRACE, "/v1/users") else { panic!() };
    assert_eq!(allowed, "GET, HEAD, POST");
}

#[test]
fn every_problem_is_described_and_every_scope_opens_something() {
    for operation in OPERATIONS {
        let told = document::problems_of(operation);
        assert!(told.iter().any(|reason| reason.status == 422), "{}", operation.id);
        let is_conditional = operation.condition == Condition::Required;
        assert_eq!(told.iter().any(|reason| reason.status == 428), is_conditional);
    }
    let codes: HashSet<&str> = problem::ALL.iter().map(|reason| reason.code).collect();
    assert_eq!(codes.len(), problem::ALL.len());
    for name in scope::ALL {
        assert!(OPERATIONS.iter().any(|it| it.scope == Some(name)), "{name}");
    }
}

#[test]
fn every_name_in_the_document_is_that_of_something_and_every_schema_is_used() {
    let document = document::build();
    let mut named = HashSet::new();
    collect(&document, &mut named);
    for reference in &named {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for name in schemas::all().keys() {
        let reference = format!("#/components/schemas/{name}");
        assert!(named.contains(reference.as_str()), "{name} is never used");
    }
}

fn collect<'a>(value: &'a Value, named: &mut HashSet<&'a str>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value.as_str().filter(|_| name == "$ref") {
                    Some(reference) => drop(named.insert(reference)),
                    None => collect(value, named),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, named)),
        _ => {}
    }
}
