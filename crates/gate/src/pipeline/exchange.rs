//! One request on its way.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Version};
use mantlet_limit::Permit;
use mantlet_types::{Monotonic, Reason, RequestId, Timestamp};

use super::{Facts, TraceContext};
use crate::stages::hygiene::NormalPath;

/// One request after the fixed stages: everything here has passed a check and means one thing.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The id of this request, on every record and on the answer.
    pub id: RequestId,
    /// Where it stands in a distributed trace.
    pub trace: TraceContext,
    /// When its head had arrived, wall clock.
    pub at: Timestamp,
    /// When its head had arrived, for durations.
    pub started: Monotonic,
    /// Who asks.
    pub client: Client,
    /// The host that was asked for, lower case, without the port.
    pub host: String,
    /// The host with its port, as the upstream gets it.
    pub authority: HeaderValue,
    /// The method; never `CONNECT` or `TRACE`.
    pub method: Method,
    /// The path in its one normal form, the same for every decision and for the upstream.
    pub path: NormalPath<'static>,
    /// The path as it was sent, where it has no normal form: for records only.
    pub asked: Option<String>,
    /// The query as it was sent, without `?`; `None` when there was none.
    pub query: Option<String>,
    /// The protocol version the client spoke.
    pub version: Version,
    /// The headers as the upstream will see them, before ours are added. They move out when the
    /// request is forwarded: what an answer guard needs of them is to be a fact.
    pub headers: HeaderMap,
    /// Whether the client asks to switch to the WebSocket protocol.
    pub is_websocket: bool,
    /// Whether guards that want the body will be shown it: there is one, and it does not stream by.
    pub is_body_shown: bool,
    /// Whether a body comes with it.
    pub has_body: bool,
    /// The pattern of the route that was chosen; `-` while none is.
    pub route: Arc<str>,
    /// What guards have learnt.
    pub facts: Facts,
    /// What the request holds until the last byte of its answer is out.
    pub permits: Vec<Arc<Permit>>,
}

impl Exchange {
    /// The path for records: its normal form, or what was asked for where it has none.
    #[must_use]
    pub fn shown_path(&self) -> &str {
        self.asked.as_deref().unwrap_or_else(|| self.path.as_str())
    }

    /// Whether the body is a stream of gRPC, which both sides may keep open: it cannot be held.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        self.version == Version::HTTP_2 && declares_grpc(&self.headers)
    }

    /// Whether what is said stays between the client and us, as far as anybody can tell: HTTPS as
    /// seen from outside, ended here or at a trusted proxy, or this machine asked by its own name.
    /// Passwords and sessions are for such requests alone.
    #[must_use]
    pub fn is_private(&self) -> bool {
        let host = self.host.as_str();
        let is_local_name = host == "localhost" || host.ends_with(".localhost");
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_local = is_local_name || bare.parse().is_ok_and(|host: IpAddr| host.is_loopback());
        self.client.scheme == Scheme::Https || (is_local && self.client.address.is_loopback())
    }
}

/// Whether these headers say that a body is gRPC.
pub(crate) fn declares_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes());
    let rest = kind.and_then(|kind| kind.strip_prefix(b"application/grpc"));
    matches!(rest, Some([] | [b'+' | b';', ..]))
}

/// Who asks, as far as the network tells.
#[derive(Debug, Clone)]
pub struct Client {
    /// The other end of the connection: the client itself or a proxy in front of us.
    pub peer: SocketAddr,
    /// The client's address: the peer's, or what trusted proxies say. IPv4 in IPv6 is unwrapped.
    pub address: IpAddr,
    /// `address` as a header value, rendered once for each connection.
    pub address_text: HeaderValue,
    /// How the client sees us from outside.
    pub scheme: Scheme,
}

/// A certificate that the client has shown and that an authority of `[server.tls] client_ca` has
/// signed: a typed fact of the exchange. It is stated only where the connection is the client's
/// own: a certificate of a trusted proxy says nothing about who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Its subject, RFC 4514.
    pub subject: String,
    /// Who signed it, RFC 4514.
    pub issuer: String,
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// The DNS names in it, in lower case.
    pub names: Vec<String>,
    /// The URIs in it.
    pub uris: Vec<String>,
    /// The addresses of e-mail in it.
    pub emails: Vec<String>,
    /// When it ends.
    pub until: Timestamp,
    /// Its SHA-256 fingerprint.
    pub fingerprint: String,
}

/// The request came over HTTPS for a host of `[server] public_host`: a typed fact. Only such hosts
/// may be told to be asked over HTTPS for ever (HSTS).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicHttps;

/// A guard that only observes would have refused the request for this reason: a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WouldRefuse(pub &'static Reason);

/// The scheme of the address the client typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS, ended here or at a trusted proxy.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
