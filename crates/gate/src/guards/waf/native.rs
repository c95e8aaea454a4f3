//! The native detectors over one request.

use std::sync::{Arc, LazyLock};

use http::HeaderMap;
use http::header::{CONTENT_TYPE, REFERER};
use mantlet_waf::detect::{Budget, Detectors, Head, Settings};
use mantlet_waf::native::{Inspection, Unreadable};

use super::WafSection;
use super::exceptions::Exceptions;
use crate::pipeline::{Exchange, TypedInputs};

/// The index of the first pass is the same whatever the settings are.
static DETECTORS: LazyLock<Arc<Detectors>> =
    LazyLock::new(|| Arc::new(Detectors::new(Settings::default())));

/// The detectors as one route wants them.
#[derive(Debug)]
pub(super) struct Native {
    detectors: Arc<Detectors>,
    threshold: u8,
    reads_files: bool,
    exceptions: Exceptions,
}

/// How a look ended.
pub(super) type Look<'d> = Result<Inspection<'d>, Unreadable>;

impl Native {
    pub(super) fn new(section: &WafSection) -> Self {
        // Beside rules the number is their score.
        let threshold = section.threshold.filter(|_| section.rules.is_empty());
        let threshold = threshold.unwrap_or_else(|| Settings::THRESHOLD.into());
        Self {
            detectors: Arc::clone(&DETECTORS),
            threshold: u8::try_from(threshold).unwrap_or(u8::MAX),
            reads_files: section.files,
            exceptions: Exceptions(section.exceptions.clone()),
        }
    }

    fn begin<'s>(&'s self, bytes: usize, known: Option<&'s TypedInputs>) -> Inspection<'s> {
        let budget = Budget::for_bytes(bytes);
        let inspection = Inspection::new(&self.detectors, self.threshold, budget)
            .exempting(&self.exceptions)
            .reading_files(self.reads_files);
        match known {
            Some(known) => inspection.knowing(known),
            None => inspection,
        }
    }

    /// Looks at the head of a request.
    pub(super) fn head<'s>(&'s self, exchange: &'s Exchange) -> Inspection<'s> {
        let mut inspection = self.begin(0, exchange.facts.lookup());
        inspection.path(exchange.path.as_str());
        let query = exchange.query.as_deref().unwrap_or_default();
        inspection.query(query.as_bytes());
        let mut headers = Vec::with_capacity(exchange.headers.len());
        for (name, value) in &exchange.headers {
            inspection.header(name.as_str(), value.as_bytes());
            headers.push((name.as_str(), value.as_bytes()));
        }
        let parameters =
            if exchange.headers.contains_key(REFERER) { names(query) } else { Vec::new() };
        inspection.head(&Head {
            method: exchange.method.as_str().as_bytes(),
            host: exchange.host.as_bytes(),
            headers: &headers,
            parameters: &parameters,
        });
        inspection
    }

    /// Looks at a body that has been unpacked.
    pub(super) fn body<'s>(
        &'s self,
        kinds: &[Vec<u8>],
        body: &[u8],
        known: Option<&'s TypedInputs>,
    ) -> Look<'s> {
        let mut inspection = self.begin(body.len(), known);
        for kind in kinds {
            inspection.body(kind, body)?;
        }
        Ok(inspection)
    }

    /// Looks at a text message of a WebSocket.
    pub(super) fn message(&self, text: &str) -> Inspection<'_> {
        let mut inspection = self.begin(text.len(), None);
        inspection.message(text);
        inspection
    }
}

/// The types that a body is declared as; one, the empty one, when there is none.
pub(super) fn kinds(headers: &HeaderMap) -> Vec<Vec<u8>> {
    let kinds = headers.get_all(CONTENT_TYPE).iter().map(|kind| kind.as_bytes().to_vec());
    let mut kinds: Vec<_> = kinds.collect();
    if kinds.is_empty() {
        kinds.push(Vec::new());
    }
    kinds
}

fn names(query: &str) -> Vec<&[u8]> {
    query
        .as_bytes()
        .split(|byte| *byte == b'&')
        .filter_map(|pair| pair.split(|b| *b == b'=').next())
        .collect()
}
