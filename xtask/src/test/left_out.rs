//! What did not run, told by the steps and by the tests themselves.
//!
//! A test that lacks something appends a line `left out: <suite>: <reason>` to the file that
//! `MANTLET_LEFT_OUT_FILE` names: libtest captures the output of a passing test, a file it keeps.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use crate::Outcome;
use crate::environment;

/// The variable through which tests learn where to report.
pub(super) const VARIABLE: &str = "MANTLET_LEFT_OUT_FILE";

/// A suite that did not run, why, and the command that would enable it where one would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub(super) suite: String,
    reason: String,
    command: Option<String>,
}

impl LeftOut {
    pub(super) fn new(suite: &str, reason: &str, command: Option<&str>) -> Self {
        Self {
            suite: suite.to_owned(),
            reason: reason.to_owned(),
            command: command.map(str::to_owned),
        }
    }

    fn parse(line: &str) -> Option<Self> {
        let (suite, reason) = line.strip_prefix("left out: ")?.split_once(": ")?;
        Some(Self::new(suite, reason, None))
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.suite, self.reason)?;
        match &self.command {
            Some(command) => write!(f, "; {command}"),
            None => Ok(()),
        }
    }
}

/// Makes an empty file for the tests to report into.
pub(super) fn fresh_file() -> Outcome<PathBuf> {
    let folder = environment::root().join("target/xtask");
    let file = folder.join("left-out.txt");
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&file, ""))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

/// What the tests reported.
pub(super) fn read(file: &PathBuf) -> Outcome<Vec<LeftOut>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(text.lines().filter_map(LeftOut::parse).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reported_line_names_suite_and_reason() {
        let parsed = LeftOut::parse("left out: wire: curl: not found").unwrap();
        assert_eq!(parsed, LeftOut::new("wire", "curl: not found", None));
        assert_eq!(parsed.to_string(), "wire: curl: not found");
        assert_eq!(LeftOut::parse("noise"), None);
    }
}
