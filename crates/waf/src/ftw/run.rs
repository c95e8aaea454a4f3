//! Runs cases and says how they went.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use regex::Regex;

use super::case::{CaseFile, Output, Override, OverrideFile, Stage};
use super::exchange::{Evaluation, Exchange, run};
use super::request;
use crate::plan::{RuleSet, Source};
use crate::seclang::files::{DiskFiles, Files as _};
use crate::seclang::problem::{Place, Problem};

/// How deep folders of cases are read.
const DEPTH_LIMIT: usize = 8;

/// Loads the `*.conf` files of a folder, in the order of their names, with the rule set's own
/// set-up file, for regression cases: rules only report, every paranoia level counts, limits are
/// small enough for cases to pass them.
///
/// # Errors
/// Everything that is wrong with the rules.
pub fn load_rules(folder: &Path, setup: Option<&Path>) -> Result<Arc<RuleSet>, Vec<Problem>> {
    let files = DiskFiles.matching(&folder.join("*.conf")).map_err(|error| {
        let place = Place::start_of(&Arc::from(folder.to_string_lossy()));
        vec![Problem::new(&place, format!("the folder cannot be read: {error}"))]
    })?;
    let mut sources = vec![Source::Text("built-in settings", BEFORE_SETUP)];
    sources.extend(setup.map(Source::File));
    sources.push(Source::Text("built-in settings", AFTER_SETUP));
    sources.extend(files.iter().map(|path| Source::File(path)));
    RuleSet::load(&DiskFiles, &sources).map(Arc::new)
}

/// The same rules as one file for another engine.
#[must_use]
pub fn rules_file(folder: &Path, setup: &Path) -> String {
    let files = DiskFiles.matching(&folder.join("*.conf")).unwrap_or_default();
    let include = |path: &Path| format!("Include {}\n", path.display());
    let all: String = files.iter().map(|path| include(path)).collect();
    format!("{BEFORE_SETUP}{}{AFTER_SETUP}{all}", include(setup))
}

/// As in the set-up that the rule set's own tests run in.
const BEFORE_SETUP: &str = r#"
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRequestBodyLimit 13107200
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml application/json
SecResponseBodyLimit 1048576
SecDefaultAction "phase:3,log,auditlog,pass"
SecDefaultAction "phase:4,log,auditlog,pass"
SecDefaultAction "phase:5,log,auditlog,pass"
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\+|/)|text/)xml" "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9.-]+[+])?json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
"#;

const AFTER_SETUP: &str = r#"
SecAction "id:900005,phase:1,nolog,pass,ctl:ruleEngine=DetectionOnly,ctl:ruleRemoveById=910000,\
  setvar:tx.blocking_paranoia_level=4,setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,\
  setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,setvar:tx.max_num_args=255,\
  setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535"
"#;

/// Cases that cannot be read.
#[derive(Debug)]
pub struct RunError(String);

impl std::fmt::Display for RunError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for RunError {}

/// How one case went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// The rule and the number of the case, such as `920100-4`.
    pub id: String,
    /// What was wrong, or why it was left out.
    pub reason: String,
}

/// How all cases went.
#[derive(Debug, Default)]
pub struct Report {
    /// How many did what they should.
    pub passed: usize,
    /// Those that did not.
    pub failed: Vec<CaseResult>,
    /// Those that an override leaves out.
    pub skipped: Vec<CaseResult>,
}

impl Report {
    /// `passed N failed N skipped N`.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "passed {} failed {} skipped {}",
            self.passed,
            self.failed.len(),
            self.skipped.len()
        )
    }
}

/// Cases ready to run.
#[derive(Debug)]
pub struct Cases {
    pub(super) files: Vec<(String, CaseFile)>,
    overrides: Vec<Override>,
}

impl Cases {
    /// Reads every case below a folder, and the overrides when there are any.
    ///
    /// # Errors
    /// What cannot be read, with its file.
    pub fn load(folder: &Path, overrides: Option<&Path>) -> Result<Self, RunError> {
        let mut paths = Vec::new();
        collect(folder, 0, &mut paths)
            .map_err(|error| RunError(format!("`{}` cannot be read: {error}", folder.display())))?;
        paths.sort();
        let mut files = Vec::new();
        for path in paths {
            let text = read(&path)?;
            if text.trim().is_empty() {
                continue;
            }
            let name = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
            files.push((name, parse(&path, &text)?));
        }
        let overrides = match overrides {
            Some(path) => parse::<OverrideFile>(path, &read(path)?)?.test_overrides,
            None => Vec::new(),
        };
        Ok(Self { files, overrides })
    }

    /// How many cases there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.iter().map(|(_, file)| file.tests.len()).sum()
    }

    /// Whether there is no case.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs all cases.
    #[must_use]
    pub fn run(&self, rules: &Arc<RuleSet>) -> Report {
        let mut report = Report::default();
        for (name, file) in &self.files {
            let rule = file.rule_id.or_else(|| name.parse().ok()).unwrap_or_default();
            for case in &file.tests {
                let id = format!("{rule}-{}", case.test_id);
                let exception = self.exception(rule, case.test_id);
                let output = exception.map(|exception| exception.output.as_ref());
                if let Some(None) = output {
                    let reason = exception
                        .map(|exception| exception.reason.trim().to_owned())
                        .unwrap_or_default();
                    report.skipped.push(CaseResult { id, reason });
                    continue;
                }
                match stages(rules, &case.stages, output.flatten()) {
                    Ok(()) => report.passed += 1,
                    Err(reason) => report.failed.push(CaseResult { id, reason }),
                }
            }
        }
        report
    }

    fn exception(&self, rule: u64, case: u64) -> Option<&Override> {
        self.overrides.iter().find(|it| it.rule_id == rule && it.test_ids.contains(&case))
    }

    /// What takes the place of a case's own output, where something does; `Some(None)`: the case is
    /// left out.
    pub(super) fn overridden(&self, rule: u64, case: u64) -> Option<Option<&Output>> {
        self.exception(rule, case).map(|exception| exception.output.as_ref())
    }

    /// Runs every `step`-th case with and without gates and gives the cases that differ.
    #[must_use]
    pub fn differences_to_naive(&self, rules: &Arc<RuleSet>, step: usize) -> Vec<String> {
        let all = self
            .files
            .iter()
            .flat_map(|(name, file)| file.tests.iter().map(move |case| (name, case)));
        let mut differences = Vec::new();
        for (name, case) in all.step_by(step.max(1)) {
            for stage in &case.stages {
                let raw = request::build(&stage.input);
                let (fast, naive) =
                    (run(rules, &raw, Evaluation::Gated), run(rules, &raw, Evaluation::Naive));
                if fast.log != naive.log || fast.status != naive.status {
                    differences.push(format!(
                        "{name}-{}: {:?}, naive {:?}",
                        case.test_id, fast.ids, naive.ids
                    ));
                }
            }
        }
        differences
    }
}

fn read(path: &Path) -> Result<String, RunError> {
    fs::read_to_string(path)
        .map_err(|error| RunError(format!("`{}` cannot be read: {error}", path.display())))
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, RunError> {
    serde_saphyr::from_str(text).map_err(|error| RunError(format!("`{}`: {error}", path.display())))
}

fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && depth < DEPTH_LIMIT {
            collect(&path, depth + 1, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            paths.push(path);
        }
    }
    Ok(())
}

fn stages(rules: &Arc<RuleSet>, stages: &[Stage], output: Option<&Output>) -> Result<(), String> {
    for (index, stage) in stages.iter().enumerate() {
        let exchange = run(rules, &request::build(&stage.input), Evaluation::Gated);
        let expected = output.unwrap_or(&stage.output);
        compare(expected, &exchange).map_err(|reason| {
            if stages.len() > 1 { format!("stage {}: {reason}", index + 1) } else { reason }
        })?;
    }
    Ok(())
}

fn compare(expected: &Output, found: &Exchange) -> Result<(), String> {
    if let Some(wants_error) = expected.expect_error {
        if wants_error && found.status.is_none() {
            return Ok(());
        }
        if !wants_error && found.status.is_none() {
            return Err("the connection was closed".to_owned());
        }
    }
    if expected.status.is_some() && expected.status != found.status {
        return Err(format!("status {:?}, not {:?}", found.status, expected.status));
    }
    let log = &expected.log;
    let mut wrong = String::new();
    for id in log.expect_ids.iter().filter(|id| !found.ids.contains(id)) {
        // Writing to a string cannot fail.
        let _ = write!(wrong, "{id} was not logged; ");
    }
    for id in log.no_expect_ids.iter().filter(|id| found.ids.contains(id)) {
        let _ = write!(wrong, "{id} was logged; ");
    }
    for (pattern, wanted) in [(&log.match_regex, true), (&log.no_match_regex, false)] {
        if let Some(pattern) = pattern
            && Regex::new(pattern).map_err(|error| error.to_string())?.is_match(&found.log)
                != wanted
        {
            let not = if wanted { "does not match" } else { "matches" };
            let _ = write!(wrong, "the log {not} `{pattern}`; ");
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong}logged {:?}", found.ids)) }
}
