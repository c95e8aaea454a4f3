//! The sign-in page.

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use mantlet_event::catalogue;
use mantlet_identity::account::{Account, AccountName};
use mantlet_identity::directory::First;
use mantlet_identity::signin::SignInError;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::failure::Failure;
use super::html::{self, Escaped};
use super::visit::{Proof, Visit};
use super::{Page, RESET, SECOND_FACTOR, SIGN_IN, passkey, provider};
use crate::guards::access::Next;
use crate::identity::cookies::Held;

/// Name or password: which of them is not said.
const WRONG: &str = "This name and password do not fit.";
/// The same for accounts that exist and those that do not.
const ELSEWHERE: &str = "Too many attempts at this account. Sign in from a device on which you have signed in before, or ask whoever runs this service.";

/// Somebody who is signed in, and has to prove it anew.
const AGAIN: &str = "Sign in again to go on.";
/// The same, where a second factor is asked for.
const AGAIN_WITH_FACTOR: &str =
    "Sign in with your second factor to go on. It is set up under /.mantlet/profile.";

pub(super) fn show(visit: &Visit<'_>) -> Result<Page, Failure> {
    visit.check_private()?;
    let again = visit.parameter("again");
    if visit.signed_in().is_some() && again.is_empty() {
        return Ok(Page::to(visit.next().as_ref().map_or("/", Next::as_str)));
    }
    let name = visit.signed_in().map_or("", |(caller, _)| caller.user.as_str());
    let notice = match again {
        "" if visit.parameter("set") == "1" => Some("Your password is set. Sign in with it."),
        "" => (visit.parameter("out") == "1").then_some("You are signed out."),
        "factor" => Some(AGAIN_WITH_FACTOR),
        _ => Some(AGAIN),
    };
    render(visit, name, None, notice)
}

pub(super) async fn take(visit: &Visit<'_>) -> Result<Page, Failure> {
    visit.check_private()?;
    visit.check_visit()?;
    let name = visit.form.text("username");
    let Some(password) = visit.form.secret("password") else { return Err(Failure::Form) };
    match visit.check_password(name, password).await {
        Ok(account) => signed_in(visit, &account).await,
        Err(error) => refused(visit, name, error).await,
    }
}

/// The password is right: what comes next.
async fn signed_in(visit: &Visit<'_>, account: &Account) -> Result<Page, Failure> {
    if !visit.directory.has_second_factor(&account.id).await? {
        return visit.begin_session(&account.id, Proof::Password).await;
    }
    pending(visit, (account, First::Password), visit.next().as_ref())
}

/// The way to the second factor, for somebody who has shown the first.
pub(super) fn pending(
    visit: &Visit<'_>,
    (account, first): (&Account, First),
    next: Option<&Next>,
) -> Result<Page, Failure> {
    let proof = visit.directory.pending(&account.id, first);
    let proof = proof.ok_or_else(|| Failure::Unavailable("no key for forms".to_owned()))?;
    let to = match next {
        Some(next) => {
            format!("{SECOND_FACTOR}?next={}", utf8_percent_encode(next.as_str(), NON_ALPHANUMERIC))
        }
        None => SECOND_FACTOR.to_owned(),
    };
    Ok(Page::to(&to).cookie(visit.cookies.set(Held::Pending, proof.expose())))
}

async fn refused(visit: &Visit<'_>, name: &str, error: SignInError) -> Result<Page, Failure> {
    // What was typed may be a password in the wrong field: only names that exist are told.
    let known = match AccountName::parse(name) {
        Ok(name) => visit.directory.accounts.find(&name).await?.map(|account| account.id),
        Err(_) => None,
    };
    let known = known.as_ref().map_or("", |id| id.as_str());
    match error {
        SignInError::Denied => {
            visit.tell(&catalogue::IDENTITY_SIGNIN_FAILED, known);
            let page = render(visit, name, Some(WRONG), None)?.status(StatusCode::UNAUTHORIZED);
            let challenge = HeaderValue::from_static("Bearer realm=\"mantlet\"");
            Ok(page.with(WWW_AUTHENTICATE, challenge))
        }
        SignInError::Wait { retry_after } => {
            visit.tell(&catalogue::IDENTITY_SIGNIN_DELAYED, known);
            let seconds = retry_after.as_secs().saturating_add(1);
            let text = format!("Too many attempts. Try again in {}.", in_words(seconds));
            let page = render(visit, name, Some(&text), None)?;
            let page = page.status(StatusCode::TOO_MANY_REQUESTS);
            Ok(page.with(RETRY_AFTER, HeaderValue::from(seconds)))
        }
        SignInError::StepUp => {
            visit.tell(&catalogue::IDENTITY_SIGNIN_DELAYED, known);
            let page = render(visit, name, Some(ELSEWHERE), None)?;
            Ok(page.status(StatusCode::TOO_MANY_REQUESTS))
        }
        SignInError::Busy => Err(Failure::Unavailable("too many passwords wait".to_owned())),
        SignInError::Unavailable(why) => Err(Failure::Unavailable(why)),
    }
}

/// A time to wait, rounded up.
pub(super) fn in_words(seconds: u64) -> String {
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

pub(super) fn render(
    visit: &Visit<'_>,
    name: &str,
    alert: Option<&str>,
    notice: Option<&str>,
) -> Result<Page, Failure> {
    let (number, cookie) = visit.number();
    let token = visit.token_field(&number)?;
    let next = visit.next().map(|next| html::hidden("next", next.as_str())).unwrap_or_default();
    let asked = passkey::sign_in(visit, &number, &format!("{token}{next}"));
    let described = if alert.is_some() { " aria-describedby=\"alert\"" } else { "" };
    let (focus_name, focus_password) =
        if name.is_empty() { (" autofocus", "") } else { ("", " autofocus") };
    let main = format!(
        "<h1>Sign in</h1>\n<p class=\"soft\">to {host}</p>\n{alert}{notice}\
         <form method=\"post\" action=\"{SIGN_IN}\">\n{token}{next}\
         <label for=\"username\">Name</label>\n\
         <input id=\"username\" name=\"username\" type=\"text\" required maxlength=\"128\" \
         autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" \
         value=\"{name}\"{described}{focus_name}>\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" name=\"password\" type=\"password\" required maxlength=\"512\" \
         autocomplete=\"current-password\"{focus_password}>\n\
         <button type=\"submit\">Sign in</button>\n</form>\n{forgotten}{passkey}{providers}",
        forgotten = forgotten(visit),
        host = Escaped(&visit.exchange.host),
        alert = html::alert(alert),
        notice = html::notice(notice),
        name = Escaped(name),
        providers = provider::buttons(visit),
        passkey = asked.as_ref().map_or("", |asked| asked.html.as_str()),
    );
    let page = Page::narrow("Sign in", &main).cookie(cookie);
    Ok(match asked {
        Some(asked) => page.script(asked.nonce),
        None => page,
    })
}

/// The way to a new password, where letters go out.
fn forgotten(visit: &Visit<'_>) -> String {
    if !visit.directory.password_links.has_post() {
        return String::new();
    }
    format!("<p><a href=\"{RESET}\">Forgot your password?</a></p>\n")
}
