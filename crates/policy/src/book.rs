//! Policies, ready to be asked.

use std::collections::BTreeMap;

use cedar_policy::{
    ActionConstraint, Authorizer, Decision, EntityUid, PolicySet, Response, Schema,
};
use mantlet_access::{Facts, Inquiry, Policies, Roles, Ruling, Scene};
use mantlet_types::Timestamp;

use crate::entities::Kinds;
use crate::reading::{Read, schema_of};
use crate::{Problem, Source};

/// Policies that were validated, by the actions that they can be asked about.
#[derive(Debug)]
pub(crate) struct Book {
    ids: Vec<String>,
    kinds: Kinds,
    authorizer: Authorizer,
    /// What can concern each action: what is about another alone is not looked at.
    by_action: BTreeMap<String, PolicySet>,
}

impl Book {
    pub(crate) fn compile(
        files: &[Source],
        own: Option<&Source>,
        actions: &[String],
    ) -> Result<Self, Vec<Problem>> {
        let nowhere = |message: String| {
            let hint = "this is a defect of mantlet: please report it".to_owned();
            vec![Problem { place: "policies".to_owned(), message, hint }]
        };
        let kinds = Kinds::new().map_err(nowhere)?;
        let read = Read::of(files)?;
        let schema = schema_of(own, actions)?;
        if let Some(own) = own {
            fits(&kinds, own, &schema, actions)?;
        }
        read.validate(files, schema)?;
        let mut by_action = BTreeMap::new();
        for name in actions {
            let action = kinds.action(name);
            let of_it =
                read.policies.iter().filter(|it| concerns(&it.action_constraint(), &action));
            let set = PolicySet::from_policies(of_it.cloned());
            by_action.insert(name.clone(), set.map_err(|error| nowhere(error.to_string()))?);
        }
        let ids = read.policies.iter().map(|policy| policy.id().to_string()).collect();
        Ok(Self { ids, kinds, authorizer: Authorizer::new(), by_action })
    }
}

/// Whether a policy can be about an action; groups of actions are not looked into.
fn concerns(constraint: &ActionConstraint, action: &EntityUid) -> bool {
    match constraint {
        ActionConstraint::Any | ActionConstraint::In(_) => true,
        ActionConstraint::Eq(only) => only == action,
    }
}

/// Whether a schema of their own describes what policies will be told; else they would be validated
/// against something that never comes.
fn fits(
    kinds: &Kinds,
    own: &Source,
    schema: &Schema,
    actions: &[String],
) -> Result<(), Vec<Problem>> {
    let roles = Roles::default();
    let principal = roles.principal("someone", [], None);
    let scene =
        Scene { client: Some([192, 0, 2, 1].into()), scopes: Some(&[]), ..Scene::default() };
    let values = [("owner", "someone")];
    let now = Timestamp::UNIX_EPOCH;
    let facts = Facts { values: &values, authenticated: Some(now), ..Facts::default() };
    let problem = |action: &String| {
        let (principal, facts, scene, roles) = (&principal, &facts, &scene, &roles);
        let inquiry = Inquiry { action, principal, facts, scene, roles, now };
        let error = kinds.told(&inquiry, Some(schema)).err()?;
        Some(Problem {
            place: own.name.clone(),
            message: format!(
                "the schema does not describe what policies are told of `{action}`: {error}"
            ),
            hint: "begin with what `mantlet access schema` prints".to_owned(),
        })
    };
    let problems: Vec<Problem> = actions.iter().filter_map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

impl Policies for Book {
    fn judge(&self, inquiry: &Inquiry<'_>) -> Ruling {
        let Some(policies) = self.by_action.get(inquiry.action) else { return Ruling::default() };
        match self.kinds.told(inquiry, None) {
            Ok((request, entities)) => {
                ruling(&self.authorizer.is_authorized(&request, policies, &entities))
            }
            Err(error) => Ruling { errors: vec![error], ..Ruling::default() },
        }
    }

    fn ids(&self) -> Vec<String> {
        self.ids.clone()
    }

    fn has_action(&self, action: &str) -> bool {
        self.by_action.contains_key(action)
    }
}

/// What Cedar answered. It goes on without a policy that fails; here that one closes, for it may
/// have been the one that forbids.
fn ruling(response: &Response) -> Ruling {
    let diagnostics = response.diagnostics();
    let errors: Vec<String> = diagnostics.errors().map(ToString::to_string).collect();
    let mut policies: Vec<String> = diagnostics.reason().map(ToString::to_string).collect();
    policies.sort_unstable();
    let is_allowed = response.decision() == Decision::Allow && errors.is_empty();
    Ruling { is_allowed, policies, errors }
}
