//! Tables of roles that come with the house: a usual one, and those of five kinds of applications.

use crate::{RoleProblems, RoleTable};

/// Every table by name, as TOML.
pub const PROFILES: [(&str, &str); 6] = [
    ("standard", include_str!("../../../profiles/roles/standard.toml")),
    ("dashboard", include_str!("../../../profiles/roles/dashboard.toml")),
    ("monitoring", include_str!("../../../profiles/roles/monitoring.toml")),
    ("publishing", include_str!("../../../profiles/roles/publishing.toml")),
    ("research", include_str!("../../../profiles/roles/research.toml")),
    ("agents", include_str!("../../../profiles/roles/agents.toml")),
];

/// The table of this name; `None` when there is none.
///
/// # Errors
/// Never for the tables of the house, which a test compiles.
pub fn profile(name: &str) -> Result<Option<RoleTable>, RoleProblems> {
    let found = PROFILES.iter().find(|(own, _)| *own == name);
    found.map(|(_, text)| RoleTable::parse(text)).transpose()
}
