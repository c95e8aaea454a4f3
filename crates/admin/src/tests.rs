//! The admin listener over real connections.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mantlet_event::Metrics;
use mantlet_testkit::wire::{self, Connection, Response};
use mantlet_testkit::{CapturedEvents, FakeClock};
use mantlet_types::Secret;

use crate::{AdminAuth, AdminServer, AdminServices, BearerToken, Closed, Open};

/// A running listener and what it reports.
struct Fixture {
    server: AdminServer,
    captured: CapturedEvents,
    metrics: Metrics,
    is_ready: Arc<AtomicBool>,
}

impl Fixture {
    fn new(auth: impl AdminAuth + 'static) -> Self {
        let (events, captured) = CapturedEvents::wired(FakeClock::new().shared());
        let (metrics, is_ready) = (Metrics::new(), Arc::new(AtomicBool::new(false)));
        let ready = Arc::clone(&is_ready);
        let services = AdminServices {
            events,
            metrics: metrics.clone(),
            is_ready: Arc::new(move || ready.load(Ordering::Relaxed)),
            auth: Arc::new(auth),
            hosts: vec!["admin.example.org".into()],
            api: None,
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = AdminServer::start(listener, services).unwrap();
        Self { server, captured, metrics, is_ready }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let address = self.server.address();
        let own = |text: &str| text.to_owned();
        let (method, path) = (own(method), own(path));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (own(name), own(value))).collect();
        let asking = tokio::task::spawn_blocking(move || {
            let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            wire::request(address, &method, &path, &headers, b"")
        });
        asking.await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.ask("GET", path, &[]).await
    }

    fn reasons(&self) -> Vec<String> {
        let refused = self.captured.by_name("admin.request.refused");
        refused.iter().map(|event| event["reason"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn health_and_readiness_are_told_apart() {
    let fixture = Fixture::new(Open);
    for path in ["/livez", "/healthz"] {
        let response = fixture.get(path).await;
        assert_eq!((response.status, response.text().as_str()), (200, "ok\n"), "{path}");
    }
    assert_eq!(fixture.get("/readyz").await.status, 503);
    fixture.is_ready.store(true, Ordering::Relaxed);
    assert_eq!(fixture.get("/readyz").await.status, 200);
    fixture.is_ready.store(false, Ordering::Relaxed);
    assert_eq!(fixture.get("/readyz").await.status, 503);
    let head = fixture.ask("HEAD", "/livez", &[]).await;
    assert_eq!((head.status, head.text().as_str()), (200, ""));
    assert_eq!(fixture.reasons(), [""; 0]);
}

#[tokio::test]
async fn metrics_are_open_metrics() {
    let fixture = Fixture::new(Open);
    fixture.metrics.connection_opened();
    let response = fixture.get("/metrics").await;
    assert_eq!(response.status, 200);
    let kind = response.header("content-type").unwrap();
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = response.text();
    assert!(text.contains("mantlet_connections 1\n") && text.ends_with("# EOF\n"), "{text}");
}

#[tokio::test]
async fn metrics_ask_for_the_token_and_health_does_not() {
    let fixture = Fixture::new(BearerToken::new(Secret::new("correct-horse-battery".into())));
    let missing = fixture.get("/metrics").await;
    assert_eq!(missing.status, 401);
    assert_eq!(missing.header("www-authenticate"), Some("Bearer realm=\"mantlet\""));
    let wrong = [("authorization", "Bearer wrong")];
    assert_eq!(fixture.ask("GET", "/metrics", &wrong).await.status, 401);
    let right = [("authorization", "Bearer correct-horse-battery")];
    assert_eq!(fixture.ask("GET", "/metrics", &right).await.status, 200);
    assert_eq!(fixture.get("/livez").await.status, 200);
    assert_eq!(fixture.reasons(), ["token-required", "token-invalid"]);

    let closed = Fixture::new(Closed);
    assert_eq!(closed.ask("GET", "/metrics", &right).await.status, 403);
    assert_eq!(closed.reasons(), ["admin-closed"]);
}

#[tokio::test]
async fn the_door_comes_before_every_path() {
    let fixture = Fixture::new(Open);
    for path in ["/livez", "/metrics", "/nothing"] {
        let foreign = fixture.ask("GET", path, &[("host", "evil.example")]).await;
        assert_eq!(foreign.status, 421, "{path}");
        assert_eq!(foreign.header("content-type"), Some("application/problem+json"));
        assert_eq!(foreign.json()["code"], "foreign-host");
        let page = fixture.ask("GET", path, &[("origin", "https://evil.example")]).await;
        assert_eq!(page.status, 403, "{path}");
        let post = fixture.ask("POST", path, &[]).await;
        assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD")), "{path}");
    }
    let named = [("host", "admin.example.org"), ("origin", "https://admin.example.org")];
    assert_eq!(fixture.ask("GET", "/livez", &named).await.status, 200);
    assert_eq!(fixture.reasons().len(), 9);
    let event = &fixture.captured.by_name("admin.request.refused")[0];
    assert_eq!(event["source.ip"], "127.0.0.1");
    assert!(event["hint"].as_str().unwrap().contains("`[admin] hosts`"), "{event:#}");
    assert_eq!(
        (&event["url.domain"], &event["url.path"]),
        (&"evil.example".into(), &"/livez".into())
    );
}

#[tokio::test]
async fn everything_else_is_not_found_and_every_answer_is_dressed() {
    let fixture = Fixture::new(Open);
    for path in ["/", "/livez/", "/../livez", "/api/v1/users", "/metrics2", "/%6civez"] {
        let response = fixture.get(path).await;
        assert_eq!(response.status, 404, "{path}");
        assert_eq!(response.json()["title"], "Not found");
    }
    assert_eq!(fixture.reasons(), [""; 0], "what is not there is no attack");
    let refused = [("host", "evil.example")];
    for response in [
        fixture.get("/livez").await,
        fixture.get("/metrics").await,
        fixture.get("/nothing").await,
        fixture.ask("GET", "/", &refused).await,
    ] {
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    }
}

#[tokio::test]
async fn bodies_are_not_read_and_garbage_ends_the_connection() {
    let fixture = Fixture::new(Open);
    let address = fixture.server.address();
    let asking = tokio::task::spawn_blocking(move || {
        let head =
            format!("GET /livez HTTP/1.1\r\nHost: {address}\r\nContent-Length: 9999999\r\n\r\n");
        let mut connection = Connection::open(address).unwrap();
        connection.write(head.as_bytes()).unwrap();
        let with_body = connection.read_response().unwrap().status;
        let mut connection = Connection::open(address).unwrap();
        let _ = connection.write(&[0; 64]);
        let is_closed = connection.is_closed_within(Duration::from_secs(3));
        let mut connection = Connection::open(address).unwrap();
        connection
            .write(format!("GET /livez HTTP/1.1\r\nHost: {address}\r\nX: ").as_bytes())
            .unwrap();
        let _ = connection.write(&[b'x'; 64 * 1024]);
        let is_cut = connection.is_closed_within(Duration::from_secs(3));
        (with_body, is_closed, is_cut)
    });
    assert_eq!(asking.await.unwrap(), (200, true, true));
}

#[tokio::test]
async fn a_stopped_listener_takes_no_more_connections() {
    let fixture = Fixture::new(Open);
    let address = fixture.server.address();
    assert_eq!(fixture.get("/livez").await.status, 200);
    fixture.server.stop();
    let is_gone = tokio::task::spawn_blocking(move || {
        let closed = || Connection::open(address).is_err().then_some(());
        mantlet_testkit::poll_until(Duration::from_secs(5), closed).is_some()
    });
    assert!(is_gone.await.unwrap());
}

#[tokio::test]
async fn connections_beyond_the_cap_wait() {
    let fixture = Fixture::new(Open);
    let (address, metrics) = (fixture.server.address(), fixture.metrics.clone());
    let asking = tokio::task::spawn_blocking(move || {
        let open = || Connection::open(address).unwrap();
        let mut held: Vec<_> = std::iter::repeat_with(open).take(64).collect();
        let line = "mantlet_limit_reached_total{limit=\"admin.connections\"}";
        let is_full = || metrics.render().contains(line).then_some(());
        let was_full = mantlet_testkit::poll_until(Duration::from_secs(5), is_full).is_some();
        let mut waiting = open();
        let request = wire::render(address, "GET", "/livez", &[], b"");
        waiting.write(&request).unwrap();
        held.pop();
        (was_full, waiting.read_response().unwrap().status)
    });
    assert_eq!(asking.await.unwrap(), (true, 200));
}
