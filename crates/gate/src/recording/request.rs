//! One recorded request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// One request as it is kept and exported: one line of JSON.
///
/// ```json
/// {"version":1,"at":"2026-03-01T12:00:00Z","id":"019a…","method":"POST","scheme":"https",
///  "host":"shop.example","target":"/search?page=2","headers":[["content-type","text/plain"]],
///  "body":"hello","refused":"waf-attack"}
/// ```
///
/// `method`, `host` and `target` are needed, everything else may be absent. Unknown keys are passed
/// over. Addresses of clients are not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The version of the format: 1.
    #[serde(default = "version")]
    pub version: u32,
    /// When it came, RFC 3339; empty when that is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
    /// Its id, as in events; empty when it had none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The method.
    pub method: String,
    /// `http` or `https`; empty for `http`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scheme: String,
    /// The host, with the port where one was named.
    pub host: String,
    /// Path and query.
    pub target: String,
    /// Names and values of header fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body, where it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The body in base64, in place of `body`. Recording never writes this: what is not text is left
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
    /// Why the body is not there, although there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_omitted: Option<Omitted>,
    /// The reason of the refusal; empty when it passed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub refused: String,
}

/// Why the body of a recorded request is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Omitted {
    /// It is larger than `[recording] body_limit`.
    TooLarge,
    /// It is not text.
    NotText,
    /// It came compressed.
    Compressed,
    /// It went by as a stream, or was refused before it was read.
    NotHeld,
}

const fn version() -> u32 {
    1
}

impl Recorded {
    /// The request on a line.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        let recorded: Self = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        match recorded.version {
            1 => Ok(recorded),
            other => Err(format!("version `{other}` of the format is not known here, 1 is")),
        }
    }

    /// The line of the request, without a line break.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Texts under fixed names always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The bytes of its body; empty for none.
    ///
    /// # Errors
    /// When `body_base64` is not base64.
    pub fn body_bytes(&self) -> Result<Vec<u8>, String> {
        match (&self.body, &self.body_base64) {
            (Some(text), _) => Ok(text.clone().into_bytes()),
            (None, Some(text)) => {
                STANDARD.decode(text).map_err(|error| format!("`body_base64`: {error}"))
            }
            (None, None) => Ok(Vec::new()),
        }
    }

    /// The value of the first header field called `name`, in any case of letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let is_it = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.headers.iter().find(is_it).map(|(_, value)| value.as_str())
    }
}
