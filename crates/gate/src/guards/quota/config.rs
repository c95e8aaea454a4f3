//! Settings of the quota guard.

use mantlet_config::{Complaint, Reader, Scalar, Value, section};
use mantlet_limit::MAX_QUOTAS;

use crate::guards::limit::QuotaSetting;
use crate::pipeline::{Fail, Mode};

/// The most roles that have a plan.
const MOST_PLANS: usize = 100;

section! {
    /// Limits the rate of requests of each user and each API key, where some path asks for an identity.
    pub struct QuotaSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the counters cannot be reached.
        pub fail: Fail = Fail::Open,
        /// Quotas for each user who has no role with a plan; all of them hold.
        pub per_user: Vec<QuotaSetting> = Vec::new(),
        /// Plans: quotas for each user who has a role, such as `"gold: 1000/min"`. Of several roles
        /// the one listed first decides; all quotas of that role hold.
        pub plans: Vec<PlanSetting> = Vec::new(),
        /// Quotas for each API key, besides those of its owner; all of them hold.
        pub per_key: Vec<QuotaSetting> = Vec::new(),
    }
}

/// A quota of those who have a role.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanSetting {
    /// The name of the role.
    pub role: String,
    /// What each of them may.
    pub quota: QuotaSetting,
}

impl Scalar for PlanSetting {
    const KIND: &'static str = "plan";
    const EXAMPLE: &'static str = "gold: 1000/min";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let hint = "write a role and its quota, such as `gold: 1000/min`";
        let text = value.as_str().ok_or_else(|| Complaint::new("not a plan", hint))?;
        let parts = text.split_once(':').map(|(role, quota)| (role.trim(), quota.trim()));
        let (role, quota) = parts
            .filter(|(role, _)| !role.is_empty())
            .ok_or_else(|| Complaint::new(format!("`{text}` names no role"), hint))?;
        let quota = QuotaSetting::parse(&Value::String(quota.to_owned()))?;
        Ok(Self { role: role.to_owned(), quota })
    }

    fn show(&self) -> Value {
        Value::String(format!("{}: {}", self.role, self.quota.0))
    }
}

impl QuotaSection {
    /// Finds what the types cannot say; `key` is where this section stands.
    pub(crate) fn check(&self, key: &str, reader: &mut Reader<'_>) {
        let plans = self.planned_roles();
        let longest = plans.iter().map(|role| self.plan(role).len()).max().unwrap_or(0);
        let lists = [
            ("per_user", self.per_user.len()),
            ("per_key", self.per_key.len()),
            ("plans", longest),
        ];
        for (name, count) in lists.into_iter().filter(|(_, count)| *count > MAX_QUOTAS) {
            let message = format!("{count} quotas for one are more than {MAX_QUOTAS}");
            reader.error(&format!("{key}.{name}"), message, "keep the ones that bind");
        }
        if plans.len() > MOST_PLANS {
            let message = format!("{} roles with plans are more than {MOST_PLANS}", plans.len());
            reader.error(&format!("{key}.plans"), message, "give several roles one plan");
        }
    }

    /// The roles with a plan, in the order in which they are listed first.
    pub(crate) fn planned_roles(&self) -> Vec<String> {
        let mut roles: Vec<String> = Vec::new();
        for plan in &self.plans {
            if !roles.contains(&plan.role) {
                roles.push(plan.role.clone());
            }
        }
        roles
    }

    /// The quotas of a role.
    pub(crate) fn plan(&self, role: &str) -> Vec<QuotaSetting> {
        let own = self.plans.iter().filter(|plan| plan.role == role);
        own.map(|plan| plan.quota.clone()).collect()
    }
}
