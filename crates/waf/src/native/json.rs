//! JSON, and GraphQL in it.

use std::borrow::Cow;

use super::hit::Spot;
use super::inspection::Inspection;
use crate::detect::body::{JsonText, each_string};

impl Inspection<'_> {
    /// Looks at every key and every string of a JSON text, whatever is broken about it. `name` is
    /// the parameter that the text came in; empty for a whole body.
    pub(super) fn json(&mut self, text: &[u8], name: &[u8], part: &'static str) {
        let is_whole = each_string(text, |text| {
            self.json_text(text, name, part);
            !self.is_over()
        });
        if !is_whole && !self.is_over() {
            self.exhaust("json strings");
        }
    }

    fn json_text(&mut self, text: &JsonText<'_>, name: &[u8], part: &'static str) {
        let input = text.input();
        // The strings of a GraphQL document say more exactly where an attack stands than the whole.
        if !text.is_key && input.name == b"query" {
            self.literals(&text.value, b"query");
        }
        let is_plain = name.is_empty() && text.is_on_top();
        self.located(input, part, is_plain, || {
            let path = text.path();
            Cow::Owned(match (name.is_empty(), path.is_empty()) {
                (true, _) => path,
                (false, true) => name.to_vec(),
                (false, false) => [name, b".", &path].concat(),
            })
        });
    }

    /// The strings inside a GraphQL document.
    pub(super) fn literals(&mut self, document: &[u8], name: &[u8]) {
        each_string(document, |text| {
            let input = text.input();
            self.input(&Spot { place: input.place, part: "graphql", name }, input);
            !self.is_over()
        });
    }
}
