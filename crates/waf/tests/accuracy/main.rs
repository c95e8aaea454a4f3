//! How many attacks the native detectors catch and how much honest traffic they block.
//!
//! `cargo xtask waf-accuracy` prints the whole report; as a test, a part of it has to reach floors.
//! Every case belongs to one of two halves by a hash of its id. The detectors are tuned on one half;
//! the report is about the other.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "tests only: a defect here must end the test, and tests meet the real machine"
)]

mod attacks;
mod benign;
mod case;
mod crs;
mod machine_text;
mod mutation;
mod report;
mod request;

use case::Case;
use mantlet_waf::detect::{Detectors, Settings};
use report::Report;

fn detectors() -> Detectors {
    Detectors::new(Settings::default())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Attacks of every source, each in one half.
fn all_attacks() -> Vec<Case> {
    let mut cases = attacks::generated();
    cases.extend(crs::attacks());
    cases.extend(attacks::libinjection());
    cases
}

fn all_benign(share: usize) -> Vec<Case> {
    let mut cases = benign::written();
    cases.extend(crs::negatives());
    cases.extend(machine_text::cases(share));
    cases
}

#[test]
fn attacks_are_caught_and_honest_traffic_passes() {
    let detectors = detectors();
    let full = variable("MANTLET_WAF_ACCURACY").is_some();
    let tune = variable("MANTLET_WAF_ACCURACY").is_some_and(|half| half == "tune");
    let wanted = |case: &Case| case.is_for_tuning() == tune;
    let mut report = Report::default();
    for case in all_attacks().into_iter().filter(&wanted) {
        report.attack(&detectors, &case);
    }
    for case in all_benign(match (full, tune) {
        (true, false) => 1,
        (true, true) => 4,
        _ => 16,
    })
    .into_iter()
    .filter(wanted)
    {
        report.benign(&detectors, &case);
    }
    if full {
        report.print();
    }
    let caught = report.caught_on_average();
    let foreign = report.foreign_on_average();
    let blocked = report.benign_blocked();
    println!(
        "caught {caught:.2} % of attacks on average over the classes, {foreign:.2} % of what other \
         firewalls' test suites call an attack; benign blocked {blocked:.3} %"
    );
    assert!(caught >= 97.0, "caught {caught:.2} %:\n{}", report.worst());
    assert!(foreign.is_nan() || foreign >= 55.0, "caught {foreign:.2} %:\n{}", report.worst());
    // The sample of the short run holds a larger share of the hardest texts than the whole does.
    let ceiling = if full { 0.3 } else { 0.5 };
    assert!(blocked <= ceiling, "benign blocked {blocked:.3} %:\n{}", report.worst());
}
