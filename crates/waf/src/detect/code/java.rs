//! Java: names of classes that lead to code, where a value should be.

use std::cell::OnceCell;
use std::sync::LazyLock;

use super::{leads, note};
use crate::detect::bytes::{at, before, contains_any, find, is_word, tail, trimmed};
use crate::detect::finding::Class;
use crate::detect::signals::Signals;
use crate::detect::view::{View, Work};
use crate::detect::words::signal;

/// Packages and classes that lead to code, files or the network.
const CLASSES: &[&str] = &[
    "java.lang.",
    "java.io.",
    "java.net.",
    "java.util.",
    "java.security.",
    "java.rmi.",
    "java.nio.",
    "java.beans.",
    "java.sql.",
    "javax.script",
    "javax.naming",
    "javax.management",
    "javax.el",
    "javax.servlet",
    "com.opensymphony.xwork",
    "com.sun.org.apache",
    "com.sun.rowset",
    "com.sun.jndi",
    "sun.reflect",
    "sun.misc",
    "org.apache.commons",
    "org.apache.struts",
    "org.apache.xalan",
    "org.apache.tomcat",
    "org.apache.catalina",
    "org.omg.corba",
    "org.springframework",
    "org.codehaus.groovy",
    "org.mozilla.javascript",
    "org.hibernate",
    "org.jboss",
    "groovy.lang",
    "jdk.internal",
    "jdk.nashorn",
    "ognl.",
    "freemarker.template",
    "org.yaml.snakeyaml",
    "org.mvel2",
    "clojure.lang",
    "bsh.interpreter",
];

/// Classes of known chains of gadgets.
const GADGETS: &[&str] = &[
    "clonetransformer",
    "forclosure",
    "instantiatefactory",
    "instantiatetransformer",
    "invokertransformer",
    "prototypeclonefactory",
    "prototypeserializationfactory",
    "whileclosure",
    "chainedtransformer",
    "constanttransformer",
    "getproperty",
    "xmlgregorian",
    "filewriter",
    "xmldecoder",
    "templatesimpl",
    "jdbcrowsetimpl",
    "badattributevalueexp",
    "annotationinvocationhandler",
    "commons-collections",
    "beancomparator",
];

/// How many words are looked for in the whole of a value, about, beside those names.
const WORDS: usize = 18;

static INDEX: LazyLock<Signals> =
    LazyLock::new(|| Signals::new(&[(CLASS, CLASSES), (GADGET, GADGETS)]));
const CLASS: u32 = 1;
const GADGET: u32 = 1 << 1;

/// Whether the words give cause to look.
pub(in crate::detect) fn has_cause(view: &View<'_>) -> bool {
    view.has(signal::JAVA)
}

/// Looks for classes, calls and gadgets.
pub(in crate::detect) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "java") {
        return;
    }
    let named = work.groups(view, &INDEX, "java");
    if named & CLASS != 0 && work.look(view, CLASSES.len(), "java") {
        classes(view, work);
    }
    calls(view, named & GADGET != 0 && work.look(view, GADGETS.len(), "java"), work);
}

fn classes(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let facts = Facts::default();
    for name in CLASSES {
        let Some(place) =
            find(bytes, name.as_bytes()).filter(|place| !is_word(before(bytes, *place)))
        else {
            continue;
        };
        let called = facts.is_called(bytes);
        let whole = leads(bytes, place) && !trimmed(bytes).contains(&b' ');
        let process = facts.last_process(bytes) >= place + name.len();
        let confidence = match () {
            () if process && called => 82,
            () if !whole && facts.is_stack_trace(bytes) => 20,
            () if process => 68,
            () if whole && view.is_short() => 62,
            () if called && view.is_short() && leads(bytes, place) => 64,
            () => 25,
        };
        note(view, Class::Java, confidence, place..place + name.len(), "the name of a class", work);
    }
}

/// What each name of a class asks about the whole value: found out once.
#[derive(Debug, Default)]
struct Facts {
    is_called: OnceCell<bool>,
    last_process: OnceCell<usize>,
    is_stack_trace: OnceCell<bool>,
}

impl Facts {
    fn is_called(&self, bytes: &[u8]) -> bool {
        let called = || bytes.iter().any(|b| matches!(b, b'(' | b'@' | b'{' | b'#'));
        *self.is_called.get_or_init(called)
    }

    /// Where the last name of what runs programs or loads classes ends; 0 where there is none.
    fn last_process(&self, bytes: &[u8]) -> usize {
        let names: &[&[u8]] = &[
            b"runtime",
            b"processbuilder",
            b"classloader",
            b"scriptengine",
            b"getclass",
            b"forname",
        ];
        let last = || names.iter().filter_map(|name| last_end(bytes, name)).max().unwrap_or(0);
        *self.last_process.get_or_init(last)
    }

    fn is_stack_trace(&self, bytes: &[u8]) -> bool {
        let traced = || contains_any(bytes, &["exception", "at java", "at org", "error:"]);
        *self.is_stack_trace.get_or_init(traced)
    }
}

/// Where the last `name` ends, which is lower case, in any case.
fn last_end(bytes: &[u8], name: &[u8]) -> Option<usize> {
    let ends = std::iter::successors(find(bytes, name).map(|place| place + name.len()), |end| {
        find(tail(bytes, *end), name).map(|place| end + place + name.len())
    });
    ends.last()
}

fn calls(view: &View<'_>, has_gadget: bool, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let has = |texts: &[&str]| {
        texts
            .iter()
            .find_map(|text| find(bytes, text.as_bytes()).map(|place| (place, place + text.len())))
    };
    if let Some((start, end)) = has(&[
        "getruntime().exec",
        "runtime.getruntime",
        ".getruntime(",
        "new processbuilder",
        "processbuilder(",
    ]) {
        note(view, Class::Java, 84, start..end, "a call that runs a program", work);
    }
    let runner = find(bytes, b"processbuilder").or_else(|| find(bytes, b"runtime"));
    if let Some((start, end)) = has(if has_gadget { GADGETS } else { &[] }) {
        let dotted = at(bytes, start.saturating_sub(1)) == b'.';
        let confidence = match (runner.is_some(), dotted && view.is_short()) {
            (true, _) => 78,
            (false, true) => 62,
            _ => 40,
        };
        note(view, Class::Java, confidence, start..end, "a class of a chain of gadgets", work);
    }
    if let Some((start, end)) = has(&[
        "class.forname(",
        "urlclassloader",
        "getdeclaredmethod(",
        "defineclass(",
        "class.module.classloader",
        "class.classloader",
        "getmethod(\"",
        "getclass().getclassloader",
        "newinstance()",
        "scriptenginemanager",
        "definetransletclass",
    ]) {
        note(
            view,
            Class::Java,
            if view.is_short() { 72 } else { 55 },
            start..end,
            "a call that loads a class",
            work,
        );
    }
}
