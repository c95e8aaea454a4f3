//! The one event type, its catalogue, redaction and sinks.
