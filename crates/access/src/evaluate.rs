//! Deciding and explaining.

use std::time::Duration;

use mantlet_types::{DataClass, Timestamp};

use crate::policies::asking_once;
use crate::{
    Action, Decision, Explanation, Facts, Membership, Met, Principal, Requirement, Roles, Ruling,
    Step,
};

/// Whether `principal` (`None`: nobody is signed in) meets `requirement`, given the facts.
#[must_use]
pub fn decide(
    requirement: &Requirement,
    principal: Option<&Principal>,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Decision {
    asking_once(facts, |facts| decide_by(requirement, principal, facts, now))
}

fn decide_by(
    requirement: &Requirement,
    principal: Option<&Principal>,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Decision {
    if is_met(requirement, principal, facts, now) {
        return Decision::Allowed;
    }
    if principal.is_none() {
        return Decision::SignInFirst;
    }
    // What somebody did who is there to do it again, a program never did.
    let anew = Facts { authenticated: Some(now), has_second_factor: true, ..*facts };
    if facts.authenticated.is_some() && is_met(requirement, principal, &anew, now) {
        return Decision::SignInAgain;
    }
    Decision::Forbidden
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
        Requirement::Within(window) => principal.is_some() && is_within(*window, facts, now),
        Requirement::SecondFactor => principal.is_some() && facts.has_second_factor,
        Requirement::Policy(action) => {
            judged(action, principal, facts, now).is_some_and(|ruling| ruling.is_allowed)
        }
    }
}

/// What the policies say; `None` where there are none, or nobody is signed in.
fn judged(
    action: &str,
    principal: Option<&Principal>,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Option<Ruling> {
    Some(facts.consulted?.judge(action, principal?, facts, now))
}

/// Whether who asks proved who they are not longer ago than `window`.
fn is_within(window: Duration, facts: &Facts<'_>, now: Timestamp) -> bool {
    facts.authenticated.is_some_and(|at| {
        // A clock that was set back makes nothing young again.
        at <= now && Duration::try_from(now.duration_since(at)).is_ok_and(|ago| ago <= window)
    })
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
    // Clearance is for looking: what is changed, is changed by those who belong to it.
    let is_cleared = facts.action == Action::Read && who.clearance() >= Some(class);
    if class >= DataClass::Confidential && facts.membership < needed && !is_cleared {
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
    asking_once(facts, |facts| {
        let mut steps = Vec::new();
        let question = Question { principal, facts, now, roles };
        question.walk(requirement, 0, &mut steps);
        let decision = decide_by(requirement, principal, facts, now);
        let principal = principal.map(|who| who.id().to_owned());
        Explanation { decision, principal, steps }
    })
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
            (Requirement::Within(_), Some(_)) => "signing in again".to_owned(),
            (Requirement::Policy(action), who) => match judged(action, who, self.facts, self.now) {
                Some(ruling) => ruling.describe(),
                None => "there are no policies".to_owned(),
            },
            (Requirement::SecondFactor, Some(_)) => "signing in with a second factor".to_owned(),
            (Requirement::Permission(id), Some(who)) if !self.roles.grants(who, *id).is_empty() => {
                "the scopes of the key leave it out".to_owned()
            }
            (_, Some(_)) => "no role gives it".to_owned(),
        };
        Met::Missing(missing)
    }

    /// What opened data of a class.
    fn by_class(&self, class: DataClass) -> String {
        let who = self.principal.map_or("", Principal::id);
        let approval = self.facts.approvals.iter().find(|it| it.covers(who, self.facts, self.now));
        match approval.filter(|_| class == DataClass::Restricted) {
            Some(it) => format!("{class} data, approved by `{}` until {}", it.by, it.until),
            None if class < DataClass::Confidential => format!("{class} data may be used"),
            None if self.facts.membership > Membership::None => {
                format!("{class} data, belongs to it")
            }
            None => format!("{class} data, cleared by a role"),
        }
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
                Met::By(self.by_class(class))
            }
            (Requirement::Within(_), _) => Met::By("signed in lately".to_owned()),
            (Requirement::Policy(action), who) => {
                let ruling = judged(action, who, self.facts, self.now);
                Met::By(ruling.map(|ruling| ruling.describe()).unwrap_or_default())
            }
            (Requirement::SecondFactor, _) => Met::By("shown at the sign-in".to_owned()),
            _ => Met::By("signed in".to_owned()),
        }
    }
}
