//! JSON pointers (RFC 6901), written as fragments: `#/components/schemas/Note`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Most references that lead from one to the next.
const MAX_HOPS: usize = 16;

/// `pointer` with one more step.
pub(crate) fn child(pointer: &str, step: &str) -> String {
    format!("{pointer}/{}", escaped(step))
}

/// A step as it stands in a pointer.
pub(crate) fn escaped(step: &str) -> Cow<'_, str> {
    if step.contains(['~', '/']) {
        Cow::Owned(step.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(step)
    }
}

/// What a reference inside its own document leads to; `None` when it leads elsewhere or nowhere.
pub(crate) fn lookup<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    let fragment = reference.strip_prefix('#')?;
    let fragment = percent_decode_str(fragment).decode_utf8().ok()?;
    document.pointer(&fragment)
}

/// Follows the `$ref` of a value that is no schema (a parameter, a body), with the pointer of what
/// it comes to.
///
/// # Errors
/// The reference that leads nowhere, or in a circle.
pub(crate) fn follow<'a>(
    document: &'a Value,
    value: &'a Value,
    pointer: &str,
) -> Result<(&'a Value, String), String> {
    let (mut value, mut pointer) = (value, pointer.to_owned());
    for _ in 0..MAX_HOPS {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            return Ok((value, pointer));
        };
        value = lookup(document, reference).ok_or_else(|| reference.to_owned())?;
        pointer = reference.to_owned();
    }
    Err(pointer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_followed_inside_the_document_alone() {
        let document = json!({"a": {"b/c": {"$ref": "#/d"}}, "d": 1, "loop": {"$ref": "#/loop"}});
        assert_eq!(lookup(&document, "#/a/b~1c/$ref"), Some(&json!("#/d")));
        assert_eq!(lookup(&document, "#/a/b%7E1c/$ref"), Some(&json!("#/d")));
        assert_eq!(lookup(&document, "#"), Some(&document));
        for elsewhere in ["other.json#/d", "https://example.org/d", "d", "#anchor", "#/missing"] {
            assert_eq!(lookup(&document, elsewhere), None, "{elsewhere}");
        }
        let start = document.pointer("/a/b~1c").unwrap();
        assert_eq!(follow(&document, start, "#/a/b~1c"), Ok((&json!(1), "#/d".to_owned())));
        assert_eq!(follow(&document, &document["loop"], "#/loop"), Err("#/loop".to_owned()));
    }

    #[test]
    fn steps_are_escaped() {
        assert_eq!(child("#/a", "x/y~z"), "#/a/x~1y~0z");
        assert_eq!(child("#", "x"), "#/x");
    }
}
