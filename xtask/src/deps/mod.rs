//! `cargo xtask deps`: what the suites need from Debian and PyPI, whether it is there, and how
//! it gets there.

mod debian;
mod needs;
mod venv;

pub(crate) use needs::Need;

use crate::Outcome;
use crate::terminal::say;

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Arguments {
    /// Install what is missing: Debian packages as root or with passwordless sudo, PyPI packages
    /// into target/venv
    #[arg(long, conflicts_with = "check")]
    install: bool,
    /// Fail when something is missing
    #[arg(long)]
    check: bool,
    /// Look at this suite alone; may be given several times
    #[arg(long = "suite", value_name = "NAME")]
    suites: Vec<String>,
}

/// A suite that cannot run here, and the command that would enable it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The suite's name.
    pub(crate) suite: &'static str,
    /// What is missing, for people.
    pub(crate) what: String,
    /// The exact command that provides it.
    pub(crate) command: String,
}

/// Shows the state of every need, after installing when asked to.
pub(crate) fn run(arguments: &Arguments) -> Outcome<()> {
    let needs = chosen(&arguments.suites)?;
    let missing = if arguments.install { install(&needs) } else { missing(&needs) };
    for need in &needs {
        match missing.iter().find(|gap| gap.suite == need.suite) {
            None => say(format!("{}: all there", need.suite)),
            Some(gap) => say(format!("{}: lacks {}; {}", gap.suite, gap.what, gap.command)),
        }
    }
    if (arguments.check || arguments.install) && !missing.is_empty() {
        return Err(format!("{} of {} suites lack something", missing.len(), needs.len()));
    }
    Ok(())
}

fn chosen(names: &[String]) -> Outcome<Vec<&'static Need>> {
    let known = |name: &&String| needs::NEEDS.iter().any(|need| need.suite == name.as_str());
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let suites: Vec<&str> = needs::NEEDS.iter().map(|need| need.suite).collect();
        return Err(format!("no suite `{unknown}`: the suites are {}", suites.join(", ")));
    }
    let wanted = |need: &&Need| names.is_empty() || names.iter().any(|name| name == need.suite);
    Ok(needs::NEEDS.iter().filter(wanted).collect())
}

/// The needs of the ordinary test run, or with `full` those of the long runs too.
pub(crate) fn for_tests(full: bool) -> Vec<&'static Need> {
    let wanted = |need: &&Need| full || !need.only_long_runs;
    needs::NEEDS.iter().filter(wanted).collect()
}

/// Installs what `needs` lack, where this machine allows it, and returns what is still missing.
/// Does nothing, and needs no network, when all is there.
pub(crate) fn install(needs: &[&'static Need]) -> Vec<Missing> {
    let packages = debian::absent(needs);
    if !packages.is_empty()
        && let Err(reason) = debian::install(&packages)
    {
        say(format!("Debian packages not installed: {reason}"));
    }
    for need in needs {
        if let Err(reason) = venv::install(need) {
            say(format!("PyPI packages for {} not installed: {reason}", need.suite));
        }
    }
    missing(needs)
}

/// What `needs` lack now.
fn missing(needs: &[&'static Need]) -> Vec<Missing> {
    needs.iter().filter_map(|need| lack(need)).collect()
}

fn lack(need: &'static Need) -> Option<Missing> {
    let packages = debian::absent(&[need]);
    if !packages.is_empty() {
        return Some(Missing {
            suite: need.suite,
            what: packages.join(" "),
            command: format!("run: {}", debian::command(&packages)),
        });
    }
    venv::lack(need).map(|requirements| Missing {
        suite: need.suite,
        what: format!("the packages of {requirements}"),
        command: format!("run: cargo xtask deps --install --suite {}", need.suite),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_suite_is_refused_with_the_known_ones() {
        let error = chosen(&["wires".to_owned()]).unwrap_err();
        assert!(error.contains("`wires`") && error.contains("wire"), "{error}");
    }

    #[test]
    fn the_long_runs_need_more() {
        assert!(for_tests(true).len() > for_tests(false).len());
    }
}
