//! Every operation: what requests are routed by, and what the document describes.

use http::Method;
use mantlet_event::reasons;

use super::operation::{BodyKind, Operation, Verb};
use super::operations::{
    access, approvals, authorize, factors, invitations, keys, links, meta, roles, sessions, tokens,
    users,
};
use crate::scope;

use BodyKind::{Form, Json};

/// Every operation.
pub(super) static OPERATIONS: &[Operation] = &[
    Operation::get("/v1/openapi.json", "describe", |call| Box::pin(meta::document(call)))
        .about("This document", "")
        .answers(200, Some("Document")),
    Operation::get("/v1/problems/{code}", "describeProblem", |call| Box::pin(meta::problem(call)))
        .about("What a kind of problem means", "")
        .answers(200, Some("ProblemType")),
    Operation::get("/v1/users", "listUsers", |call| Box::pin(users::list(call)))
        .about("Accounts, in the order of their names", "")
        .needs(scope::USERS_READ)
        .query(&["limit", "cursor"])
        .answers(200, Some("Users")),
    Operation::post("/v1/users", "addUser", |call| Box::pin(users::add(call)))
        .about("Add an account", "Without a password and without a hash, a password is made and shown once.")
        .needs(scope::USERS_WRITE)
        .body(Json("NewUser"))
        .answers(201, Some("AddedUser"))
        .fails(&[&reasons::API_BEYOND, &reasons::API_CONFLICT]),
    Operation::get("/v1/users/{name}", "getUser", |call| Box::pin(users::get(call)))
        .about("One account", "`ETag` is what a change takes as `If-Match`.")
        .needs(scope::USERS_READ)
        .answers(200, Some("User")),
    Operation::patch("/v1/users/{name}", "changeUser", |call| Box::pin(users::change(call)))
        .about("Lock an account, or open it again", "Locking ends its sessions, tokens and running connections; its keys are refused as long as it is locked. Opening pardons its failed sign-ins.")
        .needs(scope::USERS_WRITE)
        .body(Json("UserPatch"))
        .if_match()
        .answers(200, Some("User"))
        .fails(&[&reasons::API_BEYOND]),
    Operation::delete("/v1/users/{name}", "retireUser", |call| Box::pin(users::retire(call)))
        .about("Close an account for good", "As locking it, and its keys, its password, its second factors and its roles are gone. Its name stays taken, so that it never comes to somebody else.")
        .needs(scope::USERS_WRITE)
        .if_match()
        .answers(204, None)
        .fails(&[&reasons::API_BEYOND, &reasons::API_CONFLICT]),
    Operation::put("/v1/users/{name}/password", "setPassword", |call| Box::pin(users::password(call)))
        .about("Set a password", "Sessions and tokens end. Without a password, one is made and shown once.")
        .needs(scope::USERS_WRITE)
        .body(Json("NewPassword"))
        .answers(200, Some("SetPassword"))
        .fails(&[&reasons::API_BEYOND, &reasons::API_BUSY]),
    Operation::put("/v1/users/{name}/email", "setEmail", |call| Box::pin(users::email(call)))
        .about("Set where letters to an account go", "`null` for nowhere. Links to a password that were sent before no longer count.")
        .needs(scope::USERS_WRITE)
        .body(Json("NewEmail"))
        .if_match()
        .answers(200, Some("User"))
        .fails(&[&reasons::API_BEYOND]),
    Operation::post("/v1/users/{name}/reset", "resetPassword", |call| Box::pin(invitations::reset(call)))
        .about("Send a link to set another password", "The password goes on until then. Where no mail is configured, or no address is known, the link is shown this once.")
        .needs(scope::USERS_WRITE)
        .answers(201, Some("Reset"))
        .fails(&[&reasons::API_BEYOND, &reasons::API_CONFLICT]),
    Operation::post("/v1/invitations", "invite", |call| Box::pin(invitations::invite(call)))
        .about("Add an account, and send its owner a link to set a password", "Where no mail is configured, the link is shown this once.")
        .needs(scope::USERS_WRITE)
        .body(Json("NewInvitation"))
        .answers(201, Some("Invitation"))
        .fails(&[&reasons::API_BEYOND, &reasons::API_CONFLICT]),
    Operation::get("/v1/users/{name}/factors", "getFactors", |call| Box::pin(factors::get(call)))
        .about("The second factors of an account", "`ETag` is what a change takes as `If-Match`.")
        .needs(scope::FACTORS_READ)
        .answers(200, Some("Factors")),
    Operation::delete("/v1/users/{name}/factors", "removeFactors", |call| Box::pin(factors::remove_all(call)))
        .about("Remove all second factors of an account", "Its recovery codes go with them.")
        .needs(scope::FACTORS_WRITE)
        .if_match()
        .answers(200, Some("Factors"))
        .fails(&[&reasons::API_BEYOND]),
    Operation::delete("/v1/users/{name}/factors/{factor}", "removeFactor", |call| Box::pin(factors::remove(call)))
        .about("Remove one second factor of an account", "Recovery codes go with the last of them.")
        .needs(scope::FACTORS_WRITE)
        .if_match()
        .answers(200, Some("Factors"))
        .fails(&[&reasons::API_BEYOND]),
    Operation::get("/v1/users/{name}/links", "getLinks", |call| Box::pin(links::get(call)))
        .about("The users of outside providers who may sign in to an account", "`ETag` is what a change takes as `If-Match`.")
        .needs(scope::LINKS_READ)
        .answers(200, Some("Links")),
    Operation::post("/v1/users/{name}/links", "addLink", |call| Box::pin(links::add(call)))
        .about("Link an account with a user of an outside provider", "")
        .needs(scope::LINKS_WRITE)
        .body(Json("Link"))
        .answers(201, Some("Links"))
        .fails(&[&reasons::API_BEYOND, &reasons::API_CONFLICT]),
    Operation::delete("/v1/users/{name}/links", "removeLink", |call| Box::pin(links::remove(call)))
        .about("Unlink an account from a user of an outside provider", "")
        .needs(scope::LINKS_WRITE)
        .query(&["issuer", "subject"])
        .if_match()
        .answers(200, Some("Links"))
        .fails(&[&reasons::API_BEYOND]),
    Operation::get("/v1/approvals", "listApprovals", |call| Box::pin(approvals::list(call)))
        .about("Approvals, in the order of their numbers", "A part looks at `limit` approvals, of whomever: it can be empty and not be the last.")
        .needs(scope::APPROVALS_READ)
        .query(&["user", "limit", "cursor"])
        .answers(200, Some("Approvals"))
        .fails(&[&reasons::API_NOT_FOUND]),
    Operation::post("/v1/approvals", "approve", |call| Box::pin(approvals::approve(call)))
        .about("Approve somebody for a restricted thing", "The account that the credential acts for approves it, and nobody approves for themselves.")
        .needs(scope::APPROVALS_WRITE)
        .body(Json("NewApproval"))
        .answers(201, Some("GivenApproval"))
        .fails(&[&reasons::API_BEYOND, &reasons::API_NOT_FOUND, &reasons::API_CONFLICT]),
    Operation::delete("/v1/approvals/{number}", "withdrawApproval", |call| Box::pin(approvals::withdraw(call)))
        .about("Withdraw an approval for good", "")
        .needs(scope::APPROVALS_WRITE)
        .answers(204, None)
        .fails(&[&reasons::API_BEYOND, &reasons::API_CONFLICT]),
    Operation::delete("/v1/users/{name}/tokens", "endTokens", |call| Box::pin(tokens::end_all(call)))
        .about("End all tokens of somebody that were issued up to now", "Of an account, or of a user of an issuer outside, as `corp:alice`.")
        .needs(scope::TOKENS_REVOKE)
        .answers(204, None)
        .fails(&[&reasons::API_BEYOND]),
    Operation::get("/v1/users/{name}/roles", "getUserRoles", |call| Box::pin(roles::of_user(call)))
        .about("The roles of an account", "`ETag` is what a change takes as `If-Match`.")
        .needs(scope::ROLES_READ)
        .answers(200, Some("UserRoles")),
    Operation::put("/v1/users/{name}/roles", "setUserRoles", |call| Box::pin(roles::set(call)))
        .about("Set all roles of an account", "")
        .needs(scope::ROLES_WRITE)
        .body(Json("NewRoles"))
        .if_match()
        .answers(200, Some("UserRoles"))
        .fails(&[&reasons::API_BEYOND]),
    Operation::delete("/v1/users/{name}/sessions", "endSessions", |call| Box::pin(sessions::end_all(call)))
        .about("End all sessions of an account", "")
        .needs(scope::SESSIONS_WRITE)
        .answers(200, Some("Ended"))
        .fails(&[&reasons::API_BEYOND]),
    Operation::delete("/v1/users/{name}/sessions/{handle}", "endSession", |call| Box::pin(sessions::end(call)))
        .about("End one session", "")
        .needs(scope::SESSIONS_WRITE)
        .answers(204, None)
        .fails(&[&reasons::API_BEYOND]),
    Operation::get("/v1/sessions", "listSessions", |call| Box::pin(sessions::list(call)))
        .about("Running sessions, in the order of their accounts", "A part looks at 200 accounts at most: it can be empty and not be the last.")
        .needs(scope::SESSIONS_READ)
        .query(&["user", "limit", "cursor"])
        .answers(200, Some("Sessions"))
        .fails(&[&reasons::API_NOT_FOUND]),
    Operation::get("/v1/keys", "listKeys", |call| Box::pin(keys::list(call)))
        .about("Keys without their secrets, in the order of their accounts", "A part looks at 200 accounts at most: it can be empty and not be the last.")
        .needs(scope::KEYS_READ)
        .query(&["user", "limit", "cursor"])
        .answers(200, Some("Keys"))
        .fails(&[&reasons::API_NOT_FOUND]),
    Operation::post("/v1/keys", "issueKey", |call| Box::pin(keys::issue(call)))
        .about("Issue a key", "It is shown this once. Nobody passes on more than they hold: permissions that the roles of your account give, and scopes of this API that your own credential names.")
        .needs(scope::KEYS_WRITE)
        .body(Json("NewKey"))
        .answers(201, Some("IssuedKey"))
        .fails(&[&reasons::API_BEYOND, &reasons::API_NOT_FOUND, &reasons::API_CONFLICT]),
    Operation::get("/v1/keys/{id}", "getKey", |call| Box::pin(keys::get(call)))
        .about("One key, without its secret", "")
        .needs(scope::KEYS_READ)
        .answers(200, Some("Key")),
    Operation::delete("/v1/keys/{id}", "revokeKey", |call| Box::pin(keys::revoke(call)))
        .about("Revoke a key for good", "")
        .needs(scope::KEYS_WRITE)
        .answers(204, None)
        .fails(&[&reasons::API_BEYOND, &reasons::API_CONFLICT]),
    Operation::post("/v1/keys/{id}/rotation", "rotateKey", |call| Box::pin(keys::rotate(call)))
        .about("Give a key a new secret", "The one before stays valid for a while.")
        .needs(scope::KEYS_WRITE)
        .body(Json("Rotation"))
        .answers(201, Some("IssuedKey"))
        .fails(&[&reasons::API_BEYOND, &reasons::API_CONFLICT]),
    Operation::post("/v1/tokens", "issueToken", |call| Box::pin(tokens::issue(call)))
        .about("Issue a signed token", "Where `client` is named, a refresh token comes with it.")
        .needs(scope::TOKENS_ISSUE)
        .body(Json("NewToken"))
        .answers(201, Some("IssuedToken"))
        .fails(&[&reasons::API_BEYOND, &reasons::API_NOT_FOUND, &reasons::API_CONFLICT]),
    Operation::post("/v1/tokens/refresh", "refreshToken", |call| Box::pin(tokens::refresh(call)))
        .about("Use a refresh token up", "One that was used before ends all tokens of its sign-in (RFC 9700).")
        .needs(scope::TOKENS_ISSUE)
        .body(Json("RefreshToken"))
        .answers(201, Some("IssuedToken")),
    Operation::post("/v1/tokens/introspect", "introspectToken", |call| Box::pin(tokens::introspect(call)))
        .about("What a token says, or that it does not count (RFC 7662)", "")
        .only_asks()
        .needs(scope::TOKENS_INTROSPECT)
        .body(Form("TokenForm"))
        .answers(200, Some("Introspection")),
    Operation::post("/v1/tokens/revoke", "revokeToken", |call| Box::pin(tokens::revoke(call)))
        .about("Revoke a token, or a refresh token with its sign-in (RFC 7009)", "What does not count is as good as revoked.")
        .needs(scope::TOKENS_REVOKE)
        .body(Form("TokenForm"))
        .answers(200, None),
    Operation::post("/v1/tickets", "issueTicket", |call| Box::pin(tokens::ticket(call)))
        .about("Issue a ticket for a WebSocket", "It counts once, within seconds, for one account, from pages of one origin.")
        .needs(scope::TICKETS_ISSUE)
        .body(Json("NewTicket"))
        .answers(201, Some("IssuedTicket"))
        .fails(&[&reasons::API_BEYOND, &reasons::API_NOT_FOUND, &reasons::API_CONFLICT]),
    Operation::get("/v1/roles", "listRoles", |call| Box::pin(roles::list(call)))
        .about("The table of roles", "It is a file of the configuration.")
        .needs(scope::ROLES_READ)
        .answers(200, Some("Roles")),
    Operation::get("/v1/roles/{role}", "getRole", |call| Box::pin(roles::get(call)))
        .about("One role", "")
        .needs(scope::ROLES_READ)
        .answers(200, Some("Role")),
    Operation::post("/v1/authorize", "authorize", |call| Box::pin(authorize::one(call)))
        .about("Whether somebody may, and why", "Nothing is changed, and nothing is recorded.")
        .only_asks()
        .needs(scope::AUTHORIZE)
        .body(Json("Question"))
        .answers(200, Some("Decision")),
    Operation::post("/v1/authorize/batch", "authorizeBatch", |call| Box::pin(authorize::batch(call)))
        .about("The same for many questions", "A question that makes no sense has an `error` in its place; the others are answered.")
        .only_asks()
        .needs(scope::AUTHORIZE)
        .body(Json("Questions"))
        .answers(200, Some("Decisions")),
    Operation::get("/v1/access/explain", "explainPath", |call| Box::pin(access::explain_path(call)))
        .about("What a path asks for, and whether somebody may", "")
        .needs(scope::ACCESS_READ)
        .query(&["path", "user", "method", "host"])
        .answers(200, Some("PathExplained"))
        .fails(&[&reasons::API_NOT_FOUND]),
    Operation::get("/v1/access/review", "reviewAccess", |call| Box::pin(access::review_accounts(call)))
        .about("Who may what, and what somebody should look at", "")
        .needs(scope::ACCESS_READ)
        .query(&["dormant_days", "limit", "cursor"])
        .answers(200, Some("Review")),
];

/// What a request is for.
pub(super) enum Found<'p> {
    /// An operation, with the texts of its parameters, escaped as they are in the path.
    Operation(&'static Operation, Vec<&'p str>),
    /// A path with other methods.
    OtherMethod(String),
    /// No path of ours.
    Nothing,
}

/// What a request is for.
pub(super) fn find<'p>(method: &Method, path: &'p str) -> Found<'p> {
    let verb = Verb::of(method);
    let mut allowed = Vec::new();
    for operation in OPERATIONS {
        let Some(texts) = operation.read(path) else { continue };
        if verb == Some(operation.verb) {
            return Found::Operation(operation, texts);
        }
        allowed.push(operation.verb.allow());
    }
    if allowed.is_empty() { Found::Nothing } else { Found::OtherMethod(allowed.join(", ")) }
}
