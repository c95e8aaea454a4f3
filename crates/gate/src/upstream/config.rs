//! Settings of the way to the application.

use std::time::Duration;

use mantlet_config::{HttpUrl, section};

section! {
    /// The application behind the gate.
    pub struct UpstreamSection {
        /// Where requests go that no route leads elsewhere, for example `http://127.0.0.1:8501`.
        pub url: Option<HttpUrl> = None,
        /// How long connecting may take.
        pub connect_timeout: Duration = Duration::from_secs(5),
        /// How long the application may take until its answer begins.
        pub response_timeout: Duration = Duration::from_secs(60),
        /// How long the application may pause inside an answer.
        pub idle_timeout: Duration = Duration::from_secs(300),
        /// How long an unused connection is kept for the next request. Below the five seconds
        /// after which common application servers close it.
        pub keep_alive: Duration = Duration::from_secs(4),
        /// Most connections to one server at a time; further requests are refused with 503.
        pub max_connections: u32 = 4096,
        /// Most unused connections kept to one server by one worker.
        pub max_idle_connections: u32 = 256,
    }
}

/// How to talk to upstreams; the same for all of them.
#[derive(Debug, Clone, Copy)]
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
        }
    }
}
