//! Every kind of event there is. Nothing else is ever emitted, so alert rules can be complete.

use mantlet_types::Severity::{High, Info, Low, Medium};

use crate::Entry;
use crate::Stream::{Access, Audit, Decision, System};

/// Declares one static per entry, documented by its summary, and the list of them all.
macro_rules! entries {
    ($($id:ident = $name:literal, $code:literal, $severity:ident, $stream:ident, $summary:literal;)*) => {
        $(
            #[doc = $summary]
            pub static $id: Entry = Entry {
                name: $name,
                code: $code,
                severity: $severity,
                stream: $stream,
                summary: $summary,
            };
        )*

        /// The whole catalogue, in the order of this file.
        pub static ALL: &[&Entry] = &[$(&$id),*];
    };
}

entries! {
    // The way of a request.
    GATEWAY_REQUEST_COMPLETED = "gateway.request.completed", "gateway_request_completed", Info, Access,
        "A request was answered, by the application or by the gateway.";
    GATEWAY_REQUEST_REFUSED = "gateway.request.refused", "gateway_request_refused", Low, Decision,
        "A fixed stage refused a request: no route, a denied route, a reserved path, or no usable upstream.";
    HYGIENE_REQUEST_REFUSED = "hygiene.request.refused", "input_validation_fail", Medium, Decision,
        "A request was malformed or could be read in two ways.";
    CLIENT_FORWARDING_IGNORED = "client.forwarding.ignored", "client_forwarding_ignored", Low, System,
        "Forwarding headers came from a peer that is not trusted and were ignored.";
    HTTPS_REQUEST_REFUSED = "https.request.refused", "input_validation_fail", Low, Decision,
        "A program asked over plain HTTP for what is served over HTTPS alone.";
    PROXY_HEADER_REFUSED = "proxy.header.refused", "authz_fail", Medium, Decision,
        "A connection to a listener for proxies came from a stranger, or did not begin with a PROXY header.";
    BODY_LIMIT_EXCEEDED = "body.limit.exceeded", "input_validation_fail", Medium, Decision,
        "A request body was larger than its route allows.";
    UPSTREAM_CONNECTION_FAILED = "upstream.connection.failed", "upstream_connection_failed", Medium, System,
        "No connection to an upstream could be made, or it broke.";
    UPSTREAM_ANSWER_TIMEDOUT = "upstream.answer.timedout", "upstream_answer_timedout", Medium, System,
        "An upstream did not answer in time.";
    UPSTREAM_SERVER_EJECTED = "upstream.server.ejected", "upstream_server_ejected", High, System,
        "A server failed several times in a row, or its health check, and is passed over while others are well.";
    UPSTREAM_SERVER_RETURNED = "upstream.server.returned", "upstream_server_returned", Info, System,
        "A server that was passed over answers again.";
    UPSTREAM_BREAKER_OPENED = "upstream.breaker.opened", "upstream_breaker_opened", High, System,
        "Too many connections to a server failed: it is left alone for a while, requests for it are refused at once.";
    UPSTREAM_BREAKER_CLOSED = "upstream.breaker.closed", "upstream_breaker_closed", Info, System,
        "A server that was left alone takes connections again.";
    UPGRADE_CONNECTION_OPENED = "upgrade.connection.opened", "upgrade_connection_opened", Info, Access,
        "A connection was upgraded, for example to a WebSocket.";
    UPGRADE_CONNECTION_ENDED = "upgrade.connection.ended", "upgrade_connection_ended", Info, Access,
        "An upgraded connection ended.";

    WEBSOCKET_REQUEST_REFUSED = "websocket.request.refused", "authz_fail", Medium, Decision,
        "A WebSocket was not opened: no valid handshake, a foreign page or host, no token, or too many connections.";
    WEBSOCKET_CONNECTION_CLOSED = "websocket.connection.closed", "input_validation_fail", Medium, Decision,
        "A WebSocket was closed: a frame broke the protocol or a limit, or the token did not come.";

    // Guards.
    BLOCKLIST_REQUEST_REFUSED = "blocklist.request.refused", "authz_fail", Medium, Decision,
        "A request came from a blocked network.";
    LIMIT_REQUEST_REFUSED = "limit.request.refused", "excess_rate_limit_exceeded", Medium, Decision,
        "A client sent more requests than its limit allows.";
    LIMIT_QUOTA_WARNED = "limit.quota.warned", "limit_quota_warned", Low, Decision,
        "A client has nearly used up its limit.";
    CORS_REQUEST_REFUSED = "cors.request.refused", "malicious_cors", Low, Decision,
        "A page of an origin that is not listed asked, or asked for more than is listed.";
    CSRF_REQUEST_REFUSED = "csrf.request.refused", "malicious_csrf", Medium, Decision,
        "A page of another site made a browser send a request that changes something.";
    IDENTITY_REQUEST_REFUSED = "identity.request.refused", "identity_request_refused", Medium, Decision,
        "A key or token does not count, or a request showed more than one credential.";
    QUOTA_REQUEST_REFUSED = "quota.request.refused", "excess_rate_limit_exceeded", Medium, Decision,
        "A user sent more requests than their quota allows.";
    ACCESS_REQUEST_REFUSED = "access.request.refused", "authz_fail", Low, Decision,
        "A request was not let through: nobody is signed in, or who is may not.";
    SCHEMA_REQUEST_REFUSED = "schema.request.refused", "input_validation_fail", Low, Decision,
        "A request was not as the document of its route says; the evidence names places and rules, never values.";
    JSON_BODY_REFUSED = "json.body.refused", "input_validation_fail", Medium, Decision,
        "A JSON body or message nests deeper than its limit allows.";
    WAF_REQUEST_REFUSED = "waf.request.refused", "input_validation_fail", High, Decision,
        "A request, an answer or a message showed an attack, or could not be looked at to the end.";
    ERRORS_ANSWER_REPLACED = "errors.answer.replaced", "errors_answer_replaced", Medium, Decision,
        "An answer of the application showed its inside and was replaced.";
    CSP_ANSWER_WITHHELD = "csp.answer.withheld", "csp_answer_withheld", Low, Decision,
        "A part of a text was asked for that could hold a part of the placeholder for nonces.";
    GUARD_INSPECTION_FAILED = "guard.inspection.failed", "guard_inspection_failed", High, Decision,
        "A guard failed or ran out of time, and its fail mode decided.";

    // Certificates.
    TLS_CERTIFICATE_RELOADED = "tls.certificate.reloaded", "tls_certificate_reloaded", Info, System,
        "Certificates had changed and were read anew.";
    TLS_CERTIFICATE_REJECTED = "tls.certificate.rejected", "tls_certificate_rejected", High, System,
        "Certificates had changed and cannot be used; the ones from before stay in use.";
    TLS_CERTIFICATE_EXPIRING = "tls.certificate.expiring", "tls_certificate_expiring", High, System,
        "A certificate ends within two weeks, or has ended.";
    // Penalties.
    PENALTY_BLOCK_STARTED = "penalty.block.started", "penalty_block_started", High, Decision,
        "A client was blocked for a while because of its strikes, or would have been.";
    PENALTY_BLOCK_ENDED = "penalty.block.ended", "penalty_block_ended", Info, Decision,
        "A penalty ended: its time was over, or an operator lifted the block.";
    PENALTY_BLOCK_FAILED = "penalty.block.failed", "penalty_block_failed", High, System,
        "A client that had earned a block could not be blocked.";

    // People and their credentials.
    IDENTITY_SIGNIN_SUCCEEDED = "identity.signin.succeeded", "authn_login_success", Info, Audit,
        "Somebody signed in.";
    IDENTITY_SIGNIN_FAILED = "identity.signin.failed", "authn_login_fail", Medium, Decision,
        "Somebody did not sign in: the name or the password is wrong, the account is closed, or the code of the second factor is wrong.";
    IDENTITY_SIGNIN_DELAYED = "identity.signin.delayed", "authn_login_fail_max", Medium, Decision,
        "Somebody is to wait before they try to sign in again.";
    IDENTITY_SESSION_ENDED = "identity.session.ended", "session_expired", Info, Audit,
        "A session was ended: by its owner or by an operator.";
    IDENTITY_PASSWORD_CHANGED = "identity.password.changed", "authn_password_change", Medium, Audit,
        "The password of an account was changed.";
    IDENTITY_FACTOR_ADDED = "identity.factor.added", "identity_factor_added", Medium, Audit,
        "Somebody set up a second factor.";
    IDENTITY_FACTOR_REMOVED = "identity.factor.removed", "identity_factor_removed", High, Audit,
        "A second factor of an account was removed, or all of them.";
    IDENTITY_PASSKEY_DOUBTED = "identity.passkey.doubted", "identity_passkey_doubted", High, Audit,
        "The counter of a passkey went back: its key may exist twice. The sign-in was refused.";
    IDENTITY_PROVIDER_FAILED = "identity.provider.failed", "identity_provider_failed", Medium, Decision,
        "An outside provider that somebody wanted to sign in with does not answer, or not as it should.";
    IDENTITY_KEY_ISSUED = "identity.key.issued", "authn_token_created", Medium, Audit,
        "An API key was issued or got a new secret.";
    IDENTITY_KEY_REVOKED = "identity.key.revoked", "authn_token_revoked", Medium, Audit,
        "An API key was revoked.";
    IDENTITY_ACCOUNT_CHANGED = "identity.account.changed", "user_updated", Medium, Audit,
        "An account was added, locked or unlocked, or got other roles.";
    IDENTITY_LINK_ISSUED = "identity.link.issued", "identity_link_issued", Medium, Audit,
        "A link to set a password was made: somebody asked for it, or was invited.";
    IDENTITY_LINK_USED = "identity.link.used", "authn_password_change", Medium, Audit,
        "Somebody set a password with a link; everything of the account from before was ended.";
    IDENTITY_LINK_REFUSED = "identity.link.refused", "identity_link_refused", Medium, Decision,
        "A link to set a password does not count: over, used, made up, or of a closed account.";
    MAIL_LETTER_SENT = "mail.letter.sent", "mail_letter_sent", Info, System,
        "A letter was taken by the mail server.";
    MAIL_LETTER_FAILED = "mail.letter.failed", "mail_letter_failed", High, System,
        "A letter was not taken by the mail server, and is not tried again.";
    IDENTITY_ISSUER_CHANGED = "identity.issuer.changed", "identity_issuer_changed", Medium, System,
        "An issuer outside publishes other keys than before; they count from now on.";
    IDENTITY_ISSUER_FAILED = "identity.issuer.failed", "identity_issuer_failed", High, System,
        "The keys of an issuer outside could not be fetched: the last ones go on for a while.";
    IDENTITY_ISSUER_DROPPED = "identity.issuer.dropped", "identity_issuer_dropped", High, System,
        "The keys of an issuer outside could not be fetched for so long that its tokens no longer count.";
    ACCESS_APPROVAL_GIVEN = "access.approval.given", "authz_change", Medium, Audit,
        "Somebody was approved for a restricted thing, for a while.";
    ACCESS_APPROVAL_WITHDRAWN = "access.approval.withdrawn", "authz_change", Medium, Audit,
        "An approval was withdrawn.";
    DATA_EXPORT_COMPLETED = "data.export.completed", "sensitive_read", Info, Audit,
        "An answer of a route with `export` took data out of the application, whole or in part.";
    IDENTITY_STORE_OPENED = "identity.store.opened", "identity_store_opened", Info, System,
        "The store of accounts was made, brought up to date or completed.";
    IDENTITY_STORE_FAILED = "identity.store.failed", "identity_store_failed", High, System,
        "What other processes ended could not be read: credentials are refused until it can.";

    // Administration.
    BLOCKLIST_NETWORK_BLOCKED = "blocklist.network.blocked", "authz_change", Medium, Audit,
        "A network was put on the block list.";
    BLOCKLIST_NETWORK_UNBLOCKED = "blocklist.network.unblocked", "authz_change", Medium, Audit,
        "A network was taken off the block list.";
    CONTROL_COMMAND_REQUESTED = "control.command.requested", "authz_admin", Info, Audit,
        "An administrative command is about to be carried out; without this record it is not.";
    CONTROL_COMMAND_EXECUTED = "control.command.executed", "authz_admin", Info, Audit,
        "An administrative command was carried out, or failed.";
    CONTROL_COMMAND_REFUSED = "control.command.refused", "authz_fail", High, Audit,
        "An administrative command was refused.";
    ADMIN_REQUEST_REFUSED = "admin.request.refused", "authz_fail", Medium, Decision,
        "A request to the administrative interface was refused.";

    // The process.
    PROCESS_SERVICE_STARTED = "process.service.started", "sys_startup", Info, System,
        "The gateway started and listens.";
    PROCESS_SERVICE_STOPPING = "process.service.stopping", "sys_shutdown", Info, System,
        "The gateway was asked to stop and finishes what runs.";
    PROCESS_SERVICE_STOPPED = "process.service.stopped", "sys_shutdown", Info, System,
        "The gateway stopped.";
    PROCESS_TASK_PANICKED = "process.task.panicked", "sys_crash", High, System,
        "A task ended by a defect of the program; the others go on.";
    PROCESS_LIMIT_REACHED = "process.limit.reached", "excess_rate_limit_exceeded", Medium, System,
        "A cap of the configuration was reached.";
    LOG_RECORD_DROPPED = "log.record.dropped", "sys_monitor_disabled", High, System,
        "Records were dropped because a sink could not keep up or could not write.";
    LOG_REFUSAL_SUPPRESSED = "log.refusal.suppressed", "log_refusal_suppressed", Medium, System,
        "Further refusals for one reason of one network were counted instead of written; in metrics they are all there.";
    CONFIG_SETTINGS_REPLACED = "config.settings.replaced", "config_settings_replaced", Medium, Audit,
        "The configuration was read again and holds from now on.";
    CONFIG_SETTINGS_REJECTED = "config.settings.rejected", "config_settings_rejected", High, System,
        "The configuration was read again and cannot be used; the one before goes on.";
    PROCESS_SUCCESSOR_STARTED = "process.successor.started", "sys_restart", Info, System,
        "Another process took the listening sockets over; this one finishes what runs.";
    PROCESS_SUCCESSOR_FAILED = "process.successor.failed", "process_successor_failed", High, System,
        "Another process was to take over and did not get ready; this one goes on.";
    CONFIG_VALUE_RISKY = "config.value.risky", "config_value_risky", Medium, System,
        "A setting weakens a protection.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The words of the OWASP Logging Vocabulary that the catalogue uses.
    const VOCABULARY: [&str; 21] = [
        "authn_login_fail",
        "authn_login_fail_max",
        "authn_login_success",
        "authn_password_change",
        "authn_token_created",
        "authn_token_revoked",
        "authz_admin",
        "authz_change",
        "authz_fail",
        "excess_rate_limit_exceeded",
        "input_validation_fail",
        "malicious_cors",
        "malicious_csrf",
        "sensitive_read",
        "session_expired",
        "sys_crash",
        "sys_monitor_disabled",
        "sys_restart",
        "sys_shutdown",
        "sys_startup",
        "user_updated",
    ];

    #[test]
    fn names_are_unique_and_have_three_lower_case_parts() {
        let mut seen = HashSet::new();
        for entry in ALL {
            assert!(seen.insert(entry.name), "{} twice", entry.name);
            let parts: Vec<_> = entry.name.split('.').collect();
            assert_eq!(parts.len(), 3, "{}", entry.name);
            for part in parts {
                assert!(
                    !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()),
                    "{}",
                    entry.name
                );
            }
        }
    }

    #[test]
    fn codes_are_of_the_vocabulary_or_the_name_itself() {
        for entry in ALL {
            assert!(
                VOCABULARY.contains(&entry.code) || entry.code == entry.name.replace('.', "_"),
                "{}",
                entry.name
            );
        }
    }

    #[test]
    fn summaries_are_sentences() {
        for entry in ALL {
            assert!(entry.summary.ends_with('.'), "{}", entry.name);
            assert!(entry.summary.starts_with(char::is_uppercase), "{}", entry.name);
        }
    }
}
