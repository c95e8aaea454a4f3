//! The names of event fields, after the Elastic Common Schema where it has a word.

/// The guard that decided.
pub const GUARD: &str = "guard";
/// What the fail mode decided: `open` or `closed`.
pub const FAIL: &str = "fail";
/// The reason's code, see [`crate::reasons`].
pub const REASON: &str = "reason";
/// The guard's mode on this route: `observe` or `enforce`.
pub const MODE: &str = "mode";
/// The client's address as the client stage established it.
pub const CLIENT: &str = "source.ip";
/// The address of the peer on the other end of the connection; differs from the client behind a proxy.
pub const PEER: &str = "source.peer";
/// The request method.
pub const METHOD: &str = "http.request.method";
/// The host that was asked for.
pub const HOST: &str = "url.domain";
/// The path in its normal form, without the query.
pub const PATH: &str = "url.path";
/// The name of the route.
pub const ROUTE: &str = "route";
/// The status of the answer.
pub const STATUS: &str = "http.response.status_code";
/// The HTTP version of the request.
pub const PROTOCOL: &str = "http.version";
/// From the first byte of the request to the last of the answer, in milliseconds.
pub const DURATION_MS: &str = "event.duration_ms";
/// Body bytes received from the client.
pub const REQUEST_BYTES: &str = "http.request.body.bytes";
/// Body bytes sent to the client.
pub const RESPONSE_BYTES: &str = "http.response.body.bytes";
/// The client's `User-Agent`.
pub const USER_AGENT: &str = "user_agent.original";
/// The upstream that was asked.
pub const UPSTREAM: &str = "upstream.address";
/// The close code of a WebSocket (RFC 6455 section 7.4).
pub const CLOSE_CODE: &str = "websocket.close_code";
/// What was found, cut and redacted: the bytes that made a guard decide.
pub const EVIDENCE: &str = "evidence";
/// The number of the WAF rule that counts most.
pub const RULE: &str = "rule_id";
/// The numbers of all WAF rules that matched, with spaces between them.
pub const RULES: &str = "rule_ids";
/// The class of attacks that a detector found, as `sqli`.
pub const CLASS: &str = "class";
/// The part of the request or answer in which it was found: `query`, `form`, `json`, `header`.
pub const PLACE: &str = "place";
/// The name of the parameter in which it was found.
pub const PARAMETER: &str = "parameter";
/// How much it counts: the confidence of a detector, 1 to 100, or the anomaly score of rules.
pub const SCORE: &str = "score";
/// What was decoded before it showed, as in `url>base64`.
pub const DECODING: &str = "decoding";
/// A sentence for people.
pub const MESSAGE: &str = "message";
/// The trace id of the request (W3C Trace Context).
pub const TRACE_ID: &str = "trace.id";
/// What the operator can do about it; names the line of the configuration.
pub const HINT: &str = "hint";
/// The administrative command.
pub const COMMAND: &str = "command";
/// Who gave the command.
pub const ACTOR: &str = "actor";
/// The network that was blocked or unblocked.
pub const NETWORK: &str = "network";
/// Who asks, or whom it is about: the name of the account.
pub const USER: &str = "user.name";
/// What somebody showed: `password`, `session`, `api-key`, `token`.
pub const CREDENTIAL: &str = "credential";
/// What something is called.
pub const NAME: &str = "name";
/// The subject of a client certificate that was verified, RFC 4514.
pub const CLIENT_SUBJECT: &str = "tls.client.subject";
/// When something ends by itself, RFC 3339.
pub const UNTIL: &str = "until";
/// The name of a supervised task.
pub const TASK: &str = "task";
/// The name of a cap: a key of the configuration.
pub const LIMIT: &str = "limit";
/// The value of a cap.
pub const LIMIT_VALUE: &str = "limit.value";
/// How many.
pub const COUNT: &str = "count";
/// What went wrong, as reported by the system or a library.
pub const ERROR: &str = "error.message";
/// The name of a sink.
pub const SINK: &str = "sink";
/// An address that is listened on.
pub const LISTEN: &str = "server.address";
/// The version of the program.
pub const VERSION: &str = "service.version";
/// The key of a setting.
pub const SETTING: &str = "setting";
/// What came of it: `pass`, `refused`, `closed` and the like.
pub const OUTCOME: &str = "event.outcome";
/// What made it happen: a signal, a changed file, a command.
pub const CAUSE: &str = "cause";
/// The id of a process.
pub const PROCESS: &str = "process.pid";
/// A file.
pub const FILE: &str = "file.path";
