//! The hashes of the inline scripts and styles of a page, as browsers compute them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lol_html::html_content::{Element, TextChunk};
use lol_html::send::HtmlRewriter;
use lol_html::{HandlerTypes, element, text};
use mantlet_crypto::Sha256;

use super::super::reports::{Observation, Reports, SAMPLE};
use super::stamp::bounded;

/// The most scripts and styles of one page that are noted.
const MOST: usize = 100;

/// What comes out of it goes nowhere.
type Reader = HtmlRewriter<'static, fn(&[u8])>;

/// Notes what one page holds; the page itself is not changed.
pub(in super::super) struct Inline {
    /// `None` once it has met something it cannot read: the page goes on without it.
    rewriter: Option<Reader>,
}

impl fmt::Debug for Inline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inline").finish_non_exhaustive()
    }
}

/// One script or style that is being read.
struct Hashing {
    digest: Sha256,
    sample: String,
    /// Whether the last character was a carriage return: the parser makes one line break of it and
    /// the line feed behind it, and the hash is that of the parsed text.
    is_after_return: bool,
    is_empty: bool,
}

/// What the handlers of one page share.
struct Page {
    reports: Arc<Reports>,
    document: String,
    left: usize,
    current: Option<Hashing>,
}

impl Inline {
    /// Notes what the page at the path `document` holds.
    pub(in super::super) fn new(reports: Arc<Reports>, document: String) -> Self {
        let page = Arc::new(Mutex::new(Page { reports, document, left: MOST, current: None }));
        let mut settings = bounded();
        for (selector, directive) in [("script:not([src])", "script-src"), ("style", "style-src")] {
            let (begun, read) = (Arc::clone(&page), Arc::clone(&page));
            settings = settings
                .append_element_content_handler(element!(selector, move |element| {
                    lock(&begun).begin(is_run(element));
                    Ok(())
                }))
                .append_element_content_handler(text!(selector, move |chunk| {
                    lock(&read).read(directive, chunk);
                    Ok(())
                }));
        }
        Self { rewriter: Some(HtmlRewriter::new(settings, |_: &[u8]| {})) }
    }

    pub(in super::super) fn look(&mut self, text: &[u8]) {
        if let Some(rewriter) = &mut self.rewriter
            && rewriter.write(text).is_err()
        {
            self.rewriter = None;
        }
    }
}

fn lock(page: &Mutex<Page>) -> std::sync::MutexGuard<'_, Page> {
    page.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether it needs a hash: data blocks are not run, and what has a nonce needs none.
fn is_run<H: HandlerTypes>(element: &Element<'_, '_, H>) -> bool {
    if element.has_attribute("nonce") {
        return false;
    }
    let kind = element.get_attribute("type").unwrap_or_default().trim().to_ascii_lowercase();
    element.tag_name() == "style"
        || kind.is_empty()
        || matches!(kind.as_str(), "module" | "importmap" | "speculationrules")
        || kind.ends_with("javascript")
        || kind.ends_with("ecmascript")
}

impl Page {
    fn begin(&mut self, is_run: bool) {
        self.current = (is_run && self.left > 0).then(|| Hashing {
            digest: Sha256::new(),
            sample: String::new(),
            is_after_return: false,
            is_empty: true,
        });
    }

    fn read(&mut self, directive: &'static str, chunk: &TextChunk<'_>) {
        let Some(hashing) = &mut self.current else { return };
        hashing.add(chunk.as_str());
        if !chunk.last_in_text_node() {
            return;
        }
        let Some(hashing) = self.current.take().filter(|hashing| !hashing.is_empty) else { return };
        self.left = self.left.saturating_sub(1);
        let digest = hashing.digest.finish();
        self.reports.note(Observation {
            directive: directive.to_owned(),
            source: format!("'sha256-{}'", STANDARD.encode(digest)),
            document: self.document.clone(),
            sample: hashing.sample,
        });
    }
}

impl Hashing {
    fn add(&mut self, text: &str) {
        self.is_empty &= text.is_empty();
        let room = SAMPLE.saturating_sub(self.sample.chars().count());
        self.sample.extend(text.chars().take(room));
        for piece in text.split_inclusive(['\r', '\n']) {
            let (rest, ending) = match piece.strip_suffix(['\r', '\n']) {
                Some(rest) => (rest, piece.as_bytes().last().copied()),
                None => (piece, None),
            };
            self.digest.update(rest.as_bytes());
            let is_second = rest.is_empty() && ending == Some(b'\n') && self.is_after_return;
            if ending.is_some() && !is_second {
                self.digest.update(b"\n");
            }
            self.is_after_return = ending == Some(b'\r');
        }
    }
}
