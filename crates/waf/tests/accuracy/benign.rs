//! Honest traffic that was written for the purpose.

use mantlet_waf::detect::Place;

use crate::case::Case;
use crate::corpus::lines;
use crate::request;

/// Values, documents and whole requests.
pub(crate) fn written() -> Vec<Case> {
    let mut cases = Vec::new();
    for file in ["prose.txt", "names.txt", "values.txt", "code.txt", "payloads.txt", "fields.txt"] {
        for line in lines("benign", file) {
            let id = format!("{file} {}", String::from_utf8_lossy(&line));
            for place in [Place::QueryValue, Place::BodyField, Place::JsonString] {
                cases.push(Case::value(&format!("written: {file}"), id.clone(), place, &line));
            }
        }
    }
    let documents = mantlet_testkit::root().join("corpora/waf/benign/documents.md");
    let text = std::fs::read_to_string(documents).unwrap();
    for (number, document) in text.split("\n%%%%\n").enumerate() {
        cases.push(Case::value(
            "written: documents",
            format!("document {number}"),
            Place::BodyField,
            document.trim().as_bytes(),
        ));
    }
    cases.extend(requests());
    cases
}

/// Requests of browsers and clients: a line with method and target, headers, an empty line, a body.
fn requests() -> Vec<Case> {
    let file = mantlet_testkit::root().join("corpora/waf/benign/requests.txt");
    let text = std::fs::read_to_string(file).unwrap();
    text.split("\n%%%%\n")
        .map(|request| {
            let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
            let mut lines = head.trim().lines();
            let first = lines.next().unwrap_or_default();
            let (method, target) = first.split_once(' ').unwrap_or(("GET", first));
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
                .collect();
            request::case(
                "written: requests",
                format!("request {first}"),
                method,
                target.as_bytes(),
                &headers,
                body.trim_end().as_bytes(),
            )
        })
        .collect()
}
