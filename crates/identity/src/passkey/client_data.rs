//! What the browser says of the page that asked for a passkey.

use mantlet_crypto::{from_base64url, jws};
use serde_json::Value;

use super::{PasskeyError, Site};

/// The longest text that is read, in bytes; browsers send some two hundred.
const MAX_LEN: usize = 4096;

const MALFORMED: PasskeyError = PasskeyError::Malformed("client data");

/// What a passkey was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Create,
    Get,
}

impl Use {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// Reads what a browser said, and gives the challenge that was signed.
pub(super) fn read(json: &[u8], wanted: Use, site: &Site) -> Result<Vec<u8>, PasskeyError> {
    if json.len() > MAX_LEN {
        return Err(MALFORMED);
    }
    let said = jws::parse_object(json).ok_or(MALFORMED)?;
    let text = |name: &str| said.get(name).and_then(Value::as_str);
    if text("type") != Some(wanted.as_str()) {
        return Err(MALFORMED);
    }
    // Within a frame of another site nobody sees what they agree to.
    let is_framed = said.get("crossOrigin").is_some_and(|within| *within != Value::Bool(false));
    if text("origin") != Some(site.origin.as_str()) || is_framed || said.contains_key("topOrigin") {
        return Err(PasskeyError::Origin);
    }
    text("challenge").and_then(from_base64url).ok_or(MALFORMED)
}
