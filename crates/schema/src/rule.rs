//! One schema, compiled: what a value is checked against.

use jsonschema::Validator;
use serde_json::Value;

use crate::cost::{BUDGET, Cost, Endless};
use crate::fault::{self, Fault, Place};
use crate::options::Options;
use crate::problem::Problems;
use crate::typed::Typed;
use crate::{pattern, unique};

/// From so many looks on, what is wrong is told in one word: finding out what exactly costs several
/// times what finding out that something is wrong does.
const TOLD: u64 = BUDGET / 8;

/// One schema, compiled.
#[derive(Debug)]
pub(crate) struct Rule {
    validator: Validator,
    cost: Cost,
    typed: Typed,
    faults: usize,
}

impl Rule {
    /// Compiles `root`, a schema that stands for itself, which came from `pointer`. Problems that
    /// were found before are no reason to compile it.
    pub(crate) fn compile(
        root: &Value,
        pointer: &str,
        options: &Options,
        problems: &mut Problems,
    ) -> Option<Self> {
        let cost = match Cost::of(root, options.limits.depth) {
            Ok(cost) => cost,
            Err(Endless) => {
                let hint = "let it refer to itself below `properties` or `items` alone";
                problems.add(pointer, "the schema leads to itself without an end", hint);
                return None;
            }
        };
        let validator = jsonschema::options()
            .offline()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_pattern_options(pattern::engine())
            .with_keyword("uniqueItems", unique::keyword)
            .should_validate_formats(options.formats)
            .should_ignore_unknown_formats(true)
            .build(root);
        match validator {
            Ok(validator) => {
                let typed = Typed::of(root, options.formats);
                Some(Self { validator, cost, typed, faults: options.faults })
            }
            Err(error) => {
                let message = format!("the schema cannot be used: {}", error.masked());
                problems.add(pointer, message, "correct the schema");
                None
            }
        }
    }

    /// What is typed in values that have passed.
    pub(crate) const fn typed(&self) -> &Typed {
        &self.typed
    }

    /// Whether `value` is as the schema asks for.
    ///
    /// # Errors
    /// What is wrong with it, at most as many faults as are to be told.
    pub(crate) fn judge(&self, place: Place, value: &Value) -> Result<(), Verdict> {
        let looks = self.cost.estimate(value);
        if looks > BUDGET {
            let message = "would take too long to check";
            return Err(Verdict::TooCostly(Fault::new(place, "", "cost", message)));
        }
        if self.validator.is_valid(value) {
            return Ok(());
        }
        let mut faults = Vec::new();
        if looks < TOLD {
            for error in self.validator.iter_errors(value) {
                fault::add(place, &error, self.faults, &mut faults);
            }
        }
        if faults.is_empty() {
            faults.push(Fault::new(place, "", "schema", "is not as asked for"));
        }
        Err(Verdict::Invalid(faults))
    }
}

/// Why a value does not pass.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It breaks the schema.
    Invalid(Vec<Fault>),
    /// Checking it would cost too much.
    TooCostly(Fault),
}
