//! The coverage page: which test shows which row of the checklist, and which rows are open.

mod catalogue;
mod claims;
mod page;

use super::Generated;
use crate::Outcome;
use crate::tree::Tree;

/// The coverage page. An error when a test claims a row that does not exist, or a claim stands
/// above no test.
pub(super) fn generate(tree: &Tree) -> Outcome<Vec<Generated>> {
    let rows = catalogue::load(tree)?;
    let claims = claims::scan(tree)?;
    let known = |id: &String| rows.iter().any(|row| &row.id == id);
    for claim in &claims {
        if let Some(id) = claim.ids.iter().find(|id| !known(id)) {
            return Err(format!(
                "{}: test `{}` claims `{id}`, which is not in {}",
                claim.file,
                claim.test,
                catalogue::PATH
            ));
        }
    }
    Ok(vec![Generated {
        path: "docs/reference/coverage.md".to_owned(),
        text: page::render(&rows, &claims),
    }])
}
