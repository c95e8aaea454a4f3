//! Setting a password with a link: of who forgot it, or was invited.

use http::header::REFERRER_POLICY;
use http::{HeaderValue, StatusCode};
use mantlet_event::catalogue;
use mantlet_identity::account::{Account, PasswordHash};
use mantlet_identity::password::PasswordContext;
use mantlet_identity::password_link::changed;
use mantlet_types::Secret;

use super::failure::Failure;
use super::html::{self, Escaped};
use super::visit::Visit;
use super::{Page, RESET, SET_PASSWORD, SIGN_IN};

/// The same for every link that does not count, whatever the cause.
const OVER: &str = "This link does not count: it was used before, is too old, or is not whole.";

pub(super) async fn show(visit: &Visit<'_>) -> Result<Page, Failure> {
    visit.check_private()?;
    let presented = visit.parameter("token");
    match visit.directory.password_links.find(presented).await? {
        Some((_, account)) => render(visit, &account, presented, None),
        None => Ok(over(visit)),
    }
}

pub(super) async fn take(visit: &Visit<'_>) -> Result<Page, Failure> {
    visit.check_private()?;
    visit.check_visit()?;
    let (presented, Some(new)) = (visit.form.text("token"), visit.form.secret("new")) else {
        return Err(Failure::Form);
    };
    let Some((link, account)) = visit.directory.password_links.find(presented).await? else {
        return Ok(over(visit));
    };
    let wrong = |text: &str| {
        let page = render(visit, &account, presented, Some(text))?;
        Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY))
    };
    if new.expose() != visit.form.text("again") {
        return wrong("The two passwords differ.");
    }
    let hash = match hashed(visit, &account, new).await? {
        Ok(hash) => hash,
        Err(problem) => return wrong(&problem),
    };
    // What takes long is done: of two who come at once with one link, one alone goes on from here.
    match visit.directory.password_links.use_up(&link).await? {
        Some(account) => set(visit, &account, hash).await,
        None => Ok(over(visit)),
    }
}

/// The hash of the new password where it is good enough; else what is wrong with it, for people.
async fn hashed(
    visit: &Visit<'_>,
    account: &Account,
    new: &Secret<String>,
) -> Result<Result<PasswordHash, String>, Failure> {
    let directory = visit.directory;
    let has_second_factor = directory.has_second_factor(&account.id).await?;
    let words = [account.id.as_str(), visit.exchange.host.as_str()];
    let context = PasswordContext { has_second_factor, words: &words };
    match directory.password_policy.check(new, &context) {
        Ok(new) => {
            let hash = directory.passwords.hash(&new).await;
            Ok(Ok(hash.map_err(|error| Failure::Unavailable(error.to_string()))?))
        }
        Err(problems) => {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Ok(Err(format!("The new password is not taken: {}.", told.join("; "))))
        }
    }
}

/// Sets it, ends everything of the account from before, and tells its owner.
async fn set(visit: &Visit<'_>, account: &Account, hash: PasswordHash) -> Result<Page, Failure> {
    let (directory, user, why) = (visit.directory, &account.id, "password set with a link");
    let now = directory.clock.now();
    directory.accounts.set_password(user, hash, now, None).await?;
    directory.forget(user);
    directory.revocations.end_user(user, directory.last_end(), user, why).await?;
    directory.sessions.end_all(user, None, user, why).await?;
    visit.tell(&catalogue::IDENTITY_LINK_USED, user.as_str());
    if let Some(email) = directory.password_links.email(user).await? {
        // That it cannot be sent is counted; the password is set all the same.
        let about = (account.name.as_str(), directory.password_links.base());
        let _ = directory.password_links.send(changed(&email, about));
    }
    Ok(private(Page::to(&format!("{SIGN_IN}?set=1"))))
}

fn over(visit: &Visit<'_>) -> Page {
    visit.tell(&catalogue::IDENTITY_LINK_REFUSED, "");
    let again = if visit.directory.password_links.has_post() {
        format!("<p><a href=\"{RESET}\">Ask for another link</a></p>\n")
    } else {
        "<p>Ask whoever runs this service for another link.</p>\n".to_owned()
    };
    let main = format!("<h1>Set a password</h1>\n{}{again}", html::alert(Some(OVER)));
    private(Page::narrow("Set a password", &main).status(StatusCode::GONE))
}

fn render(
    visit: &Visit<'_>,
    account: &Account,
    presented: &str,
    alert: Option<&str>,
) -> Result<Page, Failure> {
    let (number, cookie) = visit.number();
    let token = visit.token_field(&number)?;
    let main = format!(
        "<h1>Set a password</h1>\n<p class=\"soft\">for {name}</p>\n{alert}\
         <form method=\"post\" action=\"{SET_PASSWORD}\">\n{token}{link}\
         <input type=\"hidden\" name=\"username\" autocomplete=\"username\" value=\"{name}\">\n\
         {new}{again}<button type=\"submit\">Set the password</button>\n</form>\n",
        name = Escaped(account.name.as_str()),
        alert = html::alert(alert),
        link = html::hidden("token", presented),
        new = html::password_field("new", "New password", "new-password"),
        again = html::password_field("again", "The same again", "new-password"),
    );
    Ok(private(Page::narrow("Set a password", &main).cookie(cookie)))
}

/// No other site learns the address of the page, which holds the secret of the link.
fn private(page: Page) -> Page {
    page.with(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
}
