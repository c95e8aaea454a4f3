//! Says which pages of other origins may read answers (CORS).
//!
//! **Protects against** pages of strangers that read what the application tells its users.
//!
//! **Looks at** `Origin`, the method, and what a preflight asks for (Fetch standard, CORS protocol).
//!
//! **Verdicts**: preflights are answered here, with 204 when origin, method and headers are listed,
//! else refused with `cors-origin` or `cors-preflight` (403). Other requests of unlisted origins go
//! on without a CORS header, or are refused with `cors-origin` when `unlisted = "refuse"`. Answers
//! lose what the application says about CORS and get what is configured here, with `Vary: Origin`.
//! Requests of a listed origin are not cross-site forgeries to the csrf guard: without
//! `credentials` only when they carry none.
//!
//! **Settings**: `mode`, `fail`, `origins`, `methods`, `headers`, `expose`, `credentials`,
//! `max_age`, `private_network`, `unlisted`, `dangerous_null_origin`. Not asked while no origin is
//! listed.
//!
//! **Example**
//! ```toml
//! [[routes]]
//! path = "/api/*"
//! [routes.guards.cors]
//! origins = ["https://app.example.org"]
//! methods = ["GET", "POST"]
//! headers = ["Authorization", "Content-Type"]
//! credentials = true
//! max_age = "1h"
//! ```

mod answer;
mod config;
mod judge;
mod preflight;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::HeaderValue;

use config::joined;
pub use config::{AllowedOrigins, CorsSection, Unlisted};
use preflight::Preflight;

use super::Services;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Exchange, Guard, GuardError, HeldAnswer, Inspection, Stages,
};

#[derive(Debug)]
struct Cors {
    section: CorsSection,
    /// The listed origins as answers name them, in the order of the section.
    origins: Vec<HeaderValue>,
    allows_any: bool,
    preflight: Preflight,
    /// `None` when no further header may be read.
    expose: Option<HeaderValue>,
}

/// A fact: a page of another origin asked, and may read the answer under this value of
/// `Access-Control-Allow-Origin`; `None` when it may not.
#[derive(Debug, Clone)]
struct Judged(Option<HeaderValue>);

pub(super) fn build(section: &CorsSection, _services: &Services) -> Arc<dyn Guard> {
    Arc::new(Cors::new(section.clone()))
}

impl Cors {
    fn new(section: CorsSection) -> Self {
        let named = section.origins.iter().filter_map(AllowedOrigins::exact);
        let origins = named.filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok());
        Self {
            origins: origins.collect(),
            allows_any: section.origins.contains(&AllowedOrigins::Any),
            preflight: Preflight::new(&section),
            expose: joined(section.expose.iter().map(|name| name.0.as_str())),
            section,
        }
    }
}

impl Guard for Cors {
    fn stages(&self) -> Stages {
        let is_on = self.section.is_configured();
        Stages { request: is_on, answer: is_on, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        Inspection::ready(self.judge(exchange))
    }

    fn inspect_answer(
        &self,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
        _held: Option<HeldAnswer<'_>>,
    ) -> Result<AnswerVerdict, GuardError> {
        Ok(self.dress(exchange, head))
    }
}
