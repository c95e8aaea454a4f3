//! What a credential may do with the service API: a word for each purpose.
//!
//! They stand among the scopes of a key or token, beside the permissions of the application. No
//! permission has a colon in its name, so that neither is taken for the other. Nobody has one by a
//! role or by default: whoever issues a credential names them, and holds them.

/// See accounts.
pub const USERS_READ: &str = "users:read";
/// Add, invite, lock and retire accounts, and set their passwords and addresses.
pub const USERS_WRITE: &str = "users:write";
/// See second factors.
pub const FACTORS_READ: &str = "factors:read";
/// Take second factors away that their owners have lost.
pub const FACTORS_WRITE: &str = "factors:write";
/// See which users of outside providers accounts are linked with.
pub const LINKS_READ: &str = "links:read";
/// Link accounts with users of outside providers, and unlink them.
pub const LINKS_WRITE: &str = "links:write";
/// See sessions.
pub const SESSIONS_READ: &str = "sessions:read";
/// End sessions.
pub const SESSIONS_WRITE: &str = "sessions:write";
/// See keys, without their secrets.
pub const KEYS_READ: &str = "keys:read";
/// Issue, rotate and revoke keys.
pub const KEYS_WRITE: &str = "keys:write";
/// Issue tokens, and prolong them.
pub const TOKENS_ISSUE: &str = "tokens:issue";
/// Ask what a token says.
pub const TOKENS_INTROSPECT: &str = "tokens:introspect";
/// Revoke tokens.
pub const TOKENS_REVOKE: &str = "tokens:revoke";
/// Issue tickets for WebSockets.
pub const TICKETS_ISSUE: &str = "tickets:issue";
/// See roles, and who has them.
pub const ROLES_READ: &str = "roles:read";
/// Give accounts roles.
pub const ROLES_WRITE: &str = "roles:write";
/// Ask whether somebody may.
pub const AUTHORIZE: &str = "authorize:ask";
/// See approvals.
pub const APPROVALS_READ: &str = "approvals:read";
/// Approve, and withdraw approvals.
pub const APPROVALS_WRITE: &str = "approvals:write";
/// See what paths ask for, and the review of who may what.
pub const ACCESS_READ: &str = "access:read";

/// All of them.
pub const ALL: [&str; 20] = [
    USERS_READ,
    USERS_WRITE,
    FACTORS_READ,
    FACTORS_WRITE,
    LINKS_READ,
    LINKS_WRITE,
    SESSIONS_READ,
    SESSIONS_WRITE,
    KEYS_READ,
    KEYS_WRITE,
    TOKENS_ISSUE,
    TOKENS_INTROSPECT,
    TOKENS_REVOKE,
    TICKETS_ISSUE,
    ROLES_READ,
    ROLES_WRITE,
    AUTHORIZE,
    APPROVALS_READ,
    APPROVALS_WRITE,
    ACCESS_READ,
];

/// Whether this is one.
pub(crate) fn is_one(name: &str) -> bool {
    ALL.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_scope_can_be_a_permission() {
        assert!(ALL.iter().all(|scope| scope.contains(':')));
        let table = mantlet_access::RoleTable::parse("[permissions]\n\"users:read\" = \"x\"");
        assert!(mantlet_access::Roles::compile(&table.unwrap()).is_err());
    }
}
