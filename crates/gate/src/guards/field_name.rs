//! Names of header fields in the configuration.

use http::HeaderName;
use mantlet_config::{Complaint, Scalar, Value};

/// The name of a header field; `*` is one too, for lists where it means all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName(pub HeaderName);

impl FieldName {
    /// Whether this stands for every name.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }
}

impl Scalar for FieldName {
    const KIND: &'static str = "header name";
    const EXAMPLE: &'static str = "X-API-Key";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        HeaderName::from_bytes(text.as_bytes()).map(Self).map_err(|_| {
            let shown: String = text.chars().take(60).collect();
            let message = format!("`{shown}` is not a header name");
            Complaint::new(message, "write it as in `X-API-Key`")
        })
    }

    fn show(&self) -> Value {
        Value::String(self.0.as_str().to_owned())
    }
}
