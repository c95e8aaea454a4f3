//! What the admin listener answers: one file for each endpoint.
//!
//! | path | says | who may ask |
//! |---|---|---|
//! | `/livez`, `/healthz` | that the process answers | everybody who reaches the listener |
//! | `/readyz` | whether new requests are taken | everybody who reaches the listener |
//! | `/metrics` | all metrics | whom [`crate::AdminAuth`] lets in |

mod livez;
mod metrics;
mod readyz;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::AdminServices;
use crate::refusal::Refusal;

pub(crate) fn router(services: Arc<AdminServices>) -> Router {
    Router::new()
        .route("/livez", get(livez::answer))
        .route("/healthz", get(livez::answer))
        .route("/readyz", get(readyz::answer))
        .route("/metrics", get(metrics::answer))
        .fallback(async || Refusal::NotFound)
        .with_state(services)
}
