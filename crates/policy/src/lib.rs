//! Policies in [Cedar](https://www.cedarpolicy.com), for whoever needs more than roles, owners and
//! classes: compiled, validated, asked.
//!
//! | wanted | use |
//! |---|---|
//! | policies out of texts | [`compile()`] |
//! | what they can be about | [`schema()`] |
//! | what they say | [`mantlet_access::Policies`], which they are |
//!
//! Cedar itself is built in with the feature `cedar` alone; without it every text is a [`Problem`].
//! This is the only room that names it.

#[cfg(feature = "cedar")]
mod book;
#[cfg(feature = "cedar")]
mod entities;
#[cfg(feature = "cedar")]
mod reading;
mod schema;
#[cfg(test)]
#[cfg(feature = "cedar")]
mod tests;

pub use schema::schema;

use std::fmt;

use mantlet_access::SharedPolicies;

/// The most policies that are taken: each that can concern an action is evaluated at each request
/// that asks about it.
pub const MAX_POLICIES: usize = 1000;

/// The text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What it is called in problems and ids: its path.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// Why policies cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, and the line where one is to blame: `edit.cedar:7`.
    pub place: String,
    /// What is wrong there.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Whether this build can read policies.
#[must_use]
pub const fn is_built_in() -> bool {
    cfg!(feature = "cedar")
}

/// Makes policies of `files`, validated against `own` or, where that is `None`, against
/// [`schema()`]; they can be asked about `actions`.
///
/// # Errors
/// Every [`Problem`] that was found.
#[cfg(feature = "cedar")]
pub fn compile(
    files: &[Source],
    own: Option<&Source>,
    actions: &[String],
) -> Result<SharedPolicies, Vec<Problem>> {
    let book = book::Book::compile(files, own, actions)?;
    Ok(SharedPolicies(std::sync::Arc::new(book)))
}

/// Makes no policies: Cedar is not built in.
///
/// # Errors
/// A [`Problem`], always.
#[cfg(not(feature = "cedar"))]
pub fn compile(
    files: &[Source],
    _own: Option<&Source>,
    _actions: &[String],
) -> Result<SharedPolicies, Vec<Problem>> {
    Err(vec![Problem {
        place: files.first().map(|file| file.name.clone()).unwrap_or_default(),
        message: "this build of mantlet cannot read Cedar".to_owned(),
        hint: "build it with `cargo build --release --features cedar`".to_owned(),
    }])
}
