//! One request before the detectors.

use std::borrow::Cow;
use std::fmt;

use super::hit::{Hit, Spot};
use crate::detect::{Budget, Class, Detectors, Findings, Head, Hint, Input, Place};

/// What an operator has exempted.
pub trait Exempt: fmt::Debug + Sync {
    /// Whether signs of `class` at `spot` are to be left alone.
    fn exempts(&self, class: Class, spot: &Spot<'_>) -> bool;
}

/// What has been found out about values before they are looked at.
pub trait Known: fmt::Debug + Sync {
    /// Whether the value of this name in this part of the request can hold no attack, being a
    /// number, a date, one of a few words.
    fn is_harmless(&self, part: &str, name: &[u8]) -> bool;
}

/// Looks at the values of one request until one of them is an attack.
#[derive(Debug)]
pub struct Inspection<'d> {
    detectors: &'d Detectors,
    threshold: u8,
    exempt: Option<&'d dyn Exempt>,
    known: Option<&'d dyn Known>,
    budget: Budget,
    /// What the budget was.
    units: u32,
    /// Whether the contents of files are looked at.
    pub(super) reads_files: bool,
    hit: Option<Hit>,
}

impl<'d> Inspection<'d> {
    /// Nothing looked at yet; a finding counts from the confidence `threshold`.
    #[must_use]
    pub fn new(detectors: &'d Detectors, threshold: u8, budget: Budget) -> Self {
        Self {
            detectors,
            threshold,
            exempt: None,
            known: None,
            units: budget.left(),
            budget,
            reads_files: false,
            hit: None,
        }
    }

    /// The same, leaving alone what `exempt` names.
    #[must_use]
    pub const fn exempting(mut self, exempt: &'d dyn Exempt) -> Self {
        self.exempt = Some(exempt);
        self
    }

    /// The same, passing over what `known` knows to be harmless.
    #[must_use]
    pub const fn knowing(mut self, known: &'d dyn Known) -> Self {
        self.known = Some(known);
        self
    }

    /// The same, looking into files of multipart bodies too.
    #[must_use]
    pub const fn reading_files(mut self, reads_files: bool) -> Self {
        self.reads_files = reads_files;
        self
    }

    /// The attack; `None` when nothing was found.
    #[must_use]
    pub fn into_hit(self) -> Option<Hit> {
        self.hit
    }

    /// The part of the work that was more than the budget allows; `None` when all was looked at.
    #[must_use]
    pub fn exhausted_by(&self) -> Option<&'static str> {
        // Once there is an attack, what was not looked at makes no difference.
        self.budget.exhausted_by().filter(|_| self.hit.is_none())
    }

    /// The work done so far, in the units of [`Budget`]; all there was once that is exhausted.
    #[must_use]
    pub fn work_done(&self) -> u32 {
        self.units - self.budget.left()
    }

    /// Whether nothing more needs to be looked at.
    pub(super) fn is_over(&self) -> bool {
        self.hit.is_some() || self.budget.exhausted_by().is_some()
    }

    /// Says that `part` of the work is more than one request may cause.
    pub(super) fn exhaust(&mut self, part: &'static str) {
        self.budget.spend(usize::MAX, part);
    }

    /// Looks at one value.
    pub fn value(&mut self, spot: &Spot<'_>, value: &[u8]) {
        // The detectors know a parameter by its last name alone.
        let name = spot.name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
        self.input(spot, Input { place: spot.place, name, value, hint: Hint::None });
    }

    pub(super) fn input(&mut self, spot: &Spot<'_>, input: Input<'_>) {
        self.located(input, spot.part, true, || Cow::Borrowed(spot.name));
    }

    /// Looks at one value whose whole name costs something to say. Unless `is_plain`, the name is a path,
    /// of which nothing can be known: it is said for an attack alone.
    pub(super) fn located<'n>(
        &mut self,
        input: Input<'_>,
        part: &'static str,
        is_plain: bool,
        name: impl Fn() -> Cow<'n, [u8]>,
    ) {
        if self.is_over() || input.value.is_empty() {
            return;
        }
        if let Some(known) = self.known
            && is_plain
            && known.is_harmless(part, &name())
        {
            return;
        }
        let findings = self.detectors.inspect(input, &mut self.budget);
        if findings.verdict(self.threshold).is_some() {
            let name = name();
            self.judge(&Spot { place: input.place, part, name: &name }, input.value, &findings);
        }
    }

    /// Looks at the head of the request as a whole.
    pub fn head(&mut self, head: &Head<'_>) {
        if self.is_over() {
            return;
        }
        let findings = self.detectors.inspect_head(head);
        let spot = Spot { place: Place::Name, part: "head", name: b"" };
        self.judge(&spot, b"", &findings);
    }

    fn judge(&mut self, spot: &Spot<'_>, value: &[u8], findings: &Findings) {
        let counts = |class| self.exempt.is_none_or(|exempt| !exempt.exempts(class, spot));
        let mut sure = findings.iter().take_while(|finding| finding.confidence >= self.threshold);
        let decisive = sure.find(|finding| counts(finding.class));
        self.hit = decisive.map(|finding| Hit::new(spot, value, finding));
    }
}
