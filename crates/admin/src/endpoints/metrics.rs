//! `GET /metrics`: all metrics, as OpenMetrics text.

use std::sync::Arc;

use axum::extract::State;
use http::HeaderName;
use http::header::CONTENT_TYPE;
use http::request::Parts;

use crate::AdminServices;
use crate::refusal::Refusal;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics; 401 or 403 for whom [`crate::AdminAuth`] does not let in.
pub(super) async fn answer(
    State(services): State<Arc<AdminServices>>,
    request: Parts,
) -> Result<([(HeaderName, &'static str); 1], String), Refusal> {
    services.auth.authenticate(&request)?;
    Ok(([(CONTENT_TYPE, OPENMETRICS)], services.metrics.render()))
}
