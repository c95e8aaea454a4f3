use std::fs;
use std::sync::Arc;

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN};
use http::{HeaderValue, Method};
use mantlet_config::{Environment, Layers, load, section};

use super::guard::Schema;
use super::*;
use crate::pipeline::{Exchange, Guard, Inspection, TypedInputs, Verdict, sample};
use crate::stages::hygiene::{PathPolicy, normalize};

section! {
    /// One section.
    struct Whole {
        /// The guard.
        schema: SchemaSection = SchemaSection::default(),
    }
}

/// The section of these settings, with files of these contents, and what is wrong with it.
fn settings(text: &str, files: &[(&str, &str)]) -> (SchemaSection, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("mantlet.toml");
    fs::write(&config, format!("[schema]\n{text}")).unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let layers = Layers::new(Environment::default()).file(&config);
    let mut seen = None;
    let loaded = load(&layers, |whole: &Whole, reader| {
        whole.schema.check("schema", reader);
        seen = Some(whole.schema.clone());
    });
    let problems = loaded.problems.iter().map(|problem| problem.message.clone()).collect();
    (seen.unwrap_or_default(), problems)
}

const NOTES: &str = r#"{"openapi": "3.1.0", "paths": {"/notes": {"post": {"requestBody": {"content": {
    "application/json": {"schema": {"type": "object", "properties": {"mood": {"enum": ["good"]}}}}}}},
    "get": {"parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}]}}}}"#;

/// What a guard says to a request without a body.
fn ask(guard: &Schema, exchange: &Exchange) -> Result<TypedInputs, &'static str> {
    match guard.inspect(exchange) {
        Inspection::Ready(Ok(Verdict::Pass)) => Ok(TypedInputs::default()),
        Inspection::Ready(Ok(Verdict::PassWith(changes))) => {
            Ok(changes.facts.lookup::<TypedInputs>().unwrap().clone())
        }
        Inspection::Ready(Ok(Verdict::Deny(denial))) => Err(denial.reason.code),
        other => panic!("{other:?}"),
    }
}

fn guard(text: &str) -> Schema {
    let (section, problems) = settings(text, &[("notes.json", NOTES)]);
    assert_eq!(problems, [""; 0]);
    Schema {
        contracts: section.contracts().ok().map(Arc::new),
        unlisted: section.unlisted,
        is_configured: section.is_configured(),
    }
}

fn get(path: &str, query: Option<&str>) -> Exchange {
    let mut exchange = sample::exchange();
    exchange.path = normalize(path, &PathPolicy::default()).unwrap().into_owned();
    exchange.query = query.map(str::to_owned);
    exchange
}

#[test]
fn what_passed_is_told_to_guards_that_come_later() {
    let guard = guard("openapi = \"notes.json\"");
    let learnt = ask(&guard, &get("/notes", Some("limit=5"))).unwrap();
    assert!(learnt.heads.iter().any(|head| head.query.covers(["limit"])));
    let mut post = get("/notes", None);
    post.method = Method::POST;
    post.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    assert!(guard.wants_body(&post));
    let Inspection::Ready(Ok(Verdict::PassWith(changes))) =
        guard.inspect_body(&post, br#"{"mood": "good"}"#)
    else {
        panic!("nothing learnt");
    };
    let learnt = changes.facts.lookup::<TypedInputs>().unwrap();
    assert!(learnt.json.iter().any(|body| body.covers(["mood"])));
}

#[test]
fn paths_and_methods_that_are_not_listed_are_refused_or_pass() {
    let mut preflight = get("/notes", None);
    preflight.method = Method::OPTIONS;
    preflight.headers.insert(ORIGIN, HeaderValue::from_static("https://a"));
    let mut options = preflight.clone();
    preflight.headers.insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
    let strict = guard("openapi = \"notes.json\"");
    for (exchange, expected) in [
        (&get("/other", None), Some("unlisted-path")),
        (&options, Some("unlisted-method")),
        (&preflight, None),
        (&get("/notes", Some("limit=x")), Some("schema-violation")),
        (&get("/notes", Some("limit=%ff")), Some("malformed-input")),
    ] {
        assert_eq!(ask(&strict, exchange).err(), expected, "{exchange:?}");
    }
    let lenient = guard("openapi = \"notes.json\"\nunlisted = \"pass\"");
    options.headers.clear();
    for exchange in [&get("/other", None), &options] {
        assert_eq!(ask(&lenient, exchange).err(), None, "{exchange:?}");
    }
}

#[test]
fn every_problem_of_every_document_is_told_with_its_file() {
    let broken =
        r##"{"properties": {"a": {"$ref": "https://example.org/x"}, "b": {"type": "strong"}}}"##;
    let (_, problems) = settings(
        "body = \"broken.json\"\nquery = \"none.json\"\nheaders = \"upper.json\"\nbase = \"api\"\ndepth = 0",
        &[("broken.json", broken), ("upper.json", "{\"properties\": {\"X-Kind\": {}}}")],
    );
    for expected in [
        "`0` is out of range",
        "`api` is no path",
        "none.json`",
        "broken.json` #/properties/a/$ref: `https://example.org/x` leads out of the document",
        "broken.json` #/properties/b/type: not a schema",
        "upper.json` #/properties: the header `X-Kind` is never found",
    ] {
        assert!(problems.iter().any(|told| told.contains(expected)), "{expected}: {problems:#?}");
    }
    let (_, problems) =
        settings("mode = \"off\"\nbody = \"b.json\"", &[("b.json", "{\"type\": 1}")]);
    assert_eq!(problems, [""; 0], "what is off may be unfinished");
}

#[test]
fn a_document_of_other_content_makes_another_guard() {
    let debug = |content: &str| {
        let (section, _) = settings("body = \"b.json\"", &[("b.json", content)]);
        format!("{section:?}").rsplit_once('#').map(|(_, content)| content.to_owned())
    };
    assert_ne!(debug("{}"), debug("{\"type\": \"object\"}"));
    assert_eq!(debug("{}"), debug("{}"));
}

#[test]
fn without_documents_nothing_is_asked_and_nothing_costs() {
    let guard = build(&SchemaSection::default(), &crate::live::tests::services());
    assert!(!guard.stages().request && !guard.stages().body);
}
