//! Who may what: for the review that somebody does once a quarter.

use std::time::Duration;

use mantlet_types::Timestamp;

use crate::{Approval, Grant, Roles};

/// What the review is told of a user.
#[derive(Debug, Clone, Default)]
pub struct UserView {
    /// The id.
    pub id: String,
    /// The roles, as they are stored.
    pub roles: Vec<String>,
    /// Whether the account is open.
    pub is_active: bool,
    /// The last sign-in; `None` means never.
    pub last_signin: Option<Timestamp>,
    /// When the account was created.
    pub created: Timestamp,
}

/// The data of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// Every user, in the order given.
    pub users: Vec<ReviewedUser>,
    /// Roles that no open account has, not even by inheritance.
    pub unused_roles: Vec<String>,
    /// Approvals that are over, or that somebody gave to themselves.
    pub void_approvals: Vec<Approval>,
}

/// One user in a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedUser {
    /// The id.
    pub id: String,
    /// What they may, and which of their roles give it.
    pub permissions: Vec<(String, Vec<Grant>)>,
    /// What somebody should look at.
    pub findings: Vec<Finding>,
}

/// What somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// They have not signed in for so many days.
    Dormant {
        /// Days since the last sign-in, or since the account was created.
        days: u64,
    },
    /// The account is closed and keeps its roles.
    ClosedWithRoles,
    /// They have a role that is not in the table: it gives nothing.
    UnknownRole(String),
    /// They have every permission there is.
    HoldsEverything,
    /// A role that another of theirs includes.
    Redundant {
        /// The role that adds nothing.
        role: String,
        /// The one that includes it.
        by: String,
    },
}

/// Looks at every user. `dormant_after`: from when on a user who does not sign in is worth a look.
#[must_use]
pub fn review(
    roles: &Roles,
    users: &[UserView],
    approvals: &[Approval],
    dormant_after: Duration,
    now: Timestamp,
) -> Reviewed {
    let reviewed: Vec<ReviewedUser> =
        users.iter().map(|user| review_user(roles, user, dormant_after, now)).collect();
    let is_used = |name: &str| {
        let wanted = roles.role(name);
        users.iter().filter(|user| user.is_active).any(|user| {
            let principal = roles.principal(&user.id, user.roles.iter().map(String::as_str), None);
            wanted.is_some_and(|role| principal.has_role(role))
        })
    };
    let unused = roles.role_names().filter(|name| !is_used(name)).map(str::to_owned);
    let is_void = |it: &&Approval| it.until <= now || it.by == it.principal;
    Reviewed {
        unused_roles: unused.collect(),
        void_approvals: approvals.iter().filter(is_void).cloned().collect(),
        users: reviewed,
    }
}

fn review_user(
    roles: &Roles,
    user: &UserView,
    dormant_after: Duration,
    now: Timestamp,
) -> ReviewedUser {
    let principal = roles.principal(&user.id, user.roles.iter().map(String::as_str), None);
    let held = roles.permission_names().filter_map(|name| {
        let id = roles.permission(name).filter(|id| principal.has(*id))?;
        Some((name.to_owned(), roles.grants(&principal, id)))
    });
    let permissions: Vec<_> = held.collect();
    let mut findings = Vec::new();
    let last = user.last_signin.unwrap_or(user.created);
    let idle = Duration::try_from(now.duration_since(last)).unwrap_or_default();
    if user.is_active && idle >= dormant_after {
        findings.push(Finding::Dormant { days: idle.as_secs() / 86_400 });
    }
    if !user.is_active && !user.roles.is_empty() {
        findings.push(Finding::ClosedWithRoles);
    }
    findings.extend(principal.unknown_roles().iter().cloned().map(Finding::UnknownRole));
    let count = roles.permission_names().count();
    if count > 0 && permissions.len() == count {
        findings.push(Finding::HoldsEverything);
    }
    for role in principal.roles() {
        let other = principal.roles().iter().find(|it| *it != role && roles.is_a(**it, *role));
        if let Some(by) = other {
            let (role, by) = (roles.role_name(*role).to_owned(), roles.role_name(*by).to_owned());
            findings.push(Finding::Redundant { role, by });
        }
    }
    ReviewedUser { id: user.id.clone(), permissions, findings }
}
