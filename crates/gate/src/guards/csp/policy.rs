//! The strict policy, prepared when the configuration is loaded.

use bytes::Bytes;
use http::HeaderValue;

use super::config::CspSection;
use super::nonce::Nonce;
use super::source::Source;
use crate::pipeline::Scheme;

/// Where browsers report violations.
pub const REPORT_PATH: &str = "/.mantlet/csp-report";
/// What the place is called in the policy.
const ENDPOINT: &str = "mantlet-csp";
/// The same for browsers with the Reporting API.
pub(super) const ENDPOINTS: HeaderValue =
    HeaderValue::from_static("mantlet-csp=\"/.mantlet/csp-report\"");

/// The strict policy in two forms: as a whole, and in the parts between which a nonce goes.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    plain: HeaderValue,
    parts: Vec<String>,
}

/// Stands for the nonce while the parts are put together; no source can hold it.
const HOLE: char = '\u{1}';

impl Policy {
    /// The policy of these settings, for pages that are reached in this way.
    pub(super) fn strict(section: &CspSection, scheme: Scheme) -> Self {
        let plain = render(section, scheme, false);
        let parts = render(section, scheme, true).split(HOLE).map(str::to_owned).collect();
        Self { plain: value(plain), parts }
    }

    /// For answers without a nonce.
    pub(super) fn plain(&self) -> HeaderValue {
        self.plain.clone()
    }

    /// For a page with this nonce.
    pub(super) fn with(&self, nonce: &Nonce) -> HeaderValue {
        value(self.parts.join(nonce.as_str()))
    }
}

fn value(text: String) -> HeaderValue {
    // What the sources hold has been checked; where that fails, nothing is allowed.
    HeaderValue::from_maybe_shared(Bytes::from(text))
        .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

fn render(section: &CspSection, scheme: Scheme, with_nonce: bool) -> String {
    let mut directives: Vec<String> = section
        .directives()
        .iter()
        .filter(|(_, sources)| !sources.is_empty())
        .map(|(name, sources)| match *name {
            "script-src" => scripts(section, with_nonce),
            "style-src" => styles(section, with_nonce),
            name => directive(name, sources.iter().map(|source| source.as_str().to_owned())),
        })
        .collect();
    directives.push("base-uri 'none'".to_owned());
    directives.push("object-src 'none'".to_owned());
    if section.trusted_types {
        directives.push("require-trusted-types-for 'script'".to_owned());
    }
    if section.report {
        directives.push(format!("report-uri {REPORT_PATH}"));
    }
    // The Reporting API is for secure origins; named elsewhere, it would keep browsers from the old
    // way, and nothing would be reported.
    if section.report && scheme == Scheme::Https {
        directives.push(format!("report-to {ENDPOINT}"));
    }
    directives.join("; ")
}

fn directive(name: &str, sources: impl Iterator<Item = String>) -> String {
    let mut text = name.to_owned();
    for source in sources {
        text.push(' ');
        text.push_str(&source);
    }
    text
}

fn scripts(section: &CspSection, with_nonce: bool) -> String {
    let mut words = Vec::new();
    if with_nonce {
        words.push(format!("'nonce-{HOLE}'"));
    }
    words.extend(section.script_hashes.iter().map(|hash| format!("'{}'", hash.as_str())));
    if section.strict_dynamic && !words.is_empty() {
        words.push("'strict-dynamic'".to_owned());
    }
    directive("script-src", finish(words, &section.script_src, section.report))
}

/// A nonce or hash would switch `'unsafe-inline'` off, so styles have one or the other.
fn styles(section: &CspSection, with_nonce: bool) -> String {
    let is_inline = section.style_src.iter().any(|source| source.as_str() == "'unsafe-inline'");
    let mut words = Vec::new();
    if with_nonce && !is_inline {
        words.push(format!("'nonce-{HOLE}'"));
    }
    if !is_inline {
        words.extend(section.style_hashes.iter().map(|hash| format!("'{}'", hash.as_str())));
    }
    directive("style-src", finish(words, &section.style_src, section.report))
}

/// The words, then the sources; `'none'` only where nothing else is said.
fn finish(
    mut words: Vec<String>,
    sources: &[Source],
    has_report: bool,
) -> impl Iterator<Item = String> {
    let others = sources.iter().map(Source::as_str).filter(|source| *source != "'none'");
    words.extend(others.map(str::to_owned));
    if words.is_empty() {
        words.push("'none'".to_owned());
    } else if has_report {
        words.push("'report-sample'".to_owned());
    }
    words.into_iter()
}
