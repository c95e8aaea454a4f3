//! A list of header fields, as they stood on the wire.

/// Header fields in their order, names as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl FromIterator<(String, String)> for Headers {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl Headers {
    /// The value of the first field of this name, whatever its case; `None` when there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).first().copied()
    }

    /// The values of all fields of this name, whatever its case, in their order.
    #[must_use]
    pub fn get_all(&self, name: &str) -> Vec<&str> {
        let named = self.0.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// Whether there is a field of this name, whatever its case.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Every field, name and value, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Parses lines without the empty one that ends them; bytes that are not UTF-8 are replaced.
    /// `None` when a line has no colon.
    pub(crate) fn parse(block: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(block);
        let lines = text.split("\r\n").filter(|line| !line.is_empty());
        let field = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
        };
        lines.map(field).collect::<Option<_>>().map(Self)
    }

    /// Whether the body is framed in chunks.
    pub(crate) fn is_chunked(&self) -> bool {
        self.get_all("transfer-encoding")
            .iter()
            .any(|value| value.to_ascii_lowercase().ends_with("chunked"))
    }

    /// The announced length of the body; `None` when there is none or it is no number.
    pub(crate) fn content_length(&self) -> Option<usize> {
        self.get("content-length")?.parse().ok()
    }
}
