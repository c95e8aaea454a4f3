//! From a record to its line of JSON, with the keys that ModSecurity 3 writes.

use mantlet_event::Redactor;
use mantlet_waf::{AuditBody, AuditRecord, EngineMode, MatchedRule, RuleMatch, Sanitised};
use serde_json::{Map, Value, json};

use super::hidden::{Hidden, readable};

/// What says in a record who wrote it.
const PRODUCER: &str = concat!("Mantlet v", env!("CARGO_PKG_VERSION"));

/// Operators whose name in messages is not that of the rule language with a capital letter.
const OPERATORS: [(&str, &str); 3] =
    [("streq", "StrEq"), ("pmf", "PmFromFile"), ("ipMatchF", "IpMatchFromFile")];

/// Where Linux says the name of the machine.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// What tells this machine from others in records: its name; empty where it has none.
pub(super) fn server_id() -> String {
    readable(std::fs::read(HOST_NAME).unwrap_or_default().trim_ascii())
}

/// The line of a record, without its line break.
pub(super) fn render(record: &AuditRecord, server_id: &str, redactor: &Redactor) -> String {
    let hidden = Hidden::new(record, redactor);
    let mut transaction = head(record, server_id);
    transaction.insert("request".into(), request(record, &hidden));
    transaction.insert("response".into(), response(record, &hidden));
    if record.parts.has('H') {
        transaction.insert("producer".into(), producer(record));
        let messages = record.messages.iter().map(|rule| message(rule, &hidden));
        transaction.insert("messages".into(), messages.collect());
    }
    if record.parts.has('J') {
        transaction.insert("uploads".into(), uploads(record, &hidden));
    }
    if record.parts.has('K') {
        let ids = record.matched.iter().map(|id| json!(id.to_string()));
        transaction.insert("matched_rules".into(), ids.collect());
    }
    one_line(&json!({ "transaction": transaction }).to_string())
}

/// Some programs end a line where Unicode does, not at a line break alone.
fn one_line(json: &str) -> String {
    json.replace('\u{85}', "\\u0085").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn head(record: &AuditRecord, server_id: &str) -> Map<String, Value> {
    let at = record.at.strftime("%a %b %e %H:%M:%S %Y").to_string();
    let members = [
        ("client_ip", json!(record.client.0)),
        ("time_stamp", json!(at)),
        ("server_id", json!(server_id)),
        ("client_port", json!(record.client.1)),
        ("host_ip", json!(record.server.0)),
        ("host_port", json!(record.server.1)),
        ("unique_id", json!(record.unique_id)),
        ("is_interrupted", json!(record.is_interrupted)),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn request(record: &AuditRecord, hidden: &Hidden<'_>) -> Value {
    let protocol = readable(&record.protocol);
    let mut request = Map::new();
    request.insert("method".into(), json!(readable(&record.method)));
    request.insert("http_version".into(), json!(protocol.trim_start_matches("HTTP/")));
    request.insert("hostname".into(), json!(readable(&record.host)));
    request.insert("uri".into(), json!(hidden.target()));
    if record.parts.has('C') || record.parts.has('I') {
        let kind = kind(&record.request_headers);
        body(&mut request, (&record.request_body, &kind), hidden, &Sanitised::RequestBody);
    }
    if record.parts.has('B') {
        request.insert("headers".into(), fields(hidden.headers(true)));
    }
    Value::Object(request)
}

fn response(record: &AuditRecord, hidden: &Hidden<'_>) -> Value {
    let mut response = Map::new();
    if record.parts.has('E') {
        let kind = kind(&record.response_headers);
        body(&mut response, (&record.response_body, &kind), hidden, &Sanitised::ResponseBody);
    }
    response.insert("http_code".into(), json!(record.status));
    if record.parts.has('F') {
        response.insert("headers".into(), fields(hidden.headers(false)));
    }
    Value::Object(response)
}

/// A body, or why it is not there.
fn body(
    members: &mut Map<String, Value>,
    (body, kind): (&AuditBody, &str),
    hidden: &Hidden<'_>,
    whole: &Sanitised,
) {
    let shown = match body {
        AuditBody::None => Ok(String::new()),
        AuditBody::Bytes(bytes) => hidden.body(kind, bytes, whole).ok_or("not-text"),
        AuditBody::Fields(bytes) => {
            let kind = "application/x-www-form-urlencoded";
            hidden.body(kind, bytes, whole).ok_or("not-text")
        }
        AuditBody::TooLarge => Err("too-large"),
    };
    members.insert("body".into(), json!(shown.as_deref().unwrap_or_default()));
    if let Err(why) = shown {
        members.insert("body_omitted".into(), json!(why));
    }
}

/// The type of a body, in small letters; empty where none is declared.
fn kind(headers: &[(Vec<u8>, Vec<u8>)]) -> String {
    let is_it = |(name, _): &&(Vec<u8>, Vec<u8>)| name.eq_ignore_ascii_case(b"content-type");
    let kind = headers.iter().find(is_it).map(|(_, value)| readable(value));
    kind.unwrap_or_default().to_ascii_lowercase()
}

fn fields(fields: Vec<(String, String)>) -> Value {
    fields
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect::<Map<_, _>>()
        .into()
}

fn producer(record: &AuditRecord) -> Value {
    let engine = match record.engine {
        EngineMode::On => "Enabled",
        EngineMode::DetectionOnly => "DetectionOnly",
        EngineMode::Off => "Disabled",
    };
    json!({
        "modsecurity": PRODUCER,
        "connector": "",
        "secrules_engine": engine,
        "components": record.components(),
    })
}

fn message(rule: &MatchedRule, hidden: &Hidden<'_>) -> Value {
    let (message, data) = hidden.words(rule);
    let place = rule.place();
    let number = |text: &str| if text.is_empty() { "0".to_owned() } else { text.to_owned() };
    json!({
        "message": message,
        "details": {
            "match": matched(rule, hidden),
            "reference": reference(rule),
            "ruleId": rule.id().to_string(),
            "file": place.map_or("", |place| &*place.file),
            "lineNumber": place.map_or(0, |place| place.line).to_string(),
            "data": data,
            "severity": rule.severity().unwrap_or(0).to_string(),
            "ver": rule.ver(),
            "rev": rule.rev(),
            "tags": rule.tags(),
            "maturity": number(rule.maturity()),
            "accuracy": number(rule.accuracy()),
        },
    })
}

/// What the last link matched last, in the words of ModSecurity; empty for a rule without targets.
fn matched(rule: &MatchedRule, hidden: &Hidden<'_>) -> String {
    let Some(one) = rule.matches.last() else { return String::new() };
    let question = one.operator.trim_start_matches('!').trim_start_matches('@');
    let (name, argument) = question.split_once(' ').unwrap_or((question, ""));
    let known = OPERATORS.iter().find(|(written, _)| written.eq_ignore_ascii_case(name));
    let name = known.map_or_else(|| capital(name), |(_, shown)| (*shown).to_owned());
    format!(
        "Matched \"Operator `{name}' with parameter `{argument}' against variable `{}' (Value: `{}' )",
        readable(one.variable.as_bytes()),
        hidden.value(one),
    )
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// Which bytes of each value matched, and what it went through before.
fn reference(rule: &MatchedRule) -> String {
    let one = |one: &RuleMatch| {
        let span = one.span.as_ref().map(|span| format!("o{},{}", span.start, span.len()));
        let steps = one.transformations.iter().map(|name| format!("t:{name}"));
        span.into_iter().chain(steps).collect::<Vec<_>>().join("")
    };
    rule.matches.iter().map(one).collect()
}

fn uploads(record: &AuditRecord, hidden: &Hidden<'_>) -> Value {
    let file = |file: &mantlet_waf::AuditFile| {
        json!({
            "field": hidden.text(&readable(&file.field)),
            "file_name": hidden.text(&readable(&file.name)),
        })
    };
    json!({ "info": record.files.iter().map(file).collect::<Vec<_>>(), "total": record.files_size })
}
