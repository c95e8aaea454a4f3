//! What each operation does: one file for each part of the API.

pub(super) mod access;
pub(super) mod approvals;
pub(super) mod authorize;
pub(super) mod factors;
pub(super) mod invitations;
pub(super) mod keys;
pub(super) mod links;
pub(super) mod meta;
pub(super) mod roles;
pub(super) mod sessions;
pub(super) mod tokens;
pub(super) mod users;
