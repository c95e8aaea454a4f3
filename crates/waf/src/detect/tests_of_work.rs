//! What looking at a value may cost, counted in work and not in time.

use super::{Budget, Detectors, Input, Place, Settings};
use crate::native::Inspection;
use crate::pace::assert_in_proportion;

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
    "t=/admi",
    "'\"",
    "$x`ss\r",
    "aaa=\"",
    "../a",
    "\nid",
    "))",
    "';this.",
    "A+",
    "'alert(",
    "</script",
    "~/documents ",
    "\\'",
    "http:",
    ":\\\\\\\\",
    "a:1:{",
    "'or case ",
    ",onx=",
    "/src=",
    "<!--[if",
    "<!--[ifpl",
    "`id` ",
    ";ab -c",
    "&$top=10   ; cat /etc",
    "req{\"html\":\"<p>Hello <b>",
    "{n$",
    "=n${",
];

/// Beginnings that make the rest quoted, fenced or prose.
const HEADS: &[&str] = &["", "a b c d e f g h `", "one two three four five six\n```\n", "x' or "];

/// What a look at one request may cost, in units; it takes no more than 20 ms where a unit takes 4.5 ns,
/// more than in the worst that a search found.
const WHOLE: u32 = 4_400_000;

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
fn what_is_read_as_sql_is_paid_for() {
    let detectors = Detectors::new(Settings::default());
    let units = |text: &str| {
        let mut budget = Budget::new(u32::MAX);
        let input = Input::new(Place::BodyField, b"q", text.as_bytes());
        let _findings = detectors.inspect(input, &mut budget);
        u32::MAX - budget.left()
    };
    for (read, passed) in
        [("' or x ", "'  x or "), ("a' and b c ", "a' xand c "), ("union xx (", "xunion x (")]
    {
        let [read, passed] = [read, passed].map(|unit| units(&unit.repeat(2_000)));
        assert!(
            read > passed + 2_000 * 20,
            "{read} units for what is read, {passed} for what is not"
        );
    }
}

#[test]
fn time_grows_with_the_value_and_no_faster() {
    let detectors = Detectors::new(Settings::default());
    for unit in UNITS {
        for (before, after) in [(0, 0), (1, 0), (0, 1)] {
            assert_in_proportion("the detectors", unit, |text| {
                // Blanks as long as the text, which nobody is to pass again and again.
                let blanks = |count| b" ".repeat(count * text.len());
                let text = [blanks(before).as_slice(), text, &blanks(after)].concat();
                // Enough for all of it: what the budget does not count is what would show.
                let mut budget = Budget::new(u32::MAX);
                let _findings =
                    detectors.inspect(Input::new(Place::BodyField, b"q", &text), &mut budget);
            });
        }
    }
}

#[test]
fn a_request_of_a_hundred_kilobytes_has_no_more_than_its_time_allows() {
    assert!(Budget::for_bytes(100_000).left() <= WHOLE);
}

#[test]
fn texts_of_a_hundred_kilobytes_are_no_work_that_is_too_much() {
    let detectors = Detectors::new(Settings::default());
    let json =
        "{\"id\": 4711, \"name\": \"O'Brien\", \"at\": [1.5, 2], \"tags\": [\"a\", \"b or c\"]},\n";
    for (name, text) in [
        ("prose", include_str!("../../../../LICENSE")),
        ("code", include_str!("view.rs")),
        // Where it is cut off it is no JSON, and read as one text with many quotes.
        ("half of a JSON text", &["[", &json.repeat(40)].concat()),
        ("a table", include_str!("../../../../docs/benchmarks/waf.md")),
    ] {
        let text = text.repeat(1 + 100_000 / text.len());
        let mut inspection = Inspection::new(&detectors, 60, Budget::for_bytes(text.len()));
        inspection.message(&text);
        assert_eq!(inspection.exhausted_by(), None, "{name} took {}", inspection.work_done());
        assert!(inspection.into_hit().is_none(), "{name}");
    }
}

#[test]
fn work_for_a_body_of_ordinary_json_grows_with_it_and_no_faster() {
    let detectors = Detectors::new(Settings::default());
    let item = "{\"id\":4711,\"name\":\"O'Brien\",\"note\":\"it's 12' wide & \\\"new\\\"\"},";
    let work_a_byte = |items: usize| {
        let body = format!("[{}1]", item.repeat(items));
        let mut inspection = Inspection::new(&detectors, 60, Budget::for_bytes(body.len()));
        inspection.body(b"application/json", body.as_bytes()).unwrap();
        assert_eq!(inspection.exhausted_by(), None, "{items}");
        let least = u64::from(Budget::for_bytes(body.len()).left());
        assert!(u64::from(inspection.work_done()) * 4 < least * 3, "{items}");
        u64::from(inspection.work_done()) * 100 / body.len() as u64
    };
    let [small, large] = [1_000, 20_000].map(work_a_byte);
    assert!(large * 10 <= small * 13, "{small} hundredths of a unit a byte, then {large}");
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
        assert!(units < 700, "`{text}` costs {units} units");
    }
}
