//! Who asks by the certificate of their connection, where they show nothing else.

use std::sync::Arc;

use mantlet_event::reasons;
use mantlet_identity::directory::Directory;

use super::guard::{accepted, pass, refused};
use super::presented::Presented;
use crate::identity::{Identified, shown_certificate};
use crate::pipeline::{Changes, ClientCertificate, Denial, Exchange, GuardError, Verdict};

/// The certificate of the connection, where some count. It is a fact of connections of the client's own
/// alone: what a proxy says of certificates is not looked at.
pub(super) fn of<'a>(
    directory: &Directory,
    exchange: &'a Exchange,
) -> Option<&'a Arc<ClientCertificate>> {
    if directory.certificates.is_empty() {
        return None;
    }
    exchange.facts.lookup::<Arc<ClientCertificate>>()
}

pub(super) async fn verify(
    directory: &Directory,
    exchange: &Exchange,
    certificate: Arc<ClientCertificate>,
) -> Result<Verdict, GuardError> {
    let nothing = Presented::default();
    match directory.certified(&shown_certificate(&certificate)).await {
        Ok(Some(caller)) => {
            let who = Arc::new(Identified::new(Arc::new(caller)));
            Ok(accepted(exchange, &nothing, who))
        }
        Ok(None) => Ok(pass(exchange, &nothing, Changes::default())),
        Err(refusal) if refusal.is_failure() => Err(GuardError(refusal.to_string())),
        Err(refusal) => {
            let evidence = format!("{} certificate", refusal.code());
            Ok(refused(Denial::new(&reasons::INVALID_CREDENTIAL).evidence(evidence)))
        }
    }
}
