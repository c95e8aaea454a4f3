//! What is done to a request, in order.

use http::header;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Version};
use mantlet_event::reasons;

use super::host::host_of;
use super::path::{NormalPath, PathError, PathPolicy, normalize};
use super::{HeadLimits, HygieneSection, claims, head, hop};
use crate::pipeline::{Denial, remove_listed};

/// The hygiene stage, prepared from its section.
#[derive(Debug)]
pub struct HygieneStage {
    policy: PathPolicy,
    limits: HeadLimits,
    extra_claims: Vec<String>,
}

/// The parts of a request whose meaning is settled.
#[derive(Debug)]
pub struct CleanRequest {
    /// The host in its one spelling: lower case, without port and without trailing dot.
    pub host: String,
    /// The host with its port, as the upstream gets it.
    pub authority: HeaderValue,
    /// The path in its normal form.
    pub path: NormalPath<'static>,
    /// The query as sent.
    pub query: Option<String>,
    /// The headers without hop-by-hop fields and claims.
    pub headers: HeaderMap,
    /// Whether the client asks for a WebSocket.
    pub is_websocket: bool,
}

impl HygieneStage {
    /// Prepares the stage.
    #[must_use]
    pub fn new(section: &HygieneSection, limits: HeadLimits) -> Self {
        Self { policy: section.path_policy(), limits, extra_claims: section.extra_claims() }
    }

    /// Gives `parts` their one meaning.
    ///
    /// # Errors
    /// A [`Denial`] when they have none, or more than one.
    pub fn clean(&self, parts: &mut Parts) -> Result<CleanRequest, Denial> {
        head::check(parts, self.limits)?;
        let host = host_of(parts)?;
        // `host_of` leaves exactly one.
        let authority = parts.headers.get(header::HOST).cloned();
        let authority = authority.unwrap_or_else(|| HeaderValue::from_static(""));
        let path = self.path_of(parts)?;
        let query = parts.uri.query().map(str::to_owned);
        let mut headers = std::mem::take(&mut parts.headers);
        let is_websocket = is_websocket(parts, &headers);
        hop::remove_named(&mut headers);
        // One look at each field for both.
        remove_listed(&mut headers, |name| {
            hop::is_hop_by_hop(name) || claims::is_claim(name, &self.extra_claims)
        });
        Ok(CleanRequest { host, authority, path, query, headers, is_websocket })
    }

    /// The normal form of a path.
    ///
    /// # Errors
    /// [`PathError`] when it has none.
    pub fn normalize<'a>(&self, path: &'a str) -> Result<NormalPath<'a>, PathError> {
        normalize(path, &self.policy)
    }

    fn path_of(&self, parts: &Parts) -> Result<NormalPath<'static>, Denial> {
        let raw = parts.uri.path();
        if raw == "*" {
            return Err(Denial::new(&reasons::NO_ROUTE).evidence("asterisk-form target"));
        }
        Ok(normalize(raw, &self.policy)?.into_owned())
    }
}

impl From<PathError> for Denial {
    fn from(error: PathError) -> Self {
        Self::new(&reasons::INVALID_PATH).evidence(format!("{}: {error}", error.code()))
    }
}

fn is_websocket(parts: &Parts, headers: &HeaderMap) -> bool {
    parts.version == Version::HTTP_11
        && parts.method == Method::GET
        && hop::has_token(headers, header::UPGRADE, "websocket")
        && hop::has_token(headers, header::CONNECTION, "upgrade")
}
