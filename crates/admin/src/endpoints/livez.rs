//! `GET /livez`, `GET /healthz`: whether the process is alive.
//!
//! It looks at nothing but itself: an application or a disk that is down is no reason to restart
//! the process in front of it. `/healthz` is the same under the name that container platforms use;
//! whoever wants to know whether to send requests asks `/readyz`.

/// 200 and `ok`, as long as anything is answered at all.
pub(super) async fn answer() -> &'static str {
    "ok\n"
}
