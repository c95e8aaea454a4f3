//! The summary of a replay.

use std::collections::BTreeMap;

use mantlet_gate::pipeline::Denial;
use mantlet_gate::replay::{Judged, Outcome};
use serde_json::{Value as Json, json};

use super::verdict::sources;

/// Most rules and routes that are counted by name.
const NAMES: usize = 2_000;
/// What the others are counted as.
const OTHER: &str = "others";
/// Most faults that are shown.
const FAULTS: usize = 20;

/// What came of all requests so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) requests: u64,
    pub(super) refused: u64,
    pub(super) passed: u64,
    unclean: u64,
    /// Requests without the body that they had.
    bodiless: u64,
    by_rule: BTreeMap<String, u64>,
    /// Requests of each route, and how many of them are refused.
    by_route: BTreeMap<String, (u64, u64)>,
    pub(super) faults: u64,
    first_faults: Vec<String>,
    /// Refused now and not with the settings before, and the other way round.
    pub(super) newly: (u64, u64),
}

impl Tally {
    /// Counts one request.
    pub(super) fn count(&mut self, judged: &Judged, is_bodiless: bool) {
        self.requests = self.requests.saturating_add(1);
        self.bodiless = self.bodiless.saturating_add(u64::from(is_bodiless));
        let is_refused = judged.outcome.refusal().is_some();
        let route = entry(&mut self.by_route, &judged.route);
        route.0 = route.0.saturating_add(1);
        route.1 = route.1.saturating_add(u64::from(is_refused));
        match &judged.outcome {
            Outcome::Passes => self.passed = self.passed.saturating_add(1),
            Outcome::Refused(denial) => self.refuse(denial),
            Outcome::Unclean(_) | Outcome::Failed(_) => {
                self.unclean = self.unclean.saturating_add(1);
            }
        }
    }

    fn refuse(&mut self, denial: &Denial) {
        self.refused = self.refused.saturating_add(1);
        let mut names = sources(denial);
        names.sort();
        names.dedup();
        for name in names {
            let count = entry(&mut self.by_rule, &name);
            *count = count.saturating_add(1);
        }
    }

    /// Counts something that is no request.
    pub(super) fn fault(&mut self, place: &str, why: &str) {
        self.faults = self.faults.saturating_add(1);
        if self.first_faults.len() < FAULTS {
            self.first_faults.push(format!("{place}: {why}"));
        }
    }

    /// How many of a hundred requests are refused.
    fn share(&self) -> f64 {
        share(self.refused, self.requests)
    }

    /// The summary as lines.
    pub(super) fn lines(&self, is_diff: bool) -> Vec<String> {
        let mut lines = Vec::new();
        let mut rules: Vec<_> = self.by_rule.iter().collect();
        rules.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        if !rules.is_empty() {
            lines.push("refused by".to_owned());
            lines.extend(rules.iter().map(|(rule, count)| format!("  {count:>8}  {rule}")));
            lines.push("refused on".to_owned());
        }
        for (route, (all, refused)) in self.by_route.iter().filter(|(_, (_, refused))| *refused > 0)
        {
            let share = share(*refused, *all);
            lines.push(format!("  {refused:>8}  {share:>5.1} % of {all}  {route}"));
        }
        lines.extend(self.first_faults.iter().map(|fault| format!("left out: {fault}")));
        let mut sum = format!(
            "{} requests, {} would be refused ({:.2} %)",
            self.requests,
            self.refused,
            self.share()
        );
        if is_diff {
            sum += &format!("; {} newly refused, {} newly pass", self.newly.0, self.newly.1);
        }
        for (count, what) in [
            (self.unclean, "no clean request, refused before the WAF"),
            (self.bodiless, "without the body they had"),
            (self.faults, "no request at all"),
        ] {
            if count > 0 {
                sum += &format!("; {count} {what}");
            }
        }
        lines.push(sum);
        lines
    }

    pub(super) fn as_json(&self) -> Json {
        let routes = self.by_route.iter().map(|(route, (all, refused))| {
            json!({ "route": route, "requests": all, "refused": refused })
        });
        json!({
            "requests": self.requests,
            "refused": self.refused,
            "refused_percent": self.share(),
            "passed": self.passed,
            "unclean": self.unclean,
            "without_body": self.bodiless,
            "faults": self.faults,
            "first_faults": self.first_faults,
            "newly_refused": self.newly.0,
            "newly_passed": self.newly.1,
            "by_rule": self.by_rule,
            "by_route": routes.collect::<Vec<_>>(),
        })
    }
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

/// The count called `name`; further names than are counted are one.
fn entry<'m, C: Default>(counts: &'m mut BTreeMap<String, C>, name: &str) -> &'m mut C {
    let name = if counts.len() < NAMES || counts.contains_key(name) { name } else { OTHER };
    counts.entry(name.to_owned()).or_default()
}
