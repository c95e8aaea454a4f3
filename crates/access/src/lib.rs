//! Who may do what: pure decisions over roles, ownership and data classes.
//!
//! | wanted | use |
//! |---|---|
//! | roles and permissions, out of a file | [`RoleTable`], [`Roles`], [`profile()`] |
//! | what a route asks for | [`Requirement`], [`Access`] for its inheritance |
//! | who asks | [`Principal`], made of what was verified and of nothing else |
//! | what about | [`Facts`], [`Approval`] |
//! | what policies in another language say | [`Policies`], [`Ruling`] |
//! | the answer, and why | [`decide()`], [`explain()`] |
//! | who may what, once a quarter | [`review()`] |
//!
//! No store, no clock, no network: the same question has the same answer.
//!
//! ```
//! use mantlet_access::{Decision, Facts, Requirement, RoleTable, Roles, decide};
//! use mantlet_types::Timestamp;
//!
//! let table = RoleTable::parse(
//!     r#"
//!     [permissions]
//!     read_project = "see a project"
//!     [roles.user]
//!     permissions = ["read_project"]
//!     "#,
//! )?;
//! let roles = Roles::compile(&table)?;
//! let asks = Requirement::parse("permission:read_project and owner:user", &roles)?;
//! let alice = roles.principal("alice", ["user"], None);
//! let facts = Facts { values: &[("user", "alice")], ..Facts::default() };
//! assert_eq!(decide(&asks, Some(&alice), &facts, Timestamp::UNIX_EPOCH), Decision::Allowed);
//! assert_eq!(decide(&asks, None, &facts, Timestamp::UNIX_EPOCH), Decision::SignInFirst);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod bits;
mod decision;
mod evaluate;
mod facts;
mod nearest;
mod policies;
mod principal;
mod profiles;
mod requirement;
mod review;
mod roles;
mod table;

pub use access::{Access, Require};
pub use decision::{Decision, Explanation, Met, Step};
pub use evaluate::{decide, explain};
pub use facts::{Action, Approval, CLASS_PREFIX, Facts, Membership};
pub use policies::{Consulted, Inquiry, Policies, Ruling, Scene, SharedPolicies};
pub use principal::Principal;
pub use profiles::{PROFILES, profile};
pub use requirement::{Requirement, RequirementError};
pub use review::{Finding, Reviewed, ReviewedUser, UserView, review};
pub use roles::{Grant, PermissionId, RoleId, Roles};
pub use table::{Role, RoleProblem, RoleProblems, RoleTable};
