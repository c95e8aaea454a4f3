//! Changing one's password.

use std::time::Duration;

use http::StatusCode;
use mantlet_event::catalogue;
use mantlet_identity::password::{PasswordContext, PoolError};
use mantlet_identity::signin::SignInError;
use mantlet_types::Secret;

use super::Page;
use super::failure::Failure;
use super::profile::{self, Told};
use super::visit::Visit;

/// Between the end of what was issued before and the session's new id: the store tells moments
/// apart to the millisecond.
const APART: Duration = Duration::from_millis(3);

pub(super) async fn take(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (caller, session_text) = profile::owner(visit)?;
    let user = &caller.user;
    let (Some(current), Some(new)) = (visit.form.secret("current"), visit.form.secret("new"))
    else {
        return Err(Failure::Form);
    };
    if new.expose() != visit.form.text("again") {
        return wrong(visit, "The two new passwords differ.").await;
    }
    match visit.check_password(user.as_str(), current).await {
        Ok(_) => {}
        Err(SignInError::Denied) => {
            visit.tell(&catalogue::IDENTITY_SIGNIN_FAILED, user.as_str());
            return wrong(visit, "The present password is wrong.").await;
        }
        Err(error @ (SignInError::Wait { .. } | SignInError::StepUp)) => {
            visit.tell(&catalogue::IDENTITY_SIGNIN_DELAYED, user.as_str());
            let text = error.to_string();
            let page = profile::render(visit, Told::alert(&text)).await?;
            return Ok(page.status(StatusCode::TOO_MANY_REQUESTS));
        }
        Err(error) => return Err(Failure::Unavailable(error.to_string())),
    }
    if let Err(problem) = change(visit, new).await? {
        return wrong(visit, &problem).await;
    }
    let directory = visit.directory;
    directory.sessions.end_all(user, Some(&session_text), user, "password changed").await?;
    directory.forget(user);
    tokio::time::sleep(APART).await;
    let (token, _) = directory.sessions.renew(&session_text, None).await?;
    visit.tell(&catalogue::IDENTITY_PASSWORD_CHANGED, user.as_str());
    let lifetime = directory.sessions.policy().lifetime;
    Ok(Page::to(&profile::done("password")).cookie(visit.cookies.set_session(&token, lifetime)))
}

/// Sets the password where it is good enough; else what is wrong with it, for people.
async fn change(visit: &Visit<'_>, new: &Secret<String>) -> Result<Result<(), String>, Failure> {
    let (caller, _) = profile::owner(visit)?;
    let directory = visit.directory;
    let has_second_factor = directory.has_second_factor(&caller.user).await?;
    let words = [caller.user.as_str(), visit.exchange.host.as_str()];
    let context = PasswordContext { has_second_factor, words: &words };
    let new = match directory.password_policy.check(new, &context) {
        Ok(new) => new,
        Err(problems) => {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            return Ok(Err(format!("The new password is not taken: {}.", told.join("; "))));
        }
    };
    let hash = directory.passwords.hash(&new).await;
    let hash = hash.map_err(|error: PoolError| Failure::Unavailable(error.to_string()))?;
    let now = directory.clock.now();
    directory.accounts.set_password(&caller.user, hash, now, None).await?;
    Ok(Ok(()))
}

async fn wrong(visit: &Visit<'_>, text: &str) -> Result<Page, Failure> {
    let page = profile::render(visit, Told::alert(text)).await?;
    Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY))
}
