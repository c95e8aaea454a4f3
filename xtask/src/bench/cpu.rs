//! The CPU time of a process group, read from `/proc`.

use std::fs;

use crate::Outcome;

/// User and system time, in seconds, of every living process of `group`, and of the children
/// they have waited for.
pub(super) fn seconds(group: u32) -> Outcome<f64> {
    let entries = fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?;
    let ticks: u64 = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok())
        .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
        .filter_map(|stat| ticks(&stat, group))
        .sum();
    let ticks = u32::try_from(ticks).map_err(|error| format!("CPU time: {error}"))?;
    let per_second = u32::try_from(rustix::param::clock_ticks_per_second())
        .map_err(|error| format!("clock ticks: {error}"))?;
    Ok(f64::from(ticks) / f64::from(per_second))
}

/// The clock ticks in one `stat` line, when it is of a process in `group`. The name in
/// parentheses may hold anything, so fields count from the last parenthesis on.
fn ticks(stat: &str, group: u32) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    if number(2)? != u64::from(group) {
        return None;
    }
    (11..=14).map(number).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_group_are_summed_and_other_groups_are_not() {
        let stat = "7 (odd) name) S 1 42 42 0 -1 4194560 0 0 0 0 100 20 3 4 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat, 42), Some(127));
        assert_eq!(ticks(stat, 43), None);
    }

    #[test]
    fn this_process_has_used_some_time_or_none() {
        let group = rustix::process::getpgrp().as_raw_nonzero().get();
        assert!(seconds(u32::try_from(group).unwrap()).unwrap() >= 0.0);
    }
}
