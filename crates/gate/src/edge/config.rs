//! Settings of the edge.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use mantlet_config::{ByteSize, Reader, section};

use super::wire::Rules;

/// Most addresses to listen on; all of them are handed to a new binary at once.
pub(crate) const MAX_ADDRESSES: usize = 128;

section! {
    /// Where and how requests come in.
    pub struct ServerSection {
        /// Addresses for plain HTTP/1.1 and HTTP/2. Loopback unless you say otherwise.
        pub listen: Vec<SocketAddr> = vec![SocketAddr::from(([127, 0, 0, 1], 8080))],
        /// HTTPS.
        pub tls: TlsSection = TlsSection::default(),
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
        /// How long a client may take nothing of an answer that waits for it; under HTTP/2, of all
        /// answers on the connection together.
        pub send_timeout: Duration = Duration::from_secs(60),
        /// How long requests may take to end when the server stops.
        pub drain: Duration = Duration::from_secs(30),
    }
}

section! {
    /// HTTPS with a certificate from files: TLS 1.2 and 1.3.
    pub struct TlsSection {
        /// Addresses for HTTPS. Empty: none.
        pub listen: Vec<SocketAddr> = Vec::new(),
        /// The certificate chain, PEM.
        pub cert: Option<PathBuf> = None,
        /// Its private key, PEM.
        pub key: Option<PathBuf> = None,
        /// How long a handshake may take.
        pub handshake_timeout: Duration = Duration::from_secs(10),
    }
}

impl ServerSection {
    /// The limits of the wire filter.
    #[must_use]
    pub fn wire_rules(&self) -> Rules {
        Rules {
            head_limit: size(self.head_limit),
            target_limit: size(self.target_limit),
            header_count_limit: usize::from(self.header_count),
            head_timeout: self.head_timeout,
            idle_timeout: self.idle_timeout,
        }
    }

    /// Finds what the types cannot say.
    pub fn check(&self, reader: &mut Reader<'_>) {
        self.check_ranges(reader);
        self.check_tls(reader);
        for address in self.listen.iter().filter(|address| !address.ip().is_loopback()) {
            let message = format!("`{address}` is open to the network without TLS");
            let hint = "use `[server.tls]`, or listen on 127.0.0.1 behind a proxy that ends TLS";
            reader.warn("server.listen", message, hint);
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

    fn check_tls(&self, reader: &mut Reader<'_>) {
        let tls = &self.tls;
        let is_asked = !tls.listen.is_empty();
        for (key, file) in [("server.tls.cert", &tls.cert), ("server.tls.key", &tls.key)] {
            match file {
                None if is_asked => {
                    reader.error(
                        key,
                        "HTTPS needs a certificate and its key",
                        "name the two PEM files",
                    );
                }
                Some(path) if !path.is_file() => {
                    let message = format!("`{}` is not a file", path.display());
                    reader.error(key, message, "correct the path");
                }
                Some(_) if !is_asked => {
                    let hint = "add for example `listen = \"0.0.0.0:8443\"`";
                    reader.error(key, "nothing listens with this certificate", hint);
                }
                _ => {}
            }
        }
        let is_there = |file: &Option<PathBuf>| file.as_ref().is_some_and(|path| path.is_file());
        if is_there(&tls.cert)
            && is_there(&tls.key)
            && let Err(error) = super::tls::acceptor(tls)
        {
            let hint = "name a certificate chain and its own private key, both in PEM";
            reader.error("server.tls.cert", error.message(), hint);
        }
    }
}

pub(super) fn size(bytes: ByteSize) -> usize {
    usize::try_from(bytes.0).unwrap_or(usize::MAX)
}
