//! Documents of schemas: JSON or YAML, in one file.

use serde_json::Value;

use crate::json::{self, JsonFault, Limits};
use crate::problem::Problem;

/// Largest document, in bytes.
pub const DOCUMENT_LIMIT: u64 = 8 << 20;
/// How much a document may hold.
const LIMITS: Limits = Limits { depth: 100, values: 1_000_000 };

/// Reads a document: JSON when it begins with a brace, else YAML.
///
/// # Errors
/// [`Problem`] with what is wrong and where.
pub fn parse(text: &[u8]) -> Result<Value, Problem> {
    let hint = "documents are UTF-8, JSON or YAML";
    if text.len() as u64 > DOCUMENT_LIMIT {
        let message = format!("more than {DOCUMENT_LIMIT} bytes");
        return Err(Problem::new("#", message, "split the document by routes"));
    }
    if text.trim_ascii_start().starts_with(b"{") {
        return json::read(text, LIMITS).map_err(|fault| {
            let pointer = match &fault {
                JsonFault::Duplicate(pointer) => format!("#{pointer}"),
                _ => "#".into(),
            };
            Problem::new(pointer, fault.to_string(), hint)
        });
    }
    let text = std::str::from_utf8(text).map_err(|_| Problem::new("#", "not UTF-8", hint))?;
    let value: Value = serde_saphyr::from_str(text)
        .map_err(|error| Problem::new("#", format!("not readable as YAML: {error}"), hint))?;
    if value.is_object() { Ok(value) } else { Err(Problem::new("#", "no object", hint)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_and_yaml_are_read() {
        let yaml = "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses:\n        200: {description: fine}\n        '404': {}\n";
        let json = parse(yaml.as_bytes()).unwrap();
        assert_eq!(json["paths"]["/a"]["get"]["responses"]["200"], json!({"description": "fine"}));
        assert_eq!(json["openapi"], "3.1.0");
        assert_eq!(parse(b" {\"a\": 1}").unwrap(), json!({"a": 1}));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for (text, pointer, message) in [
            (&b"{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}}"[..], "#/b/c", "more than once"),
            (b"{\"a\": }", "#", "line 1, column 7"),
            (b"- a\n- b\n", "#", "no object"),
            (b"a: [1\n", "#", "YAML"),
            (b"\xff\xfe", "#", "UTF-8"),
            (b"a: 1\na: 2\n", "#", "YAML"),
        ] {
            let problem = parse(text).unwrap_err();
            assert_eq!(problem.pointer, pointer, "{problem}");
            assert!(problem.message.contains(message), "{problem}");
        }
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n";
        assert!(parse(bomb.as_bytes()).is_err());
    }
}
