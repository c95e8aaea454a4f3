//! Refuses what the application's own documents do not allow: OpenAPI, or JSON Schema.
//!
//! **Protects against** input that nobody expects: numbers out of range, texts beyond their length,
//! members that nobody meant to be set (mass assignment), parameters that stand there twice, members
//! that two parsers read differently, paths and methods that are not public.
//!
//! **Looks at** the path, the query, listed header fields and cookies, and the whole body: JSON, forms,
//! forms of several parts (of files, only that they are there and their media type), texts. Routes with
//! `upload = true` stream by: of their bodies only the media type is looked at. Nothing is changed on
//! the way.
//!
//! **Verdicts**: refused with `schema-violation` (422) when a request is not as the document says; the
//! answer names up to `faults` places with the rule and never the value. With `malformed-input` (400)
//! when a body is no JSON, has a member twice, an integer of more than 64 bits, or is not UTF-8; with
//! `input-too-complex` (400) when it is deeper than `depth`, has more than `values` values, or would take
//! too long to check; with `unlisted-path` (404), `unlisted-method` (405) and `unlisted-media-type` (415)
//! when the document does not list them. CORS preflights pass.
//!
//! **Settings**: `mode`, `fail`, `openapi`, `body`, `query`, `headers`, `cookies`, `base`, `unlisted`,
//! `unknown_query`, `unknown_properties`, `read_only`, `formats`, `depth`, `values`, `faults`.
//!
//! **Example**
//! ```toml
//! [[routes]]
//! path = "/api/*"
//!
//! [routes.guards.schema]
//! openapi = "openapi.json"
//! ```

mod config;
mod denial;
mod documents;
mod guard;
#[cfg(test)]
mod tests;

pub use config::{SchemaSection, Unlisted};
pub use documents::SchemaFile;
pub(super) use guard::build;
