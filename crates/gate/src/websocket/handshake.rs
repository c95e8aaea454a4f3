//! The opening handshake (RFC 6455 section 4): what the client asks, what the application may
//! answer, and what of both is passed on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
};
use http::{HeaderMap, HeaderValue};
use mantlet_crypto::legacy_sha1;
use mantlet_event::reasons;

use super::extension::{self, Deflate};
use super::origin::single;
use crate::pipeline::Denial;

/// What is hashed with the key (RFC 6455 section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The one version.
const VERSION: HeaderValue = HeaderValue::from_static("13");
/// The subprotocol that the gate answers by itself where a ticket was shown.
const TICKET_PROTOCOL: &str = "mantlet.ticket";
/// What a subprotocol that carries a ticket begins with.
pub(crate) const TICKET_CARRIER: &str = "mantlet.ticket.";
/// Most subprotocols that a client may offer.
const MAX_PROTOCOLS: usize = 32;

/// A client's side of the handshake.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    accept: HeaderValue,
    /// Offered, in the client's order.
    pub(super) protocols: Vec<String>,
    deflate: Vec<Deflate>,
    /// Answered by the gate where the application chooses none of its own.
    pub(super) own_protocol: Option<&'static str>,
}

/// What both sides have agreed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Agreement {
    protocol: Option<String>,
    pub(super) deflate: Option<Deflate>,
}

impl Agreement {
    /// Whether messages may be compressed.
    pub(crate) const fn has_deflate(&self) -> bool {
        self.deflate.is_some()
    }
}

impl Offer {
    /// Reads what a client asks.
    ///
    /// # Errors
    /// A [`Denial`] when it is no handshake.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Denial> {
        let malformed =
            |what: &str| Denial::new(&reasons::WEBSOCKET_HANDSHAKE).evidence(what.to_owned());
        if single(headers, &SEC_WEBSOCKET_VERSION)? != Some(&VERSION) {
            let denial = Denial::new(&reasons::WEBSOCKET_VERSION);
            return Err(denial.header(SEC_WEBSOCKET_VERSION, VERSION));
        }
        let key = single(headers, &SEC_WEBSOCKET_KEY)?.map_or(&b""[..], HeaderValue::as_bytes);
        if !STANDARD.decode(key).is_ok_and(|key| key.len() == 16) {
            return Err(malformed("the key is not 16 bytes in base64"));
        }
        let protocols = protocols(headers).ok_or_else(|| malformed("the list of subprotocols"))?;
        let extensions = list(headers, &SEC_WEBSOCKET_EXTENSIONS)
            .ok_or_else(|| malformed("the list of extensions"))?;
        let deflate = extension::offers(&extensions);
        let mut offer = Self { accept: accept(key), protocols, deflate, own_protocol: None };
        // A browser wants one of the subprotocols that it offers with a ticket chosen.
        if offer.protocols.iter().any(|name| name == TICKET_PROTOCOL) {
            offer.protocols.retain(|name| name != TICKET_PROTOCOL);
            offer.own_protocol = Some(TICKET_PROTOCOL);
        }
        Ok(offer)
    }

    /// Leaves compression out.
    pub(super) fn without_deflate(&mut self) {
        self.deflate.clear();
    }

    /// Where the gate answers before the application does: the first subprotocol alone, and no
    /// extension. That is what the application is asked for then.
    pub(super) fn settle(&mut self) -> Agreement {
        self.without_deflate();
        self.protocols.truncate(1);
        Agreement { protocol: self.protocols.first().cloned(), deflate: None }
    }

    /// Writes what is asked of the application.
    pub(crate) fn ask(&self, headers: &mut HeaderMap) {
        headers.remove(SEC_WEBSOCKET_ACCEPT);
        let extensions: Vec<String> = self.deflate.iter().map(ToString::to_string).collect();
        set(headers, SEC_WEBSOCKET_PROTOCOL, &self.protocols.join(", "));
        set(headers, SEC_WEBSOCKET_EXTENSIONS, &extensions.join(", "));
    }

    /// What the application has agreed to.
    ///
    /// # Errors
    /// What is wrong with its answer.
    pub(crate) fn agree(&self, headers: &HeaderMap) -> Result<Agreement, &'static str> {
        let one = |name| single(headers, name).map_err(|_| "a field of the handshake twice");
        if one(&SEC_WEBSOCKET_ACCEPT)? != Some(&self.accept) {
            return Err("the handshake was not understood: `Sec-WebSocket-Accept` is wrong");
        }
        let protocol = match one(&SEC_WEBSOCKET_PROTOCOL)? {
            None => None,
            Some(chosen) => {
                let offered = self.protocols.iter().find(|name| name.as_bytes() == chosen);
                Some(offered.ok_or("a subprotocol was chosen that was not offered")?.clone())
            }
        };
        let deflate = match one(&SEC_WEBSOCKET_EXTENSIONS)? {
            None => None,
            Some(chosen) => {
                let chosen = chosen.to_str().unwrap_or_default();
                let agreed = extension::agreed(chosen, &self.deflate);
                Some(agreed.ok_or("an extension was chosen that was not offered so")?)
            }
        };
        Ok(Agreement { protocol, deflate })
    }

    /// Writes what the client is told.
    pub(super) fn answer(&self, agreement: &Agreement, headers: &mut HeaderMap) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept.clone());
        let protocol = agreement.protocol.as_deref().or(self.own_protocol);
        set(headers, SEC_WEBSOCKET_PROTOCOL, protocol.unwrap_or_default());
        let extension = agreement.deflate.map(|deflate| deflate.to_string());
        set(headers, SEC_WEBSOCKET_EXTENSIONS, &extension.unwrap_or_default());
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) if !value.is_empty() => headers.insert(name, value),
        _ => headers.remove(name),
    };
}

/// What a server answers to a key (RFC 6455 section 4.2.2).
fn accept(key: &[u8]) -> HeaderValue {
    let text = STANDARD.encode(legacy_sha1(&[key, GUID]));
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// Every field of a list header as one; `None` when one of them is no text.
fn list(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let fields = headers.get_all(name).iter();
    let fields: Option<Vec<&str>> = fields.map(|value| value.to_str().ok()).collect();
    fields.map(|fields| fields.join(","))
}

/// The subprotocols that are offered: each a token, none twice.
fn protocols(headers: &HeaderMap) -> Option<Vec<String>> {
    if !headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return Some(Vec::new());
    }
    let names: Vec<String> = list(headers, &SEC_WEBSOCKET_PROTOCOL)?
        .split(',')
        .take(MAX_PROTOCOLS.saturating_add(1))
        .map(|name| name.trim().to_owned())
        .collect();
    let are_tokens = names.iter().all(|name| is_token(name));
    let are_unique = names
        .iter()
        .enumerate()
        .all(|(at, name)| !names.iter().skip(at.saturating_add(1)).any(|other| other == name));
    (are_tokens && are_unique && names.len() <= MAX_PROTOCOLS).then_some(names)
}

/// Whether `text` is a token of HTTP (RFC 9110 section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    let is_mark = |byte: u8| b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn read(more: &[(&'static str, &'static str)]) -> Result<Offer, &'static str> {
        let mut fields = vec![("sec-websocket-version", "13"), ("sec-websocket-key", KEY)];
        fields.extend(more);
        Offer::read(&headers(&fields)).map_err(|denial| denial.reason.code)
    }

    #[test]
    fn only_a_whole_handshake_is_one() {
        for (fields, expected) in [
            (vec![("sec-websocket-version", "13"), ("sec-websocket-key", KEY)], "fine"),
            (vec![("sec-websocket-key", KEY)], "websocket-version"),
            (vec![("sec-websocket-version", "8"), ("sec-websocket-key", KEY)], "websocket-version"),
            (
                vec![
                    ("sec-websocket-version", "13"),
                    ("sec-websocket-version", "13"),
                    ("sec-websocket-key", KEY),
                ],
                "websocket-handshake",
            ),
            (vec![("sec-websocket-version", "13")], "websocket-handshake"),
            (
                vec![("sec-websocket-version", "13"), ("sec-websocket-key", "c2hvcnQ=")],
                "websocket-handshake",
            ),
            (
                vec![
                    ("sec-websocket-version", "13"),
                    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZR=="),
                ],
                "websocket-handshake",
            ),
        ] {
            let read = Offer::read(&headers(&fields)).map_err(|denial| denial.reason.code);
            assert_eq!(read.map_or_else(|code| code, |_| "fine"), expected, "{fields:?}");
        }
    }

    #[test]
    fn subprotocols_are_distinct_tokens() {
        for (field, is_fine) in [
            ("chat", true),
            ("chat, superchat", true),
            ("chat, chat", false),
            ("chat,", false),
            ("", false),
            ("a b", false),
            ("a/b", false),
        ] {
            assert_eq!(read(&[("sec-websocket-protocol", field)]).is_ok(), is_fine, "{field}");
        }
    }

    #[test]
    fn an_answer_must_fit_what_was_asked() {
        let offer = read(&[
            ("sec-websocket-protocol", "chat, superchat"),
            ("sec-websocket-extensions", "permessage-deflate"),
        ])
        .unwrap();
        for (fields, is_fine) in [
            (vec![("sec-websocket-accept", ACCEPT)], true),
            (vec![], false),
            (vec![("sec-websocket-accept", "wrong")], false),
            (vec![("sec-websocket-accept", ACCEPT), ("sec-websocket-accept", ACCEPT)], false),
            (vec![("sec-websocket-accept", ACCEPT), ("sec-websocket-protocol", "chat")], true),
            (vec![("sec-websocket-accept", ACCEPT), ("sec-websocket-protocol", "other")], false),
            (
                vec![
                    ("sec-websocket-accept", ACCEPT),
                    ("sec-websocket-extensions", "permessage-deflate"),
                ],
                true,
            ),
            (
                vec![("sec-websocket-accept", ACCEPT), ("sec-websocket-extensions", "x-other")],
                false,
            ),
        ] {
            assert_eq!(offer.agree(&headers(&fields)).is_ok(), is_fine, "{fields:?}");
        }
    }

    #[test]
    fn what_the_gate_cannot_read_is_not_offered_to_the_application() {
        let offer = read(&[("sec-websocket-extensions", "x-other, permessage-deflate; x=1")]);
        let mut asked = headers(&[("sec-websocket-extensions", "x-other")]);
        offer.unwrap().ask(&mut asked);
        assert!(asked.is_empty(), "{asked:?}");
    }
}
