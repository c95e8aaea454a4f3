//! The Core Rule Set 3.3 as Debian's package `modsecurity-crs` brings it, and a plugin beside it.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test meets the real machine, and may fail loudly"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mantlet_testkit::{TempFolder, left_out};
use mantlet_waf::ftw::Request;
use mantlet_waf::{DiskFiles, Files as _, Limits, RuleSet, Source};

/// Where the package puts its files; `MANTLET_CRS3` names another root.
fn package() -> Option<(PathBuf, PathBuf)> {
    let root = PathBuf::from(std::env::var("MANTLET_CRS3").unwrap_or_else(|_| "/".to_owned()));
    let setup = root.join("etc/modsecurity/crs/crs-setup.conf");
    let rules = root.join("usr/share/modsecurity-crs/rules");
    if !setup.is_file() || !rules.is_dir() {
        left_out("waf-crs3", "lacks the Debian package modsecurity-crs");
        return None;
    }
    Some((setup, rules))
}

/// What a plugin brings: its setup and rules before and after those of the rule set.
const PLUGIN: [(&str, &str); 3] = [
    (
        "plugin-config.conf",
        "SecAction \"id:9500010,phase:1,pass,nolog,setvar:tx.example-plugin_enabled=1\"\n",
    ),
    (
        "plugin-before.conf",
        "SecRule TX:example-plugin_enabled \"@eq 0\" \"id:9500099,phase:1,pass,nolog,ctl:ruleRemoveById=9500100-9500999\"\n\
         SecRule REQUEST_FILENAME \"@beginsWith /editor\" \"id:9500100,phase:1,pass,nolog,ctl:ruleRemoveTargetByTag=attack-sqli;ARGS:text\"\n",
    ),
    (
        "plugin-after.conf",
        "SecRule ARGS:token \"@rx ^forbidden$\" \"id:9500200,phase:2,block,msg:'Example plugin',severity:CRITICAL,\
         setvar:'tx.anomaly_score_pl1=+%{tx.critical_anomaly_score}'\"\n",
    ),
];

/// The file whose rules ask a location database and block lists of others, which Mantlet does not.
const LOOKUPS: &str = "REQUEST-910-IP-REPUTATION.conf";

/// A copy of the rules whose patterns with lookaround match nothing. There are three, and each is said
/// at its line.
fn without_lookaround(rules: &Path) -> TempFolder {
    let folder = TempFolder::new();
    let mut changed = 0;
    for entry in std::fs::read_dir(rules).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let line = |line: &str| match line.split_once('"') {
            Some((start, pattern))
                if line.contains("SecRule ")
                    && ["(?=", "(?!", "(?<!"].iter().any(|it| pattern.contains(it)) =>
            {
                changed += 1;
                format!("{start}\"@noMatch\" \\\n")
            }
            _ => format!("{line}\n"),
        };
        let text: String = text.lines().map(line).collect();
        std::fs::write(folder.path().join(entry.file_name()), text).unwrap();
    }
    assert_eq!(changed, 3);
    folder
}

fn load(setup: &Path, files: &[PathBuf]) -> Result<Arc<RuleSet>, Vec<String>> {
    let [config, before, after] = PLUGIN.map(|(name, text)| Source::Text(name, text));
    let mut sources = vec![
        Source::Text("engine", "SecRuleEngine On\nSecRequestBodyAccess On\n"),
        Source::File(setup),
    ];
    sources.extend([config, before]);
    sources.extend(files.iter().map(|path| Source::File(path)));
    sources.push(after);
    RuleSet::load(&DiskFiles, &sources)
        .map(Arc::new)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn get(target: &str) -> Request {
    let header = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    Request {
        method: b"GET".to_vec(),
        target: target.as_bytes().to_vec(),
        protocol: b"HTTP/1.1".to_vec(),
        headers: vec![
            header("Host", "www.example.com"),
            header("User-Agent", "Mozilla/5.0"),
            header("Accept", "*/*"),
        ],
        body: Vec::new(),
    }
}

#[test]
fn the_core_rule_set_of_debian_runs_with_a_plugin() {
    let Some((setup, rules)) = package() else { return };
    let folder = without_lookaround(&rules);
    let (setup, rules) = (setup.as_path(), folder.path());
    let mut files = DiskFiles.matching(&rules.join("*.conf")).unwrap();
    let problems = load(setup, &files).unwrap_err();
    let others: Vec<&String> = problems.iter().filter(|it| !it.contains(LOOKUPS)).collect();
    assert!(others.is_empty(), "{others:#?}");
    files.retain(|path| !path.ends_with(LOOKUPS));
    let rules = load(setup, &files).unwrap();
    let ids = |target: &str| get(target).inspect(&rules, Limits::default()).ids;
    assert!(ids("/shop?q=shoes").is_empty());
    assert!(ids("/shop?q=1%27+or+1%3D1--").contains(&942_100));
    assert!(ids("/shop?q=%3Cscript%3Ealert(1)%3C/script%3E").contains(&941_110));
    assert!(ids("/shop?file=../../etc/passwd").contains(&930_120));
    let allowed = ids("/editor?text=1%27+or+1%3D1--");
    assert!(!allowed.iter().any(|id| (942_000..943_000).contains(id)), "{allowed:?}");
    assert!(ids("/shop?token=forbidden").contains(&9_500_200));
}
