//! Operators of document databases where a value should be: as the name of a parameter, as a key of
//! a JSON text, and code for `$where`.

use super::bytes::{
    at, contains_any, find, is_any, part, skip_space, starts_with, tail, trimmed, word_at,
};
use super::finding::Class;
use super::input::{Hint, Place};
use super::scan::class;
use super::view::{View, Work};

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 8;

/// Operators that select; the names are MongoDB's, and others copied them.
const OPERATORS: &[&str] = &[
    "ne",
    "eq",
    "gt",
    "gte",
    "lt",
    "lte",
    "in",
    "nin",
    "regex",
    "where",
    "exists",
    "or",
    "and",
    "not",
    "nor",
    "expr",
    "elemmatch",
    "size",
    "all",
    "mod",
    "type",
    "text",
    "function",
    "accumulator",
    "jsonschema",
    "comment",
    "options",
    "search",
    "lookup",
    "unionwith",
    "out",
    "merge",
    "set",
    "unset",
    "inc",
    "push",
    "pull",
    "rename",
    "project",
    "match",
    "group",
];

/// Operators that nobody meets outside a query.
const TELLING: &[&str] = &[
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "nin",
    "regex",
    "where",
    "exists",
    "elemmatch",
    "expr",
    "function",
    "nor",
    "in",
    "eq",
    "or",
    "not",
];

/// What it costs to look for code behind one quote.
const CODE: usize = 400;

/// Whether the bytes give cause to look.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    view.mask.any(class::DOLLAR)
        || starts_code(view)
        || view.mask.any(class::PIPE) && view.mask.any(class::QUOTE | class::DOUBLE)
        || view.mask.any(class::QUOTE | class::DOUBLE) && view.mask.any(class::SEMICOLON)
        || contains_this(view)
        || view.mask.all(class::PAREN | class::DOT | class::BRACE)
        || view.mask.all(class::PAREN | class::BRACE | class::SEMICOLON)
}

/// A value that begins with the document a condition is asked about, or with the database.
fn starts_code(view: &View<'_>) -> bool {
    let value = view.trimmed();
    let value = value.strip_prefix(b";").unwrap_or(value);
    starts_with(value, b"this.")
        || starts_with(value, b"db.")
        || value.len() <= 16 && view.mask.all(class::DIGIT | class::EQUALS)
        || view.mask.any(class::SEMICOLON) && find(view.bytes, b"; return ").is_some()
}

fn contains_this(view: &View<'_>) -> bool {
    view.mask.any(class::QUOTE | class::DOUBLE | class::SEMICOLON)
        && view.mask.any(class::EQUALS | class::PAREN)
        && find(view.bytes, b"this.").is_some()
}

/// Looks for operators as names and keys, and for code.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "nosql") {
        return;
    }
    if view.place == Place::Name {
        return name(view, work);
    }
    keys(view, work);
    code(view, work);
    collections(view, work);
}

/// `db.users.insert({…`: a call on a collection, and a loop that waits for the clock.
fn collections(view: &View<'_>, work: &mut Work<'_>) {
    const VERBS: &[&str] = &[
        "insert",
        "insertone",
        "find",
        "findone",
        "remove",
        "drop",
        "update",
        "updateone",
        "deleteone",
        "deletemany",
        "mapreduce",
        "aggregate",
        "count",
        "eval",
        "getcollectionnames",
    ];
    const OWN: &[&str] =
        &["dropdatabase", "getcollectionnames", "getcollection", "eval", "shutdownserver"];
    if !view.is_short() {
        return;
    }
    if let Some(place) = find(view.bytes, b"db.")
        && !super::bytes::is_word(super::bytes::before(view.bytes, place))
    {
        let collection = word_at(view.bytes, place + 3);
        let dot = place + 3 + collection.len();
        let verb = word_at(view.bytes, dot + 1);
        let called = at(view.bytes, dot) == b'.' && at(view.bytes, dot + 1 + verb.len()) == b'(';
        let own = at(view.bytes, dot) == b'(' && is_any(collection, OWN);
        if own || called && is_any(verb, VERBS) && !collection.is_empty() {
            note(view, 66, place, dot, "a call on a collection of a database", work);
        }
    }
    conditions(view, work);
    let clock = find(view.bytes, b"new date").is_some() && find(view.bytes, b"while").is_some();
    if clock && contains_any(view.bytes, &["do{", "do {"]) {
        note(view, 70, 0, view.bytes.len(), "a loop that waits for the clock", work);
    }
}

/// `this.age > 0`, `1; return true`, `$where=1`: a condition from end to end.
fn conditions(view: &View<'_>, work: &mut Work<'_>) {
    let value = view.trimmed();
    let compared = value.iter().any(|b| matches!(b, b'<' | b'>' | b'='))
        || contains_any(value, &[".match(", ".test("]);
    let asked =
        starts_with(value, b"this.") && compared && !value.contains(&b'{') && value.len() < 120;
    let head = value.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let rest = tail(value, head);
    let returned = head <= 12
        && at(rest, 0) == b';'
        && starts_with(tail(rest, skip_space(rest, 1)), b"return ")
        && contains_any(rest, &["return true", "return 1", "return this", "=="]);
    let same = value.len() <= 16
        && memchr::memmem::find(value, b"==").is_some_and(|place| {
            let left = trimmed(part(value, 0, place));
            !left.is_empty()
                && left.iter().all(u8::is_ascii_digit)
                && left == trimmed(tail(value, place + 2))
        });
    if asked || returned || same || starts_with(value, b"$where=") {
        note(view, 64, 0, view.bytes.len(), "code for a query of a document database", work);
    }
}

fn note(
    view: &View<'_>,
    confidence: u8,
    start: usize,
    end: usize,
    reason: &'static str,
    work: &mut Work<'_>,
) {
    let allowed = if view.hint == Hint::Code { 55 } else { 99 };
    let document = if view.is_document() { 25 } else { 0 };
    work.note(
        Class::NoSql,
        confidence.saturating_sub(document).min(allowed),
        start..end.min(view.bytes.len()),
        reason,
    );
}

/// `user[$ne]`, `$where`, `filter.$gt`.
fn name(view: &View<'_>, work: &mut Work<'_>) {
    for place in memchr::memchr_iter(b'$', view.bytes).take(16) {
        let operator = word_at(view.bytes, place + 1);
        if !is_any(operator, OPERATORS) {
            continue;
        }
        let bracketed =
            place > 0 && matches!(at(view.bytes, place - 1), b'[' | b'.' | b'\'' | b'"');
        let whole = place == 0 && view.bytes.len() == operator.len() + 1;
        let telling = is_any(operator, TELLING);
        let confidence = match () {
            () if bracketed && telling => 84,
            () if whole && telling => 74,
            () if bracketed || whole => 50,
            () => 30,
        };
        note(
            view,
            confidence,
            place,
            place + 1 + operator.len(),
            "an operator of a query as a name",
            work,
        );
    }
}

/// `{"$ne": null}` as text in a field.
fn keys(view: &View<'_>, work: &mut Work<'_>) {
    for place in memchr::memchr_iter(b'$', view.bytes).take(64) {
        let operator = word_at(view.bytes, place + 1);
        if !is_any(operator, OPERATORS) {
            continue;
        }
        let quote = place.checked_sub(1).map_or(0, |before| at(view.bytes, before));
        let mut after = place + 1 + operator.len();
        let quoted = matches!(quote, b'"' | b'\'') && at(view.bytes, after) == quote;
        after += usize::from(quoted);
        let is_key = at(view.bytes, skip_space(view.bytes, after)) == b':';
        let bracket = quote == b'[' && at(view.bytes, after) == b']';
        let braced = part(view.bytes, place.saturating_sub(4), place).contains(&b'{')
            || part(view.bytes, place.saturating_sub(4), place).contains(&b',');
        let telling = is_any(operator, TELLING);
        let confidence = match () {
            () if is_key && (quoted || braced) && telling => 78,
            () if is_key && telling && place == 0 && view.is_short() => 66,
            () if is_key && leaves_document(view, place) => 68,
            () if is_key && is_stage(operator) && is_first_key(view, place) => 64,
            () if is_key && (quoted || braced) => 55,
            () if bracket && telling => 70,
            () => continue,
        };
        note(view, confidence, place, after, "an operator of a query as a key", work);
    }
}

/// Operators that only queries and pipelines have, not the events and schemas that borrow a dollar.
fn is_stage(operator: &[u8]) -> bool {
    const STAGES: &[&str] = &[
        "size",
        "mod",
        "all",
        "text",
        "search",
        "lookup",
        "unionwith",
        "out",
        "merge",
        "match",
        "accumulator",
        "type",
    ];
    is_any(operator, STAGES)
}

/// Whether the value is one short document and the key at `place` its first.
fn is_first_key(view: &View<'_>, place: usize) -> bool {
    let head = view.head(place);
    let opens = head.iter().all(|b| matches!(b, b'{' | b'[' | b'"' | b'\'' | b' '));
    opens && head.contains(&b'{') && view.is_short()
}

/// `' } ], $comment:`: a quote and closers of a document that the value did not open stand before.
fn leaves_document(view: &View<'_>, place: usize) -> bool {
    let head = part(view.bytes, 0, place);
    let count = |byte: u8| memchr::memchr_iter(byte, head).count();
    view.is_short()
        && (!count(b'\'').is_multiple_of(2) || !count(b'"').is_multiple_of(2))
        && count(b'}') > count(b'{')
}

/// Code behind a quote, for `$where`: `' || this.a == 'b`, `'; return true; //`.
fn code(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    if view.is_document() {
        return;
    }
    for place in memchr::memchr2_iter(b'\'', b'"', bytes).take(64) {
        let next = skip_space(bytes, place + 1);
        let rest = tail(bytes, next);
        let joined = rest.starts_with(b"||") || rest.starts_with(b"&&");
        let stacked = rest.starts_with(b";");
        if !joined && !stacked {
            continue;
        }
        if !work.budget.spend(CODE, "nosql") {
            return;
        }
        let body = tail(bytes, skip_space(bytes, next + if joined { 2 } else { 1 }));
        let javascript = contains_any(
            part(body, 0, 120),
            &[
                "this.", "this[", "return ", "while(", "sleep(", "tojson", ".match(/", "db.",
                "emit(",
            ],
        );
        let quote = at(bytes, place);
        let opens = memchr::memchr_iter(quote, part(bytes, 0, place)).count().is_multiple_of(2);
        let tautology = joined
            && opens
            && (part(body, 0, 40).windows(2).any(|pair| pair == b"==")
                || part(body, 0, 3).starts_with(b"1//"));
        let confidence = match () {
            () if joined && javascript && (opens || !contains_any(body, &["return "])) => 80,
            () if stacked
                && starts_with(body, b"return")
                && contains_any(
                    body,
                    &["return true", "return 1", "return this", "return(", "//", "'"],
                ) =>
            {
                78
            }
            () if stacked
                && javascript
                && contains_any(body, &["this.", "while(", "sleep(", "db."]) =>
            {
                70
            }
            () if tautology => 66,
            () => continue,
        };
        note(view, confidence, place, next + 12, "code for a query of a document database", work);
    }
    let value = trimmed(bytes);
    let whole = contains_any(
        part(value, 0, 40),
        &["db.getcollection", "db.injection", "db.users.", "this.password", "db.insert"],
    );
    if whole && view.is_short() {
        note(view, 66, 0, bytes.len(), "code for a query of a document database", work);
    }
}
