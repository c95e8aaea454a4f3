//! `GET /readyz`: whether new requests should be sent here.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use crate::AdminServices;

/// 200 while the server takes requests; 503 before that, and from the moment it drains.
pub(super) async fn answer(
    State(services): State<Arc<AdminServices>>,
) -> (StatusCode, &'static str) {
    if (services.is_ready)() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}
