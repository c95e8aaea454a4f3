//! That no setting is forgotten: each is in a configuration that a test of the binary uses.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mantlet_testkit::{root, run_program};

use super::common::PATIENCE;
use super::written::Written;

const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");

/// Settings that no test of the binary sets yet. A line goes when a test comes; none is added.
const UNTESTED: &[&str] = &[
    "guards.blocklist.fail",
    "guards.limit.fail",
    "guards.cors.fail",
    "guards.identity.mode",
    "guards.json.fail",
    "guards.schema.fail",
    "guards.waf.fail",
    "guards.errors.fail",
    "guards.csp.fail",
    "guards.cookies.fail",
    "guards.headers.fail",
    "identity.passkeys.max_per_user",
    "identity.providers.NAME.scopes",
    "identity.providers.NAME.ca",
    "identity.issuers.NAME.user",
    "identity.issuers.NAME.max_lifetime",
    "identity.issuers.NAME.keep",
    "identity.issuers.NAME.ca",
    "identity.issuers.NAME.scopes.claim",
    "store.cache",
    "mail.username",
    "mail.password",
    "recording.size",
    "recording.max_age",
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

/// What each file of tests of the binary writes into configurations, with what stands in the
/// `main.rs` beside it, and what the cases of `corpora/guards` do that one of them sends.
fn written() -> Vec<Written> {
    let read = |file: PathBuf| {
        let mut written = Written::default();
        for file in BTreeSet::from([file.with_file_name("main.rs"), file]) {
            written.read(&fs::read_to_string(file).unwrap_or_default());
        }
        written
    };
    let tests = files(&root().join("crates/mantlet/tests"), "rs");
    let mut all: Vec<_> = tests.into_iter().map(read).collect();
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
