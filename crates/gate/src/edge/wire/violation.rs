//! What a client did wrong on the wire, said once and in words an operator can search for.

use std::fmt;

use super::bytes;
use crate::stages::hygiene::is_method;

/// Longest piece around a fault that is quoted, in bytes before escaping: enough to find the place,
/// too little to give away what stands there.
const QUOTE_LIMIT: usize = 8;

/// Longest name (of a header, a host, a method) that is quoted, in bytes.
const NAME_LIMIT: usize = 64;

/// Longest target that is quoted, in bytes before escaping.
const TARGET_LIMIT: usize = 120;

/// The exact rule a request broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The request line is not `method SP target SP version`, or the method not in capitals.
    RequestLine,
    /// The version is neither `HTTP/1.1` nor `HTTP/1.0` (an HTTP/2 preface ends here too).
    HttpVersion,
    /// More than one empty line before a request line.
    LeadingLines,
    /// A line ends with LF alone.
    BareLineFeed,
    /// A CR stands alone inside a line.
    BareCarriageReturn,
    /// NUL or another control byte.
    ControlByte,
    /// A header line starts with white space.
    ObsoleteFold,
    /// White space between a header name and its colon.
    SpaceBeforeColon,
    /// A header name that is empty, has no colon or is not a token.
    HeaderName,
    /// `Connection` or `Proxy-Connection` names a header that a hop must not take away.
    ConnectionOption,
    /// A request that asks to leave HTTP carries a body.
    UpgradeBody,
    /// `Content-Length` is not a plain number.
    ContentLength,
    /// More than one `Content-Length`.
    ContentLengthDuplicate,
    /// `Transfer-Encoding` is not exactly `chunked`.
    TransferEncoding,
    /// More than one `Transfer-Encoding`.
    TransferEncodingDuplicate,
    /// `Transfer-Encoding` in an HTTP/1.0 request.
    TransferEncodingVersion,
    /// `Transfer-Encoding` in a GET or HEAD request: many readers expect no body there, or drop it.
    TransferEncodingMethod,
    /// `Transfer-Encoding` beside `Content-Length`.
    TransferEncodingLength,
    /// A chunk size is not 1 to 16 hexadecimal digits followed by CRLF.
    ChunkSize,
    /// A chunk carries an extension.
    ChunkExtension,
    /// A chunk is not followed by CRLF.
    ChunkEnd,
    /// A trailer of a chunked body is no clean header line, or its trailers are too long.
    Trailer,
    /// No `Host` in an HTTP/1.1 request.
    HostMissing,
    /// More than one `Host`.
    HostDuplicate,
    /// `Host` is not a host name or address with an optional port.
    HostSyntax,
    /// `Host` differs from the authority in the request target.
    HostMismatch,
    /// A byte that a request target must not contain.
    TargetByte,
    /// The form of the target does not fit the method, or is none of the four forms.
    TargetForm,
    /// The head, or one header name, is larger than allowed.
    HeadTooLarge,
    /// More headers than allowed.
    TooManyHeaders,
    /// The request target is longer than allowed.
    TargetTooLong,
    /// `Expect` asks for something other than `100-continue`.
    Expect,
    /// The head did not arrive in time.
    HeadTimeout,
}

/// What kind of refusal a violation deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Not HTTP/1.1 as the gate speaks it.
    Malformed,
    /// Two parsers could disagree on where the request ends.
    AmbiguousFraming,
    /// `Host` is missing, doubled, invalid or contradicted.
    InvalidHost,
    /// The request target is invalid.
    InvalidTarget,
    /// Head or header count over the limit.
    HeadTooLarge,
    /// Request target over the limit.
    TargetTooLong,
    /// An expectation the gate cannot meet.
    Expectation,
    /// The client was too slow.
    Timeout,
}

impl Kind {
    /// The name for logs and events: kebab-case, stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestLine => "request-line",
            Self::HttpVersion => "http-version",
            Self::LeadingLines => "leading-lines",
            Self::BareLineFeed => "bare-line-feed",
            Self::BareCarriageReturn => "bare-carriage-return",
            Self::ControlByte => "control-byte",
            Self::ObsoleteFold => "obsolete-fold",
            Self::SpaceBeforeColon => "space-before-colon",
            Self::HeaderName => "header-name",
            Self::ConnectionOption => "connection-option",
            Self::UpgradeBody => "upgrade-body",
            Self::ContentLength => "content-length",
            Self::ContentLengthDuplicate => "content-length-duplicate",
            Self::TransferEncoding => "transfer-encoding",
            Self::TransferEncodingDuplicate => "transfer-encoding-duplicate",
            Self::TransferEncodingVersion => "transfer-encoding-version",
            Self::TransferEncodingMethod => "transfer-encoding-method",
            Self::TransferEncodingLength => "transfer-encoding-length",
            Self::ChunkSize => "chunk-size",
            Self::ChunkExtension => "chunk-extension",
            Self::ChunkEnd => "chunk-end",
            Self::Trailer => "trailer",
            Self::HostMissing => "host-missing",
            Self::HostDuplicate => "host-duplicate",
            Self::HostSyntax => "host-syntax",
            Self::HostMismatch => "host-mismatch",
            Self::TargetByte => "target-byte",
            Self::TargetForm => "target-form",
            Self::HeadTooLarge => "head-too-large",
            Self::TooManyHeaders => "too-many-headers",
            Self::TargetTooLong => "target-too-long",
            Self::Expect => "expect",
            Self::HeadTimeout => "head-timeout",
        }
    }

    /// The refusal this kind deserves.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::RequestLine
            | Self::HttpVersion
            | Self::LeadingLines
            | Self::BareLineFeed
            | Self::BareCarriageReturn
            | Self::ControlByte
            | Self::ObsoleteFold
            | Self::SpaceBeforeColon
            | Self::HeaderName
            | Self::ConnectionOption => Class::Malformed,
            Self::UpgradeBody
            | Self::ContentLength
            | Self::ContentLengthDuplicate
            | Self::TransferEncoding
            | Self::TransferEncodingDuplicate
            | Self::TransferEncodingVersion
            | Self::TransferEncodingMethod
            | Self::TransferEncodingLength
            | Self::ChunkSize
            | Self::ChunkExtension
            | Self::ChunkEnd
            | Self::Trailer => Class::AmbiguousFraming,
            Self::HostMissing | Self::HostDuplicate | Self::HostSyntax | Self::HostMismatch => {
                Class::InvalidHost
            }
            Self::TargetByte | Self::TargetForm => Class::InvalidTarget,
            Self::HeadTooLarge | Self::TooManyHeaders => Class::HeadTooLarge,
            Self::TargetTooLong => Class::TargetTooLong,
            Self::Expect => Class::Expectation,
            Self::HeadTimeout => Class::Timeout,
        }
    }
}

/// A rule and the bytes that broke it, before they are copied anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault<'a> {
    pub(super) kind: Kind,
    bytes: &'a [u8],
    limit: usize,
}

impl<'a> Fault<'a> {
    /// A fault at the start of `bytes`, of which little is quoted.
    pub(super) fn new(kind: Kind, bytes: &'a [u8]) -> Self {
        Self { kind, bytes: start_of(bytes), limit: QUOTE_LIMIT }
    }

    /// A fault at the start of `bytes`, of which only the first is quoted: what follows may be
    /// anything.
    pub(super) fn at_byte(kind: Kind, bytes: &'a [u8]) -> Self {
        Self { kind, bytes: bytes.get(..1).unwrap_or_default(), limit: QUOTE_LIMIT }
    }

    /// A fault of what a name stands for; names are no secrets.
    pub(super) const fn named(kind: Kind, name: &'a [u8]) -> Self {
        Self { kind, bytes: name, limit: NAME_LIMIT }
    }

    /// The violation for the log; `head` is as much of the request as is known.
    pub(super) fn report(self, head: &[u8]) -> Violation {
        let (method, target) = request_line(head).unzip();
        let method = method.or_else(|| unfinished_method(head));
        Violation {
            kind: self.kind,
            detail: quote(self.bytes, self.limit),
            method: method.map(|method| quote(method, NAME_LIMIT)),
            target: target.flatten().map(|target| quote(target, TARGET_LIMIT)),
        }
    }
}

/// A refused request, with what is worth writing to the log. All text is escaped ASCII of bounded
/// length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    kind: Kind,
    detail: Box<str>,
    method: Option<Box<str>>,
    target: Option<Box<str>>,
}

impl Violation {
    /// A head of which no more than `head` came in its time.
    pub(in crate::edge) fn late(head: &[u8]) -> Self {
        Fault::new(Kind::HeadTimeout, &[]).report(head)
    }

    /// The rule that was broken.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The refusal it deserves.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.kind.class()
    }

    /// A few of the offending bytes, escaped, or the name of what offends; empty when there is
    /// nothing to show. Never a query, user information or a whole value.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The method as sent; `None` when the first line is not a request line.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }

    /// The request target without its query; `None` when the first line is not a request line, or
    /// the target may hold user information.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request breaks the wire rule {}: `{}`", self.kind.as_str(), self.detail)
    }
}

fn quote(bytes: &[u8], limit: usize) -> Box<str> {
    let cut = bytes.get(..limit).unwrap_or(bytes);
    cut.escape_ascii().to_string().into_boxed_str()
}

/// As much of the start of `bytes` as may be quoted: no query, and nothing where user information
/// may be.
fn start_of(bytes: &[u8]) -> &[u8] {
    if bytes.contains(&b'@') {
        return &[];
    }
    let end = bytes.iter().position(|&byte| byte == b'?').unwrap_or(bytes.len());
    bytes.get(..end.min(QUOTE_LIMIT)).unwrap_or_default()
}

/// Method and target of a head that starts with `method SP target SP version`; a line that does
/// not may be anything, a header with a secret for one.
fn request_line(head: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let end = head.iter().position(|&byte| byte == b'\r' || byte == b'\n')?;
    let mut words = head.get(..end)?.split(|&byte| byte == b' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let is_line = !method.is_empty()
        && bytes::all(method, bytes::TOKEN)
        && !target.is_empty()
        && version.starts_with(b"HTTP/")
        && words.next().is_none();
    is_line.then_some((method, bare_target(target)))
}

/// The method of a request line that is still to end.
fn unfinished_method(head: &[u8]) -> Option<&[u8]> {
    let end = head.iter().position(|&byte| byte == b' ')?;
    let is_open = !head.contains(&b'\n');
    head.get(..end).filter(|method| is_open && is_method(method))
}

/// A target without query and fragment; `None` when it may hold user information.
fn bare_target(target: &[u8]) -> Option<&[u8]> {
    let end = target.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(target.len());
    let bare = target.get(..end)?;
    (bare.starts_with(b"/") || !bare.contains(&b'@')).then_some(bare)
}
