//! What stands between two delimiters: does it compute, call or climb?

use std::sync::LazyLock;

use crate::detect::bytes::{
    at, contains_any, is_any, skip_space, starts_with_any, tail, trimmed, word_at,
};
use crate::detect::signals::Signals;
use crate::detect::view::View;

pub(super) fn judge(view: &View<'_>, open: &[u8], inside: &[u8]) -> (u8, &'static str) {
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
        let alone = view.trimmed().len() <= inside.len() + 24;
        return (if alone { 84 } else { 74 }, "an expression that computes with constants");
    }
    if open == b"{%" && computes(assigned(core)) {
        return (66, "an expression that computes with constants");
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
pub(super) fn computes(core: &[u8]) -> bool {
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

/// `set x=7*7` without the name it is given.
fn assigned(core: &[u8]) -> &[u8] {
    let statement = starts_with_any(core, &["set ", "let ", "assign ", "with "]);
    let equals = memchr::memchr(b'=', core).filter(|_| statement);
    trimmed(equals.map_or(&[][..], |equals| tail(core, equals + 1)))
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
    ".constructor",
    "__proto__",
    "root.process",
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

/// All of them, found in one pass.
static INDEX: LazyLock<Signals> = LazyLock::new(|| Signals::new(&[(1, CLIMBS)]));

/// Names that lead from a value to the classes of the engine's language.
pub(super) fn climbs(core: &[u8]) -> bool {
    INDEX.of(core) != 0
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
        || is_any(name, &["request", "route", "env"]) && next == b'('
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
