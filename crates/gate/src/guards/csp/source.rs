//! The words of a policy: sources and hashes, checked when the configuration is read.

use mantlet_config::{Complaint, Scalar, Value};

/// The longest source, in bytes.
const LONGEST: usize = 512;

/// The keyword sources that may be written without their quotes being forgotten.
const KEYWORDS: [&str; 8] = [
    "'none'",
    "'self'",
    "'unsafe-inline'",
    "'unsafe-eval'",
    "'unsafe-hashes'",
    "'wasm-unsafe-eval'",
    "'strict-dynamic'",
    "'report-sample'",
];

/// One source of a directive (CSP Level 3 section 2.3.1): a keyword, a scheme, a host or a hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source(String);

impl Source {
    /// A source that is known to be one.
    pub(super) fn known(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The source as it stands in a policy.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it lets everything of a kind in: any host, or any host of a scheme.
    #[must_use]
    pub fn is_broad(&self) -> bool {
        let text = self.0.as_str();
        text == "*" || matches!(text, "http:" | "https:" | "ftp:") || text.ends_with("//*")
    }
}

/// Whether `text` is a source that a policy may hold.
#[must_use]
pub fn is_source(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'"' | b'\\');
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(is_word) {
        return false;
    }
    if text.contains('\'') {
        return KEYWORDS.contains(&text) || is_quoted_hash(text);
    }
    true
}

fn is_quoted_hash(text: &str) -> bool {
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    inner.is_some_and(is_hash)
}

/// Whether `text` is a hash without its quotes: `sha256-…`, `sha384-…` or `sha512-…`.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    use base64::Engine as _;
    let Some((algorithm, digest)) = text.split_once('-') else { return false };
    let length = match algorithm {
        "sha256" => 32,
        "sha384" => 48,
        "sha512" => 64,
        _ => return false,
    };
    let decoded = base64::engine::general_purpose::STANDARD.decode(digest);
    decoded.is_ok_and(|bytes| bytes.len() == length)
}

impl Scalar for Source {
    const KIND: &'static str = "source of a Content-Security-Policy";
    const EXAMPLE: &'static str = "https://cdn.example.org";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        if is_source(text) {
            return Ok(Self(text.to_owned()));
        }
        let quoted = format!("'{text}'");
        let hint = if KEYWORDS.contains(&quoted.as_str()) || is_hash(text) {
            format!("keywords and hashes have quotes: write \"{quoted}\"")
        } else {
            "write one source: `https://cdn.example.org`, `data:`, `'self'`".to_owned()
        };
        let shown: String = text.chars().take(80).collect();
        Err(Complaint::new(format!("`{}` is not a source", shown.escape_debug()), hint))
    }

    fn show(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// The hash of an inline script or style that may run: `sha256-…` as browsers print it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InlineHash(String);

impl InlineHash {
    /// The hash without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Scalar for InlineHash {
    const KIND: &'static str = "hash of an inline script or style";
    const EXAMPLE: &'static str = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        let bare = text.trim_matches('\'');
        if is_hash(bare) {
            return Ok(Self(bare.to_owned()));
        }
        let shown: String = text.chars().take(80).collect();
        let hint =
            "write it as the browser's console or `mantlet csp suggest` prints it: `sha256-…`";
        Err(Complaint::new(format!("`{}` is not a hash", shown.escape_debug()), hint))
    }

    fn show(&self) -> Value {
        Value::String(self.0.clone())
    }
}
