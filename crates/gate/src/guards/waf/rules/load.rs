//! From files to a rule set, once for all routes that name them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mantlet_waf::{DiskFiles, EngineMode, Files, RuleSet, Source};

use super::layout;
use crate::guards::RuleFile;

/// What the recommended settings of ModSecurity say, as far as rules depend on it. Rule files that
/// say otherwise come later and win.
const SETTINGS: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 134217728
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml
SecResponseBodyLimit 524288
SecResponseBodyLimitAction ProcessPartial
SecArgumentsLimit 100000
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\+|/)|text/)xml" "id:990000001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9.-]+[+])?json" "id:990000002,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" "id:990000003,phase:2,t:none,log,deny,status:400,msg:'The body cannot be read as what it is declared',logdata:'%{reqbody_error_msg}',severity:'CRITICAL'"
SecRule MULTIPART_FILE_LIMIT_EXCEEDED "@eq 1" "id:990000006,phase:2,t:none,log,deny,status:400,msg:'More files in a form than are read',severity:'CRITICAL'"
"#;

/// What a route says about the rule set's own settings.
const ROUTE: &str = r#"
SecRule TX:mantlet_paranoia "@gt 0" "id:990000004,phase:1,t:none,pass,nolog,setvar:'tx.blocking_paranoia_level=%{tx.mantlet_paranoia}',setvar:'tx.detection_paranoia_level=%{tx.mantlet_paranoia}'"
SecRule TX:mantlet_threshold "@gt 0" "id:990000005,phase:1,t:none,pass,nolog,setvar:'tx.inbound_anomaly_score_threshold=%{tx.mantlet_threshold}'"
"#;

/// Rules that were read.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) rules: Arc<RuleSet>,
    /// Everything that was read for it.
    pub(crate) files: Vec<RuleFile>,
    /// What tells these contents from others.
    pub(crate) fingerprint: u64,
    /// Whether the files themselves say that their rules only report.
    pub(crate) is_observed: bool,
    /// Whether the files themselves switch their rules off.
    pub(crate) is_off: bool,
}

/// Rule sets of one configuration, by the paths that name them.
#[derive(Debug, Default)]
pub(crate) struct RuleSets(HashMap<Vec<PathBuf>, Option<Arc<Loaded>>>);

impl RuleSets {
    /// The rule set of these paths, read at most once. `None` when it cannot be used.
    ///
    /// # Errors
    /// Everything that is wrong with it, the first time.
    pub(crate) fn load(&mut self, paths: &[PathBuf]) -> Result<Option<Arc<Loaded>>, Vec<Fault>> {
        if let Some(known) = self.0.get(paths) {
            return Ok(known.clone());
        }
        let loaded = load(paths).map(Arc::new);
        self.0.insert(paths.to_vec(), loaded.as_ref().ok().cloned());
        loaded.map(Some)
    }
}

impl RuleSets {
    /// Whether the rule set of these paths was read already.
    pub(crate) fn has(&self, paths: &[PathBuf]) -> bool {
        self.0.contains_key(paths)
    }

    /// Every file that was read.
    pub(crate) fn files(&self) -> Vec<RuleFile> {
        let sets = self.0.values().flatten();
        sets.flat_map(|loaded| loaded.files.iter().cloned()).collect()
    }
}

/// What is wrong with rules, and what to do about it; empty for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) hint: String,
}

fn load(paths: &[PathBuf]) -> Result<Loaded, Vec<Fault>> {
    let (mut before, mut rules, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        match layout::files(path) {
            Ok(files) => {
                before.extend(files.before);
                rules.extend(files.rules);
            }
            Err(error) => faults.push(Fault {
                message: format!("`{}` cannot be used: {error}", path.display()),
                hint: "name a folder of rules, or a file in SecLang".into(),
            }),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut sources = vec![Source::Text("built-in settings", SETTINGS)];
    sources.extend(before.iter().map(|file| Source::File(file)));
    sources.push(Source::Text("settings of the route", ROUTE));
    sources.extend(rules.iter().map(|file| Source::File(file)));
    let files = Recorded::default();
    let rules = RuleSet::load(&files, &sources).map_err(|problems| {
        let fault = |problem: &mantlet_waf::Problem| Fault {
            message: format!("{}: {}", problem.place, problem.message),
            hint: problem.hint.clone().unwrap_or_default(),
        };
        problems.iter().map(fault).collect::<Vec<_>>()
    })?;
    let engine = rules.settings().engine;
    let (is_observed, is_off) = (engine == EngineMode::DetectionOnly, engine == EngineMode::Off);
    let files = files.0.into_inner();
    let mut hasher = DefaultHasher::new();
    files.iter().for_each(|file| (&file.path, file.contents).hash(&mut hasher));
    let fingerprint = hasher.finish();
    Ok(Loaded { rules: Arc::new(rules), files, fingerprint, is_observed, is_off })
}

/// The file system, remembering what was read.
#[derive(Debug, Default)]
struct Recorded(RefCell<Vec<RuleFile>>);

impl Files for Recorded {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let contents = DiskFiles.read(path)?;
        self.0.borrow_mut().push(RuleFile::of(path, &contents));
        Ok(contents)
    }

    fn matching(&self, pattern: &Path) -> io::Result<Vec<PathBuf>> {
        DiskFiles.matching(pattern)
    }
}
