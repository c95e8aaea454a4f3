//! From texts to one set of policies.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use miette::Diagnostic;

use crate::{MAX_POLICIES, Problem, Source, schema};

/// Where to read on.
const LANGUAGE: &str = "see https://docs.cedarpolicy.com/policies/syntax-policy.html";

/// Policies by the ids that people know them by, in the order of their files.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) policies: Vec<Policy>,
    /// The file of each, by id.
    files: BTreeMap<String, usize>,
}

impl Read {
    /// Reads every file.
    pub(crate) fn of(files: &[Source]) -> Result<Self, Vec<Problem>> {
        let (mut read, mut problems) = (Self::default(), Vec::new());
        for (index, file) in files.iter().enumerate() {
            match PolicySet::from_str(&file.text) {
                Ok(set) => read.add(&set, (index, file), &mut problems),
                Err(errors) => {
                    problems.extend(errors.iter().map(|error| problem(file, error, LANGUAGE)));
                }
            }
        }
        if read.policies.len() > MAX_POLICIES {
            problems.push(Problem {
                place: files.first().map(|file| file.name.clone()).unwrap_or_default(),
                message: format!("there are more than {MAX_POLICIES} policies"),
                hint: "say with roles and tags what many policies say one by one".to_owned(),
            });
        }
        if problems.is_empty() { Ok(read) } else { Err(problems) }
    }

    fn add(&mut self, set: &PolicySet, (index, file): (usize, &Source), to: &mut Vec<Problem>) {
        if let Some(template) = set.templates().next() {
            to.push(Problem {
                place: file.name.clone(),
                message: format!("`{}` is a template, and nothing fills its slots", template.id()),
                hint: "write `principal` or `resource` in place of `?principal` or `?resource`"
                    .to_owned(),
            });
        }
        for (place, policy) in set.policies().enumerate() {
            let id = match policy.annotation("id") {
                Some(id) if !id.is_empty() => id.to_owned(),
                _ => format!("{}#{}", file.name, place.saturating_add(1)),
            };
            if self.files.insert(id.clone(), index).is_some() {
                to.push(Problem {
                    place: file.name.clone(),
                    message: format!("two policies have the id `{}`", id.escape_debug()),
                    hint: "give each its own `@id(\"…\")`".to_owned(),
                });
            }
            self.policies.push(policy.new_id(PolicyId::new(id)));
        }
    }

    /// All of them, as one set.
    pub(crate) fn set(&self) -> Result<PolicySet, Vec<Problem>> {
        PolicySet::from_policies(self.policies.iter().cloned()).map_err(|error| {
            let (place, hint) = (String::new(), LANGUAGE.to_owned());
            vec![Problem { place, message: error.to_string(), hint }]
        })
    }

    /// Finds policies that can never mean what they say.
    pub(crate) fn validate(&self, files: &[Source], schema: Schema) -> Result<(), Vec<Problem>> {
        let found = Validator::new(schema).validate(&self.set()?, ValidationMode::Strict);
        let problems: Vec<Problem> = found
            .validation_errors()
            .map(|error| {
                let id: &str = error.policy_id().as_ref();
                let file = self.files.get(id).and_then(|index| files.get(*index));
                let nobody = Source { name: id.to_owned(), text: String::new() };
                let hint = "see `mantlet access schema` for what policies are told, and name every action in a route or in `[access.cedar] actions`";
                problem(file.unwrap_or(&nobody), error, hint)
            })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

/// The schema of a file, or ours.
pub(crate) fn schema_of(own: Option<&Source>, actions: &[String]) -> Result<Schema, Vec<Problem>> {
    let ours = || Source { name: "the schema of mantlet".to_owned(), text: schema(actions) };
    let source = own.cloned().unwrap_or_else(ours);
    let hint = "see https://docs.cedarpolicy.com/schema/human-readable-schema.html";
    match Schema::from_cedarschema_str(&source.text) {
        Ok((schema, _)) => Ok(schema),
        Err(error) => Err(vec![problem(&source, &error, hint)]),
    }
}

/// An error with the line that it is in.
fn problem<E: Diagnostic + ?Sized>(file: &Source, error: &E, hint: &str) -> Problem {
    let at = error.labels().and_then(|mut labels| labels.next()).map(|label| label.offset());
    let before = at.and_then(|at| file.text.as_bytes().get(..at));
    let line = before.map(|text| text.iter().filter(|byte| **byte == b'\n').count() + 1);
    let place = line.map_or_else(|| file.name.clone(), |line| format!("{}:{line}", file.name));
    let help = error.help().map(|help| help.to_string());
    Problem { place, message: error.to_string(), hint: help.unwrap_or_else(|| hint.to_owned()) }
}
