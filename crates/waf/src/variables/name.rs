//! Every variable a rule can name.

use crate::seclang::problem::Fault;

/// How a variable holds its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One value without a key.
    Scalar,
    /// Values with keys; a rule may select by key.
    Map,
}

macro_rules! variables {
    ($($(#[$meta:meta])* $variant:ident = $name:literal $shape:ident,)*) => {
        /// A variable of the rule language.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Variable { $($(#[$meta])* $variant,)* }

        impl Variable {
            /// Every variable, in the order of their numbers.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the rule language.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(crate) const fn shape(self) -> Shape {
                match self { $(Self::$variant => Shape::$shape,)* }
            }
        }
    };
}

variables! {
    Args = "ARGS" Map,
    ArgsCombinedSize = "ARGS_COMBINED_SIZE" Scalar,
    ArgsGet = "ARGS_GET" Map,
    ArgsGetNames = "ARGS_GET_NAMES" Map,
    ArgsNames = "ARGS_NAMES" Map,
    ArgsPost = "ARGS_POST" Map,
    ArgsPostNames = "ARGS_POST_NAMES" Map,
    AuthType = "AUTH_TYPE" Scalar,
    Duration = "DURATION" Scalar,
    Env = "ENV" Map,
    Files = "FILES" Map,
    FilesCombinedSize = "FILES_COMBINED_SIZE" Scalar,
    FilesNames = "FILES_NAMES" Map,
    FilesSizes = "FILES_SIZES" Map,
    FilesTmpContent = "FILES_TMP_CONTENT" Map,
    FullRequest = "FULL_REQUEST" Scalar,
    FullRequestLength = "FULL_REQUEST_LENGTH" Scalar,
    Geo = "GEO" Map,
    Global = "GLOBAL" Map,
    HighestSeverity = "HIGHEST_SEVERITY" Scalar,
    InboundDataError = "INBOUND_DATA_ERROR" Scalar,
    Ip = "IP" Map,
    MatchedVar = "MATCHED_VAR" Scalar,
    MatchedVarName = "MATCHED_VAR_NAME" Scalar,
    MatchedVars = "MATCHED_VARS" Map,
    MatchedVarsNames = "MATCHED_VARS_NAMES" Map,
    ModsecBuild = "MODSEC_BUILD" Scalar,
    MultipartBoundaryQuoted = "MULTIPART_BOUNDARY_QUOTED" Scalar,
    MultipartBoundaryWhitespace = "MULTIPART_BOUNDARY_WHITESPACE" Scalar,
    MultipartCrlfLfLines = "MULTIPART_CRLF_LF_LINES" Scalar,
    MultipartDataAfter = "MULTIPART_DATA_AFTER" Scalar,
    MultipartDataBefore = "MULTIPART_DATA_BEFORE" Scalar,
    MultipartFileLimitExceeded = "MULTIPART_FILE_LIMIT_EXCEEDED" Scalar,
    MultipartFilename = "MULTIPART_FILENAME" Map,
    MultipartHeaderFolding = "MULTIPART_HEADER_FOLDING" Scalar,
    MultipartInvalidHeaderFolding = "MULTIPART_INVALID_HEADER_FOLDING" Scalar,
    MultipartInvalidPart = "MULTIPART_INVALID_PART" Scalar,
    MultipartInvalidQuoting = "MULTIPART_INVALID_QUOTING" Scalar,
    MultipartLfLine = "MULTIPART_LF_LINE" Scalar,
    MultipartMissingSemicolon = "MULTIPART_MISSING_SEMICOLON" Scalar,
    MultipartName = "MULTIPART_NAME" Map,
    MultipartPartHeaders = "MULTIPART_PART_HEADERS" Map,
    MultipartStrictError = "MULTIPART_STRICT_ERROR" Scalar,
    MultipartUnmatchedBoundary = "MULTIPART_UNMATCHED_BOUNDARY" Scalar,
    OutboundDataError = "OUTBOUND_DATA_ERROR" Scalar,
    PathInfo = "PATH_INFO" Scalar,
    QueryString = "QUERY_STRING" Scalar,
    RemoteAddr = "REMOTE_ADDR" Scalar,
    RemoteHost = "REMOTE_HOST" Scalar,
    RemotePort = "REMOTE_PORT" Scalar,
    RemoteUser = "REMOTE_USER" Scalar,
    ReqbodyError = "REQBODY_ERROR" Scalar,
    ReqbodyErrorMsg = "REQBODY_ERROR_MSG" Scalar,
    ReqbodyProcessor = "REQBODY_PROCESSOR" Scalar,
    ReqbodyProcessorError = "REQBODY_PROCESSOR_ERROR" Scalar,
    ReqbodyProcessorErrorMsg = "REQBODY_PROCESSOR_ERROR_MSG" Scalar,
    RequestBasename = "REQUEST_BASENAME" Scalar,
    RequestBody = "REQUEST_BODY" Scalar,
    RequestBodyLength = "REQUEST_BODY_LENGTH" Scalar,
    RequestCookies = "REQUEST_COOKIES" Map,
    RequestCookiesNames = "REQUEST_COOKIES_NAMES" Map,
    RequestFilename = "REQUEST_FILENAME" Scalar,
    RequestHeaders = "REQUEST_HEADERS" Map,
    RequestHeadersNames = "REQUEST_HEADERS_NAMES" Map,
    RequestLine = "REQUEST_LINE" Scalar,
    RequestMethod = "REQUEST_METHOD" Scalar,
    RequestProtocol = "REQUEST_PROTOCOL" Scalar,
    RequestUri = "REQUEST_URI" Scalar,
    RequestUriRaw = "REQUEST_URI_RAW" Scalar,
    Resource = "RESOURCE" Map,
    ResponseBody = "RESPONSE_BODY" Scalar,
    ResponseContentLength = "RESPONSE_CONTENT_LENGTH" Scalar,
    ResponseContentType = "RESPONSE_CONTENT_TYPE" Scalar,
    ResponseHeaders = "RESPONSE_HEADERS" Map,
    ResponseHeadersNames = "RESPONSE_HEADERS_NAMES" Map,
    ResponseProtocol = "RESPONSE_PROTOCOL" Scalar,
    ResponseStatus = "RESPONSE_STATUS" Scalar,
    Rule = "RULE" Map,
    ServerAddr = "SERVER_ADDR" Scalar,
    ServerName = "SERVER_NAME" Scalar,
    ServerPort = "SERVER_PORT" Scalar,
    Session = "SESSION" Map,
    SessionId = "SESSIONID" Scalar,
    StatusLine = "STATUS_LINE" Scalar,
    Time = "TIME" Scalar,
    TimeDay = "TIME_DAY" Scalar,
    TimeEpoch = "TIME_EPOCH" Scalar,
    TimeHour = "TIME_HOUR" Scalar,
    TimeMin = "TIME_MIN" Scalar,
    TimeMon = "TIME_MON" Scalar,
    TimeSec = "TIME_SEC" Scalar,
    TimeWday = "TIME_WDAY" Scalar,
    TimeYear = "TIME_YEAR" Scalar,
    Tx = "TX" Map,
    UniqueId = "UNIQUE_ID" Scalar,
    UrlencodedError = "URLENCODED_ERROR" Scalar,
    User = "USER" Map,
    UserId = "USERID" Scalar,
    WebappId = "WEBAPPID" Scalar,
    Xml = "XML" Map,
}

/// Other spellings that rule files use.
const ALIASES: &[(&str, Variable)] = &[
    ("MULTIPART_FILE_NAME", Variable::MultipartFilename),
    ("REQUEST_BODY_PROCESSOR", Variable::ReqbodyProcessor),
];

impl Variable {
    /// The position among all variables.
    pub(crate) const fn number(self) -> usize {
        self as usize
    }

    /// Reads a name, whatever its case.
    pub(crate) fn parse(name: &str) -> Result<Self, Fault> {
        let upper = name.to_ascii_uppercase();
        let alias =
            ALIASES.iter().find(|(alias, _)| *alias == upper).map(|(_, variable)| *variable);
        let known = Self::ALL.iter().copied().find(|variable| variable.name() == upper);
        known.or(alias).ok_or_else(|| {
            Fault::unknown("variable", name, Self::ALL.iter().map(|variable| variable.name()))
        })
    }

    /// Whether this collection outlives a transaction.
    pub(crate) const fn is_persistent(self) -> bool {
        matches!(self, Self::Global | Self::Ip | Self::Resource | Self::Session | Self::User)
    }

    /// Whether a rule can write into this collection.
    pub(crate) const fn is_writable(self) -> bool {
        self.is_persistent() || matches!(self, Self::Tx)
    }

    /// The variable whose keys are this one's values.
    pub(crate) const fn names_of(self) -> Option<Self> {
        Some(match self {
            Self::ArgsNames => Self::Args,
            Self::ArgsGetNames => Self::ArgsGet,
            Self::ArgsPostNames => Self::ArgsPost,
            Self::RequestCookiesNames => Self::RequestCookies,
            Self::RequestHeadersNames => Self::RequestHeaders,
            Self::ResponseHeadersNames => Self::ResponseHeaders,
            _ => return None,
        })
    }
}
