//! Values that are one expression from end to end.

use super::note;
use crate::detect::bytes::{
    at, before, contains_any, find, is_any, is_word, part, skip_space, starts_with_any, tail,
    trimmed, word_at,
};
use crate::detect::view::{View, Work};

/// Looks at the value as a whole.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    single_brace(view, work);
    implicit_object(view, work);
    if view.is_short() && !view.is_header() {
        one_expression(view, work);
        razor(view, work);
    }
}

/// `{{printf "%s" "x"}}`, `{{request.environ}}`, `{% include 'a' %}`: the value is one expression or
/// tag of an engine, and more than a name to be filled in.
fn one_expression(view: &View<'_>, work: &mut Work<'_>) {
    let value = view.trimmed();
    let between = |open: &[u8], close: &[u8]| {
        let inside = value.strip_prefix(open)?.strip_suffix(close)?;
        memchr::memmem::find(inside, open).is_none().then(|| trimmed(inside))
    };
    let output = between(b"{{", b"}}").or_else(|| between(b"${", b"}"));
    let (found, reason) = match () {
        () if output.is_some_and(is_code) => (64, "an expression alone in a value"),
        () if between(b"#{", b"}").is_some_and(|inside| {
            is_code(inside) || is_any(inside, &["self", "this", "env", "global"])
        }) =>
        {
            (64, "an expression alone in a value")
        }
        () if between(b"<%", b"%>").or_else(|| between(b"{!!", b"!!}")).is_some() => {
            (64, "an expression alone in a value")
        }
        () if between(b"{%", b"%}").is_some()
            || value.starts_with(b"{%") && value.ends_with(b"}") =>
        {
            tag(view, value)
        }
        () if is_markup_tag(value) => (62, "a tag of a template engine"),
        () if value.starts_with(b"$class.") && value.contains(&b'(') => {
            (66, "an expression that climbs to the engine's inside")
        }
        () if is_line_of_pug(value) => (62, "an expression that computes with constants"),
        () if opens_several(value) => (66, "delimiters of several template engines"),
        () if starts_with_any(value, &["- var ", "-var "]) && super::between::climbs(value) => {
            (66, "an expression that climbs to the engine's inside")
        }
        () => smarty(value),
    };
    if found > 0 {
        note(view, found, 0, view.bytes.len(), reason, work);
    }
}

/// `= 7*7`, `- var x = 7*7; = x`: a line of Pug that shows or keeps what it computes.
fn is_line_of_pug(value: &[u8]) -> bool {
    let shown = value.strip_prefix(b"= ").or_else(|| value.strip_prefix(b"p= "));
    let kept = starts_with_any(value, &["- var ", "-var "])
        && value.contains(&b'=')
        && value.contains(&b';');
    let product = |rest: &[u8]| rest.contains(&b'*') && super::between::computes(trimmed(rest));
    value.len() < 64 && (kept || shown.is_some_and(product))
}

/// `${{<%[%'"}}%\\`: the openers of several engines in a few bytes, and nothing between them.
fn opens_several(value: &[u8]) -> bool {
    const OPENERS: &[&[u8]] =
        &[b"{{", b"${", b"<%", b"{%", b"[%", b"#{", b"@{", b"*{", b"[[", b"{#"];
    let found =
        OPENERS.iter().filter(|opener| memchr::memmem::find(value, opener).is_some()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    value.len() <= 48 && found > 2 && letters <= 4
}

/// `{% include 'a' %}`, `{% for k in config %}…{% endfor %}`.
fn tag(view: &View<'_>, value: &[u8]) -> (u8, &'static str) {
    let name = word_at(value, skip_space(value, 2));
    let loads = is_any(name, &["include", "extends", "load", "import", "from", "url"])
        && contains_any(value, &["'", "\"", "request.", "%}{%"]);
    let reaches = contains_any(value, &["config", "cycler", "request", "self", "environ", "7*7"])
        && is_any(name, &["for", "set", "if", "with", "block"]);
    let runs = is_any(name, &["eval", "exec", "system", "php", "import", "load"])
        && value.starts_with(b"{%")
        && value.ends_with(b"%}");
    if (loads || reaches || runs) && !view.is_prose() {
        return (62, "a tag that loads or reaches the engine's inside");
    }
    (0, "")
}

/// Whether what stands between the delimiters does more than name a field, as in `{{user.name|upper}}`.
fn is_code(inside: &[u8]) -> bool {
    let core = inside.strip_prefix(b"=").unwrap_or(inside);
    let core = trimmed(core.strip_prefix(b"::").unwrap_or(core));
    let path = core.iter().take_while(|b| is_word(**b) || **b == b'.').count();
    let called = path > 1 && at(core, path) == b'(' && core.contains(&b')');
    let indexed = path > 0 && at(core, path) == b'[' && core.contains(&b']');
    let special = at(core, 0) == b'.' && at(core, 1).is_ascii_lowercase();
    called
        || indexed
        || special
        || calls_with_a_text(core)
        || filters_a_literal(core)
        || compares_literals(core)
        || is_inside(core)
        || ends_in_call(core)
        || is_setting(core)
}

/// `x | eval`: the value is handed to something that runs it.
fn ends_in_call(core: &[u8]) -> bool {
    let Some(bar) = memchr::memrchr(b'|', core) else { return false };
    is_any(
        trimmed(tail(core, bar + 1)),
        &[
            "eval",
            "exec",
            "system",
            "passthru",
            "shell_exec",
            "popen",
            "assert",
            "attr",
            "call_user_func",
        ],
    )
}

/// `settings.DATABASES`: a setting of the whole application.
fn is_setting(core: &[u8]) -> bool {
    let name = core.strip_prefix(b"settings.").or_else(|| core.strip_prefix(b"config."));
    name.is_some_and(|name| {
        name.len() > 3 && name.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'.'))
    })
}

/// `printf "%s" "x"`, `.System "id"`: a name and a text side by side, as Go calls functions.
fn calls_with_a_text(core: &[u8]) -> bool {
    let mut rest = core;
    for _ in 0..3 {
        let name = rest.iter().take_while(|b| is_word(**b) || **b == b'.').count();
        if name == 0 || at(rest, name) != b' ' {
            return false;
        }
        rest = tail(rest, name + 1);
        let quote = at(rest, 0);
        if matches!(quote, b'"' | b'`') {
            return memchr::memchr(quote, tail(rest, 1)).is_some();
        }
    }
    false
}

/// `[1,2,3] | join`, `7|times:7`, `"a"|format(1)`: a literal handed to a filter.
fn filters_a_literal(core: &[u8]) -> bool {
    let Some(bar) = memchr::memchr(b'|', core) else { return false };
    let literal = trimmed(part(core, 0, bar));
    let filter = word_at(core, skip_space(core, bar + 1));
    let numbers = literal.iter().all(|b| b.is_ascii_digit() || b"[], .".contains(b))
        && literal.iter().any(u8::is_ascii_digit);
    let quoted =
        matches!(at(literal, 0), b'"' | b'\'') && contains_any(core, &["<", "%", "|e", "("]);
    (numbers || quoted) && filter.first().is_some_and(u8::is_ascii_alphabetic)
}

/// `1==1`, `1?2:3`, `'a'=='b'`: constants compared.
fn compares_literals(core: &[u8]) -> bool {
    let literal = |b: &u8| b.is_ascii_digit() || b"=<>!?:'\"&| ".contains(b);
    let digits = core.iter().filter(|b| b.is_ascii_digit()).count();
    let quotes = core.iter().filter(|b| matches!(b, b'\'' | b'"')).count();
    let quoted = quotes == 4 && contains_any(core, &["'==", "\"==", "' ==", "\" =="]);
    core.len() <= 24
        && digits > 1
        && contains_any(core, &["==", ">", "<", "?"])
        && core.iter().all(literal)
        || core.len() <= 40 && quoted
}

/// An object that the engine or its framework hands to every template, or a member of it.
fn is_inside(core: &[u8]) -> bool {
    const ALONE: &[&str] = &[
        "this",
        "self",
        "_self",
        "request",
        "session",
        "environ",
        "process",
        "joiner",
        "cycler",
        "lipsum",
        "namespace",
        "url_for",
        "get_flashed_messages",
        "config",
        "dict",
        "range",
        "_context",
        "_charset",
        "app",
        "g",
        "os",
        "global",
        "cookies",
        "tostring",
        "constructor",
    ];
    const OBJECTS: &[&str] = &[
        "request", "session", "handler", "self", "_self", "messages", "config", "settings",
        "process", "global", "app", "_context", "this", "g",
    ];
    let name = word_at(core, 0);
    let path = core.iter().all(|b| is_word(*b) || matches!(b, b'.'));
    let filtered = at(core, skip_space(core, name.len())) == b'|'
        && is_any(
            name,
            &[
                "config",
                "self",
                "_self",
                "request",
                "_context",
                "lipsum",
                "cycler",
                "joiner",
                "namespace",
                "url_for",
                "get_flashed_messages",
            ],
        );
    let member = path
        && core.len() > name.len()
        && is_any(name, OBJECTS)
        && (is_any(name, &["request", "handler", "process", "_self", "g"])
            || contains_any(
                core,
                &["environ", "secret", "signer", "key", "env", "config", "cookie", "__"],
            ));
    let dunder = path && contains_any(core, &[".__"]);
    let root = core == b"." || core.eq_ignore_ascii_case(b".env") || core == b"@root";
    root || filtered || member || dunder || path && core.len() == name.len() && is_any(name, ALONE)
}

/// `<jsp:include …>`, `<c:import …>`, `<#assign …>`, `#parse("x")`.
fn is_markup_tag(value: &[u8]) -> bool {
    const TAGS: &[&str] = &[
        "<jsp:",
        "<c:import",
        "<c:out",
        "<c:set",
        "<c:redirect",
        "<c:url",
        "<cfoutput",
        "<cfset",
        "<cfexecute",
        "<cfinclude",
        "<#assign",
        "<#list",
        "<#include",
        "<#import",
        "<#setting",
        "[#assign",
        "#parse(\"",
        "#include(\"",
        "#evaluate(",
        "#if(",
        "#foreach(",
        "#set(",
        "#set (",
    ];
    let closed = match at(value, 0) {
        b'#' => contains_any(value, &["#end", "\")", "$"]),
        b'<' => value.contains(&b'>'),
        _ => true,
    };
    closed && starts_with_any(value, TAGS)
}

/// `{math equation="7*7"}`, `{'id'|system}`, `{$x->y()}`: Smarty.
fn smarty(value: &[u8]) -> (u8, &'static str) {
    let reason = "an expression alone in a value";
    let Some(inside) = value.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")) else {
        return (0, reason);
    };
    let name = word_at(inside, 0);
    let function = is_any(name, &["math", "include", "fetch", "eval", "insert", "include_php"])
        && at(inside, name.len()) == b' '
        && inside.contains(&b'=');
    let quote = at(inside, 0);
    let piped = matches!(quote, b'\'' | b'"')
        && memchr::memchr(b'|', inside).is_some_and(|bar| before(inside, bar) == quote);
    let method = quote == b'$' && contains_any(inside, &["->"]) && inside.contains(&b'(');
    (if function || piped || method { 64 } else { 0 }, reason)
}

/// `@System.Diagnostics.Process.Start("cmd")`, `@{var x=1;}`: code of Razor.
fn razor(view: &View<'_>, work: &mut Work<'_>) {
    let value = view.trimmed();
    let Some(code) = value.strip_prefix(b"@") else { return };
    let path = code.iter().take_while(|b| is_word(**b) || **b == b'.').count();
    let call = at(code, path) == b'(' && value.ends_with(b")");
    let dots = part(code, 0, path).iter().filter(|b| **b == b'.').count();
    let block = code.starts_with(b"{") && value.ends_with(b"}") && value.contains(&b';');
    let declares = block && contains_any(code, &["var ", "int ", "string ", "using ", "="]);
    let sum = !code.is_empty()
        && code.iter().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'+'))
        && code.iter().any(|b| matches!(b, b'*' | b'+'));
    let system =
        starts_with_any(code, &["system.", "html.raw", "viewcontext."]) && path == code.len();
    // `@functools.wraps(f)` above a line of Python is a decorator.
    let single = !value.contains(&b'\n');
    let upper = code.first().is_some_and(u8::is_ascii_uppercase);
    if dots > 0 && call && single && upper || system || declares || sum {
        note(view, 64, 0, view.bytes.len(), "code of a page's own engine", work);
    }
}

/// `${applicationScope}`: an object that the expression language hands to every page.
fn implicit_object(view: &View<'_>, work: &mut Work<'_>) {
    const OBJECTS: &[&str] = &[
        "applicationscope",
        "sessionscope",
        "requestscope",
        "pagescope",
        "pagecontext",
        "initparam",
        "headervalues",
        "paramvalues",
        "facescontext",
    ];
    let value = view.trimmed();
    let inside = value
        .strip_prefix(b"${")
        .or_else(|| value.strip_prefix(b"#{"))
        .or_else(|| value.strip_prefix(b"${{"));
    if let Some(place) = find(value, b"?new(").filter(|_| view.is_short()) {
        note(view, 80, place, place + 5, "an object made by the template", work);
    }
    let Some(inside) = inside else { return };
    let reflects = contains_any(inside, &[".getclass", ".getresource(", ".forname("]);
    if reflects && view.is_short() {
        note(
            view,
            70,
            0,
            view.bytes.len(),
            "an expression that climbs to the engine's inside",
            work,
        );
    }
    if is_any(word_at(inside, skip_space(inside, 0)), OBJECTS) && view.is_short() {
        note(view, 68, 0, view.bytes.len(), "an object of the page's own engine", work);
    }
}

/// `{7*7}`: two numbers and an operator between braces, and nothing else.
fn single_brace(view: &View<'_>, work: &mut Work<'_>) {
    let value = view.trimmed();
    let inside = value.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    let Some(inside) = inside.filter(|inside| inside.len() <= 24) else { return };
    let inside = inside.strip_prefix(b"=").unwrap_or(inside);
    let inside =
        inside.strip_prefix(b"#").and_then(|rest| rest.strip_suffix(b"#")).unwrap_or(inside);
    let inside = memchr::memchr(b'|', inside).map_or(inside, |bar| part(inside, 0, bar));
    let digits = inside.iter().filter(|b| b.is_ascii_digit()).count();
    let signs = inside.iter().filter(|b| matches!(b, b'*' | b'+' | b'/' | b'-')).count();
    if digits >= 2 && signs == 1 && digits + signs == inside.len() && !inside.contains(&b',') {
        note(view, 62, 0, view.bytes.len(), "an expression that computes with constants", work);
    }
}
