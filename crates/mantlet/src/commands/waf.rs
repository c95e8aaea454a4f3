//! `mantlet waf`: rules and settings without a server.

mod lint;
mod replay;
mod tally;
pub(super) mod verdict;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mantlet_waf::ftw::{CaseResult, Cases, Report, load_rules};
use mantlet_waf::{Problem, RuleSet};
use serde_json::json;

pub(super) use replay::{runtime, services};

use super::{Failure, Outcome};
use crate::cli::WafCommand;
use crate::output;

pub(super) fn execute(command: WafCommand) -> Result<Outcome, Failure> {
    match command {
        WafCommand::Lint { files, json } => Ok(lint::execute(&files, json)),
        WafCommand::Replay(flags) => replay::execute(&flags),
        WafCommand::Test { rules, setup, cases, overrides, json } => {
            let Some(rules) = usable(load_rules(&rules, setup.as_deref())) else {
                return Ok(Outcome::Unusable);
            };
            test(&rules, &Cases::load(&cases, overrides.as_deref())?, json.as_deref())
        }
    }
}

/// What was loaded; every problem has been printed otherwise.
fn usable<T>(loaded: Result<T, Vec<Problem>>) -> Option<T> {
    loaded.map_err(|problems| problems.iter().for_each(|it| output::problem(&it.to_string()))).ok()
}

fn test(rules: &Arc<RuleSet>, cases: &Cases, json: Option<&Path>) -> Result<Outcome, Failure> {
    let report = cases.run(rules);
    for case in &report.failed {
        output::say(&format!("failed {}: {}", case.id, case.reason));
    }
    for case in &report.skipped {
        output::say(&format!("skipped {}: {}", case.id, case.reason));
    }
    output::say(&report.summary());
    if let Some(path) = json {
        fs::write(path, as_json(&report).to_string())
            .map_err(|error| format!("`{}` cannot be written: {error}", path.display()))?;
    }
    Ok(if report.failed.is_empty() { Outcome::Fine } else { Outcome::Findings })
}

fn as_json(report: &Report) -> serde_json::Value {
    let list = |cases: &[CaseResult]| -> Vec<serde_json::Value> {
        cases.iter().map(|case| json!({ "id": case.id, "reason": case.reason })).collect()
    };
    json!({ "passed": report.passed, "failed": list(&report.failed), "skipped": list(&report.skipped) })
}
