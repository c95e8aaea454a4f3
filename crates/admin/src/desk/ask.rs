//! What can be asked.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What an operator can ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// Adds an account: `{"name","roles","password"}`, the password where it was made here.
    UserAdd {
        /// The account.
        user: NewUser,
    },
    /// Adds accounts: `{"added":[…],"skipped":[{"name","why"}]}`.
    UserImport {
        /// The accounts.
        users: Vec<NewUser>,
    },
    /// Sets a password and ends all sessions and tokens: `{"name","password"}`.
    UserPassword {
        /// The account.
        name: String,
        /// The password; `None` to have one made.
        #[serde(default)]
        password: Option<Typed>,
    },
    /// Adds an account without a password, and sends its owner a link to set one:
    /// `{"name","roles","link","mailed"}`, the link where it was not mailed.
    UserInvite {
        /// The account.
        user: NewUser,
        /// Where the letter goes.
        email: String,
    },
    /// Sends the owner of an account a link to set another password: `{"name","link","mailed"}`.
    UserReset {
        /// The account.
        name: String,
    },
    /// Sets where letters to an account go: `{"name","email"}`.
    UserEmail {
        /// The account.
        name: String,
        /// The address; empty for nowhere.
        email: String,
    },
    /// Closes an account; its sessions, tokens and running connections end, its keys are refused.
    UserLock {
        /// The account.
        name: String,
    },
    /// Opens an account again, and pardons its failed sign-ins.
    UserUnlock {
        /// The account.
        name: String,
        /// Also what failed from this address.
        #[serde(default)]
        address: Option<IpAddr>,
    },
    /// Closes an account for good: as locking it, and its keys, its password, its second factors and
    /// its roles are gone. The name stays taken.
    UserRetire {
        /// The account.
        name: String,
    },
    /// One account.
    UserShow {
        /// Its name.
        name: String,
    },
    /// A page of accounts in the order of their names: `{"users":[…],"more"}`.
    UserList {
        /// The last name of the page before.
        #[serde(default)]
        after: Option<String>,
        /// The most of them; `None` for as many as one page may have.
        #[serde(default)]
        most: Option<usize>,
    },
    /// The second factors of an account:
    /// `{"name","totp","recovery_codes","passkeys":[…],"version"}`.
    FactorList {
        /// The account.
        name: String,
    },
    /// Removes a second factor, and says what is left: as listing them.
    FactorRemove {
        /// The account.
        name: String,
        /// `totp`, or the id of a passkey; `None` for all of them.
        #[serde(default)]
        factor: Option<String>,
    },
    /// Whom outside providers name for an account: `{"name","links":[…],"version"}`.
    LinkList {
        /// The account.
        name: String,
    },
    /// Links an account to whom an outside provider names, or no longer: `{"name","links":[…]}`.
    LinkSet {
        /// The link.
        link: NewLink,
        /// Whether it is to be there.
        is_linked: bool,
    },
    /// The table of roles: `{"roles":[{"name","permissions"}]}`.
    RoleList,
    /// Sets the roles of an account.
    RoleSet {
        /// The account.
        name: String,
        /// All its roles.
        roles: Vec<String>,
    },
    /// Issues a key: `{"id","key","expires"}`.
    KeyIssue {
        /// Whom it acts for.
        user: String,
        /// What to call it.
        label: String,
        /// What it may do; `None` for all that its owner may now.
        #[serde(default)]
        scopes: Option<Vec<String>>,
        /// From where it may be used; empty for anywhere.
        #[serde(default)]
        networks: Vec<String>,
        /// How long it lives; `None` for the usual time.
        #[serde(default)]
        seconds: Option<u64>,
    },
    /// The keys of an account, or all: `{"keys":[…],"next"}`.
    KeyList {
        /// The account.
        #[serde(default)]
        user: Option<String>,
        /// A part of all; `None` for all at once.
        #[serde(default)]
        page: Option<Page>,
    },
    /// One key.
    KeyShow {
        /// Its id.
        id: String,
    },
    /// Gives a key a new secret: `{"id","key"}`.
    KeyRotate {
        /// The key.
        id: String,
        /// For how many seconds the old secret stays valid.
        grace: u64,
    },
    /// Revokes a key.
    KeyRevoke {
        /// The key.
        id: String,
        /// Why, for the record.
        why: String,
    },
    /// The sessions of an account, or all: `{"sessions":[…],"next"}`.
    SessionList {
        /// The account.
        #[serde(default)]
        user: Option<String>,
        /// A part of all; `None` for all at once.
        #[serde(default)]
        page: Option<Page>,
    },
    /// Ends sessions: `{"ended"}`, how many.
    SessionEnd {
        /// All of this account, where no handle is named.
        #[serde(default)]
        user: Option<String>,
        /// This one.
        #[serde(default)]
        handle: Option<String>,
    },
    /// Issues a signed token: `{"token","expires"}`, and `"refresh_token"` where that is asked for.
    TokenIssue {
        /// Whom it acts for.
        user: String,
        /// What it may do; `None` for all that its owner may at the time of use.
        #[serde(default)]
        scopes: Option<Vec<String>>,
        /// How long it lives; `None` for the usual time.
        #[serde(default)]
        seconds: Option<u64>,
        /// The program that is to prolong it, for people; `None` where nobody is to.
        #[serde(default)]
        client: Option<String>,
    },
    /// Uses a refresh token up: as issuing a token.
    TokenRefresh {
        /// The refresh token.
        token: Typed,
    },
    /// What a token says, or that it does not count (RFC 7662).
    TokenVerify {
        /// The token.
        token: Typed,
    },
    /// Revokes a token, or a refresh token with all that followed from its sign-in.
    TokenRevoke {
        /// The token.
        token: Typed,
    },
    /// Ends every token of somebody that was issued up to now, and running connections: of an account,
    /// or of a user of an issuer outside, as `corp:alice`.
    TokenRevokeAll {
        /// Whose.
        user: String,
    },
    /// Issues a ticket for a WebSocket: `{"ticket","expires"}`.
    TicketIssue {
        /// Whom it acts for.
        user: String,
        /// The origin of the page that may use it.
        origin: String,
        /// What it is bounded to; `None` for all that its owner may.
        #[serde(default)]
        scopes: Option<Vec<String>>,
        /// How long it counts; `None` for the usual time, which is also the longest.
        #[serde(default)]
        seconds: Option<u64>,
    },
    /// Approves somebody for a thing: `{"number","user","resource","by","until"}`.
    AccessApprove {
        /// The approval.
        grant: NewGrant,
    },
    /// A page of approvals in the order of their numbers: `{"approvals":[…],"last","more"}`.
    AccessApprovals {
        /// Those of this account.
        #[serde(default)]
        user: Option<String>,
        /// The last number of the page before, 0 for none.
        #[serde(default)]
        after: u64,
        /// How many are looked at; `None` for as many as one page may have.
        #[serde(default)]
        most: Option<usize>,
    },
    /// Withdraws an approval.
    AccessWithdraw {
        /// Its number.
        number: u64,
        /// Why, for the record.
        why: String,
    },
}

/// A part of what belongs to accounts, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The last account of the part before.
    #[serde(default)]
    pub after: Option<String>,
    /// From how many entries on no further account is looked at.
    pub most: usize,
}

/// An approval to be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// The account that may.
    pub user: String,
    /// What: the name of a thing, or `class:` and the name of a class.
    pub resource: String,
    /// Whether it may be changed, too.
    #[serde(default)]
    pub may_write: bool,
    /// For how many seconds.
    pub seconds: u64,
    /// The account that decided it; `None` for whoever asks.
    #[serde(default)]
    pub by: Option<String>,
    /// Why, for the record.
    #[serde(default)]
    pub why: String,
}

/// An account to be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The name that its owner signs in with.
    pub name: String,
    /// Its roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Its password; without it and without a hash one is made.
    #[serde(default)]
    pub password: Option<Typed>,
    /// The hash of its password, of an application before us.
    #[serde(default)]
    pub password_hash: Option<Typed>,
}

/// A secret on its way: it has no printable form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Typed(pub String);

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed([secret])")
    }
}

impl Drop for Typed {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// A link between an account and whom an outside provider names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// The account.
    pub user: String,
    /// The provider's issuer, as the configuration writes it.
    pub issuer: String,
    /// What the provider calls them (`sub`).
    pub subject: String,
}

impl Ask {
    /// Its name on the wire and in records.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UserAdd { .. } => "user-add",
            Self::UserImport { .. } => "user-import",
            Self::UserPassword { .. } => "user-password",
            Self::UserInvite { .. } => "user-invite",
            Self::UserReset { .. } => "user-reset",
            Self::UserEmail { .. } => "user-email",
            Self::UserLock { .. } => "user-lock",
            Self::UserUnlock { .. } => "user-unlock",
            Self::UserRetire { .. } => "user-retire",
            Self::UserShow { .. } => "user-show",
            Self::UserList { .. } => "user-list",
            Self::FactorList { .. } => "factor-list",
            Self::FactorRemove { .. } => "factor-remove",
            Self::LinkList { .. } => "link-list",
            Self::LinkSet { .. } => "link-set",
            Self::RoleList => "role-list",
            Self::RoleSet { .. } => "role-set",
            Self::KeyIssue { .. } => "key-issue",
            Self::KeyList { .. } => "key-list",
            Self::KeyShow { .. } => "key-show",
            Self::KeyRotate { .. } => "key-rotate",
            Self::KeyRevoke { .. } => "key-revoke",
            Self::SessionList { .. } => "session-list",
            Self::SessionEnd { .. } => "session-end",
            Self::TokenIssue { .. } => "token-issue",
            Self::TokenRefresh { .. } => "token-refresh",
            Self::TicketIssue { .. } => "ticket-issue",
            Self::TokenVerify { .. } => "token-verify",
            Self::TokenRevoke { .. } => "token-revoke",
            Self::TokenRevokeAll { .. } => "token-revoke-all",
            Self::AccessApprove { .. } => "access-approve",
            Self::AccessApprovals { .. } => "access-approvals",
            Self::AccessWithdraw { .. } => "access-withdraw",
        }
    }

    /// Whether it changes something.
    #[must_use]
    pub const fn is_change(&self) -> bool {
        !matches!(
            self,
            Self::UserShow { .. }
                | Self::UserList { .. }
                | Self::FactorList { .. }
                | Self::LinkList { .. }
                | Self::RoleList
                | Self::KeyList { .. }
                | Self::KeyShow { .. }
                | Self::SessionList { .. }
                | Self::TokenVerify { .. }
                | Self::AccessApprovals { .. }
        )
    }

    /// The account that it is about, as it was written; `None` when that is not one.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::UserAdd { user } | Self::UserInvite { user, .. } => Some(&user.name),
            Self::UserPassword { name, .. }
            | Self::UserReset { name }
            | Self::UserEmail { name, .. }
            | Self::UserLock { name }
            | Self::UserUnlock { name, .. }
            | Self::UserRetire { name }
            | Self::UserShow { name }
            | Self::FactorList { name }
            | Self::FactorRemove { name, .. }
            | Self::LinkList { name }
            | Self::RoleSet { name, .. } => Some(name),
            Self::KeyIssue { user, .. }
            | Self::TokenIssue { user, .. }
            | Self::TicketIssue { user, .. }
            | Self::TokenRevokeAll { user } => Some(user),
            Self::LinkSet { link, .. } => Some(&link.user),
            Self::AccessApprove { grant } => Some(&grant.user),
            Self::SessionEnd { user, .. } => user.as_deref(),
            _ => None,
        }
    }
}
