//! Settings of WebSockets.

use std::num::NonZeroU32;
use std::time::Duration;

use mantlet_config::{ByteSize, Reader, SecretRef, WebOrigin, choice, section};
use mantlet_limit::Quota;

use crate::guards::limit::QuotaSetting;
use crate::guards::origin_risk;
use crate::stages::route::HostPattern;

choice! {
    /// What becomes of compressed messages.
    pub enum Compression {
        /// Clients' messages are inflated on the way, so that limits hold for what they say.
        Bounded => "bounded",
        /// Passed on as they come, and limits count bytes on the wire, unless a guard looks at
        /// messages.
        Unread => "unread",
        /// Not negotiated.
        Off => "off",
    }
}

choice! {
    /// How a client may present the token.
    pub enum TokenBy {
        /// In a header: `Authorization: Bearer`, or the one that `token_header` names.
        Header => "header",
        /// As the subprotocol `bearer.TOKEN`, which a page's script can send. It offers another one
        /// beside it, for browsers want one answered: the application's, or `bearer`, which the gate
        /// answers itself.
        Subprotocol => "subprotocol",
        /// As the first message, `{"token": "..."}`. The application is not asked before.
        FirstMessage => "first-message",
    }
}

section! {
    /// What WebSockets may do. `[routes.websocket]` changes it for one route.
    pub struct WebsocketSection {
        /// Origins whose pages may open WebSockets, as `https://app.example.org`. Empty: the one
        /// that the client asked for. Those listed need no word in `[guards.csrf]`.
        pub origins: Vec<WebOrigin> = Vec::new(),
        /// Lets the pages of every origin open WebSockets with their visitors' cookies.
        pub dangerous_any_origin: bool = false,
        /// Whether clients that send no `Origin` may: programs do not, browsers always do.
        pub without_origin: bool = true,
        /// Hosts at which WebSockets may be opened; others are refused (DNS rebinding). Empty: all
        /// that reach the route.
        pub hosts: Vec<HostPattern> = Vec::new(),
        /// What becomes of compressed messages (permessage-deflate).
        pub compression: Compression = Compression::Bounded,
        /// Most bytes that a client's message may inflate to, for each byte sent, once it is larger
        /// than 1 MiB.
        pub inflation_ratio: u16 = 200,
        /// Largest frame of a client.
        pub frame_limit: ByteSize = ByteSize(1024 * 1024),
        /// Largest message of a client, inflated.
        pub message_limit: ByteSize = ByteSize(1024 * 1024),
        /// Largest message of the application, as it is on the wire; unset: any.
        pub answer_limit: Option<ByteSize> = None,
        /// Messages that a client may send on one connection; fragments of less than 128 bytes
        /// count too.
        pub message_rate: QuotaSetting = per_second(100, 1000),
        /// Control frames (ping, pong, close) that a client may send on one connection.
        pub control_rate: QuotaSetting = per_second(10, 100),
        /// How long both sides may be silent.
        pub idle_timeout: Duration = Duration::from_secs(300),
        /// How often the gate pings the client; its answer ends the silence. Unset: never.
        pub ping_interval: Option<Duration> = None,
        /// How long a WebSocket may be open. Unset: as long as it likes.
        pub lifetime: Option<Duration> = None,
        /// Most WebSockets at a time under these settings.
        pub max_connections: u32 = 10_000,
        /// Most WebSockets at a time from one address (IPv6: one /64) under these settings.
        pub max_connections_per_address: u32 = 256,
        /// The token without which no WebSocket is opened, of 16 characters at least. Unset: none.
        pub token: Option<SecretRef> = None,
        /// How clients may present it.
        pub token_by: Vec<TokenBy> =
            vec![TokenBy::Header, TokenBy::Subprotocol, TokenBy::FirstMessage],
        /// The header that holds the token; unset: `Authorization: Bearer`.
        pub token_header: Option<String> = None,
        /// How long a client may take for its first message, when that presents the token.
        pub token_timeout: Duration = Duration::from_secs(5),
        /// Failed attempts that one address may make; then even the right token is refused.
        pub token_attempts: QuotaSetting = attempts(),
    }
}

fn per_second(limit: u32, burst: u32) -> QuotaSetting {
    let least_one = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    QuotaSetting(Quota::per_second(least_one(limit), least_one(burst)))
}

/// Five in a quarter of an hour.
fn attempts() -> QuotaSetting {
    let quota = Quota::new(5, Duration::from_secs(15 * 60), None);
    quota.map_or_else(|_| per_second(1, 5), QuotaSetting)
}

impl WebsocketSection {
    /// Finds what the types cannot say; `key` is where the section stands.
    pub fn check(&self, key: &str, reader: &mut Reader<'_>) {
        for (name, duration) in [
            ("idle_timeout", Some(self.idle_timeout)),
            ("ping_interval", self.ping_interval),
            ("lifetime", self.lifetime),
            ("token_timeout", Some(self.token_timeout)),
        ] {
            if duration.is_some_and(|duration| duration.is_zero()) {
                let hint = "choose at least `1ms`";
                reader.error(
                    &format!("{key}.{name}"),
                    "a timeout of zero lets nothing through",
                    hint,
                );
            }
        }
        let sizes = ByteSize(1)..=ByteSize(1 << 40);
        reader.expect_range(&format!("{key}.frame_limit"), &self.frame_limit, &sizes);
        reader.expect_range(&format!("{key}.message_limit"), &self.message_limit, &sizes);
        reader.expect_range(
            &format!("{key}.inflation_ratio"),
            &self.inflation_ratio,
            &(2..=u16::MAX),
        );
        let counts = 1..=1_000_000;
        reader.expect_range(&format!("{key}.max_connections"), &self.max_connections, &counts);
        let per_address = format!("{key}.max_connections_per_address");
        reader.expect_range(&per_address, &self.max_connections_per_address, &counts);
        self.check_token(key, reader);
        // Those of a section that this one inherits from are told there.
        let origins = format!("{key}.origins");
        let own = if reader.is_set(&origins) { self.origins.as_slice() } else { &[] };
        for origin in own {
            origin_risk::warn(&origins, origin, reader);
        }
        if self.dangerous_any_origin && reader.is_set(&format!("{key}.dangerous_any_origin")) {
            let hint = "name the origins in `origins`";
            let message = "every page on the web can use its visitors' WebSockets here";
            reader.warn(&format!("{key}.dangerous_any_origin"), message, hint);
        }
    }

    fn check_token(&self, key: &str, reader: &mut Reader<'_>) {
        if self.token.is_some() && self.token_by.is_empty() {
            let hint = "name at least one of `header`, `subprotocol`, `first-message`";
            reader.error(&format!("{key}.token_by"), "no way to present the token", hint);
        }
        if let Some(name) = &self.token_header
            && http::HeaderName::from_bytes(name.as_bytes()).is_err()
        {
            let message = format!("`{name}` is not a header name");
            reader.error(&format!("{key}.token_header"), message, "write it as in `X-Token`");
        }
    }
}
