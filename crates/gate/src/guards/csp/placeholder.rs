//! The secret text that stands for a nonce: where it comes from, and what happens without it.

use mantlet_config::{SecretError, SecretRef};

use super::page::{Placeholder, SHORTEST};
use crate::guards::Services;
use crate::pipeline::{Exchange, Guard, Inspection, Stages};

/// The placeholder that `reference` names.
pub(super) fn load(reference: &SecretRef, services: &Services) -> Result<Placeholder, SecretError> {
    let secret = services.sources.resolve(reference, SHORTEST)?;
    Placeholder::new(&secret).map_err(|error| {
        let hint = "generate one, for example with `openssl rand -hex 32`";
        SecretError::new(format!("`{reference}`: {error}"), hint)
    })
}

/// Whether the secret that `reference` names can stand for a nonce; what is wrong with it, if not.
pub(in super::super) fn check(
    reference: &SecretRef,
    services: &Services,
) -> Result<(), SecretError> {
    load(reference, services).map(drop)
}

/// Stands for a guard whose secret is gone: it decides nothing, so its fail mode does.
#[derive(Debug)]
pub(super) struct Missing;

impl Guard for Missing {
    fn stages(&self) -> Stages {
        Stages { request: true, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, _exchange: &'a Exchange) -> Inspection<'a> {
        Inspection::failed("the placeholder cannot be read")
    }
}
