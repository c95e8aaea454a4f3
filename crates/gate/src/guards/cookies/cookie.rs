//! One `Set-Cookie`, read as browsers read it (RFC 6265bis section 5).

/// A cookie and its attributes, each as it was sent.
#[derive(Debug)]
pub(super) struct Cookie<'a> {
    pair: &'a [u8],
    attributes: Vec<&'a [u8]>,
}

impl<'a> Cookie<'a> {
    /// Browsers split at every semicolon, quotes or not, so nothing here can be malformed.
    pub(super) fn parse(text: &'a [u8]) -> Self {
        let mut parts = text.split(|byte| *byte == b';');
        Self { pair: parts.next().unwrap_or_default(), attributes: parts.collect() }
    }

    /// The name; empty when there is none.
    pub(super) fn name(&self) -> &'a [u8] {
        let mut halves = self.pair.splitn(2, |byte| *byte == b'=');
        let first = halves.next().unwrap_or_default();
        // Without `=` all of it is the value.
        if halves.next().is_some() { first.trim_ascii() } else { &[] }
    }

    /// Whether browsers drop it: neither name nor value.
    pub(super) fn is_empty(&self) -> bool {
        self.pair.iter().all(|byte| matches!(byte, b'=' | b' ' | b'\t'))
    }

    /// Whether it has an attribute of this name, whatever its value.
    pub(super) fn has(&self, wanted: &str) -> bool {
        self.attributes.iter().any(|attribute| is_named(attribute, wanted))
    }

    /// Whether it says in a word that browsers know which other sites may send it. The last word
    /// counts.
    pub(super) fn has_same_site(&self) -> bool {
        let mut sites = self.attributes.iter().filter(|attribute| is_named(attribute, "samesite"));
        sites.next_back().is_some_and(|attribute| {
            let value = attribute.splitn(2, |byte| *byte == b'=').nth(1).unwrap_or_default();
            let value = value.trim_ascii();
            ["strict", "lax", "none"]
                .iter()
                .any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
        })
    }

    /// The cookie with these attributes at its end, and without `SameSite` in words that nobody
    /// knows, if it gets another.
    pub(super) fn with(&self, added: &[&str]) -> Vec<u8> {
        let replaces = added.iter().any(|attribute| attribute.starts_with("SameSite"));
        let mut text = self.pair.to_vec();
        let kept = |attribute: &&&[u8]| !(replaces && is_named(attribute, "samesite"));
        for attribute in self.attributes.iter().filter(kept) {
            text.push(b';');
            text.extend_from_slice(attribute);
        }
        for attribute in added {
            text.extend_from_slice(b"; ");
            text.extend_from_slice(attribute.as_bytes());
        }
        text
    }
}

fn is_named(attribute: &[u8], wanted: &str) -> bool {
    let name = attribute.split(|byte| *byte == b'=').next().unwrap_or_default();
    name.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes())
}
