//! `mantlet access schema`: what policies are told.

use crate::cli::{PlaceFlags, ServerFlags};
use crate::commands::{Failure, Outcome};
use crate::config::{Need, read};
use crate::output;

pub(super) fn execute(place: PlaceFlags) -> Result<Outcome, Failure> {
    let server = ServerFlags { place, ..ServerFlags::default() };
    let Some(ready) = read(&server, Need::Nothing).ready() else { return Ok(Outcome::Unusable) };
    output::say(ready.resolved.asked.schema().trim_end());
    Ok(Outcome::Fine)
}
