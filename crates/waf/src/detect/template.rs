//! Code for template engines: an expression between the engine's delimiters that computes, calls or
//! climbs to the engine's inside. A name, a filter or a loop between them is a template in the
//! documentation and says nothing.

use super::bytes::{
    at, contains_any, find, is_any, is_space, is_word, part, skip_space, starts_with_any, tail,
    trimmed, word_at,
};
use super::finding::Class;
use super::input::Hint;
use super::scan::class;
use super::view::{View, Work};
use super::words::signal;

/// Delimiters looked at in each value.
const ANCHORS: usize = 1_000;
/// Bytes of one expression that are read.
const LONGEST: usize = 2_048;

/// The delimiters and what closes them.
const PAIRS: &[(&[u8], &[u8])] = &[
    (b"{{", b"}}"),
    (b"{%", b"%}"),
    (b"${", b"}"),
    (b"#{", b"}"),
    (b"*{", b"}"),
    (b"@{", b"}"),
    (b"%{", b"}"),
    (b"~{", b"}"),
    (b"<%", b"%>"),
    (b"@(", b")"),
    (b"{@", b"}"),
    (b"[[", b"]]"),
    (b"[=", b"]"),
    (b"{php}", b"{/php}"),
    (b"{system", b"}"),
    (b"{$", b"}"),
    (b"{if", b"{/if"),
    (b"<#", b">"),
];

/// Whether the words give cause to look.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    let mask = view.mask;
    view.has(signal::TEMPLATE)
        || mask.any(class::BRACE)
        || mask.all(class::LESS | class::PERCENT)
        || mask.all(class::AT | class::PAREN)
        || mask.all(class::LESS | class::HASH)
        || mask.any(class::BRACKET) && mask.any(class::EQUALS)
}

/// Looks at each pair of delimiters.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.budget.spend(view.bytes.len(), "template") {
        return;
    }
    for (open, close) in PAIRS {
        for place in memchr::memmem::find_iter(view.bytes, open).take(ANCHORS) {
            let start = place + open.len();
            let body = part(view.bytes, start, start + LONGEST);
            let Some(length) = memchr::memmem::find(body, close) else {
                unclosed(view, open, body, place, work);
                break;
            };
            // Each of the many names is looked for in what stands between the delimiters.
            if !work.budget.spend(32 * length + 64, "template") {
                return;
            }
            let inside = part(body, 0, length);
            // Brackets and sigils of other languages reach over lines; those of engines do not.
            let rare = matches!(*open, b"{{" | b"{%" | b"${" | b"#{" | b"<%" | b"{php}" | b"<#");
            if !rare && (length > 240 || inside.contains(&b'\n')) {
                continue;
            }
            let (confidence, reason) = judge(view, open, inside);
            note(view, confidence, place, start + length + close.len(), reason, work);
        }
    }
    directives(view, work);
    single_brace(view, work);
    implicit_object(view, work);
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
    let value = trimmed(view.bytes);
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
    let value = trimmed(view.bytes);
    let inside = value.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    let Some(inside) = inside.filter(|inside| inside.len() <= 24) else { return };
    let digits = inside.iter().filter(|b| b.is_ascii_digit()).count();
    let signs = inside.iter().filter(|b| matches!(b, b'*' | b'+' | b'/' | b'-')).count();
    if digits >= 2 && signs == 1 && digits + signs == inside.len() && !inside.contains(&b',') {
        note(view, 62, 0, view.bytes.len(), "an expression that computes with constants", work);
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
    let document = if view.is_document() && confidence < 90 { 30 } else { 0 };
    work.note(
        Class::Template,
        confidence.saturating_sub(document).min(allowed),
        start..end.min(view.bytes.len()),
        reason,
    );
}

fn unclosed(view: &View<'_>, open: &[u8], body: &[u8], place: usize, work: &mut Work<'_>) {
    let climbs = climbs(body);
    if climbs && view.is_short() && matches!(open, b"{{" | b"{%" | b"${" | b"#{") {
        note(
            view,
            66,
            place,
            place + body.len().min(80),
            "an expression that climbs to the engine's inside",
            work,
        );
    }
}

fn judge(view: &View<'_>, open: &[u8], inside: &[u8]) -> (u8, &'static str) {
    let inside_trimmed = trimmed(inside.strip_prefix(b"=").unwrap_or(inside));
    // The decorations of engines: `{{=…}}`, `{{{…}}}`, `${{…}}`, `__${…}__`.
    let core = inside_trimmed
        .iter()
        .take_while(|b| matches!(b, b'{' | b'=' | b'-' | b'%' | b'@' | b'!' | b'~' | b'^' | b'$'))
        .count();
    let core = trimmed(tail(inside_trimmed, core));
    if climbs(core) || climbs(inside) {
        return (90, "an expression that climbs to the engine's inside");
    }
    if is_perl(open, core) {
        return (72, "code in a Perl string");
    }
    if computes(core) {
        let alone = trimmed(view.bytes).len() <= inside.len() + 24;
        return (if alone { 84 } else { 74 }, "an expression that computes with constants");
    }
    if runs(open, core) {
        return (80, "an expression that calls the engine's inside");
    }
    if matches!(open, b"{php}" | b"{system") {
        return (84, "code in a template");
    }
    (0, "")
}

/// `7*7`, `7*'7'`, `'a'.toUpperCase()`, `"x"+"y"`: literals and operators, no names.
fn computes(core: &[u8]) -> bool {
    if core.len() > 80 || core.is_empty() {
        return false;
    }
    let mut place = 0;
    let (mut literals, mut operators) = (0, 0);
    while place < core.len() {
        let byte = at(core, place);
        match byte {
            b'0'..=b'9' => {
                literals += 1;
                place += tail(core, place)
                    .iter()
                    .take_while(|b| b.is_ascii_digit() || **b == b'.')
                    .count();
                continue;
            }
            b'\'' | b'"' => {
                let rest = tail(core, place + 1);
                let Some(length) = memchr::memchr(byte, rest) else { return false };
                literals += 1;
                place += length + 2;
                // A method of a literal.
                if at(core, place) == b'.'
                    && at(core, place + 1).is_ascii_alphabetic()
                    && contains_any(tail(core, place), &["("])
                {
                    return true;
                }
                continue;
            }
            b'*' | b'+' | b'/' | b'-' | b'%' | b'~' | b'^' | b'|' | b'&' => operators += 1,
            b'(' | b')' | b' ' | b'[' | b']' => {}
            _ => return false,
        }
        place += 1;
    }
    // A date or a range is no sum: `2024-01-01`.
    let dashes = core.iter().filter(|b| **b == b'-').count();
    literals >= 2 && operators > 0 && (operators > dashes || core.len() < 6)
}

/// What only an attack writes between delimiters.
const CLIMBS: &[&str] = &[
    "__class__",
    "__mro__",
    "__globals__",
    "__builtins__",
    "__subclasses__",
    "__import__",
    "__init__",
    "__base__",
    "__getitem__",
    "constructor.constructor",
    "getclass(",
    ".class.",
    "forname(",
    "getruntime",
    "processbuilder",
    "java.lang",
    "t(java",
    "freemarker.template",
    "?new()",
    "?eval",
    "registerundefinedfiltercallback",
    "lipsum.",
    "cycler.",
    "joiner.",
    "get_flashed_messages",
    "self._templatereference",
    "request.application",
    "|attr(",
    "|attr (",
    "config.items",
    "self.env",
    "_self.env",
    "os.popen",
    "os.system",
    "subprocess",
    "system('",
    "system(\"",
    "exec('",
    "exec(\"",
    "popen(",
    "passthru(",
    "shell_exec",
    "readfile(",
    "file_get_contents",
    "phpinfo(",
    "process.mainmodule",
    "child_process",
    "global.process",
    "require('",
    "require(\"",
    "scriptengine",
    "smarty.version",
    "smarty_internal",
    "$smarty",
    "writefile(",
    "self::",
    "dump(app",
    "app.request",
    "['__",
    "[\"__",
    "map('system",
    "map(\"system",
    "|map('",
    "filter('system",
    "filter(\"system",
    "sort('system",
    "|filter('",
    "reduce('system",
    "debug.getinfo",
    "file.open(",
    "file.read(",
    "dir.entries",
    "kernel.",
    "io.popen",
    "`id`",
    "%x(",
    "system%",
    "\\x5f\\x5f",
    "gettypes",
    "system.diagnostics",
    "system.io",
    "constructor('",
    "constructor(\"",
    "[].class",
    "''.class",
    "\"\".class",
    "().class",
    "request['",
    "request|",
    "settings.secret_key",
    "latex.write",
    "include('/etc",
    "include(\"/etc",
    "source('/etc",
    "file_excerpt",
];

/// Names that lead from a value to the classes of the engine's language.
fn climbs(core: &[u8]) -> bool {
    contains_any(core, CLIMBS)
}

/// The same between two braces, where every engine has its own names.
fn runs_in_braces(core: &[u8], name: &[u8], next: u8) -> bool {
    let whole = name.len() == core.len();

    whole
        && is_any(name, &["config", "self", "settings", "dump", "lipsum", "debug", "_self"])
        && !is_any(name, &["settings"])
        || is_any(name, &["print", "dump", "debug", "php", "system", "exec", "eval"])
            && next == b'('
        || next == b'[' && contains_any(core, &["\"_", "'_"])
        || core.starts_with(b"[]")
        || core.starts_with(b"''")
        || core.starts_with(b"\"\"")
        || core.starts_with(b"()")
        || core.starts_with(b"#with")
}

/// Calls and lookups that only make sense to somebody who looks around.
fn runs(open: &[u8], core: &[u8]) -> bool {
    let name = word_at(core, 0);
    let next = at(core, skip_space(core, name.len()));
    match open {
        b"{{" => runs_in_braces(core, name, next),
        b"{%" => {
            let text = trimmed(core);
            starts_with_any(
                text,
                &["import os", "import ", "print(", "print (", "debug", "exec", "php", "evaluate"],
            ) && contains_any(text, &["(", "os", "debug"])
                || starts_with_any(text, &["if true", "if 1"]) && text.len() < 12
        }
        b"<%" => {
            is_any(
                name,
                &[
                    "system", "exec", "eval", "file", "dir", "io", "response", "foobar", "require",
                    "import", "puts", "print", "kernel", "out", "global", "process",
                ],
            ) && (next == b'(' || next == b'.' || at(core, name.len()) == b' ')
                || core.starts_with(b"`")
        }
        b"${" | b"#{" | b"*{" | b"%{" | b"@{" | b"~{" => {
            core.starts_with(b"`")
                || starts_with_any(
                    core,
                    &[
                        "\"\".",
                        "''.",
                        "system(",
                        "exec(",
                        "eval(",
                        "self.",
                        "applicationscope",
                        "sessionscope",
                        "param.",
                        "pagecontext",
                        "facescontext",
                        "@java",
                        "t(",
                        "new java",
                        "#this",
                        "#root",
                        "#context",
                        "#rt",
                        "#_",
                        "@system",
                        "@print",
                        "@eval",
                        "@phpinfo",
                        "phpinfo",
                        "jndi",
                    ],
                ) && core.iter().any(|b| matches!(b, b'(' | b'.' | b'[' | b'@'))
        }
        b"@(" => starts_with_any(core, &["system.", "1+", "html.raw", "string."]),
        b"{$" | b"{if" => {
            contains_any(core, &["phpinfo", "system(", "exec(", "template_object", "smarty."])
        }
        b"<#" => {
            starts_with_any(core, &["assign", "list", "include", "import"])
                && contains_any(core, &["?new", "execute", "objectconstructor", "dataloader"])
        }
        b"{@" | b"[[" | b"[=" => false,
        _ => false,
    }
}

/// `@{[system 'id']}`: a list in a Perl string runs what it holds.
fn is_perl(open: &[u8], core: &[u8]) -> bool {
    open == b"@{" && at(core, 0) == b'[' && core.ends_with(b"]") && core.len() > 3
}

/// Directives without a closing delimiter.
fn directives(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let places: &[(&str, &[&str], u8, &str)] = &[
        (
            "<!--#",
            &["exec", "include", "echo", "config", "printenv", "set"],
            86,
            "a server-side include",
        ),
        ("#set", &["$"], 66, "a directive of a template engine"),
        ("#foreach", &["$"], 50, "a directive of a template engine"),
        ("#evaluate", &["("], 64, "a directive of a template engine"),
        ("#include(", &["/", "\""], 55, "a directive of a template engine"),
        ("<#assign", &["?new", "execute"], 88, "a directive of a template engine"),
        ("{php}", &[""], 74, "code in a template"),
        ("{/php}", &[""], 62, "code in a template"),
        ("[php]", &[""], 62, "code in a template"),
    ];
    for (text, needs, confidence, reason) in places {
        let Some(place) = find(bytes, text.as_bytes()) else { continue };
        let after = part(bytes, place + text.len(), place + text.len() + 120);
        let first = trimmed(after);
        let fits = needs.iter().any(|need| {
            need.is_empty()
                || if text.starts_with("<!--") {
                    starts_with_any(first, &[need])
                } else {
                    find(after, need.as_bytes()).is_some()
                }
        });
        if fits {
            note(view, *confidence, place, place + text.len(), reason, work);
        }
    }
    formula(view, work);
}

/// `=cmd|'/C calc'!A0`: a formula that a spreadsheet runs when the export is opened.
fn formula(view: &View<'_>, work: &mut Work<'_>) {
    let value = trimmed(view.bytes);
    if !matches!(at(value, 0), b'=' | b'+' | b'-' | b'@') || !view.is_short() {
        return;
    }
    let signs = value
        .iter()
        .take_while(|b| matches!(b, b'=' | b'+' | b'-' | b'@' | b' ') || is_space(**b))
        .count();
    let rest = tail(value, signs);
    let name = rest.iter().take_while(|b| is_word(**b)).count();
    let dde = at(rest, name) == b'|' && contains_any(rest, &["!", "'"]) && name > 1;
    let call = starts_with_any(
        rest,
        &[
            "hyperlink(",
            "webservice(",
            "importxml(",
            "importdata(",
            "importfeed(",
            "importhtml(",
            "dde(",
        ],
    );
    if dde || call {
        note(
            view,
            if dde { 78 } else { 68 },
            0,
            view.bytes.len(),
            "a formula that a spreadsheet runs",
            work,
        );
    }
}
