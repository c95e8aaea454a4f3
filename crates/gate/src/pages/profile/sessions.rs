//! Where somebody is signed in, and the end of it.

use mantlet_event::catalogue;
use mantlet_identity::UserId;
use mantlet_identity::session::SessionHandle;

use super::{PROFILE, done, owner, shown};
use crate::pages::Page;
use crate::pages::failure::Failure;
use crate::pages::html::{self, Escaped};
use crate::pages::visit::Visit;

pub(super) async fn section(
    visit: &Visit<'_>,
    user: &UserId,
    own: SessionHandle,
    token: &str,
) -> Result<String, Failure> {
    let sessions = visit.directory.sessions.list(user).await?;
    let rows: String = sessions
        .iter()
        .map(|session| {
            let end = if session.handle == own {
                "<strong>this one</strong>".to_owned()
            } else {
                format!(
                    "<form class=\"inline\" method=\"post\" action=\"{PROFILE}/sessions/end\">{token}\
                     {handle}<button class=\"plain\" type=\"submit\">End</button></form>",
                    handle = html::hidden("handle", session.handle.as_str()),
                )
            };
            let agent = if session.agent.is_empty() { "a program" } else { session.agent.as_str() };
            format!(
                "<li><div>{agent}<br><small>from {address}, signed in {created}, last used \
                 {seen}</small></div>{end}</li>\n",
                agent = Escaped(agent),
                address = session.address,
                created = shown(session.created),
                seen = shown(session.last_seen),
            )
        })
        .collect();
    let all = if sessions.len() > 1 {
        format!(
            "<form method=\"post\" action=\"{PROFILE}/sessions/end\">\n{token}\
             <button type=\"submit\">End all others</button>\n</form>\n"
        )
    } else {
        String::new()
    };
    Ok(format!(
        "<section aria-labelledby=\"sessions\">\n<h2 id=\"sessions\">Sessions</h2>\n\
         <ul class=\"rows\">\n{rows}</ul>\n{all}</section>\n"
    ))
}

/// Ends one session, or all others where none is named.
pub(in crate::pages) async fn end(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (caller, session) = owner(visit)?;
    let (user, handle) = (&caller.user, visit.form.text("handle"));
    let sessions = &visit.directory.sessions;
    let what = if handle.is_empty() {
        sessions.end_all(user, Some(&session), user, "ended by its owner").await?;
        "sessions"
    } else {
        let handle = SessionHandle::parse(handle).ok_or(Failure::Form)?;
        sessions.end_one(user, handle, user, "ended by its owner").await?;
        "session"
    };
    visit.tell_why(&catalogue::IDENTITY_SESSION_ENDED, user.as_str(), "ended by its owner");
    Ok(Page::to(&done(what)))
}
