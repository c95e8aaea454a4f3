//! What looking at a value may cost, counted in work and not in time.

use super::{Budget, Detectors, Input, Place, Settings};

/// What attacks and texts repeat, and what parsers could read again and again.
const UNITS: &[&str] = &[
    "${",
    "${${",
    "${${lower:",
    "|id ",
    "$(",
    "`id`",
    ";id",
    "';",
    "'--",
    "' or ",
    "'||",
    "union select ",
    "{{",
    "{{7*7}}",
    "{%",
    "<script>",
    "<a b=c ",
    "<!entity ",
    "\" onx=",
    "x=x ",
    "alert(",
    "'alert(",
    "jndi:",
    "#{",
    "#x=",
    "%25",
    "&#39;",
    "&a;",
    "\\x27",
    "../",
    "..%2f",
    "http://127.0.0.1 ",
    "//a@",
    "O:8:\"a\":",
    "(*)(",
    ")(a=",
    "|//a",
    "__proto__.",
    "require('",
    "eval(",
    "__class__.",
    "<?php ",
    "$a('",
    "a\nb: c\n",
    "\r\nSet-Cookie: ",
    "{\"$ne\":1}",
    "'\"`",
    "a+b+c'",
    "+ADw-",
    "/*",
    "/*!",
    "-- ",
    "1.e(",
    "(select ",
    "(((((",
    "1,1,1,",
    "@@",
    "waitfor ",
    "javascript:",
    "echo a|",
    "cmd /c ",
    "<!--#exec ",
    "YWJjZGVm",
    "\u{ff1c}",
    "{a,b}",
];

/// Beginnings that make the rest quoted, fenced or prose.
const HEADS: &[&str] = &["", "a b c d e f g h `", "one two three four five six\n```\n", "x' or "];

fn spent(detectors: &Detectors, head: &str, unit: &str, size: usize) -> Option<u32> {
    let mut text = head.to_owned();
    while text.len() < size {
        text.push_str(unit);
    }
    let mut budget = Budget::default();
    let _findings =
        detectors.inspect(Input::new(Place::BodyField, b"q", text.as_bytes()), &mut budget);
    budget.exhausted_by().is_none().then(|| Budget::ORDINARY - budget.left())
}

#[test]
fn work_grows_with_the_value_and_no_faster_or_a_budget_names_itself() {
    let detectors = Detectors::new(Settings::default());
    for head in HEADS {
        for unit in UNITS {
            let (half, whole) = (12_500, 25_000);
            let Some(more) = spent(&detectors, head, unit, whole) else { continue };
            let less = spent(&detectors, head, unit, half).unwrap();
            assert!(
                f64::from(more) <= f64::from(less) * 2.6 + 20_000.0,
                "`{head}` and `{unit}`: {less} units for {half} bytes, {more} for {whole}"
            );
        }
    }
}

#[test]
fn short_texts_with_quotes_cost_little() {
    let detectors = Detectors::new(Settings::default());
    for text in ["O'Brien", "it's", "\"so\"", "12' wide", "rock & roll; jazz", "a | b", "Tom's `x`"]
    {
        let mut budget = Budget::default();
        let _findings =
            detectors.inspect(Input::new(Place::JsonString, b"q", text.as_bytes()), &mut budget);
        let units = Budget::ORDINARY - budget.left();
        assert!(units < 600, "`{text}` costs {units} units");
    }
}
