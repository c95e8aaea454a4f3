//! Signing in with an outside provider: away to it, and back.

mod account;
mod back;

use http::StatusCode;
use mantlet_event::catalogue;
use mantlet_identity::provider::{Flow, Goal};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::failure::Failure;
use super::html::Escaped;
use super::visit::Visit;
use super::{PROVIDER, Page, sign_in};
use crate::guards::access::Next;
use crate::identity::cookies::Held;
use crate::identity::{Provider, ProviderError, Return};

/// What follows the name where somebody comes back.
const BACK: &str = "/callback";

/// The providers on the sign-in page.
pub(super) fn buttons(visit: &Visit<'_>) -> String {
    let again = visit.parameter("again");
    let mut query = String::new();
    if !again.is_empty() {
        query.push_str("&again=1");
    }
    if let Some(next) = visit.next() {
        let next = utf8_percent_encode(next.as_str(), NON_ALPHANUMERIC);
        query.push_str(&format!("&next={next}"));
    }
    let query = query.replacen('&', "?", 1);
    let button = |provider: &std::sync::Arc<Provider>| {
        format!(
            "<p><a class=\"button\" href=\"{PROVIDER}{name}{query}\">Sign in with {label}</a></p>\n",
            name = provider.name,
            query = Escaped(&query),
            label = Escaped(provider.label()),
        )
    };
    visit.pages.providers.iter().map(button).collect()
}

/// The provider of this name.
pub(super) fn named<'a>(visit: &Visit<'a>, name: &str) -> Result<&'a Provider, Failure> {
    let mut all = visit.pages.providers.iter();
    let found = all.find(|provider| provider.name == name);
    found.map(AsRef::as_ref).ok_or(Failure::NotHere)
}

/// The pages below [`PROVIDER`].
pub(super) async fn show(visit: &Visit<'_>, path: &str) -> Result<Page, Failure> {
    visit.check_private()?;
    let rest = path.strip_prefix(PROVIDER).unwrap_or_default();
    if let Some(name) = rest.strip_suffix(BACK) {
        return back::take(visit, named(visit, name)?).await;
    }
    let provider = named(visit, rest)?;
    let is_again = !visit.parameter("again").is_empty();
    let goal = if is_again { Goal::SignInAnew } else { Goal::SignIn };
    match depart(visit, provider, goal).await? {
        Ok((address, cookie)) => Ok(Page::away(&address).cookie(cookie)),
        Err(error) => down(visit, provider, &error),
    }
}

/// Where somebody goes at the provider, and the cookie that they take along.
pub(super) async fn depart(
    visit: &Visit<'_>,
    provider: &Provider,
    goal: Goal,
) -> Result<Result<(String, Option<http::HeaderValue>), ProviderError>, Failure> {
    let directory = visit.directory;
    let next = visit.next();
    let flow = Flow {
        provider: provider.name.clone(),
        goal,
        next: next.as_ref().map(Next::as_str).unwrap_or_default().to_owned(),
        at: directory.clock.now(),
    };
    let begun = directory.begin_flow(&flow);
    let (cookie, secrets) =
        begun.ok_or_else(|| Failure::Unavailable("no key for forms".to_owned()))?;
    let address = return_address(visit, provider);
    let back = Return { address: &address, secrets: &secrets };
    let lifetime = directory.sessions.policy().lifetime;
    let away = provider.authorization(visit.pool, back, (&flow.goal, lifetime)).await;
    Ok(away.map(|address| (address, visit.cookies.set(Held::Flow, cookie.expose()))))
}

/// Where the provider sends somebody back to.
fn return_address(visit: &Visit<'_>, provider: &Provider) -> String {
    let authority = visit.exchange.authority.to_str().unwrap_or_default();
    let scheme = visit.exchange.client.scheme.as_str();
    format!("{scheme}://{authority}{PROVIDER}{name}{BACK}", name = provider.name)
}

/// The sign-in page, where a provider cannot be asked: everything else goes on.
pub(super) fn down(
    visit: &Visit<'_>,
    provider: &Provider,
    error: &ProviderError,
) -> Result<Page, Failure> {
    let why = format!("`{}`: {error}", provider.name);
    visit.tell_text(&catalogue::IDENTITY_PROVIDER_FAILED, "", why);
    let label = provider.label();
    let text = format!("{label} cannot be reached at the moment. Try again, or sign in here.");
    let page = sign_in::render(visit, "", Some(&text), None)?;
    Ok(page.status(StatusCode::SERVICE_UNAVAILABLE))
}
