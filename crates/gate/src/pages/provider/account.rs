//! Which account of ours somebody is whom a provider names. Never one of the same name or address:
//! those are what the provider says, not what its people own here.

use mantlet_event::catalogue;
use mantlet_identity::UserId;
use mantlet_identity::account::{Account, AccountName};
use mantlet_identity::provider::{IdToken, Link};
use mantlet_identity::store::StoreError;

use crate::identity::{Provider, ProviderSection};
use crate::pages::failure::Failure;
use crate::pages::profile::MOST_LINKS;
use crate::pages::visit::Visit;

/// Why somebody whom a provider names is nobody here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Their domain or their groups are not among those that may.
    NotAllowed,
    /// There is no link, and none is made; or the name that they would get is taken.
    Unlinked,
    /// The provider does not say what to call them.
    Nameless,
    /// The account is closed.
    Closed,
}

/// The account of whom a provider names, open at this moment.
pub(super) async fn of(
    visit: &Visit<'_>,
    provider: &Provider,
    token: &IdToken,
) -> Result<Result<Account, Refusal>, Failure> {
    let settings = &provider.settings;
    if !is_allowed(settings, token) {
        return Ok(Err(Refusal::NotAllowed));
    }
    let directory = visit.directory;
    let link = directory.repositories.links.find(&settings.issuer, &token.subject).await?;
    let user = match link {
        Some(link) => {
            follow_groups(visit, settings, token, &link).await?;
            link.user
        }
        None if !settings.create => return Ok(Err(Refusal::Unlinked)),
        None => match make(visit, settings, token).await? {
            Ok(user) => user,
            Err(refusal) => return Ok(Err(refusal)),
        },
    };
    let now = directory.clock.now();
    if !directory.accounts.note_signin(&user, now).await? {
        return Ok(Err(Refusal::Closed));
    }
    Ok(directory.accounts.lookup(&user).await?.ok_or(Refusal::Closed))
}

/// Whether somebody's domain and groups are among those that may sign in.
fn is_allowed(settings: &ProviderSection, token: &IdToken) -> bool {
    let domain = token.domain();
    let is_domain = |allowed: &String| Some(allowed.to_ascii_lowercase()) == domain;
    let groups = token.texts(&settings.groups_claim);
    let is_group = |allowed: &String| groups.contains(&allowed.as_str());
    (settings.domains.is_empty() || settings.domains.iter().any(is_domain))
        && (settings.groups.is_empty() || settings.groups.iter().any(is_group))
}

/// The roles of an account that is made for somebody.
fn roles(settings: &ProviderSection, token: &IdToken) -> Vec<String> {
    let groups = token.texts(&settings.groups_claim);
    let mapped = settings.group_roles.iter().filter(|it| groups.contains(&it.group.as_str()));
    let mut roles = settings.roles.clone();
    for mapped in mapped {
        if !roles.contains(&mapped.role) {
            roles.push(mapped.role.clone());
        }
    }
    roles
}

/// Gives an account that was made for a provider the roles of today's groups. What an operator gave an
/// account of their own stays.
async fn follow_groups(
    visit: &Visit<'_>,
    settings: &ProviderSection,
    token: &IdToken,
    link: &Link,
) -> Result<(), Failure> {
    if !link.is_made || settings.group_roles.is_empty() {
        return Ok(());
    }
    let directory = visit.directory;
    let _turn = directory.turns.take(&link.user).await;
    let roles = roles(settings, token);
    let standing = directory.accounts.standing(&link.user).await?;
    if standing.is_none_or(|standing| standing.roles == roles) {
        return Ok(());
    }
    directory.accounts.set_roles(&link.user, roles).await?;
    directory.forget(&link.user);
    let entry = &catalogue::IDENTITY_ACCOUNT_CHANGED;
    visit.tell_why(entry, link.user.as_str(), "got the roles of their groups at the provider");
    Ok(())
}

/// Makes an account for somebody who comes for the first time. The account comes first: a link to a
/// name that nobody has yet would be a link to whoever gets it.
async fn make(
    visit: &Visit<'_>,
    settings: &ProviderSection,
    token: &IdToken,
) -> Result<Result<UserId, Refusal>, Failure> {
    let Some((user, name)) = name(settings, token) else { return Ok(Err(Refusal::Nameless)) };
    let directory = visit.directory;
    let _turn = directory.turns.take(&user).await;
    let now = directory.clock.now();
    let account = Account {
        id: user.clone(),
        name,
        password: None,
        roles: roles(settings, token),
        is_active: true,
        has_second_factor: false,
        created: now,
        last_signin: None,
        not_before: None,
    };
    match directory.accounts.add(account).await {
        Ok(()) => {}
        Err(StoreError::Conflict) => return Ok(Err(Refusal::Unlinked)),
        Err(error) => return Err(error.into()),
    }
    let link = Link {
        issuer: settings.issuer.clone(),
        subject: token.subject.clone(),
        user: user.clone(),
        is_made: true,
        created: now,
    };
    directory.repositories.links.add(link, MOST_LINKS).await?;
    let entry = &catalogue::IDENTITY_ACCOUNT_CHANGED;
    visit.tell_why(entry, user.as_str(), "made at the first sign-in with an outside provider");
    Ok(Ok(user))
}

/// What a new account is called; an e-mail address only where the provider says that it is theirs.
fn name(settings: &ProviderSection, token: &IdToken) -> Option<(UserId, AccountName)> {
    let text = token.text(&settings.name_claim)?;
    if settings.name_claim == "email" && token.domain().is_none() {
        return None;
    }
    // Names with a colon are those of issuers outside and of certificates.
    let name = AccountName::parse(text).ok().filter(|name| !name.as_str().contains(':'))?;
    Some((UserId::parse(name.as_str()).ok()?, name))
}
