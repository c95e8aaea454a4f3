//! `mantlet waf lint`: what is wrong with rules, and what is hardly meant.

use std::path::PathBuf;

use mantlet_waf::{DiskFiles, Lint, LintFinding, Problem, RuleSet, Source};
use serde_json::{Value as Json, json};

use crate::commands::Outcome;
use crate::output;

pub(super) fn execute(files: &[PathBuf], as_json: bool) -> Outcome {
    let sources: Vec<Source<'_>> = files.iter().map(|file| Source::File(file)).collect();
    let lint = RuleSet::lint(&DiskFiles, &sources);
    if as_json {
        output::say(&to_json(&lint).to_string());
    } else {
        tell(&lint);
    }
    let has_warnings = lint.findings.iter().any(|finding| !finding.is_note);
    match (lint.errors.is_empty(), has_warnings) {
        (false, _) => Outcome::Unusable,
        (true, true) => Outcome::Findings,
        (true, false) => Outcome::Fine,
    }
}

fn tell(lint: &Lint) {
    for LintFinding { is_note, problem, kind } in &lint.findings {
        let level = if *is_note { "note" } else { "warning" };
        output::note(&format!("{level}: {kind}: {problem}"));
    }
    lint.errors.iter().for_each(|problem| output::problem(&problem.to_string()));
    let warnings = lint.findings.iter().filter(|finding| !finding.is_note).count();
    match (lint.errors.len(), warnings) {
        (0, 0) => output::say(&format!("{} rules, no problem", lint.rules)),
        (0, warnings) => output::say(&format!("{} rules, {warnings} warnings", lint.rules)),
        (errors, warnings) => {
            output::say(&format!("cannot be used: {errors} errors, {warnings} warnings"));
        }
    }
}

fn to_json(lint: &Lint) -> Json {
    let told = |problem: &Problem, level: &str, kind: &str| {
        json!({
            "level": level,
            "kind": kind,
            "file": &*problem.place.file,
            "line": problem.place.line,
            "column": problem.place.column,
            "message": problem.message,
            "hint": problem.hint,
        })
    };
    let findings = lint.findings.iter().map(|finding| {
        let level = if finding.is_note { "note" } else { "warning" };
        told(&finding.problem, level, finding.kind)
    });
    let errors = lint.errors.iter().map(|problem| told(problem, "error", "unusable"));
    json!({ "rules": lint.rules, "problems": errors.chain(findings).collect::<Vec<_>>() })
}
