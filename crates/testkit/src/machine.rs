//! What a test may find, or not find, on the machine.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Says that `suite` did not run, and why: on standard error, and in the file that
/// `MANTLET_LEFT_OUT_FILE` names, from which `cargo xtask test` reports it. A test that returns
/// after this is a gap on record, not a pass in silence.
pub fn left_out(suite: &str, reason: &str) {
    let line = left_out_line(suite, reason);
    eprint!("{line}");
    if let Some(file) = variable("MANTLET_LEFT_OUT_FILE") {
        append(Path::new(&file), &line);
    }
}

fn left_out_line(suite: &str, reason: &str) -> String {
    format!("left out: {suite}: {}\n", reason.replace('\n', " "))
}

/// One write, so that lines of several processes do not mix.
fn append(file: &Path, line: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}

/// Those of `programs` that cannot be found, looking through `PATH` and then through the folders
/// for daemons; empty when all are there.
#[must_use]
pub fn lacking<'a>(programs: &[&'a str]) -> Vec<&'a str> {
    programs.iter().copied().filter(|name| find_program(name).is_none()).collect()
}

fn find_program(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// The folder of shared test data: `MANTLET_SHARED`, else `../shared` beside the repository.
/// `None` when it is absent, which is then on record as a gap of `suite`.
#[must_use]
pub fn shared(suite: &str) -> Option<PathBuf> {
    let given = variable("MANTLET_SHARED").unwrap_or_else(|| "../shared".to_owned());
    let folder = root().join(given).canonicalize().ok().filter(|found| found.is_dir());
    if folder.is_none() {
        left_out(suite, "no folder of shared test data: set MANTLET_SHARED");
    }
    folder
}

/// The Python of `target/venv` when it is there and has all of `modules`; `None` otherwise.
#[must_use]
pub fn venv_python(modules: &[&str]) -> Option<PathBuf> {
    let python = root().join("target/venv/bin/python");
    let question = format!(
        "import importlib.util as u, sys; sys.exit(not all(u.find_spec(m) for m in {modules:?}))"
    );
    let mut command = Command::new(&python);
    command.args(["-c", &question]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success()).then_some(python)
}

/// The repository's root folder.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The value of an environment variable; `None` when it is unset, empty or not Unicode.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TempFolder;

    #[test]
    fn a_gap_is_one_line_and_is_appended() {
        let folder = TempFolder::new();
        let file = folder.path().join("gaps");
        append(&file, &left_out_line("one", "lacks\na thing"));
        append(&file, &left_out_line("two", "lacks another"));
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text, "left out: one: lacks a thing\nleft out: two: lacks another\n");
    }

    #[test]
    fn programs_that_are_not_there_are_named() {
        assert_eq!(lacking(&["sh", "no-such-program-anywhere"]), ["no-such-program-anywhere"]);
    }

    #[test]
    fn a_module_that_does_not_exist_is_not_there() {
        assert_eq!(venv_python(&["no_such_module_anywhere"]), None);
    }

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("Cargo.lock").is_file());
    }
}
