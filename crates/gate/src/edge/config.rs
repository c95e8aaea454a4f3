//! Settings of the edge.

use std::net::SocketAddr;
use std::time::Duration;

use mantlet_config::{ByteSize, Reader, section};

use super::wire::Rules;
use super::{ForwardAuthSection, ProxyProtocolSection, TlsSection};
use crate::stages::https::{self, HttpsRedirect, Outside, PublicHost};
use crate::upstream::Pace;

/// What helps where plain HTTP is open to the network.
pub const OPEN_HINT: &str =
    "use `[server.tls]`, or listen on 127.0.0.1 behind a proxy that ends TLS";

/// Most addresses to listen on; all of them are handed to a new binary at once.
pub(crate) const MAX_ADDRESSES: usize = 128;

section! {
    /// Where and how requests come in.
    pub struct ServerSection {
        /// Addresses for plain HTTP/1.1 and HTTP/2. Loopback unless you say otherwise.
        pub listen: Vec<SocketAddr> = vec![SocketAddr::from(([127, 0, 0, 1], 8080))],
        /// The host names by which people know us, with the port for HTTPS where it is not 443.
        /// Plain HTTP then leads to HTTPS at the host that was asked for, or else at the first.
        pub public_host: Vec<PublicHost> = Vec::new(),
        /// When requests over plain HTTP are sent to HTTPS.
        pub https_redirect: HttpsRedirect = HttpsRedirect::Auto,
        /// HTTPS.
        pub tls: TlsSection = TlsSection::default(),
        /// Other proxies that ask about requests.
        pub forward_auth: ForwardAuthSection = ForwardAuthSection::default(),
        /// Load balancers that pass connections on.
        pub proxy_protocol: ProxyProtocolSection = ProxyProtocolSection::default(),
        /// Worker threads; 0: one for each processor.
        pub workers: u16 = 0,
        /// Most connections at a time; further ones are refused with 503.
        pub max_connections: u32 = 10_000,
        /// Most connections at a time from one address (IPv6: one /64). Trusted proxies are exempt:
        /// many clients come through one of them.
        pub max_connections_per_address: u32 = 1024,
        /// Most WebSockets at a time; further ones are refused with 503.
        pub max_upgraded_connections: u32 = 10_000,
        /// Most requests at a time on one HTTP/2 connection.
        pub max_streams: u32 = 128,
        /// Largest head of a request.
        pub head_limit: ByteSize = ByteSize(64 * 1024),
        /// Longest request target.
        pub target_limit: ByteSize = ByteSize(8 * 1024),
        /// Most header lines.
        pub header_count: u16 = 100,
        /// How long the head of a request may take.
        pub head_timeout: Duration = Duration::from_secs(10),
        /// How long a connection may be idle between requests.
        pub idle_timeout: Duration = Duration::from_secs(75),
        /// Largest request body, and largest that is held for inspection.
        pub body_limit: ByteSize = ByteSize(16 * 1024 * 1024),
        /// Largest request body on routes with `upload = true`.
        pub upload_limit: ByteSize = ByteSize(200 * 1000 * 1000),
        /// Memory for held bodies, of all requests together.
        pub body_memory: ByteSize = ByteSize(256 * 1024 * 1024),
        /// How long a client may pause inside a request body.
        pub body_timeout: Duration = Duration::from_secs(30),
        /// How many bytes of a body must come in a second, on the whole; `body_timeout` is what a
        /// client is ahead. 0: any pace will do.
        pub min_body_rate: ByteSize = ByteSize(500),
        /// How much is read and dropped of a body whose answer came before it was over, so that the
        /// client gets the answer and its connection goes on; with more to come it is closed.
        pub discard_limit: ByteSize = ByteSize(2 * 1024 * 1024),
        /// How long that may take, and how long a client that has had its last answer is heard out.
        pub discard_timeout: Duration = Duration::from_secs(5),
        /// How long a client may take nothing of an answer that waits for it.
        pub send_timeout: Duration = Duration::from_secs(60),
        /// How long requests may take to end when the server stops.
        pub drain: Duration = Duration::from_secs(30),
    }
}

impl ServerSection {
    /// The limits of requests on the wire.
    #[must_use]
    pub fn wire_rules(&self) -> Rules {
        Rules {
            head_limit: size(self.head_limit),
            target_limit: size(self.target_limit),
            header_count_limit: usize::from(self.header_count),
            head_timeout: self.head_timeout,
            idle_timeout: self.idle_timeout,
            discard_limit: self.discard_limit.0,
            discard_timeout: self.discard_timeout,
        }
    }

    /// How fast request bodies must come.
    #[must_use]
    pub const fn body_pace(&self) -> Pace {
        Pace { pause: self.body_timeout, rate: self.min_body_rate.0 }
    }

    /// The listeners that others can reach and that serve over plain HTTP.
    pub fn open_addresses(&self) -> impl Iterator<Item = SocketAddr> {
        let leads_on = Outside::new(self).sends_to_https();
        let is_open = move |address: &&SocketAddr| !leads_on && !address.ip().is_loopback();
        self.listen.iter().filter(is_open).copied()
    }

    /// How many workers there are to be.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        match usize::from(self.workers) {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        }
    }

    /// Finds what the types cannot say.
    pub fn check(&self, reader: &mut Reader<'_>) {
        self.check_ranges(reader);
        self.tls.check(reader);
        self.forward_auth.check(self, reader);
        self.proxy_protocol.check(self, reader);
        https::check(self, reader);
        for address in self.open_addresses() {
            let message = format!("`{address}` is open to the network without TLS");
            reader.warn("server.listen", message, OPEN_HINT);
        }
        let count = self.listen.len().saturating_add(self.tls.listen.len());
        if count > MAX_ADDRESSES {
            let message = format!("{count} addresses are more than {MAX_ADDRESSES}");
            reader.error("server.listen", message, "listen on `0.0.0.0` or `[::]` instead");
        }
        if self.listen.is_empty() && self.tls.listen.is_empty() {
            let hint = "name an address such as 127.0.0.1:8080";
            reader.error("server.listen", "nothing to listen on", hint);
        }
    }

    fn check_ranges(&self, reader: &mut Reader<'_>) {
        for (key, number, range) in [
            ("server.workers", self.workers.into(), 0..=1024),
            ("server.max_connections", self.max_connections, 1..=1_000_000),
            ("server.max_upgraded_connections", self.max_upgraded_connections, 1..=1_000_000),
            ("server.max_streams", self.max_streams, 1..=65_535),
            ("server.header_count", self.header_count.into(), 1..=10_000),
        ] {
            reader.expect_range(key, &number, &range);
        }
        for (key, bytes, low, high) in [
            ("server.head_limit", self.head_limit, 1024, 1 << 20),
            // Where the targets of the HTTP library end.
            ("server.target_limit", self.target_limit, 1, 65_534),
            ("server.body_memory", self.body_memory, 1024, 1 << 50),
        ] {
            reader.expect_range(key, &bytes, &(ByteSize(low)..=ByteSize(high)));
        }
    }
}

pub(super) fn size(bytes: ByteSize) -> usize {
    usize::try_from(bytes.0).unwrap_or(usize::MAX)
}
