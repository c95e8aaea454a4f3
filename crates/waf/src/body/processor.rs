//! Which processor reads a request body.

use crate::seclang::problem::Fault;

/// What reads a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Processor {
    /// `application/x-www-form-urlencoded`
    UrlEncoded,
    /// `multipart/form-data`
    Multipart,
    /// JSON
    Json,
    /// XML
    Xml,
}

impl Processor {
    /// Reads the name that `ctl:requestBodyProcessor` takes.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        match text.to_ascii_uppercase().as_str() {
            "URLENCODED" => Ok(Self::UrlEncoded),
            "MULTIPART" => Ok(Self::Multipart),
            "JSON" => Ok(Self::Json),
            "XML" => Ok(Self::Xml),
            _ => Err(Fault::new(format!("unknown body processor `{text}`"))
                .hint("write `URLENCODED`, `MULTIPART`, `JSON` or `XML`")),
        }
    }

    /// The name in `REQBODY_PROCESSOR`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::UrlEncoded => "URLENCODED",
            Self::Multipart => "MULTIPART",
            Self::Json => "JSON",
            Self::Xml => "XML",
        }
    }

    /// The processor that a `Content-Type` chooses without a rule's help.
    pub(crate) fn of_content_type(value: &[u8]) -> Option<Self> {
        let begins = |name: &[u8]| {
            value.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        if begins(b"application/x-www-form-urlencoded") {
            return Some(Self::UrlEncoded);
        }
        begins(b"multipart/form-data").then_some(Self::Multipart)
    }
}
