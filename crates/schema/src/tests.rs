use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use mantlet_types::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::*;

/// A contract of an OpenAPI document with these paths.
fn contract(version: &str, paths: &Value, options: &Options) -> Contract {
    let document = json!({"openapi": version, "info": {"title": "t", "version": "1"}, "paths": paths,
    "components": {"schemas": {
        "Note": {"type": "object", "required": ["text"], "properties": {
            "id": {"type": "integer", "readOnly": true},
            "text": {"type": "string", "minLength": 1, "maxLength": 20},
            "mood": {"enum": ["good", "bad"]},
        }},
        "Tree": {"type": "object", "properties": {
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        }},
    }}});
    Contract::from_openapi(&document, options).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// Everything about one request: `POST /a?b=c`, header lines, a body. What became of it: `fine`,
/// or the faults.
fn ask(
    contract: &Contract,
    line: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> String {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) =
        target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
    }
    let (operation, captures) = match contract.find(&method, path) {
        Found::Operation(operation, captures) => (operation, captures),
        Found::UnlistedPath => return "no path".into(),
        Found::UnlistedMethod(allow) => return format!("no method, {allow}"),
    };
    let head = Head { query, headers: &map };
    let judged = operation
        .judge_head(head, captures.iter())
        .and_then(|()| operation.judge_body(&method, &map, body.as_ref()));
    match judged {
        Ok(()) => "fine".into(),
        Err(refusal) => {
            let faults: Vec<String> = refusal.faults.iter().map(ToString::to_string).collect();
            match refusal.kind {
                RefusalKind::Invalid => faults.join(", "),
                kind => format!("{kind:?}: {}", faults.join(", ")),
            }
        }
    }
}

fn json_body(contract: &Contract, body: &str) -> String {
    ask(contract, "POST /notes", &[("content-type", "application/json")], body)
}

fn notes(options: &Options) -> Contract {
    let note = json!({"$ref": "#/components/schemas/Note"});
    let form = json!({"schema": {"type": "object", "required": ["text", "stars"], "properties": {
        "text": {"type": "string", "maxLength": 20},
        "stars": {"type": "integer", "maximum": 5},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 3}},
        "sound": {"type": "string", "format": "binary"},
        "extra": {"type": "object", "properties": {"n": {"type": "integer"}}},
    }, "additionalProperties": false}, "encoding": {"sound": {"contentType": "audio/wav, audio/mpeg"}}});
    let paths = json!({
        "/notes": {"post": {"requestBody": {"required": true, "content": {
            "application/json": {"schema": note},
            "application/x-www-form-urlencoded": form,
            "multipart/form-data": form,
            "text/plain": {"schema": {"type": "string", "maxLength": 5}},
            "image/*": {},
        }}}, "get": {"parameters": [
            {"name": "limit", "in": "query", "required": true, "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
            {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string", "maxLength": 4}, "maxItems": 2}},
            {"name": "ids", "in": "query", "explode": false, "schema": {"type": "array", "items": {"type": "integer"}}},
            {"name": "filter", "in": "query", "style": "deepObject", "schema": {"type": "object", "properties": {"from": {"type": "string", "format": "date"}}}},
            {"name": "flag", "in": "query", "schema": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}},
            {"name": "page", "in": "query", "schema": {"anyOf": [{"type": "integer", "maximum": 9}, {"type": "string", "maxLength": 3}]}},
            {"name": "q", "in": "query", "content": {"application/json": {"schema": {"type": "object", "required": ["a"]}}}},
            {"name": "X-Level", "in": "header", "schema": {"type": "integer"}},
            {"name": "session", "in": "cookie", "schema": {"type": "string", "pattern": "^[a-f0-9]{4}$"}},
        ]}},
        "/notes/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1}}],
            "get": {}, "delete": {},
        },
        "/tree": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}}}}},
    });
    contract("3.1.0", &paths, options)
}

#[test]
fn bodies_are_what_the_document_says() {
    let contract = notes(&Options::default());
    for (body, expected) in [
        (r#"{"text": "it's fine"}"#, "fine"),
        (r#"{"text": "x", "mood": "good", "else": 1}"#, "fine"),
        (r"{}", "body/text required"),
        (r#"{"text": ""}"#, "body/text minLength"),
        (r#"{"text": "aaaaaaaaaaaaaaaaaaaaa"}"#, "body/text maxLength"),
        (r#"{"text": "ääääääääääääääääääää"}"#, "fine"),
        (r#"{"text": 5, "mood": "none"}"#, "body/mood enum, body/text type"),
        (r#"{"text": null}"#, "body/text type"),
        (r"[]", "body type"),
        (r#"{"text": "x", "id": 7}"#, "body/id false"),
        (r#"{"text": "x", "text": "y"}"#, "Malformed: body/text duplicate"),
        (r#"{"text": "x""#, "Malformed: body syntax"),
        ("", "body required"),
    ] {
        assert_eq!(json_body(&contract, body), expected, "{body}");
    }
    let bytes = b"{\"text\": \"\xff\"}";
    let kind = [("content-type", "application/json")];
    assert_eq!(ask(&contract, "POST /notes", &kind, bytes), "Malformed: body encoding");
}

#[test]
fn what_is_wrong_is_told_without_the_value() {
    let contract = notes(&Options::default());
    let Found::Operation(operation, _) = contract.find(&Method::POST, "/notes") else { panic!() };
    let headers = HeaderMap::from_iter([(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    )]);
    for body in [
        r#"{"text": ["s3cret"]}"#,
        r#"{"text": "x", "mood": "s3cret"}"#,
        r#"{"text":"s3cret","text":"s3cret"}"#,
        "s3cret",
        r#"{"text": s3cret}"#,
    ] {
        let refusal = operation.judge_body(&Method::POST, &headers, body.as_bytes()).unwrap_err();
        assert!(!format!("{refusal:?}").contains("s3cret"), "{refusal:?}");
        assert!(refusal.faults.iter().all(|fault| !fault.message.is_empty()), "{refusal:?}");
    }
    let refusal = operation.judge_body(&Method::POST, &headers, br#"{"mood": 1, "text": ""}"#);
    let messages: Vec<String> =
        refusal.unwrap_err().faults.into_iter().map(|fault| fault.message).collect();
    assert_eq!(messages, [r#"must be one of "good", "bad""#, "must have at least 1 characters"]);
}

#[test]
fn media_types_that_are_not_listed_are_refused() {
    let contract = notes(&Options::default());
    for (headers, expected) in [
        (&[("content-type", "application/json; charset=utf-8")][..], "fine"),
        (&[("content-type", "application/vnd.api+json")], "MediaType: body mediaType"),
        (&[("content-type", "application/json; charset=utf-16")], "MediaType: body mediaType"),
        (&[("content-type", "application/xml")], "MediaType: body mediaType"),
        (&[("content-type", "application/json, text/plain")], "MediaType: body mediaType"),
        (
            &[("content-type", "application/json"), ("content-encoding", "gzip")],
            "MediaType: body mediaType",
        ),
        (&[("content-type", "image/png")], "fine"),
        (&[("content-type", "text/plain")], "body maxLength"),
        (&[], "MediaType: body mediaType"),
    ] {
        assert_eq!(
            ask(&contract, "POST /notes", headers, r#"{"text": "x"}"#),
            expected,
            "{headers:?}"
        );
    }
    assert_eq!(
        ask(&contract, "DELETE /notes/1", &[("content-type", "application/json")], "{}"),
        "MediaType: body mediaType"
    );
    assert_eq!(
        ask(&contract, "DELETE /notes/1", &[("content-type", "application/json")], ""),
        "fine"
    );
}

#[test]
fn forms_are_read_by_the_types_of_their_fields() {
    let contract = notes(&Options::default());
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    for (body, expected) in [
        ("text=O%27Brien+says+hi&stars=5", "fine"),
        ("text=1&stars=5&tags=a&tags=b", "fine"),
        ("text=1&stars=5&tags=abcd", "body/tags/0 maxLength"),
        ("text=1&stars=6", "body/stars maximum"),
        ("text=1&stars=five", "body/stars type"),
        ("text=1&stars=", "body/stars required"),
        ("text=1&stars=5&stars=1", "body/stars repeated"),
        ("text=1&stars=5&is_admin=1", "body/is_admin additionalProperties"),
        ("text=%ff&stars=5", "Malformed: body encoding"),
    ] {
        assert_eq!(ask(&contract, "POST /notes", &kind, body), expected, "{body}");
    }
    let kind = [("content-type", "multipart/form-data; boundary=B")];
    let part = |head: &str, content: &str| {
        format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    };
    let file = |kind: &str| {
        format!(
            "--B\r\nContent-Disposition: form-data; name=\"sound\"; filename=\"a.wav\"\r\nContent-Type: {kind}\r\n\r\n\u{0}\u{1}\r\n"
        )
    };
    let json = |content: &str| part("name=\"extra\"\r\nContent-Type: application/json", content);
    let (text, stars) = (part("name=\"text\"", "hi"), part("name=\"stars\"", "3"));
    for (body, expected) in [
        (format!("{text}{stars}--B--\r\n"), "fine"),
        (format!("{text}{stars}{}--B--\r\n", file("audio/wav")), "fine"),
        (format!("{text}{stars}{}--B--\r\n", file("image/svg+xml")), "body/sound contentType"),
        (format!("{text}{stars}{}--B--\r\n", json("{\"n\": 1}")), "fine"),
        (format!("{text}{stars}{}--B--\r\n", json("{\"n\": \"x\"}")), "body/extra/n type"),
        (
            format!("{text}{stars}{}--B--\r\n", json("{\"n\": 1,\"n\": 2}")),
            "Malformed: body/extra duplicate",
        ),
        (format!("{text}{}--B--\r\n", part("name=\"stars\"", "x")), "body/stars type"),
        (format!("{text}{stars}"), "Malformed: body multipart"),
    ] {
        assert_eq!(ask(&contract, "POST /notes", &kind, &body), expected, "{body}");
    }
}

#[test]
fn parameters_are_read_as_openapi_says() {
    let contract = notes(&Options::default());
    for (target, expected) in [
        ("/notes?limit=10", "fine"),
        ("/notes?limit=10&utm_source=x", "fine"),
        ("/notes", "query/limit required"),
        ("/notes?limit=0", "query/limit minimum"),
        ("/notes?limit=1%27%20OR%201=1", "query/limit type"),
        ("/notes?limit=1&limit=2", "query/limit repeated"),
        ("/notes?limit=10&tag=a&tag=b", "fine"),
        ("/notes?limit=10&tag=a&tag=b&tag=c", "query/tag maxItems"),
        ("/notes?limit=10&tag=abcde", "query/tag/0 maxLength"),
        ("/notes?limit=10&ids=1,2,3", "fine"),
        ("/notes?limit=10&ids=1%2C2", "fine"),
        ("/notes?limit=10&ids=1,x", "query/ids/1 type"),
        ("/notes?limit=10&filter[from]=2026-01-31", "fine"),
        ("/notes?limit=10&filter%5Bfrom%5D=2026-02-31", "query/filter/from format"),
        ("/notes?limit=10&flag=True", "fine"),
        ("/notes?limit=10&flag=maybe", "query/flag type"),
        ("/notes?limit=10&page=7", "fine"),
        ("/notes?limit=10&page=12", "fine"),
        ("/notes?limit=10&page=abc", "fine"),
        ("/notes?limit=10&page=abcd", "query/page maxLength"),
        ("/notes?limit=10&q=%7B%22a%22%3A1%7D", "fine"),
        ("/notes?limit=10&q=%7B%22b%22%3A1%7D", "query/q/a required"),
        ("/notes?limit=10&q=%7B", "Malformed: query/q syntax"),
        ("/notes?limit=%ff", "Malformed: query encoding"),
        ("/notes/7", "fine"),
        ("/notes/0", "path/id minimum"),
        ("/notes/7%27", "path/id type"),
        ("/notes/7/x", "no path"),
        ("/admin", "no path"),
    ] {
        assert_eq!(ask(&contract, &format!("GET {target}"), &[], ""), expected, "{target}");
    }
    assert_eq!(ask(&contract, "HEAD /notes?limit=0", &[], ""), "query/limit minimum");
    assert_eq!(ask(&contract, "PATCH /notes/7", &[], ""), "no method, GET, DELETE");
    for (header, expected) in [
        (("x-level", "3"), "fine"),
        (("x-level", "three"), "header/x-level type"),
        (("cookie", "a=b; session=12af"), "fine"),
        (("cookie", "session=12af; session=ffff"), "cookie/session repeated"),
        (("cookie", "session=<script>"), "cookie/session pattern"),
    ] {
        assert_eq!(ask(&contract, "GET /notes?limit=1", &[header], ""), expected, "{header:?}");
    }
}

#[test]
fn what_is_not_mentioned_is_refused_when_that_is_asked_for() {
    let options = Options {
        unknown_query: Unknown::Refuse,
        unknown_properties: Unknown::Refuse,
        read_only: Unknown::Pass,
        ..Options::default()
    };
    let contract = notes(&options);
    let query = "GET /notes?limit=10&tag=a&filter[from]=2026-01-31&debug=1";
    assert_eq!(ask(&contract, query, &[], ""), "query/debug additionalProperties");
    assert_eq!(ask(&contract, "GET /notes/7?x=1", &[], ""), "query/x additionalProperties");
    assert_eq!(
        json_body(&contract, r#"{"text": "x", "is_admin": true}"#),
        "body/is_admin unevaluatedProperties"
    );
    assert_eq!(json_body(&contract, r#"{"text": "x", "id": 3}"#), "fine");
    let kind = [("content-type", "application/json")];
    let deep = r#"{"children": [{"children": [], "x": 1}]}"#;
    assert_eq!(
        ask(&contract, "POST /tree", &kind, deep),
        "body/children/0/x unevaluatedProperties"
    );
}

#[test]
fn ymera_d08_the_dialect_of_openapi_30_is_read() {
    let paths = json!({"/a": {"post": {"requestBody": {"content": {"application/json": {"schema": {
    "type": "object",
    "properties": {
        "n": {"type": "integer", "format": "int32", "nullable": true},
        "score": {"type": "number", "minimum": 0, "exclusiveMinimum": true},
        "note": {"nullable": true, "allOf": [{"$ref": "#/components/schemas/Note"}]},
        "kind": {"type": "string", "enum": ["a"], "nullable": true},
    }}}}}}}});
    let contract = contract("3.0.3", &paths, &Options::default());
    let kind = [("content-type", "application/json")];
    for (body, expected) in [
        (r#"{"n": null, "score": 0.1, "note": null, "kind": null}"#, "fine"),
        (r#"{"n": 2147483648}"#, "body/n maximum"),
        (r#"{"score": 0}"#, "body/score exclusiveMinimum"),
        (r#"{"note": {}}"#, "body/note/text required"),
        (r#"{"kind": "b"}"#, "body/kind enum"),
    ] {
        assert_eq!(ask(&contract, "POST /a", &kind, body), expected, "{body}");
    }
}

#[test]
fn paths_begin_where_the_servers_say() {
    let document = |servers: Value| json!({"openapi": "3.1.0", "servers": servers, "paths": {"/a": {"get": {}}}});
    for (servers, base, path, expected) in [
        (json!([]), None, "/a", true),
        (json!([{"url": "/api/v1/"}]), None, "/api/v1/a", true),
        (json!([{"url": "/api/v1"}]), None, "/a", false),
        (json!([{"url": "/api/v1"}]), None, "/api/v1a", false),
        (json!([{"url": "https://example.org/x"}, {"url": "/y"}]), None, "/y/a", true),
        (json!([{"url": "/{v}", "variables": {"v": {"default": "v2"}}}]), None, "/v2/a", true),
        (json!([{"url": "/api"}]), Some("/other"), "/other/a", true),
        (json!([{"url": "/api"}]), Some(""), "/a", true),
    ] {
        let options = Options { base: base.map(str::to_owned), ..Options::default() };
        let contract = Contract::from_openapi(&document(servers.clone()), &options).unwrap();
        let found = matches!(contract.find(&Method::GET, path), Found::Operation(..));
        assert_eq!(found, expected, "{servers} {path}");
    }
}

#[test]
fn single_schemas_are_for_every_request() {
    let body = json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
        "properties": {"text": {"type": "string", "maxLength": 5}, "n": {"type": "integer"}},
        "required": ["text"], "additionalProperties": false});
    let query = json!({"properties": {"page": {"type": "integer", "minimum": 1}}, "additionalProperties": false});
    let headers = json!({"properties": {"x-kind": {"enum": ["a", "b"]}}, "required": ["x-kind"]});
    let schemas = [(Place::Body, &body), (Place::Query, &query), (Place::Header, &headers)];
    let contract = Contract::from_schemas(&schemas, &Options::default()).unwrap();
    let kind = ("x-kind", "a");
    for (line, headers, body, expected) in [
        ("GET /", &[kind][..], "", "fine"),
        ("GET /?page=1", &[kind], "", "fine"),
        ("GET /?page=0", &[kind], "", "query/page minimum"),
        ("GET /?other=1", &[kind], "", "query/other additionalProperties"),
        ("GET /", &[("x-kind", "c")], "", "header/x-kind enum"),
        ("GET /", &[], "", "header/x-kind required"),
        ("POST /", &[kind], "", "body required"),
        (
            "POST /any/where",
            &[kind, ("content-type", "application/json")],
            r#"{"text": "x"}"#,
            "fine",
        ),
        (
            "POST /",
            &[kind, ("content-type", "application/x+json")],
            r#"{"text": 1}"#,
            "body/text type",
        ),
        (
            "POST /",
            &[kind, ("content-type", "application/x-www-form-urlencoded")],
            "text=hello&n=1",
            "fine",
        ),
        (
            "POST /",
            &[kind, ("content-type", "application/x-www-form-urlencoded")],
            "text=hello&n=x",
            "body/n type",
        ),
        ("POST /", &[kind, ("content-type", "text/plain")], "text", "MediaType: body mediaType"),
    ] {
        assert_eq!(ask(&contract, line, headers, body), expected, "{line} {headers:?} {body}");
    }
}

#[test]
fn every_problem_of_a_document_is_told_with_its_place() {
    let document = json!({"openapi": "3.1.0", "paths": {
        "/a/{id}": {"get": {"parameters": [
            {"name": "other", "in": "path", "schema": {}},
            {"name": "x", "in": "nowhere"},
            {"name": "m", "in": "query", "style": "matrix", "schema": {"type": "string"}},
            {"$ref": "#/components/parameters/Missing"},
        ]}},
        "/a/{name}": {"get": {}},
        "/b": {"post": {"requestBody": {"content": {"application/json": {"schema": {
            "type": "objekt",
            "properties": {
                "far": {"$ref": "https://example.org/schema.json"},
                "file": {"$ref": "other.json#/a"},
                "lost": {"$ref": "#/components/schemas/Lost"},
                "slow": {"pattern": "^(?!a).*$"},
                "loop": {"$ref": "#/components/schemas/Loop"},
            }}}}}}},
        "/c": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Loop"}}}}}},
    }, "components": {"schemas": {"Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]}}}});
    let problems = Contract::from_openapi(&document, &Options::default()).unwrap_err();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let schema = "#/paths/~1b/post/requestBody/content/application~1json/schema";
    for expected in [
        "#/paths/~1a~1{id}/get/parameters/0: the path has no `{other}`".to_owned(),
        "#/paths/~1a~1{id}/get/parameters/1: a parameter that is nowhere".to_owned(),
        "#/paths/~1a~1{id}/get/parameters/2/style: parameters of style `matrix` are not read here".to_owned(),
        "#/paths/~1a~1{id}/get/parameters/3/$ref: `#/components/parameters/Missing` leads nowhere".to_owned(),
        "#/paths/~1a~1{name}: another path is for the same requests".to_owned(),
        format!("{schema}/properties/far/$ref: `https://example.org/schema.json` leads out of the document"),
        format!("{schema}/properties/file/$ref: `other.json#/a` leads out of the document"),
        format!("{schema}/properties/lost/$ref: `#/components/schemas/Lost` leads nowhere"),
        format!("{schema}/properties/slow/pattern: the pattern `^(?!a).*$` looks around, refers back, or is too large: matching it could take forever"),
        "#/paths/~1c/post/requestBody/content/application~1json/schema: the schema leads to itself without an end".to_owned(),
    ] {
        assert!(told.contains(&expected), "{expected}\n{told:#?}");
    }
    assert!(
        told.iter().any(|told| told.starts_with(&format!("{schema}/type: not a schema"))),
        "{told:#?}"
    );
    assert!(problems.iter().all(|problem| !problem.hint.is_empty()));
    for (document, message) in [
        (json!({"swagger": "2.0"}), "this is no OpenAPI document"),
        (json!({"openapi": "3.2.0"}), "OpenAPI 3.2.0 is not read"),
        (json!({"openapi": "3.1.0"}), "the document lists no paths"),
    ] {
        let problems = Contract::from_openapi(&document, &Options::default()).unwrap_err();
        assert_eq!(problems[0].message, message);
    }
    let draft4 = json!({"$schema": "http://json-schema.org/draft-04/schema#"});
    let problems =
        Contract::from_schemas(&[(Place::Body, &draft4)], &Options::default()).unwrap_err();
    assert!(problems[0].1.message.contains("draft-04"), "{problems:?}");
}

#[test]
fn hostile_bodies_cost_no_more_than_their_budget() {
    let maze = json!({"anyOf": [
        {"required": ["x"], "properties": {"a": {"$ref": "#"}}},
        {"required": ["y"], "properties": {"a": {"$ref": "#"}}},
    ]});
    let list = json!({"type": "array", "uniqueItems": true, "items": {"pattern": "^(a+)+$"}});
    let options = Options::default();
    let maze = Contract::from_schemas(&[(Place::Body, &maze)], &options).unwrap();
    let list = Contract::from_schemas(&[(Place::Body, &list)], &options).unwrap();
    let deep = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    let texts = format!("[\"{}b\"]", "a".repeat(1_000_000));
    let numbers = format!("[{}0]", "0.5,1e9,".repeat(40_000));
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    for (contract, body, expected) in [
        (&maze, deep(31), "TooComplex: body cost"),
        (&maze, deep(1000), "TooComplex: body depth"),
        (&list, texts, "body/0 pattern"),
        (&list, numbers, "body uniqueItems"),
        (&list, format!("[{}0]", "0,".repeat(200_000)), "TooComplex: body values"),
    ] {
        let outcome = ask(contract, "POST /", &[("content-type", "application/json")], &body);
        assert_eq!(outcome, expected, "{:.60}", body);
    }
    let took = clock.monotonic().since(begun);
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn what_is_typed_is_known_once_it_has_passed() {
    let contract = notes(&Options::default());
    let Found::Operation(list, _) = contract.find(&Method::GET, "/notes") else { panic!() };
    let head = list.typed_head().unwrap();
    assert!(head.query.covers(["limit"]) && head.query.covers(["filter", "from"]));
    assert!(!head.query.covers(["tag", "0"]) && !head.query.covers(["page"]));
    assert!(head.cookies.covers(["session"]) && head.headers.covers(["x-level"]));
    let Found::Operation(post, _) = contract.find(&Method::POST, "/notes") else { panic!() };
    let headers = HeaderMap::from_iter([(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    )]);
    let (is_json, body) = post.typed_body(&headers).unwrap();
    assert!(is_json);
    assert!(body.covers(["mood"]) && !body.covers(["text"]));
}
