//! How guards are asked and what becomes of their answers.
//!
//! A [`Guard`] only looks and returns a [`Verdict`]. The [`Runner`] does everything else, once,
//! for all guards: mode, time budget, fail mode, event, metric. What is asked on a route, and in
//! which order, is its [`Plan`]; the order itself is the one table in `guards/order.rs`.

mod edits;
mod exchange;
mod facts;
mod fault;
mod filter;
mod finding;
mod guard;
mod mode;
mod plan;
mod runner;
mod trace;
mod typed;
mod verdict;
mod web_origin;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub(crate) use edits::remove_listed;
pub use edits::{Edits, HeaderEdit};
pub(crate) use exchange::declares_grpc;
pub use exchange::{Client, ClientCertificate, Exchange, PublicHttps, Scheme, WouldRefuse};
pub use facts::Facts;
pub use fault::Fault;
pub use filter::BodyFilter;
pub use finding::{Finding, FindingSource};
pub use guard::{AnswerHead, Guard, GuardError, HeldAnswer, Inspection, Origin, Stages};
pub use mode::{Fail, Mode};
pub use plan::{Plan, PlannedGuard, Spec};
pub(crate) use runner::ask;
pub use runner::{AfterAnswer, Refusal, Runner, Sketch};
pub use trace::TraceContext;
pub use typed::TypedInputs;
pub use verdict::{AnswerVerdict, Changes, Denial, Verdict};
pub use web_origin::{AllowedOrigin, ClaimedOrigin};
