//! The page for the code or the passkey, after the right password.

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use mantlet_event::catalogue;
use mantlet_identity::UserId;
use mantlet_identity::account::Account;
use mantlet_identity::directory::First;
use mantlet_identity::factor::FactorError;
use mantlet_identity::passkey::Purpose;

use super::failure::Failure;
use super::sign_in::in_words;
use super::visit::{Proof, Visit};
use super::{Page, SECOND_FACTOR, SIGN_IN, html, passkey};
use crate::identity::cookies::Held;

/// The longest code that is looked at, in bytes.
const MAX_CODE: usize = 64;

pub(super) async fn show(visit: &Visit<'_>) -> Result<Page, Failure> {
    visit.check_private()?;
    match pending(visit) {
        Some((user, ..)) => render(visit, &user, None).await,
        None => Ok(Page::to(SIGN_IN)),
    }
}

pub(super) async fn take(visit: &Visit<'_>) -> Result<Page, Failure> {
    visit.check_private()?;
    visit.check_visit()?;
    let Some((account, first)) = pending_account(visit).await? else {
        return Ok(Page::to(SIGN_IN));
    };
    match check_code(visit, &account, visit.form.text("code")).await? {
        Checked::Right => visit.begin_session(&account.id, Proof::Code(first)).await,
        Checked::Wait(seconds) => wait(visit, &account, seconds).await,
        Checked::Wrong => {
            let told = "This code is wrong, or was used before.";
            wrong(visit, &account, ("the code of the second factor is wrong", told)).await
        }
    }
}

/// Takes a passkey in place of a code.
pub(super) async fn take_passkey(visit: &Visit<'_>) -> Result<Page, Failure> {
    visit.check_private()?;
    let holder = visit.check_visit()?;
    let Some((account, first)) = pending_account(visit).await? else {
        return Ok(Page::to(SIGN_IN));
    };
    let lockout = &visit.directory.lockout;
    let seconds = lockout.factor(&account.name).await;
    if let Some(time) = seconds.map_err(|error| Failure::Unavailable(error.to_string()))? {
        return wait(visit, &account, time.as_secs().saturating_add(1)).await;
    }
    match passkey::check(visit, Purpose::Factor(&account.id), &holder).await? {
        Ok(user) => {
            lockout.factor_succeeded(&account.name);
            visit.begin_session(&user, Proof::PasskeyBeside(first)).await
        }
        Err(error) => {
            let told = "This passkey does not fit.";
            wrong(visit, &account, (passkey::reason(&error), told)).await
        }
    }
}

async fn wait(visit: &Visit<'_>, account: &Account, seconds: u64) -> Result<Page, Failure> {
    visit.tell(&catalogue::IDENTITY_SIGNIN_DELAYED, account.id.as_str());
    let text = format!("Too many attempts. Try again in {}.", in_words(seconds));
    let page = render(visit, &account.id, Some(&text)).await?;
    let page = page.status(StatusCode::TOO_MANY_REQUESTS);
    Ok(page.with(RETRY_AFTER, HeaderValue::from(seconds)))
}

async fn wrong(
    visit: &Visit<'_>,
    account: &Account,
    (why, told): (&'static str, &str),
) -> Result<Page, Failure> {
    visit.tell_why(&catalogue::IDENTITY_SIGNIN_FAILED, account.id.as_str(), why);
    let page = render(visit, &account.id, Some(told)).await?;
    let challenge = HeaderValue::from_static("Bearer realm=\"mantlet\"");
    Ok(page.status(StatusCode::UNAUTHORIZED).with(WWW_AUTHENTICATE, challenge))
}

/// What came of a code.
pub(super) enum Checked {
    Right,
    Wrong,
    /// Nothing is looked at for so many seconds.
    Wait(u64),
}

/// Looks at a code of the clock, or at a recovery code, of which each counts once.
pub(super) async fn check_code(
    visit: &Visit<'_>,
    account: &Account,
    code: &str,
) -> Result<Checked, Failure> {
    let lockout = &visit.directory.lockout;
    let wait = lockout.factor(&account.name).await;
    if let Some(wait) = wait.map_err(|error| Failure::Unavailable(error.to_string()))? {
        return Ok(Checked::Wait(wait.as_secs().saturating_add(1)));
    }
    let code = code.trim();
    if code.len() > MAX_CODE {
        return Ok(Checked::Wrong);
    }
    let factors = &visit.directory.factors;
    let is_short = code.chars().filter(|c| *c != ' ').count() <= 8;
    let checked = if is_short {
        factors.check_totp(&account.id, code).await
    } else {
        factors.check_recovery(&account.id, code).await.map(|_| ())
    };
    match checked {
        Ok(()) => {
            lockout.factor_succeeded(&account.name);
            Ok(Checked::Right)
        }
        Err(FactorError::Wrong | FactorError::Absent) => Ok(Checked::Wrong),
        Err(error) => Err(error.into()),
    }
}

/// What the browser holds of the first step.
fn pending(visit: &Visit<'_>) -> Option<(UserId, mantlet_types::Timestamp, First)> {
    let proof = visit.cookies.find(Held::Pending, &visit.exchange.headers)?;
    visit.directory.pending_user(&proof)
}

/// The account of the first step, where it is still open and nothing has ended that step.
async fn pending_account(visit: &Visit<'_>) -> Result<Option<(Account, First)>, Failure> {
    let Some((user, at, first)) = pending(visit) else { return Ok(None) };
    let account = visit.directory.accounts.lookup(&user).await?;
    let is_fine = |account: &Account| {
        account.is_active && account.not_before.is_none_or(|not_before| at > not_before)
    };
    Ok(account.filter(is_fine).map(|account| (account, first)))
}

async fn render(visit: &Visit<'_>, user: &UserId, alert: Option<&str>) -> Result<Page, Failure> {
    let (number, cookie) = visit.number();
    let token = visit.token_field(&number)?;
    let next = visit.next().map(|next| html::hidden("next", next.as_str())).unwrap_or_default();
    let fields = format!("{token}{next}");
    let asked = passkey::second_factor(visit, user, &number, &fields).await?;
    let described = if alert.is_some() { "alert help" } else { "help" };
    let main = format!(
        "<h1>Second factor</h1>\n{alert}{passkey}\
         <p id=\"help\" class=\"soft\">Type the code that your authenticator shows, or one of your \
         recovery codes.</p>\n\
         <form method=\"post\" action=\"{SECOND_FACTOR}\">\n{token}{next}\
         <label for=\"code\">Code</label>\n\
         <input id=\"code\" name=\"code\" type=\"text\" required maxlength=\"64\" \
         autocomplete=\"one-time-code\" autocapitalize=\"none\" spellcheck=\"false\" \
         aria-describedby=\"{described}\" autofocus>\n\
         <button type=\"submit\">Go on</button>\n</form>\n\
         <p><a href=\"{SIGN_IN}\">Begin again</a></p>\n",
        alert = html::alert(alert),
        passkey = asked.as_ref().map_or("", |asked| asked.html.as_str()),
    );
    let page = Page::narrow("Second factor", &main).cookie(cookie);
    Ok(match asked {
        Some(asked) => page.script(asked.nonce),
        None => page,
    })
}
