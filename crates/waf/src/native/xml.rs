//! XML, as leniently as the most lenient reader: every text, every attribute, every section of
//! character data is a value, whether the document is well formed or not.

use memchr::memmem;

use super::hit::Spot;
use super::inspection::Inspection;
use crate::detect::Place;

/// Tags of one document that are looked at; more exhaust the budget.
const TAGS: usize = 100_000;
const SPOT: Spot<'static> = Spot { place: Place::XmlText, part: "xml", name: b"" };

impl Inspection<'_> {
    /// Looks at a document as a whole, for what it declares, and at what is in it.
    pub(super) fn xml(&mut self, document: &[u8]) {
        self.value(&SPOT, document);
        let mut rest = document;
        for count in 0.. {
            let tag = memchr::memchr(b'<', rest).unwrap_or(rest.len());
            self.value(&SPOT, rest.get(..tag).unwrap_or_default());
            let Some(markup) = rest.get(tag + 1..).filter(|_| !self.is_over()) else { return };
            if count >= TAGS {
                return self.exhaust("xml tags");
            }
            rest = match markup.strip_prefix(b"![CDATA[") {
                Some(text) => {
                    let end = memmem::find(text, b"]]>").unwrap_or(text.len());
                    self.value(&SPOT, text.get(..end).unwrap_or_default());
                    text.get(end + 3..).unwrap_or_default()
                }
                None => {
                    let end = memchr::memchr(b'>', markup).unwrap_or(markup.len());
                    self.attributes(markup.get(..end).unwrap_or_default());
                    markup.get(end + 1..).unwrap_or_default()
                }
            };
        }
    }

    fn attributes(&mut self, tag: &[u8]) {
        let mut rest = tag;
        while let Some(start) = memchr::memchr2(b'"', b'\'', rest).filter(|_| !self.is_over()) {
            let quote = rest.get(start).copied().unwrap_or_default();
            let text = rest.get(start + 1..).unwrap_or_default();
            let end = memchr::memchr(quote, text).unwrap_or(text.len());
            self.value(&SPOT, text.get(..end).unwrap_or_default());
            rest = text.get(end + 1..).unwrap_or_default();
        }
    }
}
