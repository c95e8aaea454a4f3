//! Which files a folder of rules means, in which order.
//!
//! Known are the layout of the OWASP Core Rule Set as it is released (`crs-setup.conf`, `rules/`,
//! `plugins/`), the one of Debian's package (rules in `/usr/share`, settings in `/etc`), and plain
//! folders of `*.conf`, in the order of their names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where Debian's package keeps settings, and where the rules.
const DEBIAN: (&str, &str) = ("/etc/modsecurity/crs", "/usr/share/modsecurity-crs");
/// The settings of the rule set, and what stands in when nobody has made any.
const SETUP: [&str; 2] = ["crs-setup.conf", "crs-setup.conf.example"];
/// What tells a folder of the rule set's rules.
const FIRST_RULES: &str = "REQUEST-901-INITIALIZATION.conf";

/// The files to be read, and after how many of them the settings of the rule set are known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Files {
    pub(super) before: Vec<PathBuf>,
    pub(super) rules: Vec<PathBuf>,
}

/// The files that `path` means.
///
/// # Errors
/// What cannot be read, or holds no rules.
pub(super) fn files(path: &Path) -> io::Result<Files> {
    if !path.exists() {
        return Err(io::Error::other("there is no such file or folder"));
    }
    if !path.is_dir() {
        // A file that cannot be read is told when it is read.
        return Ok(Files { before: Vec::new(), rules: vec![path.to_owned()] });
    }
    let found = match rule_folder(path) {
        Some(rules) => core_rules(path, &rules)?,
        None => plain(path)?,
    };
    if found.rules.is_empty() && found.before.is_empty() {
        return Err(io::Error::other("the folder holds no `*.conf` file, and no folder `rules`"));
    }
    Ok(found)
}

/// Where the rules of the rule set are that `path` means; `None` when it is a plain folder.
fn rule_folder(path: &Path) -> Option<PathBuf> {
    let mut places = vec![path.join("rules"), path.to_owned()];
    if path == Path::new(DEBIAN.0) {
        places.push(Path::new(DEBIAN.1).join("rules"));
    }
    places.into_iter().find(|place| place.join(FIRST_RULES).is_file())
}

fn core_rules(path: &Path, rules: &Path) -> io::Result<Files> {
    // Settings stand beside the folder of rules, or where Debian keeps them.
    let root = rules.parent().filter(|_| path == rules).unwrap_or(path);
    let debian = Path::new(DEBIAN.0);
    let is_debian = rules.starts_with(DEBIAN.1);
    let homes = if is_debian { vec![debian, root] } else { vec![root, rules] };
    let setup = homes
        .iter()
        .flat_map(|home| SETUP.iter().map(|name| home.join(name)))
        .find(|file| file.is_file());
    let plugins = root.join("plugins");
    let mut files = Files { before: setup.into_iter().collect(), rules: Vec::new() };
    files.before.extend(named(&plugins, "-config.conf")?);
    files.rules.extend(named(&plugins, "-before.conf")?);
    let mut all = named(rules, ".conf")?;
    if is_debian {
        let own = named(debian, ".conf")?;
        all.extend(own.into_iter().filter(|file| !file.ends_with(SETUP[0])));
        // What runs before and after the rules has its place in their numbering.
        all.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    }
    all.retain(|file| !files.before.contains(file));
    files.rules.extend(all);
    files.rules.extend(named(&plugins, "-after.conf")?);
    Ok(files)
}

/// A folder of anybody's rules: settings first.
fn plain(path: &Path) -> io::Result<Files> {
    let (before, rules) = named(path, ".conf")?.into_iter().partition(|file| {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name == SETUP[0] || name.starts_with("modsecurity")
    });
    Ok(Files { before, rules })
}

/// The files of `folder` whose names end so, in the order of their names; none when there is no
/// folder.
fn named(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(ending) && !name.starts_with('.') && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
