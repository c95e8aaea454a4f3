//! Back from a provider.

use std::time::Duration;

use http::StatusCode;
use mantlet_event::catalogue;
use mantlet_identity::directory::First;
use mantlet_identity::provider::{Flow, Goal, IdToken, Link, Secrets};
use mantlet_identity::store::StoreError;
use mantlet_types::Timestamp;
use subtle::ConstantTimeEq as _;

use super::account::{self, Refusal};
use super::{down, return_address};
use crate::guards::access::Next;
use crate::identity::cookies::Held;
use crate::identity::{Provider, ProviderError, Return, SecondFactorOf};
use crate::pages::failure::Failure;
use crate::pages::profile::{self, MOST_LINKS, Told};
use crate::pages::visit::{Proof, Visit};
use crate::pages::{Page, sign_in};

/// The longest code, in bytes.
const MAX_CODE: usize = 4096;
/// One text for everything that is wrong with the way back.
const WRONG: &str = "This sign-in was not begun in this browser, or took too long. Begin again.";

/// Takes what the provider sent somebody back with. The flow is over, whatever comes of it.
pub(super) async fn take(visit: &Visit<'_>, provider: &Provider) -> Result<Page, Failure> {
    let page = match begun(visit, provider) {
        Some((flow, secrets)) => answered(visit, provider, &flow, &secrets).await?,
        None => wrong(visit, "the browser has not left from here for this provider", WRONG)?,
    };
    Ok(page.cookie(visit.cookies.clear(Held::Flow)))
}

/// The flow that this browser began with this provider, and whose `state` comes back.
fn begun(visit: &Visit<'_>, provider: &Provider) -> Option<(Flow, Secrets)> {
    let cookie = visit.cookies.find(Held::Flow, &visit.exchange.headers)?;
    let (flow, secrets) = visit.directory.flow(&cookie)?;
    let state = visit.parameter("state").as_bytes();
    let is_own = bool::from(state.ct_eq(secrets.state.as_bytes()));
    (is_own && flow.provider == provider.name).then_some((flow, secrets))
}

async fn answered(
    visit: &Visit<'_>,
    provider: &Provider,
    flow: &Flow,
    secrets: &Secrets,
) -> Result<Page, Failure> {
    match provider.is_own(visit.pool, visit.parameter("iss")).await {
        Ok(true) => {}
        Ok(false) => return wrong(visit, "the answer is that of another provider", WRONG),
        Err(error) => return failed(visit, provider, &error),
    }
    let code = visit.parameter("code");
    if code.is_empty() || code.len() > MAX_CODE {
        let text = format!("{} did not sign you in.", provider.label());
        return wrong(visit, "the provider has not signed them in", &text);
    }
    let address = return_address(visit, provider);
    let back = Return { address: &address, secrets };
    let since = (flow.goal == Goal::SignInAnew).then_some(flow.at);
    let token = match provider.exchange(visit.pool, code, back, since).await {
        Ok(token) => token,
        Err(error) => return failed(visit, provider, &error),
    };
    match &flow.goal {
        Goal::Link(session) => link(visit, provider, session, &token).await,
        Goal::SignIn | Goal::SignInAnew => sign_in_as(visit, provider, flow, &token).await,
    }
}

fn failed(visit: &Visit<'_>, provider: &Provider, error: &ProviderError) -> Result<Page, Failure> {
    if matches!(error, ProviderError::Down(_)) {
        return down(visit, provider, error);
    }
    let text = format!("{} did not sign you in. Begin again.", provider.label());
    visit.tell_text(&catalogue::IDENTITY_SIGNIN_FAILED, "", error.to_string());
    Ok(sign_in::render(visit, "", Some(&text), None)?.status(StatusCode::FORBIDDEN))
}

fn wrong(visit: &Visit<'_>, why: &'static str, text: &str) -> Result<Page, Failure> {
    visit.tell_why(&catalogue::IDENTITY_SIGNIN_FAILED, "", why);
    Ok(sign_in::render(visit, "", Some(text), None)?.status(StatusCode::FORBIDDEN))
}

/// Signs in whom the provider names.
async fn sign_in_as(
    visit: &Visit<'_>,
    provider: &Provider,
    flow: &Flow,
    token: &IdToken,
) -> Result<Page, Failure> {
    let account = match account::of(visit, provider, token).await? {
        Ok(account) => account,
        Err(refusal) => return refused(visit, provider, refusal),
    };
    let next = Next::parse(&flow.next);
    let is_ours = provider.settings.second_factor == SecondFactorOf::Ours;
    if is_ours && visit.directory.has_second_factor(&account.id).await? {
        return sign_in::pending(visit, (&account, First::Provider), next.as_ref());
    }
    let at = authenticated(visit, token);
    let proof = Proof::Provider { is_multi: !is_ours && token.has_second_factor(), at };
    visit.begin_session_at(&account.id, proof, next).await
}

/// When they showed the provider who they are. Where it does not say, it was as long ago as a session
/// may last: it meets nothing that asks for a sign-in lately.
fn authenticated(visit: &Visit<'_>, token: &IdToken) -> Timestamp {
    let longest: Duration = visit.directory.sessions.policy().lifetime;
    let unknown = || visit.directory.clock.now().checked_sub(longest).unwrap_or(Timestamp::MIN);
    token.authenticated.unwrap_or_else(unknown)
}

fn refused(visit: &Visit<'_>, provider: &Provider, refusal: Refusal) -> Result<Page, Failure> {
    let label = provider.label();
    let (why, text) = match refusal {
        Refusal::NotAllowed => (
            "the provider's domains or groups do not allow them",
            format!("Your account at {label} may not sign in here."),
        ),
        Refusal::Closed => {
            ("the account is closed", format!("Your account at {label} may not sign in here."))
        }
        Refusal::Unlinked => (
            "nobody here is linked to whom the provider names",
            format!(
                "Nobody here is linked to your account at {label}. Sign in as you are used to and link it under /.mantlet/profile, or ask whoever runs this service."
            ),
        ),
        Refusal::Nameless => (
            "the provider does not say what to call them",
            format!("{label} does not say what to call you: ask whoever runs this service."),
        ),
    };
    wrong(visit, why, &text)
}

/// Links the account of whoever began this in the session that is still theirs.
async fn link(
    visit: &Visit<'_>,
    provider: &Provider,
    session: &str,
    token: &IdToken,
) -> Result<Page, Failure> {
    let own = visit.signed_in().filter(|(_, own)| own.handle.as_str() == session);
    let Some((caller, _)) = own else {
        return wrong(visit, "the session in which a link was begun is another by now", WRONG);
    };
    let link = Link {
        issuer: provider.settings.issuer.clone(),
        subject: token.subject.clone(),
        user: caller.user.clone(),
        is_made: false,
        created: visit.directory.clock.now(),
    };
    let links = &visit.directory.repositories.links;
    match links.add(link, MOST_LINKS).await {
        Ok(()) => {
            let entry = &catalogue::IDENTITY_ACCOUNT_CHANGED;
            visit.tell_why(entry, caller.user.as_str(), "linked to an outside provider");
            Ok(Page::to(&profile::done("linked")))
        }
        Err(error @ StoreError::Unavailable(_)) => Err(error.into()),
        Err(StoreError::Conflict | StoreError::Full(_)) => {
            let text = "This account is linked already, or you have too many: nothing has changed.";
            let page = profile::render(visit, Told::alert(text)).await?;
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}
