//! Python: imports in expressions, and the way from a value to its classes.

use super::{call, leads, note};
use crate::detect::bytes::{contains_any, find, part, tail};
use crate::detect::finding::Class;
use crate::detect::view::{View, Work};
use crate::detect::words::signal;

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 36;

/// Whether the words give cause to look.
pub(in crate::detect) fn has_cause(view: &View<'_>) -> bool {
    view.has(signal::PYTHON)
}

/// Looks for imports, calls and climbs.
pub(in crate::detect) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "python") {
        return;
    }
    let bytes = view.bytes;
    if let Some((place, open)) = call(bytes, &["__import__", "importlib.import_module"]) {
        let used =
            contains_any(tail(bytes, open), &[").", "os'", "os\"", "subprocess", "'pty'", "'sys'"]);
        let confidence = if used && (leads(bytes, place) || view.is_short()) { 86 } else { 45 };
        note(view, Class::Python, confidence, place..open + 1, "an import in an expression", work);
    }
    climbs(view, work);
    const RUN: &[&str] = &[
        "os.system",
        "os.popen",
        "os.exec",
        "os.execl",
        "os.spawn",
        "subprocess.popen",
        "subprocess.call",
        "subprocess.run",
        "subprocess.check_output",
        "subprocess.getoutput",
        "commands.getoutput",
        "pty.spawn",
        "pickle.loads",
        "os.remove",
        "os.listdir",
        "os.environ",
    ];
    if let Some((place, open)) = call(bytes, RUN) {
        let confidence = match () {
            () if contains_any(
                part(bytes, 0, place),
                &["import os;", "import subprocess;", "exec(", "eval("],
            ) && view.is_short() =>
            {
                78
            }
            () if leads(bytes, place) && view.is_short() => 70,
            () if view.is_short() => 55,
            () => 25,
        };
        note(view, Class::Python, confidence, place..open + 1, "a call that runs a program", work);
    }
    evaluated(view, work);
}

/// `''.__class__.__mro__[1].__subclasses__()`.
fn climbs(view: &View<'_>, work: &mut Work<'_>) {
    const STEPS: &[&str] = &[
        "__class__",
        "__mro__",
        "__subclasses__",
        "__globals__",
        "__builtins__",
        "__base__",
        "__bases__",
        "__getattribute__",
        "__init__",
        "__code__",
        "__dict__",
    ];
    let found: Vec<(usize, &str)> = STEPS
        .iter()
        .filter_map(|step| find(view.bytes, step.as_bytes()).map(|place| (place, *step)))
        .collect();
    let Some((place, step)) = found.iter().min_by_key(|(place, _)| *place).copied() else { return };
    let accessed =
        place > 0 && matches!(view.bytes.get(place - 1), Some(b'.' | b'[' | b'\'' | b'"'));
    let inside = found.iter().any(|(_, step)| {
        matches!(*step, "__mro__" | "__subclasses__" | "__globals__" | "__builtins__")
    });
    let confidence = match () {
        () if found.len() >= 2 && inside && accessed => 86,
        () if inside && accessed && view.is_short() => 70,
        () if accessed
            && view.is_short()
            && leads(view.bytes, place)
            && matches!(step, "__class__" | "__base__" | "__bases__") =>
        {
            60
        }
        () => 25,
    };
    note(
        view,
        Class::Python,
        confidence,
        place..place + step.len(),
        "a climb from a value to its classes",
        work,
    );
}

/// `exec("…")`, `eval(compile(…))` around something that matters.
fn evaluated(view: &View<'_>, work: &mut Work<'_>) {
    let Some((place, open)) = call(view.bytes, &["exec", "eval", "compile", "getattr", "open"])
    else {
        return;
    };
    let inside = tail(view.bytes, open + 1);
    let telling = contains_any(
        part(inside, 0, 300),
        &[
            "__import__",
            "import os",
            "import sys",
            "os.system",
            "os.popen",
            "subprocess",
            "chr(",
            ".read(",
            "__builtins__",
            "base64",
            "compile(",
        ],
    );
    let reads = contains_any(part(inside, 0, 200), &["/etc/", ").read", "').read"]);
    if telling || reads {
        note(
            view,
            Class::Python,
            if leads(view.bytes, place) { 78 } else { 60 },
            place..open + 1,
            "code that is evaluated",
            work,
        );
    }
}
