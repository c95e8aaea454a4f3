//! From what was reported to the settings under which it would pass, and to what looks like an
//! attack. Pure: the command line prints it.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::reports::Known;
use super::{CspSection, is_hash, is_source};

/// Words that inline scripts of applications rarely begin with, and injected ones often.
const ATTACK_LIKE: [&str; 12] = [
    "alert(",
    "confirm(",
    "prompt(",
    "document.cookie",
    "document.domain",
    "eval(",
    "fromcharcode",
    "atob(",
    "javascript:",
    "onerror",
    "<script",
    "window.name",
];

/// One value of a setting, and what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The value, as it stands in the setting.
    pub text: String,
    /// What was reported; `None` for what the configuration says already.
    pub known: Option<Known>,
}

/// Something that was reported and is not suggested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What was reported.
    pub known: Known,
    /// Why it is not suggested, and what to do.
    pub why: &'static str,
}

/// What follows from the reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggestion {
    /// Settings of `[guards.csp]` by their keys: the lists as they would be.
    pub settings: BTreeMap<String, Vec<Value>>,
    /// What a person has to look at.
    pub doubts: Vec<Doubt>,
}

/// What follows from `known` for an application with these settings.
#[must_use]
pub fn suggest(known: &[Known], section: &CspSection) -> Suggestion {
    let mut suggestion = Suggestion::default();
    for one in known {
        match place(one, known, section) {
            Place::Setting(key, text) => suggestion.add(key, text, one, section),
            Place::Doubt(why) => suggestion.doubts.push(Doubt { known: one.clone(), why }),
            Place::Settled => {}
        }
    }
    suggestion
}

enum Place {
    Setting(String, String),
    Doubt(&'static str),
    /// The configuration allows it, or something else here speaks for it.
    Settled,
}

fn place(one: &Known, all: &[Known], section: &CspSection) -> Place {
    let hash = one.source.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    if let Some(hash) = hash.filter(|hash| is_hash(hash)) {
        return hash_place(one, hash, section);
    }
    match one.source.as_str() {
        "'inline'" => return inline_place(one, all),
        "'eval'" => {
            return Place::Doubt(
                "text is turned into a script: `'unsafe-eval'` in `script_src` would allow it to every script",
            );
        }
        "'wasm-eval'" => {
            let text = "'wasm-unsafe-eval'".to_owned();
            return Place::Setting("script_src".to_owned(), text);
        }
        _ => {}
    }
    host_place(one, section)
}

fn hash_place(one: &Known, hash: &str, section: &CspSection) -> Place {
    let is_style = one.directive.starts_with("style-src");
    let (key, listed) = match is_style {
        true => ("style_hashes", &section.style_hashes),
        false => ("script_hashes", &section.script_hashes),
    };
    if listed.iter().any(|known| known.as_str() == hash) {
        return Place::Settled;
    }
    if !is_style && is_attack_like(&one.sample) {
        return Place::Doubt(
            "it looks like an injected script: see that it is the application's own before its hash is listed",
        );
    }
    Place::Setting(key.to_owned(), hash.to_owned())
}

/// An inline script that was blocked in a browser: fine when a page held it as it passed the gate,
/// else something has put it there since.
fn inline_place(one: &Known, all: &[Known]) -> Place {
    if one.directive.ends_with("-attr") {
        return Place::Doubt(
            "an event handler or style in an attribute: move it into a script or style sheet, no setting allows it safely",
        );
    }
    if is_attack_like(&one.sample) {
        return Place::Doubt("it looks like an injected script");
    }
    let family = one.directive.trim_end_matches("-elem");
    let is_held = |other: &Known| {
        other.directive.starts_with(family)
            && other.source.starts_with("'sha")
            && other.sample.starts_with(one.sample.as_str())
    };
    if all.iter().any(is_held) {
        return Place::Settled;
    }
    Place::Doubt(
        "no page held it when it passed the gate: a script has added it, or someone else has",
    )
}

fn host_place(one: &Known, section: &CspSection) -> Place {
    let directive = one.directive.trim_end_matches("-elem");
    let key = directive.replace('-', "_");
    let Some(sources) = section.sources(&key) else {
        return Place::Doubt("there is no setting for this directive: it stays closed");
    };
    if sources.iter().any(|source| source.as_str() == one.source) {
        return Place::Settled;
    }
    let runs = matches!(directive, "script-src" | "worker-src" | "frame-src" | "default-src");
    if runs && matches!(one.source.as_str(), "data:" | "blob:" | "filesystem:") {
        return Place::Doubt("anyone who can write an address could write a script");
    }
    if one.source.starts_with("http:") || one.source.starts_with("ws:") {
        return Place::Doubt("it is not encrypted: anyone on the way could change it");
    }
    if is_address(&one.source) {
        return Place::Doubt("a bare address instead of a host name");
    }
    if !is_source(&one.source) {
        return Place::Doubt("a policy cannot name it");
    }
    Place::Setting(key, one.source.clone())
}

fn is_attack_like(sample: &str) -> bool {
    let lower = sample.to_ascii_lowercase();
    ATTACK_LIKE.iter().any(|word| lower.contains(word))
}

fn is_address(origin: &str) -> bool {
    let Ok(url) = url::Url::parse(origin) else { return false };
    matches!(url.host(), Some(url::Host::Ipv4(_) | url::Host::Ipv6(_)))
}

impl Suggestion {
    fn add(&mut self, key: String, text: String, known: &Known, section: &CspSection) {
        let list = self.settings.entry(key).or_insert_with_key(|key| held(key, section));
        match list.iter_mut().find(|value| value.text == text) {
            // Two directives of one family, as `script-src` and `script-src-elem`.
            Some(value) => {
                if let Some(before) = &mut value.known {
                    before.count = before.count.saturating_add(known.count);
                }
            }
            None => list.push(Value { text, known: Some(known.clone()) }),
        }
    }
}

/// What the configuration says at `key`.
fn held(key: &str, section: &CspSection) -> Vec<Value> {
    let texts: Vec<&str> = match key {
        "script_hashes" => section.script_hashes.iter().map(super::InlineHash::as_str).collect(),
        "style_hashes" => section.style_hashes.iter().map(super::InlineHash::as_str).collect(),
        key => section.sources(key).unwrap_or_default().iter().map(super::Source::as_str).collect(),
    };
    let texts = texts.into_iter().filter(|text| *text != "'none'");
    texts.map(|text| Value { text: text.to_owned(), known: None }).collect()
}
