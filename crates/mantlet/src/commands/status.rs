//! `mantlet status`: how the running server is.

use mantlet_admin::control::{Client, Command};
use serde_json::Value as Json;

use super::{Failure, Outcome, data_folder};
use crate::cli::PlaceFlags;
use crate::output;

pub(super) fn execute(as_json: bool, place: PlaceFlags) -> Result<Outcome, Failure> {
    let Some(data) = data_folder(place) else { return Ok(Outcome::Unusable) };
    let Some(mut client) = Client::connect(&data)? else {
        output::note(&format!("no server runs on `{}`", data.display()));
        return Ok(Outcome::Findings);
    };
    let status = client.request(&Command::Status)?;
    if as_json {
        output::say(&status.to_string());
    } else if let Json::Object(facts) = &status {
        for (name, value) in facts {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            output::say(&format!("{name:<12} {value}"));
        }
    }
    Ok(Outcome::Fine)
}
