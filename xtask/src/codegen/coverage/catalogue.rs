//! The checklist itself: `docs/reference/capabilities.tsv`, one row per line.

use crate::Outcome;
use crate::tree::Tree;

/// Where the checklist lies.
pub(super) const PATH: &str = "docs/reference/capabilities.tsv";

/// Whether a row is something Mantlet does, or a flaw it must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Part A of the checklist.
    Capability,
    /// Part B of the checklist.
    Defect,
}

/// One row of the checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Such as `ETSM-20` or `ETSM-D18`.
    pub(super) id: String,
    pub(super) part: Part,
    pub(super) title: String,
}

/// Reads the checklist; an error names the first line that is not `id <tab> A|B <tab> title`.
pub(super) fn load(tree: &Tree) -> Outcome<Vec<Row>> {
    let text = tree.text(PATH).ok_or_else(|| format!("`{PATH}` is missing"))?;
    (1..)
        .zip(text.lines())
        .map(|(number, line)| {
            parse(line).ok_or_else(|| format!("{PATH}:{number}: want `id<tab>A or B<tab>title`"))
        })
        .collect()
}

fn parse(line: &str) -> Option<Row> {
    let mut columns = line.split('\t');
    let (id, part, title) = (columns.next()?, columns.next()?, columns.next()?);
    let part = match part {
        "A" => Part::Capability,
        "B" => Part::Defect,
        _ => return None,
    };
    (columns.next().is_none() && !id.is_empty() && !title.is_empty()).then(|| Row {
        id: id.to_owned(),
        part,
        title: title.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_checklist_is_complete() {
        let rows = load(&Tree::load().unwrap()).unwrap();
        let count = |part| rows.iter().filter(|row| row.part == part).count();
        assert_eq!((count(Part::Capability), count(Part::Defect)), (226, 179));
    }

    #[test]
    fn a_malformed_line_is_named() {
        let tree = Tree::sample(&[(PATH, "ETSM-01\tA\tLayers\nETSM-02 A TLS\n")]);
        assert!(load(&tree).unwrap_err().contains("capabilities.tsv:2"));
    }
}
