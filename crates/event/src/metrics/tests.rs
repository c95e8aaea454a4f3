use std::thread;
use std::time::Duration;

use super::collection::MAX_ROUTES;
use super::*;
use crate::catalogue;

fn has_line(metrics: &Metrics, line: &str) -> bool {
    metrics.render().lines().any(|found| found == line)
}

fn assert_lines(metrics: &Metrics, lines: &[&str]) {
    for line in lines {
        assert!(has_line(metrics, line), "{line} is not in\n{}", metrics.render());
    }
}

#[test]
fn finished_requests_are_counted_by_route_method_and_status() {
    let metrics = Metrics::new();
    let route = metrics.route("app");
    for _ in 0..3 {
        metrics.request_started();
    }
    route.request_finished("GET", 200, Duration::from_millis(20), 5, 100);
    metrics.route("app").request_finished("BREW", 799, Duration::ZERO, 1, 0);
    assert_lines(
        &metrics,
        &[
            "http_server_active_requests 1",
            r#"http_server_request_duration_seconds_count{http_request_method="GET",http_route="app",http_response_status_code="200"} 1"#,
            r#"http_server_request_duration_seconds_bucket{le="0.025",http_request_method="GET",http_route="app",http_response_status_code="200"} 1"#,
            r#"http_server_request_duration_seconds_count{http_request_method="_OTHER",http_route="app",http_response_status_code="_OTHER"} 1"#,
            r#"http_server_request_body_size_bytes_total{http_route="app"} 6"#,
            r#"http_server_response_body_size_bytes_total{http_route="app"} 100"#,
        ],
    );
    metrics.request_abandoned();
    assert!(has_line(&metrics, "http_server_active_requests 0"));
}

#[test]
fn labels_work_without_a_handle() {
    let metrics = Metrics::new();
    metrics.request_started();
    let labels = RequestLabels { method: "POST", route: "api".into(), status: 413 };
    metrics.request_finished(&labels, Duration::from_secs(1), 7, 9);
    assert!(has_line(
        &metrics,
        r#"http_server_request_duration_seconds_count{http_request_method="POST",http_route="api",http_response_status_code="413"} 1"#
    ));
}

#[test]
fn everything_else_is_counted_under_its_name() {
    let metrics = Metrics::new();
    let denied = metrics.verdict("limit", "enforce", "deny");
    denied.add_one();
    metrics.verdict("limit", "enforce", "deny").add_one();
    metrics.event_emitted(&catalogue::LIMIT_REQUEST_REFUSED);
    metrics.drops("file").add(4);
    metrics.limit_reached("server.connections");
    metrics.upstream_failed("connect");
    metrics.connection_opened();
    metrics.connection_opened();
    metrics.connection_closed();
    metrics.upgrade_opened();
    assert_lines(
        &metrics,
        &[
            r#"mantlet_guard_verdicts_total{guard="limit",mode="enforce",verdict="deny"} 2"#,
            r#"mantlet_events_total{name="limit.request.refused"} 1"#,
            r#"mantlet_events_dropped_total{sink="file"} 4"#,
            r#"mantlet_limit_reached_total{limit="server.connections"} 1"#,
            r#"mantlet_upstream_failures_total{kind="connect"} 1"#,
            "mantlet_connections 1",
            "mantlet_upgraded_connections 1",
            concat!(r#"mantlet_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
            "# EOF",
        ],
    );
    metrics.upgrade_closed();
    assert!(has_line(&metrics, "mantlet_upgraded_connections 0"));
}

#[test]
fn routes_are_bounded() {
    let metrics = Metrics::new();
    for n in 0..MAX_ROUTES + 10 {
        metrics.route(&format!("route{n}")).request_finished("GET", 200, Duration::ZERO, 1, 1);
    }
    assert!(has_line(
        &metrics,
        r#"http_server_request_body_size_bytes_total{http_route="_OTHER"} 10"#
    ));
}

#[test]
fn threads_count_together() {
    let metrics = Metrics::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let route = metrics.route("app");
                for _ in 0..1000 {
                    route.request_finished("GET", 200, Duration::ZERO, 1, 1);
                }
            });
        }
    });
    assert!(has_line(
        &metrics,
        r#"http_server_request_body_size_bytes_total{http_route="app"} 4000"#
    ));
}
