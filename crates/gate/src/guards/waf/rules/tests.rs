use std::fs;
use std::path::{Path, PathBuf};

use mantlet_testkit::TempFolder;

use super::layout::files;
use super::*;

fn write(folder: &Path, names: &[&str]) {
    for name in names {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
}

/// The names of the files that `path` means, in their order.
fn order(path: &Path) -> Vec<String> {
    let found = files(path).unwrap();
    let all = found.before.into_iter().chain(found.rules);
    all.map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

const CORE: [&str; 4] = [
    "rules/REQUEST-949-BLOCKING-EVALUATION.conf",
    "rules/REQUEST-901-INITIALIZATION.conf",
    "rules/RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf.example",
    "rules/unix-shell.data",
];

#[test]
fn a_released_rule_set_is_read_with_its_settings_first() {
    let folder = TempFolder::new();
    write(folder.path(), &CORE);
    write(folder.path(), &["crs-setup.conf.example"]);
    let rules = ["REQUEST-901-INITIALIZATION.conf", "REQUEST-949-BLOCKING-EVALUATION.conf"];
    assert_eq!(order(folder.path()), [&["crs-setup.conf.example"][..], &rules].concat());
    write(folder.path(), &["crs-setup.conf", "plugins/a-after.conf", "plugins/a-before.conf"]);
    write(folder.path(), &["plugins/a-config.conf", "rules/REQUEST-900-EXCLUSION-RULES.conf"]);
    let expected = [
        "crs-setup.conf",
        "a-config.conf",
        "a-before.conf",
        "REQUEST-900-EXCLUSION-RULES.conf",
        "REQUEST-901-INITIALIZATION.conf",
        "REQUEST-949-BLOCKING-EVALUATION.conf",
        "a-after.conf",
    ];
    assert_eq!(order(folder.path()), expected);
    assert_eq!(order(&folder.path().join("rules")), expected, "the folder of rules itself");
}

#[test]
fn a_plain_folder_is_read_by_name_with_settings_first() {
    let folder = TempFolder::new();
    write(folder.path(), &["b.conf", "A.conf", "crs-setup.conf", "notes.txt", ".hidden.conf"]);
    assert_eq!(order(folder.path()), ["crs-setup.conf", "A.conf", "b.conf"]);
    let one = folder.path().join("b.conf");
    assert_eq!(order(&one), ["b.conf"]);
}

#[test]
fn what_holds_no_rules_is_told() {
    let folder = TempFolder::new();
    write(folder.path(), &["notes.txt"]);
    assert!(files(folder.path()).unwrap_err().to_string().contains("no `*.conf` file"));
    let mut sets = RuleSets::default();
    let missing = vec![PathBuf::from("/nowhere/rules.conf")];
    let faults = sets.load(&missing).unwrap_err();
    assert!(faults[0].message.contains("`/nowhere/rules.conf` cannot be used"), "{faults:?}");
    assert!(sets.load(&missing).unwrap().is_none(), "told once");
}

#[test]
fn a_rule_set_is_read_once_and_told_apart_by_its_contents() {
    let folder = TempFolder::new();
    let file = folder.path().join("own.conf");
    fs::write(&file, "SecRule ARGS \"@rx a\" \"id:1,phase:2,deny\"\n").unwrap();
    let paths = vec![file.clone()];
    let mut sets = RuleSets::default();
    let one = sets.load(&paths).unwrap().unwrap();
    let same = sets.load(&paths).unwrap().unwrap();
    assert!(std::sync::Arc::ptr_eq(&one, &same));
    let read: Vec<PathBuf> = sets.files().into_iter().map(|file| file.path).collect();
    assert_eq!(read, paths);
    assert!(!sets.files()[0].has_changed());
    fs::write(&file, "SecRule ARGS \"@rx b\" \"id:1,phase:2,deny\"\n").unwrap();
    assert!(sets.files()[0].has_changed());
    let other = RuleSets::default().load(&paths).unwrap().unwrap();
    assert_ne!(one.fingerprint, other.fingerprint);
    fs::write(&file, "SecRuleEngine DetectionOnly\nSecRule ARGS \"@rxx b\" \"id:1\"\n").unwrap();
    let faults = RuleSets::default().load(&paths).unwrap_err();
    assert!(faults[0].message.contains("own.conf:2:"), "{faults:?}");
}
