//! The gate: listeners, pipeline, guards, upstreams.
