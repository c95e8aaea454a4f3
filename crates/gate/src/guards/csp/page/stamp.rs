//! Writing a nonce into every script and style tag (`dangerous_stamp_all`), and reading pages.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use lol_html::send::{HtmlRewriter, Settings};
use lol_html::{MemorySettings, OutputSink, element};

use crate::pipeline::GuardError;

/// The most memory for one page, in bytes: one tag can be as long as a page.
const MEMORY: usize = 1024 * 1024;

/// Where a rewriter puts what it has done.
#[derive(Debug, Clone, Default)]
pub(super) struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self, out: &mut Vec<u8>) {
        out.append(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl OutputSink for Sink {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(chunk);
    }
}

/// Settings under which a page may take so much memory and no more.
pub(super) fn bounded() -> Settings<'static, 'static> {
    let memory = MemorySettings::new().with_max_allowed_memory_usage(MEMORY);
    Settings::new_send().with_memory_settings(memory).with_strict(false)
}

/// Stamps one page.
pub(in super::super) struct Stamp {
    /// `None` once the page is over.
    rewriter: Option<HtmlRewriter<'static, Sink>>,
    sink: Sink,
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stamp").finish_non_exhaustive()
    }
}

impl Stamp {
    /// Stamps with this nonce.
    pub(in super::super) fn new(nonce: &str) -> Self {
        let nonce = nonce.to_owned();
        let settings =
            bounded().append_element_content_handler(element!("script, style", move |element| {
                element.set_attribute("nonce", &nonce)?;
                Ok(())
            }));
        let sink = Sink::default();
        Self { rewriter: Some(HtmlRewriter::new(settings, sink.clone())), sink }
    }

    pub(super) fn push(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), GuardError> {
        if let Some(rewriter) = &mut self.rewriter {
            rewriter.write(text).map_err(|error| GuardError(error.to_string()))?;
        }
        self.sink.take(out);
        Ok(())
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), GuardError> {
        if let Some(rewriter) = self.rewriter.take() {
            rewriter.end().map_err(|error| GuardError(error.to_string()))?;
        }
        self.sink.take(out);
        Ok(())
    }
}
