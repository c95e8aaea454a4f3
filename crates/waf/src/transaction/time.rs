//! The `TIME_*` variables, in UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::variables::Variable;

/// The text of a variable about the time. `None` for every other variable.
pub(super) fn text(variable: Variable, now: Timestamp) -> Option<String> {
    let local = now.to_zoned(TimeZone::UTC);
    Some(match variable {
        Variable::Time => local.strftime("%H:%M:%S").to_string(),
        Variable::TimeDay => local.strftime("%d").to_string(),
        Variable::TimeEpoch => now.as_second().to_string(),
        Variable::TimeHour => local.strftime("%H").to_string(),
        Variable::TimeMin => local.strftime("%M").to_string(),
        Variable::TimeMon => local.strftime("%m").to_string(),
        Variable::TimeSec => local.strftime("%S").to_string(),
        Variable::TimeWday => local.weekday().to_sunday_zero_offset().to_string(),
        Variable::TimeYear => local.strftime("%Y").to_string(),
        _ => return None,
    })
}
