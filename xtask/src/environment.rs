//! What the chores ask of the machine: variables, programs, the repository's place, the time.

use std::path::{Path, PathBuf};

/// The repository's root folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The value of an environment variable; `None` when it is unset, empty or not Unicode.
#[expect(
    clippy::disallowed_methods,
    reason = "the chores have no config file: this is their one reader of the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The cargo that runs this chore, so that the whole run uses one toolchain.
pub(crate) fn cargo() -> PathBuf {
    variable("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// Where the program `name` is installed. Looks through `PATH`, then through the folders for
/// daemons, which Debian leaves out of an ordinary user's `PATH`. `None` when it is nowhere.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// The folder with shared test data (`MANTLET_SHARED`, else `../shared` beside the repository);
/// `None` when it is absent.
pub(crate) fn shared_data() -> Option<PathBuf> {
    let folder = variable("MANTLET_SHARED")
        .map_or_else(|| root().join("../shared"), |given| root().join(given));
    folder.canonicalize().ok().filter(|found| found.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_found_and_an_unknown_program_is_not() {
        assert!(find_program("sh").is_some());
        assert_eq!(find_program("no-such-program-anywhere"), None);
    }

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("Cargo.lock").is_file());
    }
}
