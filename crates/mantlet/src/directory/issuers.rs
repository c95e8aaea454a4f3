//! The keys of issuers outside, fetched while a server runs.

use std::sync::Arc;

use mantlet_event::{Event, Events, Metrics, catalogue, field, task};
use mantlet_gate::identity::IdentitySection;
use mantlet_gate::upstream::Fetcher;
use mantlet_identity::account::AccountName;
use mantlet_identity::directory::Directory;
use mantlet_identity::outside::{Notice, OutsideIssuer};

/// Begins to fetch the keys of every issuer outside, each for itself: one that is slow holds up no
/// other.
pub(super) fn keep(
    directory: &Directory,
    identity: &IdentitySection,
    (events, metrics): (&Events, &Metrics),
) -> Result<(), String> {
    for issuer in directory.outside.iter() {
        let Some(section) = identity.issuers.lookup(issuer.name()) else { continue };
        let way = (events.clone(), metrics.clone());
        let clock = Arc::clone(&directory.clock);
        let fetcher = Fetcher::new(section.ca.as_deref(), section.is_here(), clock, way)
            .map_err(|error| format!("`[identity.issuers.{}]`: {error}", issuer.name()))?;
        let keeping = follow(Arc::clone(issuer), fetcher, (events.clone(), metrics.clone()));
        task::spawn(events, "keys of an issuer", keeping);
    }
    Ok(())
}

async fn follow(
    issuer: Arc<OutsideIssuer>,
    fetcher: Fetcher,
    (events, metrics): (Events, Metrics),
) {
    let tell = |notice: Notice| {
        let event = |entry| Event::new(entry).text(field::NAME, issuer.name().to_owned());
        let event = match notice {
            Notice::Changed(added, gone) => event(&catalogue::IDENTITY_ISSUER_CHANGED)
                .text(field::MESSAGE, format!("{added} new, {gone} gone")),
            Notice::Failed { why, is_first } => {
                metrics.upstream_failed("issuer");
                if !is_first {
                    return;
                }
                event(&catalogue::IDENTITY_ISSUER_FAILED).text(field::ERROR, why)
            }
            Notice::Dropped => event(&catalogue::IDENTITY_ISSUER_DROPPED),
        };
        events.emit(event);
    };
    issuer.keep(&fetcher, tell).await;
}

/// No account is called as users of an issuer are: it would be theirs.
pub(super) async fn see_that_names_are_free(
    directory: &Directory,
) -> Result<(), Box<dyn std::error::Error>> {
    let certificate = Some("certificate").filter(|_| !directory.certificates.is_empty());
    for name in directory.outside.iter().map(|issuer| issuer.name()).chain(certificate) {
        let prefix = format!("{name}:");
        let after = AccountName::parse(&prefix)?;
        let next = directory.accounts.list(Some(&after), 1).await?;
        if let Some(account) = next.iter().find(|it| it.name.as_str().starts_with(&prefix)) {
            let account = account.name.as_str().escape_debug();
            let message =
                format!("there is an account `{account}`, as users of `{name}` are called");
            let hint = "choose another name for the issuer";
            return Err(format!("{message}\n  hint: {hint}").into());
        }
    }
    Ok(())
}
