//! What passed, failed and was left out.

use super::left_out::LeftOut;
use crate::terminal::say;

/// The counts of a run, with the words behind every failure and everything left out.
#[derive(Debug, Default)]
pub(super) struct Tally {
    passed: u64,
    failures: Vec<String>,
    failed_tests: u64,
    failed_names: Vec<String>,
    unsteady_names: Vec<String>,
    ignored: u64,
    left_out: Vec<LeftOut>,
}

impl Tally {
    /// One step passed.
    pub(super) fn pass(&mut self) {
        self.passed += 1;
    }

    /// One step failed.
    pub(super) fn fail(&mut self, step: &str, message: &str) {
        self.failures.push(format!("{step}: {message}"));
    }

    /// Keeps the name of a failed test for the report; [`Self::add_tests`] counts it.
    pub(super) fn name_failed_test(&mut self, name: &str) {
        self.failed_names.push(name.to_owned());
    }

    /// Keeps the name of a test that failed and passed when it ran again.
    pub(super) fn name_unsteady_test(&mut self, name: &str) {
        self.unsteady_names.push(name.to_owned());
    }

    /// Adds the counts of a test program.
    pub(super) fn add_tests(&mut self, passed: u64, failed: u64, ignored: u64) {
        self.passed += passed;
        self.failed_tests += failed;
        self.ignored += ignored;
    }

    /// How many suites were left out so far.
    pub(super) fn left_out(&self) -> usize {
        self.left_out.len()
    }

    /// How many steps and tests passed so far.
    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    /// Something did not run here. Counted once per suite.
    pub(super) fn leave_out(&mut self, what: LeftOut) {
        if !self.left_out.iter().any(|known| known.suite == what.suite) {
            self.left_out.push(what);
        }
    }

    /// How many steps and tests failed so far.
    pub(super) fn failed(&self) -> u64 {
        let steps = u64::try_from(self.failures.len()).unwrap_or(u64::MAX);
        self.failed_tests.saturating_add(steps)
    }

    /// Prints what was left out, what is unsteady and what failed, steps and tests.
    pub(super) fn report(&self) {
        for what in &self.left_out {
            say(format!("left out: {what}"));
        }
        for name in &self.unsteady_names {
            say(format!("unsteady: test {name} failed once, and passed when it ran again"));
        }
        for failure in &self.failures {
            say(format!("failed: {failure}"));
        }
        for name in &self.failed_names {
            say(format!("failed: test {name}"));
        }
    }

    /// The last line of the run.
    pub(super) fn summary(&self) -> String {
        let left_out = u64::try_from(self.left_out.len()).unwrap_or(u64::MAX);
        let skipped = left_out.saturating_add(self.ignored);
        format!("{} passed, {} failed, {skipped} skipped", self.passed, self.failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_steps_tests_and_suites_left_out() {
        let mut tally = Tally::default();
        tally.pass();
        tally.add_tests(10, 2, 1);
        tally.fail("docs", "a dead link");
        tally.leave_out(LeftOut::new("wire", "no curl", None));
        tally.leave_out(LeftOut::new("wire", "no openssl", None));
        assert_eq!(tally.summary(), "11 passed, 3 failed, 2 skipped");
    }
}
