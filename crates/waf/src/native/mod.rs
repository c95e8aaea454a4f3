//! A request taken apart for the detectors: every value in it that an application may read, with
//! where it stands and what it is called.
//!
//! | file | holds |
//! |---|---|
//! | `inspection.rs` | one request: what was found, what it may cost, what is left alone |
//! | `head.rs` | path, query, cookies, header fields |
//! | `body.rs` | which readings of a body an application could make, and the body in each |
//! | `charset.rs` | bodies in two or four bytes a letter |
//! | `json.rs`, `xml.rs`, `multipart.rs` | one reading each |
//! | `hit.rs` | what was found |
//!
//! What type a body has is not decided by its `Content-Type` alone: many applications read JSON
//! whatever is declared. Every reading that the bytes allow is looked at.

mod body;
mod charset;
mod head;
mod hit;
mod inspection;
mod json;
mod multipart;
#[cfg(test)]
mod tests;
mod xml;

pub use body::Unreadable;
pub use hit::{Hit, Spot};
pub use inspection::{Exempt, Inspection, Known};
