//! Debian packages: which are absent, and installing them without starting a daemon.

use std::process::Command;

use super::Need;
use super::needs::Proof;
use crate::terminal::say;
use crate::{Outcome, environment, process};

/// Installs the packages given as arguments. While it runs, `policy-rc.d` forbids packages to
/// start their daemons; one that the administrator wrote is left alone.
const SCRIPT: &str = r#"set -eu
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
"#;

/// The packages of `needs` that are not installed, each once.
pub(super) fn absent(needs: &[&'static Need]) -> Vec<&'static str> {
    let mut packages: Vec<&str> = needs
        .iter()
        .flat_map(|need| need.debian)
        .filter(|(_, proof)| !is_there(proof))
        .map(|(package, _)| *package)
        .collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

fn is_there(proof: &Proof) -> bool {
    match proof {
        Proof::Folder(path) => std::path::Path::new(path).is_dir(),
        Proof::Program(name) => environment::find_program(name).is_some(),
        Proof::File(path) => std::path::Path::new(path).exists(),
        Proof::PythonModules(modules) => {
            let import = format!("import {modules}");
            process::succeeds(Command::new("python3").args(["-c", &import]))
        }
    }
}

/// The command a person would type.
pub(super) fn command(packages: &[&str]) -> String {
    format!(
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    )
}

/// Installs `packages` when this user may; otherwise an error that holds the exact command.
pub(super) fn install(packages: &[&str]) -> Outcome<()> {
    let by_hand = || command(packages);
    if environment::find_program("apt-get").is_none() {
        return Err(format!("there is no apt-get here; on Debian: {}", by_hand()));
    }
    let mut shell = privileged_shell()
        .ok_or_else(|| format!("neither root nor passwordless sudo; run: {}", by_hand()))?;
    say(format!("installing Debian packages: {}", packages.join(" ")));
    shell.args(["-c", SCRIPT, "deps"]).args(packages);
    process::run(&mut shell).map_err(|_| format!("apt-get failed, see above; run: {}", by_hand()))
}

/// A shell with the rights to install; `None` when nobody gives them without a question.
fn privileged_shell() -> Option<Command> {
    if rustix::process::geteuid().is_root() {
        return Some(Command::new("sh"));
    }
    let may_sudo = process::succeeds(Command::new("sudo").args(["-n", "true"]));
    may_sudo.then(|| {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "sh"]);
        sudo
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEED: Need = Need {
        suite: "sample",
        debian: &[
            ("zzz-absent", Proof::Program("no-such-program-anywhere")),
            ("dash", Proof::Program("sh")),
            ("zzz-absent", Proof::PythonModules("no_such_module")),
        ],
        requirements: None,
        only_long_runs: false,
    };

    #[test]
    fn absent_packages_are_named_once_and_present_ones_not() {
        assert_eq!(absent(&[&NEED]), ["zzz-absent"]);
        assert!(command(&["zzz-absent"]).ends_with("--no-install-recommends zzz-absent"));
    }
}
