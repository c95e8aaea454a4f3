//! Deciding and explaining.

use mantlet_types::{DataClass, Timestamp};

use crate::{
    Action, Decision, Explanation, Facts, Membership, Met, Principal, Requirement, Roles, Step,
};

/// Whether `principal` (`None`: nobody is signed in) meets `requirement`, given the facts.
#[must_use]
pub fn decide(
    requirement: &Requirement,
    principal: Option<&Principal>,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Decision {
    decision(is_met(requirement, principal, facts, now), principal)
}

fn decision(is_met: bool, principal: Option<&Principal>) -> Decision {
    match (is_met, principal) {
        (true, _) => Decision::Allowed,
        (false, None) => Decision::SignInFirst,
        (false, Some(_)) => Decision::Forbidden,
    }
}

fn is_met(
    requirement: &Requirement,
    principal: Option<&Principal>,
    facts: &Facts<'_>,
    now: Timestamp,
) -> bool {
    match requirement {
        Requirement::All(list) => list.iter().all(|part| is_met(part, principal, facts, now)),
        Requirement::Any(list) => list.iter().any(|part| is_met(part, principal, facts, now)),
        Requirement::Nobody => false,
        Requirement::Class(class) => {
            missing_for(class.unwrap_or_else(|| facts.class()), principal, facts, now).is_none()
        }
        Requirement::SignedIn => principal.is_some(),
        Requirement::Permission(id) => principal.is_some_and(|who| who.has(*id)),
        Requirement::Role(id) => principal.is_some_and(|who| who.has_role(*id)),
        Requirement::Owner(fact) => {
            principal.is_some_and(|who| facts.value(fact) == Some(who.id()))
        }
    }
}

/// What data of a class asks for and is not there; `None` when it may be used.
fn missing_for(
    class: DataClass,
    principal: Option<&Principal>,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Option<&'static str> {
    let needed = match facts.action {
        Action::Read => Membership::Read,
        Action::Write => Membership::Write,
    };
    let Some(who) = principal else {
        // What everybody may see, not everybody may change.
        let is_open = class == DataClass::Public && facts.action == Action::Read;
        return (!is_open).then_some("a verified identity");
    };
    if class >= DataClass::Confidential && facts.membership < needed {
        return Some("belonging to it");
    }
    let is_approved = || facts.approvals.iter().any(|it| it.covers(who.id(), facts, now));
    (class == DataClass::Restricted && !is_approved()).then_some("an approval that is in force")
}

/// The decision of [`decide()`], with what every part of the requirement came to.
#[must_use]
pub fn explain(
    requirement: &Requirement,
    principal: Option<&Principal>,
    facts: &Facts<'_>,
    now: Timestamp,
    roles: &Roles,
) -> Explanation {
    let mut steps = Vec::new();
    let question = Question { principal, facts, now, roles };
    let is_met = question.walk(requirement, 0, &mut steps);
    let principal_id = principal.map(|who| who.id().to_owned());
    Explanation { decision: decision(is_met, principal), principal: principal_id, steps }
}

struct Question<'a> {
    principal: Option<&'a Principal>,
    facts: &'a Facts<'a>,
    now: Timestamp,
    roles: &'a Roles,
}

impl Question<'_> {
    fn walk(&self, requirement: &Requirement, depth: usize, steps: &mut Vec<Step>) -> bool {
        let place = steps.len();
        let asked = requirement.describe(self.roles);
        let (list, is_all) = match requirement {
            Requirement::All(list) => (list, true),
            Requirement::Any(list) => (list, false),
            single => {
                let met = self.look(single);
                let is_met = met.is_met();
                steps.push(Step { depth, asked, met });
                return is_met;
            }
        };
        steps.push(Step { depth, asked, met: Met::Missing(String::new()) });
        let count = list.iter().filter(|part| self.walk(part, depth + 1, steps)).count();
        let (is_met, word) = if is_all { (count == list.len(), "all") } else { (count > 0, "one") };
        let text = format!("{count} of {}", list.len());
        let met =
            if is_met { Met::By(text) } else { Met::Missing(format!("{text}, {word} needed")) };
        if let Some(step) = steps.get_mut(place) {
            step.met = met;
        }
        is_met
    }

    fn look(&self, requirement: &Requirement) -> Met {
        if is_met(requirement, self.principal, self.facts, self.now) {
            return self.by_what(requirement);
        }
        let missing = match (requirement, self.principal) {
            (Requirement::Class(class), who) => {
                let class = class.unwrap_or_else(|| self.facts.class());
                let what = missing_for(class, who, self.facts, self.now).unwrap_or_default();
                format!("{class} data asks for {what}")
            }
            (Requirement::Nobody, _) => "no rule opens this path".to_owned(),
            (_, None) => "a verified identity".to_owned(),
            (Requirement::Owner(fact), Some(_)) => match self.facts.value(fact) {
                Some(_) => format!("`{fact}` names somebody else"),
                None => format!("`{fact}` is not known"),
            },
            (Requirement::Permission(id), Some(who)) if !self.roles.grants(who, *id).is_empty() => {
                "the scopes of the key leave it out".to_owned()
            }
            (_, Some(_)) => "no role gives it".to_owned(),
        };
        Met::Missing(missing)
    }

    fn by_what(&self, requirement: &Requirement) -> Met {
        match (requirement, self.principal) {
            (Requirement::Permission(id), Some(who)) => Met::Granted(self.roles.grants(who, *id)),
            (Requirement::Role(id), Some(who)) => {
                let held = who.roles().iter().filter(|own| self.roles.is_a(**own, *id));
                let names: Vec<&str> = held.map(|own| self.roles.role_name(*own)).collect();
                Met::By(format!("held as `{}`", names.join("`, `")))
            }
            (Requirement::Owner(fact), _) => Met::By(format!("`{fact}` names the principal")),
            (Requirement::Class(class), _) => {
                let class = class.unwrap_or_else(|| self.facts.class());
                Met::By(format!("{class} data may be used"))
            }
            _ => Met::By("signed in".to_owned()),
        }
    }
}
