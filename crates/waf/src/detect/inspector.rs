//! The order of things: first pass, detectors, decoders.

use super::budget::Budget;
use super::code::{java, node, object, php, python};
use super::decode::{self, DECODERS, Text};
use super::finding::{Class, Finding, Findings, Layer};
use super::input::{Input, Place, Settings};
use super::scan::{Mask, class};
use super::signals::Signals;
use super::view::{Note, View, Work};
use super::{
    crlf, expression, html, ldap, nosql, path, scanner, shell, sql, ssrf, template, xml, xpath,
};

/// Encodings inside each other that are taken off.
const DEPTH: usize = 4;
/// Segments of a path that are looked at by themselves.
const SEGMENTS: usize = 32;
/// Readings of one value.
const VIEWS: usize = 10;
/// What asking every detector costs, beside what they do.
const VALUE: usize = 40;

/// A detector: whether it has cause to look at a view, and how it looks.
type Detector = (fn(&View<'_>) -> bool, fn(&View<'_>, &mut Work<'_>));

/// Every detector.
const DETECTORS: &[Detector] = &[
    (sql::has_cause, sql::inspect),
    (html::has_cause, html::inspect),
    (path::has_cause, path::inspect),
    (shell::has_cause, shell::inspect),
    (template::has_cause, template::inspect),
    (expression::has_cause, expression::inspect),
    (xml::has_cause, xml::inspect),
    (xpath::has_cause, xpath::inspect),
    (ldap::has_cause, ldap::inspect),
    (nosql::has_cause, nosql::inspect),
    (crlf::has_cause, crlf::inspect),
    (ssrf::has_cause, ssrf::inspect),
    (php::has_cause, php::inspect),
    (java::has_cause, java::inspect),
    (node::has_cause, node::inspect),
    (python::has_cause, python::inspect),
    (object::has_cause, object::inspect),
    (scanner::has_cause, scanner::inspect),
];

/// The detectors, ready to look. Made once, shared by all threads.
#[derive(Debug, Clone)]
pub struct Detectors {
    signals: Signals,
    settings: Settings,
}

impl Detectors {
    /// Builds the index of the first pass.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { signals: Signals::new(super::words::WORDS), settings }
    }

    /// The finding that decides: the surest, if it reaches the threshold. `None` lets pass.
    #[must_use]
    pub fn verdict<'a>(&self, findings: &'a Findings) -> Option<&'a Finding> {
        findings.verdict(self.settings.threshold)
    }

    /// Looks at one value. What the budget does not allow is left out, and the budget says so.
    #[must_use]
    pub fn inspect(&self, input: Input<'_>, budget: &mut Budget) -> Findings {
        let mask = Mask::of(input.value);
        if mask.only(class::PLAIN) && !needs_a_look(&input) || is_structured(&input, mask) {
            return Findings::default();
        }
        if !budget.spend(VALUE + input.value.len(), "first pass") {
            return Findings::default();
        }
        let mut findings = Findings::default();
        let signals = self.signals.of(input.value);
        let view = View::new(&input, input.value, (mask, signals), &[]);
        let mut notes = Vec::new();
        look(&view, &mut Work { budget, notes: &mut notes });
        collect(&mut findings, notes, None, input.value.len());
        self.segments(&input, mask, budget, &mut findings);
        if !decode::is_plain(mask, input.value) {
            self.decoded(&input, mask, budget, &mut findings);
        }
        findings
    }

    /// A segment of a path can be a parameter of the application: those that are no plain names are
    /// looked at by themselves.
    fn segments(
        &self,
        input: &Input<'_>,
        mask: Mask,
        budget: &mut Budget,
        findings: &mut Findings,
    ) {
        const NAME: u32 =
            class::PLAIN | class::SLASH | class::DOT | class::OTHER | class::AT | class::PLUS;
        if input.place != Place::Path || mask.only(NAME) {
            return;
        }
        let mut start = 0;
        for segment in input.value.split(|byte| *byte == b'/').take(SEGMENTS) {
            let mask = Mask::of(segment);
            if !mask.only(NAME) && budget.spend(segment.len(), "first pass") {
                let signals = self.signals.of(segment);
                let input = Input { place: Place::QueryValue, ..*input };
                let view = View::new(&input, segment, (mask, signals), &[]);
                let mut notes = Vec::new();
                look(&view, &mut Work { budget, notes: &mut notes });
                for note in &mut notes {
                    note.span = note.span.start + start..note.span.end + start;
                }
                collect(findings, notes, None, input.value.len());
            }
            start += segment.len() + 1;
        }
    }

    /// Takes encodings off, one at a time and in each order that changes something.
    fn decoded(&self, input: &Input<'_>, mask: Mask, budget: &mut Budget, findings: &mut Findings) {
        let mut texts: Vec<Text> = vec![Text::original(input.value)];
        let mut next = 0;
        let mut mask = mask;
        while let Some(text) = texts.get(next) {
            if next > 0 {
                mask = Mask::of(&text.bytes);
                let signals = self.signals.of(&text.bytes);
                let view = View::new(input, &text.bytes, (mask, signals), &text.layers);
                let mut notes = Vec::new();
                look(&view, &mut Work { budget, notes: &mut notes });
                collect(findings, notes, Some(text), input.value.len());
            }
            if text.layers.len() < DEPTH {
                let children = children(text, mask, budget);
                for child in children {
                    let known = texts.iter().any(|text| text.bytes == child.bytes);
                    if !known && texts.len() < VIEWS {
                        texts.push(child);
                    } else if !known {
                        budget.spend(usize::MAX, "decoding");
                    }
                }
            }
            next += 1;
        }
    }
}

/// Values of letters and digits alone can still be names of files or tools, or encoded.
fn needs_a_look(input: &Input<'_>) -> bool {
    matches!(input.place, Place::Name | Place::FileName | Place::Header("user-agent"))
        || input.value.ends_with(b"--")
        || input.value.len() >= 8 && (!is_one_case(input.value) || input.value.starts_with(b"aced"))
}

/// Headers that browsers fill in by a grammar of their own (RFC 9110, RFC 8941), as long as they
/// hold nothing else than its signs.
fn is_structured(input: &Input<'_>, mask: Mask) -> bool {
    const SIGNS: u32 = class::PLAIN
        | class::SPACE
        | class::SEMICOLON
        | class::EQUALS
        | class::DOT
        | class::SLASH
        | class::STAR
        | class::OTHER
        | class::COLON
        | class::PLUS
        | class::DOUBLE;
    let Place::Header(name) = input.place else { return false };
    let filled = name.starts_with("sec-")
        || matches!(
            name,
            "accept"
                | "accept-language"
                | "accept-encoding"
                | "accept-charset"
                | "cache-control"
                | "connection"
                | "content-length"
                | "dnt"
                | "etag"
                | "host"
                | "if-match"
                | "if-modified-since"
                | "if-none-match"
                | "priority"
                | "range"
                | "te"
                | "upgrade-insecure-requests"
        );
    filled && input.value.len() <= 512 && mask.only(SIGNS)
}

/// Letters of one case, or digits, are no Base64.
fn is_one_case(value: &[u8]) -> bool {
    !(value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase))
}

/// What each decoder makes of `text`, as far as it changes anything.
fn children(text: &Text, mask: Mask, budget: &mut Budget) -> Vec<Text> {
    let mut children = Vec::new();
    for (layer, decode) in DECODERS {
        // Base64 in Base64 in Base64 is a joke; and it would be a long one.
        let repeated = *layer == Layer::Base64
            && text.layers.iter().filter(|known| *known == layer).count() >= 2;
        if repeated || decode::is_plain(mask, &text.bytes) {
            continue;
        }
        if !budget.spend(text.bytes.len() / 8, "decoding") {
            break;
        }
        if let Some(child) = decode(text, mask) {
            if !budget.spend(VALUE + child.bytes.len(), "decoding") {
                break;
            }
            children.push(child.with_layer(text, *layer));
        }
    }
    children
}

fn look(view: &View<'_>, work: &mut Work<'_>) {
    for (has_cause, inspect) in DETECTORS {
        if has_cause(view) {
            inspect(view, work);
        }
    }
}

fn collect(findings: &mut Findings, notes: Vec<Note>, text: Option<&Text>, length: usize) {
    for note in notes {
        let evidence = match text {
            Some(text) => text.in_original(&note.span, length),
            None => {
                note.span.start.min(length)
                    ..note.span.end.clamp(note.span.start.min(length), length)
            }
        };
        findings.add(Finding {
            class: note.class,
            confidence: note.confidence,
            evidence,
            decoded: text.map(|text| text.layers.clone()).unwrap_or_default(),
            reason: note.reason,
        });
    }
}

/// A finding about the request as a whole.
pub(super) fn about_request(class: Class, confidence: u8, reason: &'static str) -> Finding {
    Finding { class, confidence, evidence: 0..0, decoded: Vec::new(), reason }
}
