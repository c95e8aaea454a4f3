//! Lets through who may: what the route asks for, decided by roles, permissions and data classes.
//!
//! **Protects against** requests of people and programs that are not signed in, and of those that
//! may not what they ask for. Once a path anywhere asks for an identity, every path that no rule
//! opens is closed; a narrower route keeps what the wider ones ask for and adds its own, unless it
//! says `require = "none"`.
//!
//! **Looks at** who asks, as the guard `identity` established it, at `require` of the routes that the
//! path lies in, at the parameters of the path, and at what the application tells of the thing where
//! `[access.facts]` names it: its owner, who belongs to it, its class. Confidential data asks for
//! belonging to it, restricted data for an approval besides; what is not known counts against the
//! request. What `[access.cedar]` says counts where `require` names an action: nothing is permitted
//! without a policy, one that forbids wins, and one that fails closes.
//!
//! **Verdicts**: refused with `sign-in-required` when nobody is signed in: a browser that opens a
//! page is sent to the sign-in page (303), everybody else gets 401 with `WWW-Authenticate` (RFC
//! 6750). Refused with `sign-in-again` in the same way where a sign-in lately or a second factor is
//! asked for (RFC 9470), and with `access-forbidden` (403) when who asks is known and may not, or with `policy-failed` (403) when a policy
//! could not be evaluated. When
//! the application or the store cannot answer, the request is refused (503).
//!
//! **Settings**: `mode` (`enforce` alone), `dangerous_mode` with `why`; what is asked for stands in
//! `[access]` and in `require` of `[[routes]]`. It always fails closed.
//!
//! **Example**
//! ```toml
//! [access]
//! require = "login"
//! profile = "research"
//!
//! [[routes]]
//! path = "/admin/*"
//! require = { permission = "admin_users" }
//!
//! [[routes]]
//! path = "/users/{user}/*"
//! require = { any = [{ owner = "{user}" }, { role = "admin", within = "10m" }] }
//!
//! [[routes]]
//! path = "/about"
//! require = "none"
//! ```

mod answer;
mod config;
mod question;
mod sign_in;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use mantlet_access::Requirement;
use mantlet_identity::directory::Directory;

pub use config::AccessGuardSection;
pub(crate) use sign_in::Next;

use super::Services;
use crate::identity::Rule;
use crate::pipeline::{Exchange, Guard, GuardError, Inspection, Stages, Verdict};
use answer::verdict;
use question::Question;

#[derive(Debug)]
struct AccessGuard {
    /// Where approvals are; `None` where nothing opened it.
    directory: Option<Arc<Directory>>,
}

pub(super) fn build(_section: &AccessGuardSection, services: &Services) -> Arc<dyn Guard> {
    Arc::new(AccessGuard { directory: services.identities.directory().cloned() })
}

impl Guard for AccessGuard {
    fn stages(&self) -> Stages {
        Stages { request: true, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        let Some(rule) = exchange.facts.lookup::<Rule>() else {
            return Inspection::failed("what the path asks for is not known");
        };
        let Some(requirement) = rule.access.requirement() else {
            return Inspection::ready(Verdict::Pass);
        };
        let question = Question::new(exchange, rule, requirement);
        if question.source().is_none() && !question.may_be_restricted(None) {
            return Inspection::ready(verdict(exchange, requirement, &question.decide(None, &[])));
        }
        Inspection::pending(self.ask(exchange, requirement, question))
    }
}

impl AccessGuard {
    /// Decides once others have answered.
    async fn ask(
        &self,
        exchange: &Exchange,
        requirement: &Requirement,
        question: Question<'_>,
    ) -> Result<Verdict, GuardError> {
        let told = match question.source() {
            Some(source) => source.0.ask(exchange).await.map_err(GuardError)?,
            None => None,
        };
        let approvals = match &self.directory {
            Some(directory) if question.may_be_restricted(told.as_ref()) => {
                question.approvals(directory).await?
            }
            _ => Vec::new(),
        };
        Ok(verdict(exchange, requirement, &question.decide(told.as_ref(), &approvals)))
    }
}
