//! Values that have been checked before.

use mantlet_waf::native::Known;

use crate::pipeline::TypedInputs;

impl Known for TypedInputs {
    /// Only where the name says which value is meant: not in cookies and forms of several parts, whose
    /// names readers decode in different ways, and not inside of JSON, where `a.b` is a path or a name.
    fn is_harmless(&self, part: &str, name: &[u8]) -> bool {
        let Some(name) = std::str::from_utf8(name).ok().filter(|name| !name.is_empty()) else {
            return false;
        };
        match part {
            "query" => self.heads.iter().any(|head| head.query.covers([name])),
            "header" => self.heads.iter().any(|head| head.headers.covers([name])),
            "form" => self.forms.iter().any(|form| form.covers([name])),
            "json" => !name.contains('.') && self.json.iter().any(|body| body.covers([name])),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use mantlet_schema::{Contract, Found, Options, parse};

    use super::*;

    #[test]
    fn only_what_is_unmistakable_is_passed_over() {
        let document = r#"{"openapi": "3.1.0", "paths": {"/": {"get": {"parameters": [
            {"name": "n", "in": "query", "schema": {"type": "integer"}},
            {"name": "text", "in": "query", "schema": {"type": "string"}},
            {"name": "n", "in": "cookie", "schema": {"type": "integer"}}]}}}}"#;
        let document = parse(document.as_bytes()).unwrap();
        let contract = Contract::from_openapi(&document, &Options::default()).unwrap();
        let Found::Operation(operation, _) = contract.find(&Method::GET, "/") else { panic!() };
        let heads = operation.typed_head().cloned().into_iter().collect();
        let typed = TypedInputs { heads, ..TypedInputs::default() };
        for (part, name, expected) in [
            ("query", "n", true),
            ("query", "text", false),
            ("query", "other", false),
            ("query", "", false),
            ("cookie", "n", false),
            ("json", "n", false),
            ("form", "n", false),
        ] {
            assert_eq!(typed.is_harmless(part, name.as_bytes()), expected, "{part} {name}");
        }
    }
}
