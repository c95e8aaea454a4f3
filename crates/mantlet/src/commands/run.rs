//! `mantlet run`: the gate in front of an application.

use super::{Failure, Outcome};
use crate::cli::ServerFlags;
use crate::config::{Need, read};
use crate::service;

pub(super) fn execute(flags: &ServerFlags) -> Result<Outcome, Failure> {
    let Some(ready) = read(flags, Need::Upstream).ready() else { return Ok(Outcome::Unusable) };
    service::run(ready, |_| {})?;
    Ok(Outcome::Fine)
}
