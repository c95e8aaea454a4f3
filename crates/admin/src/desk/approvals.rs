//! Approvals: who may use a thing for a while, and who said so.

use std::time::Duration;

use mantlet_access::{Action, CLASS_PREFIX};
use mantlet_event::catalogue;
use mantlet_identity::approval::{Approval, MOST_PER_USER, NewApproval};
use mantlet_identity::{Trace, UserId};
use mantlet_types::{DataClass, Timestamp};
use serde_json::{Value, json};

use super::act::PAGE;
use super::error::Kind;
use super::{Act, DeskError, NewGrant};

impl Act<'_> {
    pub(super) async fn approve(&self, grant: &NewGrant) -> Result<Value, DeskError> {
        let account = self.subordinate(&grant.user).await?;
        if !account.is_active {
            let message = format!("the account `{}` is locked", account.name.as_str());
            return Err(DeskError::new(Kind::Conflict, message, "`mantlet user unlock` opens it"));
        }
        let by = self.approver(grant.by.as_deref()).await?;
        check_class(&grant.resource)?;
        let now = self.directory().clock.now();
        let until = now.checked_add(Duration::from_secs(grant.seconds)).unwrap_or(Timestamp::MAX);
        let approval = NewApproval {
            user: account.id.clone(),
            resource: grant.resource.clone(),
            may_write: grant.may_write,
            given: Trace::new(now, &by, &grant.why),
            until,
        };
        let approval = approval.check()?;
        let store = &self.directory().repositories.approvals;
        let number = store.add(approval, MOST_PER_USER).await?;
        self.tell(&catalogue::ACCESS_APPROVAL_GIVEN, &account.id, "approved");
        Ok(json!({
            "number": number,
            "user": account.id.as_str(),
            "resource": grant.resource,
            "by": by.as_str(),
            "until": until.to_string(),
        }))
    }

    /// Who approves: an account that may act at all, or whoever is at the desk.
    async fn approver(&self, name: Option<&str>) -> Result<UserId, DeskError> {
        let Some(name) = name else { return Ok(self.by().clone()) };
        let account = self.account(name).await?;
        if account.is_active {
            return Ok(account.id);
        }
        let message =
            format!("the account `{}` is locked: it approves nothing", account.name.as_str());
        Err(DeskError::new(Kind::Conflict, message, "name an account that is open"))
    }

    pub(super) async fn list_approvals(
        &self,
        user: Option<&str>,
        after: u64,
        most: Option<usize>,
    ) -> Result<Value, DeskError> {
        let user = match user {
            Some(name) => Some(self.account(name).await?.id),
            None => None,
        };
        let most = most.unwrap_or(PAGE).clamp(1, PAGE);
        let page = self.directory().repositories.approvals.list(after, most).await?;
        let (is_full, last) = (page.len() == most, page.last().map_or(after, |it| it.number));
        let meant = page.iter().filter(|it| user.as_ref().is_none_or(|user| it.what.user == *user));
        let approvals: Vec<Value> = meant.map(|it| self.shown_approval(it)).collect();
        Ok(json!({ "more": is_full, "last": last, "approvals": approvals }))
    }

    pub(super) async fn withdraw(&self, number: u64, why: &str) -> Result<Value, DeskError> {
        let directory = self.directory();
        let store = &directory.repositories.approvals;
        let found = store.list(number.saturating_sub(1), 1).await?;
        let found = found.into_iter().find(|it| it.number == number);
        let hint = "`mantlet access approvals` shows them";
        let Some(approval) = found else {
            return Err(DeskError::new(
                Kind::Unknown,
                format!("there is no approval `{number}`"),
                hint,
            ));
        };
        self.subordinate(approval.what.user.as_str()).await?;
        let trace = Trace::new(directory.clock.now(), self.by(), why);
        if !store.withdraw(number, trace).await? {
            let message = format!("the approval `{number}` is withdrawn already");
            return Err(DeskError::new(Kind::Conflict, message, hint));
        }
        self.tell(&catalogue::ACCESS_APPROVAL_WITHDRAWN, &approval.what.user, "withdrawn");
        Ok(json!({ "number": number, "user": approval.what.user.as_str(), "withdrawn": true }))
    }

    fn shown_approval(&self, approval: &Approval) -> Value {
        let (what, now) = (&approval.what, self.directory().clock.now());
        let state = match (&approval.withdrawn, approval.is_in_force(now)) {
            (Some(_), _) => "withdrawn",
            (None, true) => "in-force",
            (None, false) => "expired",
        };
        json!({
            "number": approval.number,
            "user": what.user.as_str(),
            "resource": what.resource,
            "may_write": what.may_write,
            "by": what.given.by.as_str(),
            "why": what.given.why,
            "at": what.given.at.to_string(),
            "until": what.until.to_string(),
            "state": state,
            "withdrawn": approval.withdrawn.as_ref().map(|trace| {
                json!({ "at": trace.at.to_string(), "by": trace.by.as_str(), "why": trace.why })
            }),
        })
    }
}

/// An approval of an answer that was not withdrawn, as decisions take it; `None` for others.
#[must_use]
pub fn approval_of(shown: &Value) -> Option<mantlet_access::Approval> {
    let text = |key: &str| shown.get(key)?.as_str();
    let may_write = shown.get("may_write") == Some(&Value::Bool(true));
    (text("state")? != "withdrawn").then_some(())?;
    Some(mantlet_access::Approval {
        principal: text("user")?.to_owned(),
        resource: text("resource")?.to_owned(),
        action: if may_write { Action::Write } else { Action::Read },
        by: text("by")?.to_owned(),
        at: text("at")?.parse().ok()?,
        until: text("until")?.parse().ok()?,
    })
}

/// An approval for a class names one that there is.
fn check_class(resource: &str) -> Result<(), DeskError> {
    match resource.strip_prefix(CLASS_PREFIX) {
        Some(class) if DataClass::parse(class).is_none() => {
            let message = format!("there is no class `{}`", class.escape_debug());
            Err(DeskError::invalid(message, "write `class:restricted`, or the name of a thing"))
        }
        _ => Ok(()),
    }
}
