//! `cargo xtask tidy`: the house rules as code. Each rule is one file with one function from the
//! tree to its findings, and a test that a violating sample is caught.

mod boundaries;
mod guards;
mod layers;
mod links;
mod sizes;
mod source;
mod sql;
mod unsafety;
mod words;

use std::fmt;

use crate::Outcome;
use crate::terminal::say;
use crate::tree::Tree;

/// One place that breaks a rule, or comes near to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// `path:line`, or the path alone where no line is to blame.
    place: String,
    message: String,
    is_error: bool,
}

impl Finding {
    fn error(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into(), is_error: true }
    }

    fn warning(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { is_error: false, ..Self::error(place, message) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.is_error { "error" } else { "warning" };
        write!(f, "{}: {severity}: {}", self.place, self.message)
    }
}

type Rule = fn(&Tree) -> Vec<Finding>;

/// Every rule; the order is that of the report.
const RULES: &[Rule] = &[
    sizes::files_have_a_readable_size,
    layers::crates_use_only_lower_layers,
    boundaries::foreign_libraries_stay_in_their_rooms,
    boundaries::statements_are_written_down,
    sql::sql_stays_in_the_rooms_of_databases,
    unsafety::unsafe_appears_nowhere,
    words::unfinished_work_and_machine_paths_stay_out,
    links::relative_links_resolve,
    guards::guards_are_complete,
];

/// Applies every rule, prints what it finds; an error when a rule is broken.
pub(crate) fn run() -> Outcome<()> {
    let tree = Tree::load()?;
    let findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    for finding in &findings {
        say(finding);
    }
    match findings.iter().filter(|finding| finding.is_error).count() {
        0 => Ok(()),
        count => Err(format!("house rules broken: {count}, see above")),
    }
}
