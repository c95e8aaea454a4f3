//! Sessions.

use mantlet_event::catalogue;
use mantlet_identity::UserId;
use mantlet_identity::session::{Session, SessionHandle};
use serde_json::{Value, json};

use super::act::Listed;
use super::error::{DeskError, Kind};
use super::{Act, Page};

impl Act<'_> {
    pub(super) async fn list_sessions(
        &self,
        user: Option<&str>,
        page: Option<&Page>,
    ) -> Result<Value, DeskError> {
        let own = |owner: UserId| -> Listed<'_, Value> {
            Box::pin(async move {
                let own = self.directory().sessions.list(&owner).await?;
                Ok(own.iter().map(shown).collect())
            })
        };
        let (sessions, next) = self.belongings(user, page, own).await?;
        Ok(json!({ "sessions": sessions, "next": next }))
    }

    pub(super) async fn end_sessions(
        &self,
        user: Option<&str>,
        handle: Option<&str>,
    ) -> Result<Value, DeskError> {
        let hint = "`mantlet session list` shows handles; `--user NAME` ends all of an account";
        if user.is_none() && handle.is_none() {
            return Err(DeskError::invalid("no session is named", hint));
        }
        let handle = match handle {
            Some(text) => Some(SessionHandle::parse(text).ok_or_else(|| {
                let shown: String = text.chars().take(20).collect();
                DeskError::new(
                    Kind::Unknown,
                    format!("`{}` is no handle", shown.escape_debug()),
                    hint,
                )
            })?),
            None => None,
        };
        let (sessions, why) = (&self.directory().sessions, "ended by the operator");
        let accounts = self.meant(user).await?;
        for account in &accounts {
            self.asker.may_act_on(account, self.roles())?;
        }
        let mut ended = 0_usize;
        for account in accounts {
            let count = match handle {
                Some(handle) => {
                    let one = sessions.end_one(&account.id, handle, self.by(), why).await;
                    usize::from(one?)
                }
                None => {
                    let all = sessions.end_all(&account.id, None, self.by(), why).await;
                    all?
                }
            };
            if count > 0 {
                self.tell(&catalogue::IDENTITY_SESSION_ENDED, &account.id, why);
            }
            ended = ended.saturating_add(count);
        }
        Ok(json!({ "ended": ended }))
    }
}

fn shown(session: &Session) -> Value {
    json!({
        "handle": session.handle.as_str(),
        "user": session.user.as_str(),
        "address": session.address.to_string(),
        "agent": session.agent,
        "created": session.created.to_string(),
        "last_seen": session.last_seen.to_string(),
        "expires": session.expires.to_string(),
        "second_factor": session.has_second_factor,
    })
}
