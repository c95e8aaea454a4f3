//! Reading the two formats of reports.

use serde_json::Value as Json;
use url::Url;

use super::{Observation, SAMPLE};

/// The most violations of one body that are read; the rest is dropped.
const MOST: usize = 50;
/// The longest path of a page that is kept, in characters.
const PATH: usize = 200;
/// The longest origin that is kept, in bytes.
const ORIGIN: usize = 260;

/// The directives there are; what names another one is no report.
const DIRECTIVES: [&str; 24] = [
    "base-uri",
    "child-src",
    "connect-src",
    "default-src",
    "fenced-frame-src",
    "font-src",
    "form-action",
    "frame-ancestors",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "navigate-to",
    "object-src",
    "prefetch-src",
    "require-trusted-types-for",
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "style-src",
    "style-src-attr",
    "style-src-elem",
    "trusted-types",
    "worker-src",
];

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/csp-report`, of `report-uri` (CSP Level 2).
    Report,
    /// `application/reports+json`, of `report-to` (the Reporting API).
    Reports,
}

impl Format {
    /// The format that a `Content-Type` names; `None` for any other.
    #[must_use]
    pub fn of(content_type: &str) -> Option<Self> {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        match kind.to_ascii_lowercase().as_str() {
            "application/csp-report" => Some(Self::Report),
            "application/reports+json" => Some(Self::Reports),
            _ => None,
        }
    }
}

/// The violations in `body` on pages of `host`; `None` when it is no report.
pub(super) fn parse(format: Format, body: &[u8], host: &str) -> Option<Vec<Observation>> {
    let document: Json = serde_json::from_slice(body).ok()?;
    match format {
        Format::Report => {
            let report = document.get("csp-report")?.as_object()?;
            let text = |key: &str| report.get(key).and_then(Json::as_str).unwrap_or_default();
            let directive = match text("effective-directive") {
                "" => text("violated-directive"),
                directive => directive,
            };
            let violation = Violation {
                document: text("document-uri"),
                directive,
                blocked: text("blocked-uri"),
                file: text("source-file"),
                sample: text("script-sample"),
            };
            Some(violation.observed(host).into_iter().collect())
        }
        Format::Reports => {
            let reports = document.as_array()?.iter().take(MOST);
            Some(reports.filter_map(|report| of_api(report, host)).collect())
        }
    }
}

fn of_api(report: &Json, host: &str) -> Option<Observation> {
    if report.get("type").and_then(Json::as_str) != Some("csp-violation") {
        return None;
    }
    let body = report.get("body")?.as_object()?;
    let text = |key: &str| body.get(key).and_then(Json::as_str).unwrap_or_default();
    let violation = Violation {
        document: text("documentURL"),
        directive: text("effectiveDirective"),
        blocked: text("blockedURL"),
        file: text("sourceFile"),
        sample: text("sample"),
    };
    violation.observed(host)
}

/// A violation in the words of the browser.
struct Violation<'a> {
    document: &'a str,
    directive: &'a str,
    blocked: &'a str,
    file: &'a str,
    sample: &'a str,
}

impl Violation<'_> {
    /// What is kept of it; `None` for what is not about a page of `host`, and for what extensions
    /// of the browser do.
    fn observed(&self, host: &str) -> Option<Observation> {
        let document = Url::parse(self.document).ok()?;
        if document.host_str()? != host || is_foreign(self.blocked) || is_foreign(self.file) {
            return None;
        }
        let directive = self.directive.split_ascii_whitespace().next()?.to_ascii_lowercase();
        if !DIRECTIVES.contains(&directive.as_str()) {
            return None;
        }
        Some(Observation {
            directive,
            source: source(self.blocked, &document)?,
            document: document.path().chars().take(PATH).collect(),
            sample: self.sample.chars().take(SAMPLE).collect(),
        })
    }
}

/// Whether it comes from the browser itself or what is installed in it.
fn is_foreign(address: &str) -> bool {
    let Some((scheme, _)) = address.split_once(':') else {
        return address.ends_with("-extension");
    };
    scheme.ends_with("-extension") || matches!(scheme, "about" | "chrome" | "resource" | "moz")
}

/// What was blocked, as a policy would name it.
fn source(blocked: &str, document: &Url) -> Option<String> {
    match blocked {
        "" | "self" => return Some("'self'".to_owned()),
        "inline" => return Some("'inline'".to_owned()),
        "eval" | "wasm-eval" | "trusted-types-policy" | "trusted-types-sink" => {
            return Some(format!("'{blocked}'"));
        }
        "data" | "blob" | "filesystem" | "mediastream" => return Some(format!("{blocked}:")),
        _ => {}
    }
    let url = Url::parse(blocked).ok()?;
    if !matches!(url.scheme(), "http" | "https" | "ws" | "wss") {
        return Some(format!("{}:", url.scheme())).filter(|text| text.len() <= ORIGIN);
    }
    if url.origin() == document.origin() {
        return Some("'self'".to_owned());
    }
    let host = url.host_str()?;
    let origin = match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    };
    Some(origin).filter(|text| text.len() <= ORIGIN)
}
