//! That no setting is forgotten: each is in a configuration that a test of the binary uses.

use std::fs;
use std::path::{Path, PathBuf};

use mantlet_testkit::{root, run_program};

use super::common::PATIENCE;
use super::written::Written;

const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");

/// Settings that no test of the binary sets. Nothing from outside makes these guards fail, for they
/// decide at once and from memory; that mode has one value; and how much a store keeps in memory
/// changes what it takes, not what it says. A line goes when a test comes; none is added.
const UNTESTED: &[&str] = &[
    "guards.blocklist.fail",
    "guards.limit.fail",
    "guards.cors.fail",
    "guards.identity.mode",
    "guards.json.fail",
    "guards.errors.fail",
    "guards.csp.fail",
    "guards.cookies.fail",
    "guards.headers.fail",
    "store.cache",
];

/// Every setting that the reference lists, with its section; `NAME` stands for any name.
fn settings() -> Vec<String> {
    let reference = run_program(BINARY, &["config", "reference"], PATIENCE).stdout;
    let (mut section, mut settings) = (String::new(), Vec::new());
    for line in reference.lines() {
        if let Some(name) = line.strip_prefix("## `").and_then(|rest| rest.strip_suffix('`')) {
            section = format!("{}.", name.trim_matches(['[', ']']));
        } else if let Some((key, _)) =
            line.strip_prefix("| `").and_then(|rest| rest.split_once('`'))
        {
            settings.push(format!("{section}{key}"));
        }
    }
    settings
}

/// The files of this kind at or below `place`.
fn files(place: &Path, kind: &str) -> Vec<PathBuf> {
    if !place.is_dir() {
        let is_meant = place.extension().is_some_and(|extension| extension == kind);
        return is_meant.then(|| place.to_owned()).into_iter().collect();
    }
    let entries = fs::read_dir(place).unwrap();
    entries.flat_map(|entry| files(&entry.unwrap().path(), kind)).collect()
}

/// The name of a Rust file, what stands in it, and what that writes.
fn read(file: &PathBuf) -> (String, String, Written) {
    let source = fs::read_to_string(file).unwrap();
    let written = Written::read(&source);
    (file.file_stem().unwrap().to_str().unwrap().to_owned(), source, written)
}

/// What each file of tests of the binary writes into configurations, in sections that are open
/// there, in `main.rs` or in a file that it uses; and what the cases of `corpora/guards` do.
fn written() -> Vec<Written> {
    let suites = fs::read_dir(root().join("crates/mantlet/tests")).unwrap();
    let mut all = Vec::new();
    for suite in suites {
        let suite: Vec<_> = files(&suite.unwrap().path(), "rs").iter().map(read).collect();
        for (_, source, written) in &suite {
            let is_used = |name: &str| name == "main" || source.contains(&format!("super::{name}"));
            let used = suite.iter().filter(|(name, ..)| is_used(name));
            let open = used.flat_map(|(.., other)| other.open()).cloned();
            all.push(written.clone().with_open(open));
        }
    }
    let mut cases = Written::default();
    for file in files(&root().join("corpora/guards"), "toml") {
        let table: toml::Table = fs::read_to_string(file).unwrap().parse().unwrap();
        cases.read_text(table.get("config").unwrap().as_str().unwrap());
    }
    all.push(cases);
    all
}

#[test]
fn sci_d30_every_setting_is_set_by_a_test_of_the_binary() {
    let (settings, written) = (settings(), written());
    assert!(settings.len() > 300, "only {} settings were found", settings.len());
    let is_set = |setting: &&String| written.iter().any(|one| one.holds(setting));
    let missing: Vec<_> = settings.iter().filter(|setting| !is_set(setting)).collect();
    assert_eq!(missing, UNTESTED, "settings that no test sets, and those that are known");
}
