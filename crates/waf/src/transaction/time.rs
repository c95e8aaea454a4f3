//! The `TIME_*` variables, in UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::variables::Variable;

/// The text of a variable about the time. `None` for every other variable.
pub(super) fn text(variable: Variable, now: Timestamp) -> Option<String> {
    let format = match variable {
        Variable::Time => "%H:%M:%S",
        Variable::TimeDay => "%d",
        Variable::TimeEpoch => "%s",
        Variable::TimeHour => "%H",
        Variable::TimeMin => "%M",
        Variable::TimeMon => "%m",
        Variable::TimeSec => "%S",
        Variable::TimeWday => "%w",
        Variable::TimeYear => "%Y",
        _ => return None,
    };
    Some(now.to_zoned(TimeZone::UTC).strftime(format).to_string())
}
