//! Every reason for a refusal. `title` and `detail` go to the client and say nothing of the
//! inside; `code` and `hint` are for the operator.

use mantlet_types::Reason;

/// Declares one static per reason and the list of them all.
macro_rules! reasons {
    ($($id:ident = $code:literal, $status:literal, $title:literal, $detail:literal, $hint:literal;)*) => {
        $(
            #[doc = concat!("`", $code, "` (", $status, "): ", $title, ".")]
            pub static $id: Reason = Reason {
                code: $code,
                status: $status,
                title: $title,
                detail: $detail,
                hint: $hint,
            };
        )*

        /// All reasons, in the order of this file.
        pub static ALL: &[&Reason] = &[$(&$id),*];
    };
}

reasons! {
    // hygiene
    MALFORMED_REQUEST = "malformed-request", 400, "Malformed request",
        "The request does not follow the rules of HTTP.",
        "The client sent something that is not valid HTTP; there is no setting for this. The evidence names what was wrong.";
    AMBIGUOUS_FRAMING = "ambiguous-framing", 400, "Malformed request",
        "The length of the request body is not stated clearly.",
        "The request could be read as two different ones (request smuggling); there is no setting for this. Look at the client or the proxy in front.";
    INVALID_HOST = "invalid-host", 400, "Invalid host",
        "The Host header is missing, repeated or not a valid host name.",
        "The evidence names what was sent; there is no setting for this. `[[routes]] host` says which names are served.";
    INVALID_PATH = "invalid-path", 400, "Invalid path",
        "The path of the request is not valid.",
        "The path could be read in two ways (encoded separators, dot segments, control characters). `[hygiene]` holds the few choices there are.";
    HEAD_TOO_LARGE = "head-too-large", 431, "Request header fields too large",
        "The header fields of the request are too large. Send fewer or shorter ones, for example by deleting cookies.",
        "The caps are `[server] head_limit` and `[server] header_count`.";
    URI_TOO_LONG = "uri-too-long", 414, "URI too long",
        "The address of the request is too long.",
        "The cap is `[server] target_limit`.";
    METHOD_NOT_SUPPORTED = "method-not-supported", 501, "Method not supported",
        "The request method is not supported.",
        "TRACE and CONNECT are never forwarded; there is no setting for this.";
    EXPECTATION_FAILED = "expectation-failed", 417, "Expectation failed",
        "The expectation in the request cannot be met.",
        "Only `Expect: 100-continue` is understood; there is no setting for this.";

    // routing and reserved paths
    NO_ROUTE = "no-route", 404, "Not found",
        "There is nothing at this address.",
        "No entry of `[[routes]]` matches host and path; add one, or one without conditions for everything else.";
    ROUTE_DENIED = "route-denied", 403, "Forbidden",
        "This address is not available.",
        "The route that matched says `deny = true` in `[[routes]]`.";
    RESERVED_PATH = "reserved-path", 404, "Not found",
        "There is nothing at this address.",
        "Paths under `/.mantlet/` belong to the gateway and never reach the application.";
    FILE_NOT_FOUND = "file-not-found", 404, "Not found",
        "There is nothing at this address.",
        "The folder that `[[routes]] static` names has no such file; hidden files are never served.";
    STATIC_METHOD = "static-method", 405, "Method not allowed",
        "Only GET and HEAD are allowed here.",
        "The route serves files (`[[routes]] static`); files can only be read.";
    FILE_UNREADABLE = "file-unreadable", 503, "Service unavailable",
        "The request cannot be served now. Try again later.",
        "A file below the folder that `[[routes]] static` names cannot be read: see that Mantlet's user may read it, and that open files are not used up.";

    // the edge
    HTTPS_REQUIRED = "https-required", 403, "HTTPS required",
        "This address is served over HTTPS alone. Nothing was done; what was sent may have been read on the way.",
        "Programs are not redirected: what they sent went over the line in the clear, and they would not notice. `[[routes]] api` says which routes are for programs.";
    PROXY_REFUSED = "proxy-refused", 400, "Malformed request",
        "The connection is not accepted.",
        "`[server.proxy_protocol]` says on which listeners connections begin with a PROXY header, and from whom it is believed.";

    FORWARD_AUTH_UNCLEAR = "forward-auth-unclear", 403, "Forbidden",
        "Nobody can tell what is asked about.",
        "On the listener of `[server.forward_auth]` only `[client] trusted_proxies` are answered, and each of `X-Forwarded-Method`, `-Proto`, `-Host`, `-Uri` and `-For` must be there once; the evidence says what was wrong.";
    // who asks, and what they may
    SIGN_IN_REQUIRED = "sign-in-required", 401, "Sign-in required",
        "This address is for people and programs that are signed in.",
        "The path asks for an identity: `[access] require`, or `require` of a route. `require = \"none\"` opens a route; `mantlet access explain` says what a path asks for.";
    SIGN_IN_AGAIN = "sign-in-again", 401, "Sign-in required",
        "Sign in again for this.",
        "The path asks for a sign-in lately (`within`) or for one with a second factor (`second_factor`); keys and tokens cannot meet that.";
    INVALID_CREDENTIAL = "invalid-credential", 401, "Sign-in required",
        "The key or token does not count here.",
        "The evidence says why: unknown, expired, revoked, another network, a forged signature. `mantlet key list` shows keys; a session that has ended is no refusal.";
    AMBIGUOUS_CREDENTIALS = "ambiguous-credentials", 401, "Sign-in required",
        "The request shows more than one credential. Send one.",
        "Of a session, a key and a token one request carries one, or nobody knows for whom it acts; there is no setting for this.";
    ACCESS_FORBIDDEN = "access-forbidden", 403, "Forbidden",
        "You may not do this.",
        "Who asks is known and lacks what the path asks for; `mantlet access explain` says what, `mantlet role set` gives roles.";
    POLICY_FAILED = "policy-failed", 403, "Forbidden",
        "You may not do this.",
        "A policy of `[access.cedar]` could not be evaluated, and may have been the one that forbids: the event names it; correct what it calculates or reads.";
    FORM_EXPIRED = "form-expired", 403, "Form expired",
        "The form is no longer valid. Go back, load the page again and send it once more.",
        "The form was not the one that this browser got last: cookies are refused or were deleted, or another site sent it.";
    NOT_PRIVATE = "not-private", 403, "Connection not private",
        "Passwords are taken over HTTPS alone.",
        "Somebody tried to sign in over plain HTTP from another machine: set up `[server.tls]`, or name the proxy that does HTTPS in `[client] trusted_proxies`.";
    SIGN_IN_BUSY = "sign-in-busy", 503, "Service unavailable",
        "Nobody can sign in at the moment. Try again in a moment.",
        "The store of accounts cannot be reached, or too many passwords wait to be checked: `[identity.passwords] threads` and `waiting`.";

    // guards
    ADDRESS_BLOCKED = "address-blocked", 403, "Forbidden",
        "Requests from this network are not accepted.",
        "The client is on the block list. `mantlet block remove` lifts the block; `[guards.blocklist] allow` spares a network from all blocks.";
    RATE_LIMITED = "rate-limited", 429, "Too many requests",
        "Too many requests in a short time. Wait and try again.",
        "The limit is in `[guards.limit]`. If many clients share this address because a proxy stands in front, name the proxy in `[client] trusted_proxies`.";
    TOO_MANY_AT_ONCE = "too-many-at-once", 429, "Too many requests",
        "Too many requests at the same time. Wait for one to end and try again.",
        "The limit is `[guards.limit] concurrent_per_address`. If many clients share this address because a proxy stands in front, name the proxy in `[client] trusted_proxies`.";
    ROUTE_BUSY = "route-busy", 503, "Service unavailable",
        "The service is busy. Try again later.",
        "All clients of this route together are at its limit: `[guards.limit] per_route` or `concurrent_per_route`, the evidence says which.";
    CORS_ORIGIN = "cors-origin", 403, "Origin not allowed",
        "Pages of this origin may not use this address.",
        "The page's origin, in the evidence, is not in `[guards.cors] origins` of this route. Add it exactly as it stands there if the page is yours.";
    CORS_PREFLIGHT = "cors-preflight", 403, "Request not allowed",
        "Pages of this origin may not send such a request.",
        "A preflight asked for more than `[guards.cors]` lists: the evidence names the method or the header. `methods`, `headers` and `private_network` widen it.";
    CROSS_SITE_REQUEST = "cross-site-request", 403, "Cross-site request",
        "The request was sent by a page of another site.",
        "If the page is yours, add its origin to `[guards.csrf] trusted_origins`. If the evidence names this application's own address, a proxy in front changes host or scheme: see `[client] trusted_proxies`.";
    JSON_TOO_DEEP = "json-too-deep", 400, "Invalid JSON",
        "The JSON body is too deeply nested.",
        "The cap is `[guards.json] depth`.";
    WAF_ATTACK = "waf-attack", 403, "Forbidden",
        "The request was refused because of what it contains.",
        "A detector took a value for an attack; the event says which class, where and why. If the value is ordinary there, `[[guards.waf.exceptions]]` of the route leaves that class alone for that parameter.";
    WAF_RULE = "waf-rule", 403, "Forbidden",
        "The request was refused because of what it contains.",
        "Rules matched; the event lists them, the worst first, with the variable and the bytes. If the value is ordinary there, `[[guards.waf.exceptions]]` of the route leaves that rule alone for that parameter.";
    WAF_ANSWER = "waf-answer", 403, "Forbidden",
        "The answer to this request is not shown.",
        "Rules over answers matched, or an answer is larger than they allow; the event lists them. `[[guards.waf.exceptions]]` of the route leaves a rule alone.";
    WAF_BUDGET = "waf-budget", 403, "Forbidden",
        "The request is too complex to be accepted.",
        "Looking at the request would have cost more than one request may; the evidence names what was too much. `[guards.waf] over_budget` says what happens then.";
    WAF_BODY = "waf-body", 400, "Malformed body",
        "The body of the request could be read in two ways.",
        "A body that readers understand differently can hide anything; the evidence says what is wrong with it. `[guards.waf] unreadable` says what happens to such bodies.";
    WAF_CODING = "waf-coding", 415, "Unsupported media type",
        "The coding of the request body is not supported.",
        "The body is compressed in a way that cannot be read here, or in several; `[guards.waf] unreadable` says what happens to such bodies.";
    WAF_DECODED_SIZE = "waf-decoded-size", 413, "Content too large",
        "The body of the request is too large once it is unpacked.",
        "The cap is `[guards.waf] decoded_limit`; beyond 1 MiB a body may also not unpack to more than a hundred times its size.";
    SCHEMA_VIOLATION = "schema-violation", 422, "Invalid input",
        "The request is not as this address asks for; the list of errors says where.",
        "The evidence names the place and the rule of the document that `[guards.schema]` names. Where the document is stricter than the application, correct it; `mode = \"observe\"` watches first.";
    MALFORMED_INPUT = "malformed-input", 400, "Malformed input",
        "The request cannot be read, or could be read in two ways; the list of errors says where.",
        "Parsers differ about such input (no JSON, a member twice, integers of more than 64 bits, text that is not UTF-8), so it is refused before the application reads it; there is no setting for this in `[guards.schema]` but `mode`.";
    INPUT_TOO_COMPLEX = "input-too-complex", 400, "Input too complex",
        "The request nests too deep or holds too many values.",
        "The caps are `[guards.schema] depth` and `values`. Where the evidence says `cost`, the schema lets alternatives lead on into each other on every level: write it with one way down.";
    UNLISTED_PATH = "unlisted-path", 404, "Not found",
        "There is nothing at this address.",
        "The document that `[guards.schema] openapi` names does not list the path; `base` says where its paths begin, `unlisted = \"pass\"` lets others through.";
    UNLISTED_METHOD = "unlisted-method", 405, "Method not allowed",
        "This method is not allowed here.",
        "The document that `[guards.schema] openapi` names does not list the method for this path; `unlisted = \"pass\"` lets others through.";
    UNLISTED_MEDIA_TYPE = "unlisted-media-type", 415, "Unsupported media type",
        "Bodies of this type are not taken here.",
        "The document that `[guards.schema]` names lists the media types of the body; it must be named by one Content-Type, in UTF-8 and not compressed.";
    INTERNALS_WITHHELD = "internals-withheld", 500, "Internal server error",
        "The request could not be completed.",
        "The application answered with a stack trace or the like; the application's own log has it. `[guards.errors]` says what is replaced.";
    PART_WITHHELD = "part-withheld", 416, "Range not satisfiable",
        "This can be fetched as a whole only.",
        "A range of a text could hold a part of the secret that `[guards.csp] placeholder` names; clients that ask without `Range` get the whole.";
    GUARD_FAILED = "guard-failed", 503, "Service unavailable",
        "The request cannot be served now. Try again later.",
        "A guard failed or ran out of time and its fail mode is closed: `fail` in the guard's own table. The event says which guard.";

    // bodies
    BODY_TOO_LARGE = "body-too-large", 413, "Content too large",
        "The body of the request is too large.",
        "The cap is `[server] body_limit`; a route that takes large files says so with `[[routes]] upload = true`.";
    BODY_MEMORY_EXHAUSTED = "body-memory-exhausted", 503, "Service unavailable",
        "The request cannot be served now. Try again later.",
        "All memory set aside for inspecting bodies is in use: `[server] body_memory`.";
    HEAD_TIMEOUT = "head-timeout", 408, "Request timeout",
        "The head of the request did not arrive in time.",
        "The time is `[server] head_timeout`.";
    BODY_INCOMPLETE = "body-incomplete", 400, "Incomplete request",
        "The body of the request ended early.",
        "The client closed the connection before it had sent the whole body; there is no setting for this.";
    BODY_TIMEOUT = "body-timeout", 408, "Request timeout",
        "The body of the request did not arrive in time.",
        "The time is `[server] body_timeout`.";
    BODY_TOO_SLOW = "body-too-slow", 408, "Request timeout",
        "The body of the request arrived too slowly.",
        "The rate is `[server] min_body_rate`, and `[server] body_timeout` is what a client is ahead of it.";

    // WebSockets
    WEBSOCKET_HANDSHAKE = "websocket-handshake", 400, "Invalid handshake",
        "The request to open a WebSocket is not valid.",
        "The handshake breaks RFC 6455; the evidence names what was wrong. There is no setting for this.";
    WEBSOCKET_VERSION = "websocket-version", 426, "Upgrade required",
        "Only version 13 of WebSockets is spoken here.",
        "The client asked for another version than 13 (RFC 6455), or for none; there is no setting for this.";
    WEBSOCKET_ORIGIN = "websocket-origin", 403, "Foreign origin",
        "Pages of this origin may not open connections here.",
        "A web page of another origin tried to open a WebSocket with its visitor's rights; `[websocket] origins` names those that may, `without_origin` says whether programs may.";
    WEBSOCKET_HOST = "websocket-host", 403, "Foreign host",
        "No connections are opened under this host name.",
        "The WebSocket was asked for under a name that is not listed, as by DNS rebinding; `[websocket] hosts` adds a name.";
    WEBSOCKET_TOKEN = "websocket-token", 401, "Unauthorized",
        "Opening this connection needs a token.",
        "The token is the one that `[routes.websocket] token` refers to; the evidence says what came in its place.";
    WEBSOCKET_ATTEMPTS = "websocket-attempts", 429, "Too many attempts",
        "Too many failed attempts. Wait and try again.",
        "The address failed to present the token too often; the cap is `[websocket] token_attempts`.";
    WEBSOCKET_PROTOCOL = "websocket-protocol", 400, "Protocol error",
        "The connection broke the rules of its protocol.",
        "The client sent something that is not valid RFC 6455; the evidence names what was wrong. There is no setting for this.";
    WEBSOCKET_DATA = "websocket-data", 400, "Invalid data",
        "A message could not be read.",
        "A text message was not UTF-8, or a compressed one could not be inflated; there is no setting for this.";
    WEBSOCKET_TOO_LARGE = "websocket-too-large", 413, "Message too large",
        "A message was too large.",
        "The caps are `[websocket] frame_limit`, `message_limit` and `inflation_ratio`; the evidence names the one that was reached.";
    WEBSOCKET_RATE = "websocket-rate", 429, "Too many messages",
        "Too many messages came in a short time.",
        "The caps are `[websocket] message_rate` and `control_rate`; the evidence names the one that was reached.";
    WEBSOCKET_TIME = "websocket-time", 408, "Connection timeout",
        "The connection was open or silent for too long.",
        "The times are `[websocket] idle_timeout` and `lifetime`; `ping_interval` keeps silent connections alive.";
    WEBSOCKET_APPLICATION = "websocket-application", 502, "Bad gateway",
        "The service broke the rules of the protocol. Try again later.",
        "The application sent a frame that is not valid RFC 6455, or a message above `[websocket] answer_limit`; the evidence says which.";

    // upstream
    UPSTREAM_UNREACHABLE = "upstream-unreachable", 502, "Bad gateway",
        "The service cannot be reached now. Try again later.",
        "No connection to the application: see that it runs and listens at the address in `[upstream]`.";
    UPSTREAM_SATURATED = "upstream-saturated", 503, "Service unavailable",
        "The service is busy. Try again later.",
        "All connections to the application are in use (`[upstream] max_connections`), or the process may open no more files (`ulimit -n`): the event says which.";
    UPSTREAM_RESTING = "upstream-resting", 503, "Service unavailable",
        "The service cannot be reached now. Try again later.",
        "Too many connections to the application failed, so it is left alone for a while: `[upstream.breaker]`.";
    UPSTREAM_INVALID = "upstream-invalid", 502, "Bad gateway",
        "The service gave no valid answer. Try again later.",
        "The application answered with something that is not valid HTTP or closed the connection early; its own log may say why.";
    UPSTREAM_TIMEOUT = "upstream-timeout", 504, "Gateway timeout",
        "The service did not answer in time. Try again later.",
        "The time is `[upstream] response_timeout`.";

    // the gateway itself
    TOO_MANY_CONNECTIONS = "too-many-connections", 503, "Service unavailable",
        "There are too many connections now. Try again later.",
        "The cap is `[server] max_connections` or `[server] max_upgraded_connections`.";
    DRAINING = "draining", 503, "Service unavailable",
        "The service is restarting. Try again in a moment.",
        "The gateway is stopping and takes no new requests; `[server] drain` says how long running ones may take.";

    // the admin listener
    FOREIGN_HOST = "foreign-host", 421, "Misdirected request",
        "Nothing is served under this host name.",
        "The admin listener was asked under a name that is not its own, as by DNS rebinding; `[admin] hosts` adds a name.";
    FOREIGN_ORIGIN = "foreign-origin", 403, "Foreign origin",
        "Pages of other origins may not ask here.",
        "A web page of another origin asked the admin listener; `[admin] hosts` adds a name whose pages may.";
    METHOD_NOT_ALLOWED = "method-not-allowed", 405, "Method not allowed",
        "Only GET and HEAD are allowed here.",
        "The admin listener can only be read; there is no setting for this.";
    NOT_FOUND = "not-found", 404, "Not found",
        "There is nothing at this address.",
        "The admin listener has `/livez`, `/healthz`, `/readyz` and `/metrics`.";
    TOKEN_REQUIRED = "token-required", 401, "Token required",
        "Send the token in the Authorization header, as a bearer token.",
        "The token is the one that `[admin] metrics_token` refers to.";
    TOKEN_INVALID = "token-invalid", 401, "Invalid token",
        "Send the token in the Authorization header, as a bearer token.",
        "Another token was sent than the one that `[admin] metrics_token` refers to.";
    ADMIN_CLOSED = "admin-closed", 403, "Forbidden",
        "This needs a token, and none is set.",
        "The admin listener is open to the network and no token is set: `[admin] metrics_token`, or a loopback address in `[admin] listen`.";

    // the service API
    API_MALFORMED = "api-malformed", 400, "Malformed request",
        "The request could not be read. The list of errors says where.",
        "The program that asks sends something that is not what `/v1/openapi.json` describes.";
    API_UNAUTHENTICATED = "api-unauthenticated", 401, "Not authenticated",
        "Send an API key or a token that counts in the Authorization header, as a bearer token.",
        "`mantlet key issue --user NAME --scope users:read` issues one; the evidence says what is wrong with the one that was sent.";
    API_SCOPE = "api-scope", 403, "Forbidden",
        "The credential does not name the scope that this needs.",
        "Issue a credential with that scope, as `mantlet key issue` does; `/v1/openapi.json` says which operation needs which.";
    API_BEYOND = "api-beyond", 403, "Forbidden",
        "Nobody passes on more than they hold, nor acts on an account that may more than theirs.",
        "The account that the credential is of lacks a permission: give it a role that has it, or use a credential of another account.";
    API_NOT_FOUND = "api-not-found", 404, "Not found",
        "There is no such thing.",
        "`/v1/openapi.json` lists what there is.";
    API_METHOD = "api-method", 405, "Method not allowed",
        "There is no such method at this address. The field Allow lists those that there are.",
        "`/v1/openapi.json` lists what there is.";
    API_NOT_ACCEPTABLE = "api-not-acceptable", 406, "Not acceptable",
        "Answers are JSON, and the field Accept leaves that out.",
        "The program that asks has to accept `application/json`.";
    API_SLOW = "api-slow", 408, "Request timeout",
        "The body of the request did not arrive in time.",
        "A body has five seconds; there is no setting for this.";
    API_CONFLICT = "api-conflict", 409, "Conflict",
        "It is there already, is not in a state for that, or there are as many as there may be.",
        "The message says what stands in the way.";
    API_IN_FLIGHT = "api-in-flight", 409, "Conflict",
        "A request with this Idempotency-Key is being answered at the moment.",
        "The program that asks has to wait for its first answer.";
    API_CHANGED = "api-changed", 412, "Precondition failed",
        "It has changed since you looked at it. Get it again, and try again.",
        "Two programs changed the same thing; the second has to look again.";
    API_TOO_LARGE = "api-too-large", 413, "Content too large",
        "The body of the request is too large.",
        "A body may have 64 KiB; there is no setting for this.";
    API_MEDIA_TYPE = "api-media-type", 415, "Unsupported media type",
        "The body of the request is of a type that is not read here.",
        "`/v1/openapi.json` says which type each operation reads.";
    API_INVALID = "api-invalid", 422, "Not as asked for",
        "The request could be read, and is not in order. The detail or the list of errors says why.",
        "The program that asks sends something that is not what `/v1/openapi.json` describes, or names something that is not there.";
    API_KEY_REUSED = "api-idempotency-key-reused", 422, "Idempotency-Key used before",
        "Another request was sent with this Idempotency-Key. Make a new one for each request.",
        "The program that asks uses one key for two different requests.";
    API_PRECONDITION = "api-precondition-required", 428, "Precondition required",
        "Say with If-Match what you want to change: the ETag of what you looked at.",
        "The program that asks has to send `If-Match`, so that two of them do not undo each other's changes.";
    API_RATE = "api-rate", 429, "Too many requests",
        "Too many requests were sent. Try again after the time that Retry-After names.",
        "The limits are `[admin.api] rate`, `rate_per_address` and `failures_per_address`.";
    API_DEFECT = "api-defect", 500, "Internal error",
        "The request could not be answered.",
        "This is a defect; the event log says what broke off.";
    API_BUSY = "api-busy", 503, "Service unavailable",
        "Too much is asked at the moment. Try again later.",
        "More passwords are to be hashed, or more requests kept, than `[identity.passwords]` and the limits of the service API allow.";
    API_UNAVAILABLE = "api-unavailable", 503, "Service unavailable",
        "The store or the disk does not answer at the moment. Try again later.",
        "Look at the disk of the data folder; another process may be taking over.";
    ADMIN_TIMEOUT = "admin-timeout", 503, "Service unavailable",
        "The answer took too long. Try again later.",
        "The machine is overloaded, or the process is stuck; there is no setting for this.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let mut seen = HashSet::new();
        for reason in ALL {
            assert!(seen.insert(reason.code), "{} twice", reason.code);
            for part in reason.code.split('-') {
                assert!(
                    !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()),
                    "{}",
                    reason.code
                );
            }
        }
    }

    #[test]
    fn statuses_are_refusals() {
        for reason in ALL {
            assert!((400..=599).contains(&reason.status), "{}", reason.code);
        }
    }

    #[test]
    fn texts_have_their_style() {
        for reason in ALL {
            assert!(!reason.title.ends_with('.'), "{}", reason.code);
            for text in [reason.title, reason.detail, reason.hint] {
                assert!(text.starts_with(|c: char| c.is_uppercase() || c == '`'), "{text}");
                assert!(!text.contains(['\n', '\r']) && !text.contains("  "), "{text}");
            }
            assert!(reason.detail.ends_with('.') && reason.hint.ends_with('.'), "{}", reason.code);
        }
    }

    #[test]
    fn clients_learn_nothing_of_the_inside() {
        for reason in ALL {
            for text in [reason.title, reason.detail] {
                let text = text.to_ascii_lowercase();
                for word in
                    ["mantlet", "upstream", "guard", "route", "config", "proxy", "`", "limit is"]
                {
                    assert!(!text.contains(word), "{}: {text}", reason.code);
                }
            }
        }
    }
}
