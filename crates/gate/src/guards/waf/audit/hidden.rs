//! What is taken out of a record: secrets, as everywhere, and what rules say (`sanitise…`).

use mantlet_event::Redactor;
use mantlet_event::names_secret;
use mantlet_waf::{AuditRecord, MatchedRule, RuleMatch, Sanitised};

use crate::redact::{Discreet, GONE};

/// Characters of a value that a message shows.
const SHOWN: usize = 100;

/// The parts of one record without what is to be hidden.
pub(super) struct Hidden<'a> {
    record: &'a AuditRecord,
    redactor: &'a Redactor,
}

/// Bytes as text: what is not UTF-8, and what is no printable character, as `\xHH`.
pub(super) fn readable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match u8::try_from(character) {
                Ok(byte) if byte.is_ascii_control() => push_hex(&mut out, byte),
                _ => out.push(character),
            }
        }
        chunk.invalid().iter().for_each(|byte| push_hex(&mut out, *byte));
    }
    out
}

fn push_hex(out: &mut String, byte: u8) {
    out.push_str("\\x");
    for nibble in [byte >> 4, byte & 15] {
        out.extend(char::from_digit(u32::from(nibble), 16));
    }
}

impl<'a> Hidden<'a> {
    pub(super) const fn new(record: &'a AuditRecord, redactor: &'a Redactor) -> Self {
        Self { record, redactor }
    }

    fn says(&self, what: &Sanitised) -> bool {
        let said = &self.record.sanitised;
        said.iter().any(|it| it == what || *it == Sanitised::Everything)
    }

    /// Whether an argument, a cookie or a member of this name is hidden.
    fn hides_argument(&self, name: &str) -> bool {
        names_secret(name)
            || self.record.sanitised.iter().any(|it| match it {
                Sanitised::Argument(hidden) => hidden.eq_ignore_ascii_case(name),
                other => *other == Sanitised::Everything,
            })
    }

    /// Whether rules hide the header field of this name.
    fn hides_header(&self, name: &str, of: fn(&Sanitised) -> Option<&str>) -> bool {
        self.record.sanitised.iter().any(|it| {
            of(it).is_some_and(|hidden| hidden.eq_ignore_ascii_case(name))
                || *it == Sanitised::Everything
        })
    }

    /// What comes of `look` where the names of hidden arguments are known.
    fn with_names(&self, look: impl FnOnce(Discreet<'_>) -> String) -> String {
        let is_secret = |name: &str| self.hides_argument(name);
        look(Discreet::new(self.redactor).naming(&is_secret))
    }

    /// Text without anything that looks like a secret.
    pub(super) fn text(&self, text: &str) -> String {
        Discreet::new(self.redactor).text(text)
    }

    pub(super) fn target(&self) -> String {
        if self.says(&Sanitised::Target) {
            return GONE.to_owned();
        }
        let target = readable(&self.record.target);
        self.with_names(|discreet| discreet.target(&target))
    }

    /// Header fields, each name once, in their order; the values of one that came again are joined.
    pub(super) fn headers(&self, is_request: bool) -> Vec<(String, String)> {
        let (fields, of): (_, fn(&Sanitised) -> Option<&str>) = if is_request {
            (&self.record.request_headers, request_header)
        } else {
            (&self.record.response_headers, response_header)
        };
        let mut shown: Vec<(String, String)> = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let (name, value) = (readable(name), readable(value));
            let value = if self.hides_header(&name, of) {
                GONE.to_owned()
            } else {
                Discreet::new(self.redactor).header(&name, &value)
            };
            match shown.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                Some((_, known)) => {
                    known.push_str(", ");
                    known.push_str(&value);
                }
                None => shown.push((name, value)),
            }
        }
        shown
    }

    /// A body of this type; `None` where it is not text, and nobody could look for secrets in it.
    pub(super) fn body(&self, kind: &str, body: &[u8], whole: &Sanitised) -> Option<String> {
        if self.says(whole) {
            return Some(GONE.to_owned());
        }
        let is_text = |byte: &u8| !matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1f | 0x7f);
        let plain = std::str::from_utf8(body).ok().filter(|_| body.iter().all(is_text));
        match plain {
            Some(text) => Some(self.with_names(|discreet| discreet.body(kind, text))),
            // Names and values are told from each other whatever bytes they are.
            None if kind.starts_with("application/x-www-form-urlencoded") => {
                let text = readable(body);
                Some(self.with_names(|discreet| discreet.text(&discreet.pairs(&text))))
            }
            None => None,
        }
    }

    /// Whether nothing of the value that a rule matched may be shown: its name says so, or what stands
    /// in it.
    pub(super) fn hides_match(&self, one: &RuleMatch) -> bool {
        let value = readable(original(one));
        let (variable, name) = one.variable.split_once(':').unwrap_or((&one.variable, ""));
        let hides_place = match variable {
            "REQUEST_HEADERS" => {
                self.hides_header(name, request_header)
                    || Discreet::new(self.redactor).header(name, "") == GONE
            }
            "RESPONSE_HEADERS" => {
                self.hides_header(name, response_header)
                    || Discreet::new(self.redactor).header(name, "") == GONE
            }
            "REQUEST_BODY" | "XML" => self.says(&Sanitised::RequestBody),
            "RESPONSE_BODY" => self.says(&Sanitised::ResponseBody),
            "TX" => false,
            _ if name.is_empty() => self.says(&Sanitised::Target),
            _ => self.hides_argument(name),
        };
        let shown = |text: &str| self.with_names(|it| it.body("", &it.target(text)));
        // Of a text with names and values in it, it is not known which of them were matched.
        let is_cleaned = shown(&value) != value || {
            let seen = readable(&one.value);
            shown(&seen) != seen
        };
        hides_place || (variable != "TX" && is_cleaned)
    }

    /// The value that a rule matched, as messages show it.
    pub(super) fn value(&self, one: &RuleMatch) -> String {
        if self.hides_match(one) {
            return GONE.to_owned();
        }
        let value = readable(original(one));
        let mut shown: String = value.chars().take(SHOWN).collect();
        let more = value.chars().count().saturating_sub(SHOWN);
        if more > 0 {
            shown.push_str(&format!(" ({more} characters omitted)"));
        }
        shown
    }

    /// What a rule says about what it matched, and its message.
    pub(super) fn words(&self, rule: &MatchedRule) -> (String, String) {
        let hides = rule.matches.iter().any(|one| self.hides_match(one));
        let shown = |text: &str, is_fixed: bool| match hides && !is_fixed && !text.is_empty() {
            true => GONE.to_owned(),
            false => self.text(&readable(text.as_bytes())),
        };
        (shown(&rule.message, rule.has_fixed_message()), shown(&rule.data, false))
    }
}

fn original(one: &RuleMatch) -> &[u8] {
    one.original.as_deref().unwrap_or(&one.value)
}

fn request_header(what: &Sanitised) -> Option<&str> {
    match what {
        Sanitised::RequestHeader(name) => Some(name),
        _ => None,
    }
}

fn response_header(what: &Sanitised) -> Option<&str> {
    match what {
        Sanitised::ResponseHeader(name) => Some(name),
        _ => None,
    }
}
