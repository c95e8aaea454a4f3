//! Settings of the way to the application.

use std::path::PathBuf;
use std::time::Duration;

use mantlet_config::{ByteSize, Reader, section};

use super::ServerAddress;

section! {
    /// The application behind the gate, and how servers are talked to: these and those of routes.
    pub struct UpstreamSection {
        /// Where requests go that no route leads elsewhere: one server, or a list of them. The one
        /// with the fewest running requests gets the next; `http://a weight 2` gets twice as many.
        /// `https://` is TLS, `h2c://` HTTP/2 without TLS, `unix:/path` a Unix socket.
        pub url: Vec<ServerAddress> = Vec::new(),
        /// How long connecting may take, all addresses of a name together.
        pub connect_timeout: Duration = Duration::from_secs(5),
        /// How long the application may take until its answer begins.
        pub response_timeout: Duration = Duration::from_secs(60),
        /// How long the application may pause inside an answer.
        pub idle_timeout: Duration = Duration::from_secs(300),
        /// How long an unused connection is kept for the next request. Below the five seconds
        /// after which common application servers close it.
        pub keep_alive: Duration = Duration::from_secs(4),
        /// Most connections to one server at a time, used or not; under HTTP/2 most requests.
        /// Further requests are refused with 503.
        pub max_connections: u32 = 4096,
        /// Most unused connections kept to one server by one worker.
        pub max_idle_connections: u32 = 256,
        /// Largest head of an answer; a larger one is refused with 502.
        pub head_limit: ByteSize = ByteSize(64 * 1024),
        /// Most header lines of an answer; one with more is refused with 502.
        pub header_count: u16 = 256,
        /// How often the names of servers are looked up again.
        pub resolve_interval: Duration = Duration::from_secs(30),
        /// How often a request that has reached no server is tried on another one. Such retries are
        /// a fifth of all requests at most.
        pub retries: u16 = 2,
        /// When a server is passed over.
        pub health: HealthSection = HealthSection::default(),
        /// When a server is left alone.
        pub breaker: BreakerSection = BreakerSection::default(),
        /// TLS to the servers.
        pub tls: UpstreamTlsSection = UpstreamTlsSection::default(),
    }
}

section! {
    /// Servers that are passed over while others of their group are well. When none is, all are
    /// used: the last one is never taken out.
    pub struct HealthSection {
        /// So many failures in a row take a server out: no connection, no answer in time, an
        /// invalid or broken answer. 0: never.
        pub failures: u32 = 5,
        /// For how long, the first time; doubled each time it fails again at once.
        pub eject_time: Duration = Duration::from_secs(5),
        /// For how long at most.
        pub max_eject_time: Duration = Duration::from_secs(300),
        /// A path that each server is asked for to see whether it is well: any answer from 200 to
        /// 399 is. None: servers are not asked.
        pub path: Option<String> = None,
        /// How often.
        pub interval: Duration = Duration::from_secs(5),
        /// How long an answer may take.
        pub timeout: Duration = Duration::from_secs(2),
        /// So many good answers in a row bring a server back.
        pub healthy: u32 = 2,
        /// So many bad ones take it out.
        pub unhealthy: u32 = 3,
    }
}

section! {
    /// A server to which no connection can be made is left alone for a while: requests for it are
    /// refused at once with 503 and `Retry-After`, then one of them is let through to see. Only
    /// failed connections count: no client can bring those about.
    pub struct BreakerSection {
        /// Percentage of requests that find no connection. 0: never.
        pub failures: u16 = 50,
        /// So many failures at least.
        pub minimum: u32 = 20,
        /// Within this time.
        pub window: Duration = Duration::from_secs(10),
        /// For how long.
        pub pause: Duration = Duration::from_secs(5),
    }
}

section! {
    /// TLS to `https` servers. Certificates are verified against the system's roots, unless `ca` is
    /// given, and against the host of the address. HTTP/2 is spoken where the server offers it.
    pub struct UpstreamTlsSection {
        /// The authorities to trust instead of the system's, PEM.
        pub ca: Option<PathBuf> = None,
        /// The name in the servers' certificates, where it is not the host of the address.
        pub server_name: Option<String> = None,
        /// Our own certificate chain, PEM, where servers ask for one.
        pub cert: Option<PathBuf> = None,
        /// Its private key, PEM.
        pub key: Option<PathBuf> = None,
        /// Whether certificates are taken unverified: whoever is on the way can read and change
        /// everything.
        pub dangerous_accept_any_certificate: bool = false,
    }
}

impl UpstreamSection {
    /// Finds what the types cannot say. `uses_tls`: whether any server is reached over TLS.
    pub fn check(&self, uses_tls: bool, reader: &mut Reader<'_>) {
        for (key, number, range) in [
            ("upstream.max_connections", self.max_connections, 1..=1_000_000),
            ("upstream.header_count", self.header_count.into(), 1..=10_000),
            ("upstream.retries", self.retries.into(), 0..=10),
            ("upstream.health.healthy", self.health.healthy, 1..=1000),
            ("upstream.health.unhealthy", self.health.unhealthy, 1..=1000),
            ("upstream.breaker.failures", self.breaker.failures.into(), 0..=100),
            ("upstream.breaker.minimum", self.breaker.minimum, 1..=1_000_000),
        ] {
            reader.expect_range(key, &number, &range);
        }
        let head = ByteSize(1024)..=ByteSize(1 << 20);
        reader.expect_range("upstream.head_limit", &self.head_limit, &head);
        self.check_health(reader);
        self.tls.check(uses_tls, reader);
    }

    fn check_health(&self, reader: &mut Reader<'_>) {
        let health = &self.health;
        if let Some(path) = health.path.as_deref().filter(|path| !super::http1::is_target(path)) {
            let message = format!("`{path}` is not a path");
            reader.error("upstream.health.path", message, "write it as in `/health`");
        }
        for (key, duration) in [
            ("upstream.resolve_interval", self.resolve_interval),
            ("upstream.health.eject_time", health.eject_time),
            ("upstream.health.max_eject_time", health.max_eject_time),
            ("upstream.health.interval", health.interval),
            ("upstream.breaker.window", self.breaker.window),
            ("upstream.breaker.pause", self.breaker.pause),
        ] {
            let range = Duration::from_millis(100)..=Duration::from_secs(86_400);
            if !range.contains(&duration) {
                let hint = "choose a time from `100ms` to `1d`";
                reader.error(key, "the time is out of range", hint);
            }
        }
    }
}

impl UpstreamTlsSection {
    fn check(&self, is_used: bool, reader: &mut Reader<'_>) {
        let key = "upstream.tls";
        if self.cert.is_some() != self.key.is_some() {
            let hint = "name both PEM files, or neither";
            reader.error(key, "a certificate and its key belong together", hint);
        }
        if self.dangerous_accept_any_certificate {
            let hint = "name the servers' own authority with `ca` instead";
            reader.warn(key, "certificates of servers are not verified", hint);
            if self.ca.is_some() {
                reader.error(key, "`ca` has no effect where anything is accepted", "keep one");
            }
        }
        let is_set = self.ca.is_some() || self.server_name.is_some() || self.cert.is_some();
        if !is_used && (is_set || self.dangerous_accept_any_certificate) {
            let hint = "write `https://` where the servers speak TLS";
            reader.warn(key, "no server is reached over TLS", hint);
        }
        if is_used && let Err(error) = super::tls::Tls::load(self) {
            let hint = "name PEM files: `ca` one or more authorities, `cert` and `key` our own";
            reader.error(key, error, hint);
        }
    }
}

/// How to talk to upstreams; the same for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// See [`UpstreamSection::connect_timeout`].
    pub connect_timeout: Duration,
    /// See [`UpstreamSection::response_timeout`].
    pub response_timeout: Duration,
    /// See [`UpstreamSection::idle_timeout`].
    pub idle_timeout: Duration,
    /// See [`UpstreamSection::keep_alive`].
    pub keep_alive: Duration,
    pub(super) max_connections: usize,
    pub(super) max_idle: usize,
    pub(super) head_limit: usize,
    pub(super) header_count: usize,
    pub(super) resolve_interval: Duration,
    pub(super) retries: u16,
    pub(super) health: HealthRules,
    pub(super) breaker: BreakerRules,
}

/// See [`HealthSection`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HealthRules {
    pub(super) failures: u32,
    pub(super) eject_time: Duration,
    pub(super) max_eject_time: Duration,
    pub(super) path: Option<String>,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    pub(super) healthy: u32,
    pub(super) unhealthy: u32,
}

/// See [`BreakerSection`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BreakerRules {
    pub(super) failures: u16,
    pub(super) minimum: u32,
    pub(super) window: Duration,
    pub(super) pause: Duration,
}

impl Rules {
    /// The rules a section asks for.
    #[must_use]
    pub fn new(section: &UpstreamSection) -> Self {
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            connect_timeout: section.connect_timeout,
            response_timeout: section.response_timeout,
            idle_timeout: section.idle_timeout,
            keep_alive: section.keep_alive,
            max_connections: size(section.max_connections),
            max_idle: size(section.max_idle_connections),
            head_limit: usize::try_from(section.head_limit.0).unwrap_or(usize::MAX),
            header_count: usize::from(section.header_count),
            resolve_interval: section.resolve_interval,
            retries: section.retries,
            health: HealthRules::new(&section.health),
            breaker: BreakerRules::new(&section.breaker),
        }
    }
}

impl HealthRules {
    fn new(section: &HealthSection) -> Self {
        Self {
            failures: section.failures,
            eject_time: section.eject_time,
            max_eject_time: section.max_eject_time,
            path: section.path.clone(),
            interval: section.interval,
            timeout: section.timeout,
            healthy: section.healthy,
            unhealthy: section.unhealthy,
        }
    }
}

impl BreakerRules {
    const fn new(section: &BreakerSection) -> Self {
        let BreakerSection { failures, minimum, window, pause } = *section;
        Self { failures, minimum, window, pause }
    }
}
