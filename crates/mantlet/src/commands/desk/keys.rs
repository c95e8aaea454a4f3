//! `mantlet key`, `mantlet session` and `mantlet token`.

use mantlet_admin::desk::Ask;
use serde_json::Value as Json;

use super::{answer, ask, entries, list, seconds, secrets, text};
use crate::cli::identity::{KeyCommand, SessionCommand, TokenCommand};
use crate::commands::{Failure, Outcome};
use crate::output;

pub(in crate::commands) fn key(command: KeyCommand) -> Result<Outcome, Failure> {
    match command {
        KeyCommand::Issue { user, scopes, expires, label, networks, flags } => {
            let seconds = expires.map(|text| seconds("--expires", &text)).transpose()?;
            let scopes = (!scopes.is_empty()).then_some(scopes);
            let ask = Ask::KeyIssue { user, label, scopes, networks, seconds };
            answer(flags, ask, |key| {
                output::say(&format!("id      {}", text(key, "id")));
                output::say(&format!("expires {}", text(key, "expires")));
                output::say(&format!("key, shown this once: {}", text(key, "key")));
                let idle = list(key, "idle_scopes");
                if idle != "-" {
                    let owner = text(key, "user");
                    output::note(&format!(
                        "`{owner}` may not {idle} now, and the key may no more than its owner: `mantlet role set` gives roles"
                    ));
                }
            })
        }
        KeyCommand::List { user, flags } => {
            answer(flags, Ask::KeyList { user, page: None }, |answer| {
                for key in entries(answer, "keys") {
                    let (id, state) = (text(key, "id"), text(key, "state"));
                    let (user, label) = (text(key, "user"), text(key, "label"));
                    let (scopes, expires) = (list(key, "scopes"), text(key, "expires"));
                    output::say(&format!(
                        "{id}  {state:<8} {user:<16} {expires}  {scopes}  {label}"
                    ));
                }
            })
        }
        KeyCommand::Rotate { id, grace, flags } => {
            let grace = seconds("--grace", &grace)?;
            answer(flags, Ask::KeyRotate { id, grace }, |key| {
                output::say(&format!("new key, shown this once: {}", text(key, "key")));
            })
        }
        KeyCommand::Revoke { id, why, flags } => answer(flags, Ask::KeyRevoke { id, why }, |key| {
            output::say(&format!("revoked {}", text(key, "id")));
        }),
    }
}

pub(in crate::commands) fn session(command: SessionCommand) -> Result<Outcome, Failure> {
    match command {
        SessionCommand::List { user, flags } => {
            answer(flags, Ask::SessionList { user, page: None }, |answer| {
                for session in entries(answer, "sessions") {
                    let (handle, user) = (text(session, "handle"), text(session, "user"));
                    let (address, seen) = (text(session, "address"), text(session, "last_seen"));
                    let agent = text(session, "agent");
                    output::say(&format!("{handle}  {user:<16} {address:<16} {seen}  {agent}"));
                }
            })
        }
        SessionCommand::End { handle, user, flags } => {
            answer(flags, Ask::SessionEnd { user, handle }, |answer| {
                let ended = answer.get("ended").and_then(Json::as_u64).unwrap_or(0);
                output::say(&format!("{ended} session(s) ended"));
            })
        }
    }
}

pub(in crate::commands) fn token(command: TokenCommand) -> Result<Outcome, Failure> {
    match command {
        TokenCommand::Issue { user, scopes, expires, flags } => {
            let seconds = expires.map(|text| seconds("--expires", &text)).transpose()?;
            let scopes = (!scopes.is_empty()).then_some(scopes);
            answer(flags, Ask::TokenIssue { user, scopes, seconds, client: None }, |token| {
                output::say(&format!("expires {}", text(token, "expires")));
                output::say(&format!("token, shown this once: {}", text(token, "token")));
            })
        }
        TokenCommand::Verify { token, flags } => {
            let token = secrets::token(token)?;
            let Some(said) = ask(flags.place, Ask::TokenVerify { token })? else {
                return Ok(Outcome::Unusable);
            };
            output::say(&said.to_string());
            let is_active = said.get("active") == Some(&Json::Bool(true));
            Ok(if is_active { Outcome::Fine } else { Outcome::Findings })
        }
        TokenCommand::Revoke { user: Some(user), flags, .. } => {
            answer(flags, Ask::TokenRevokeAll { user }, |ended| {
                output::say(&format!("revoked all tokens of {}", text(ended, "user")));
            })
        }
        TokenCommand::Revoke { token, flags, .. } => {
            let token = secrets::token(token.unwrap_or_default())?;
            answer(flags, Ask::TokenRevoke { token }, |token| {
                output::say(&format!("revoked {}", text(token, "id")));
            })
        }
    }
}
