//! The native detectors: a web application firewall that needs no rules.
//!
//! A detector is a parser for one language that attacks are written in. It does not ask whether a
//! word occurs but whether the value, put where an application might put it, would stop being a
//! value: end a literal and go on as a query, become a tag, begin a command. Each says how sure it is
//! and why; a threshold makes a verdict of it.
//!
//! ```
//! use mantlet_waf::detect::{Budget, Class, Detectors, Input, Place, Settings};
//!
//! let detectors = Detectors::new(Settings::default());
//! let mut budget = Budget::default();
//! let input = Input::new(Place::QueryValue, b"id", b"1%27 or 1=1-- -");
//! let findings = detectors.inspect(input, &mut budget);
//! let verdict = detectors.verdict(&findings).expect("an attack");
//! assert_eq!((verdict.class, verdict.decoding().as_str()), (Class::Sqli, "url"));
//!
//! let prose = Input::new(Place::BodyField, b"text", b"please select an option from O'Brien's list");
//! assert!(detectors.inspect(prose, &mut budget).is_empty());
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `inspector.rs` | the order of things: first pass, detectors, decoders |
//! | `scan.rs`, `signals.rs` | the first pass, which lets ordinary values through; lists of words in one pass |
//! | `decode/` | encodings taken off, with the way back to the original bytes |
//! | `sql/`, `html/`, `shell/`, `ssrf/`, `template/`, `code/`, `*.rs` | one parser each |
//! | `body.rs` | JSON bodies as they came |
//! | `head.rs` | the protocol itself, and addresses of sessions |
//!
//! No I/O, no time, no randomness. Work is bounded by a [`Budget`], which names the part that ran
//! out. Nothing here is recursive without a bound, and nothing is looked for anew from each of many
//! places: `bytes::Ahead`, `View::head` and the facts of a view are found out once. `tests_of_work.rs`
//! holds time to the length of a value.

pub(crate) mod body;
mod budget;
mod bytes;
mod code;
mod crlf;
mod decode;
mod expression;
mod finding;
pub mod fuzzing;
mod head;
mod html;
mod input;
mod inspector;
mod ldap;
mod nosql;
mod path;
mod scan;
mod scanner;
mod shell;
mod signals;
mod sql;
mod ssrf;
mod template;
mod view;
mod words;
mod xml;
mod xpath;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_wholes;
#[cfg(test)]
mod tests_of_work;

pub use budget::Budget;
pub use finding::{Class, Finding, Findings, Layer};
pub use head::Head;
pub use input::{Hint, Input, Place, Settings};
pub use inspector::Detectors;
