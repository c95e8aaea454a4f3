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
mod corpus;
mod crs;
mod fetched;
mod labels;
mod machine_text;
mod mutation;
mod report;
mod request;
mod summary;

use case::{Case, Kind};
use mantlet_waf::detect::{Detectors, Settings};
use report::Report;

/// A half of the cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    /// The detectors were made with these in sight.
    Tuned,
    /// Only the rates of these are looked at.
    Reported,
}

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
    cases.extend(fetched::attacks());
    cases
}

fn all_benign(share: usize) -> Vec<Case> {
    let mut cases = benign::written();
    cases.extend(crs::negatives());
    cases.extend(machine_text::cases(share));
    cases.extend(fetched::benign(share));
    cases
}

/// The report over one half of the cases and every case of the sources that have no halves. `share` thins out
/// the honest texts that the machine and the published lists hold.
fn report_on(half: Half, share: usize) -> Report {
    let detectors = detectors();
    let wanted = |case: &Case| case.is_whole() || case.is_for_tuning() == (half == Half::Tuned);
    let mut report = Report::default();
    for case in all_attacks().into_iter().filter(&wanted) {
        report.attack(&detectors, &case);
    }
    for case in all_benign(share).into_iter().filter(wanted) {
        report.benign(&detectors, &case);
    }
    report
}

/// What `MANTLET_WAF_ACCURACY` asks for: one half with every miss, misses of what may be read, or the table of both. Without
/// it a part of the other half has to reach the floors.
#[test]
fn attacks_are_caught_and_honest_traffic_passes() {
    match variable("MANTLET_WAF_ACCURACY").as_deref() {
        Some("write") => {
            let (tuned, reported) = (report_on(Half::Tuned, 4), report_on(Half::Reported, 1));
            let file = mantlet_testkit::root().join("docs/benchmarks/waf-accuracy.md");
            std::fs::write(file, summary::markdown(&tuned, &reported)).unwrap();
            check(&reported, 0.3);
        }
        Some("tune") => print(&report_on(Half::Tuned, 4)),
        Some(wanted) if let Some(text) = wanted.strip_prefix("misses ") => {
            println!("{}", report_on(Half::Tuned, 4).misses(text));
        }
        Some(_) => {
            let report = report_on(Half::Reported, 1);
            print(&report);
            check(&report, 0.3);
        }
        // The sample of the short run holds a larger share of the hardest texts than the whole does.
        None => check(&report_on(Half::Reported, 16), 0.5),
    }
}

fn print(report: &Report) {
    println!("{}", report.table(usize::MAX));
    println!("{}", report.sentence());
}

/// The floors. A number that is none (a source is not on this machine) is left out.
fn check(report: &Report, ceiling: f64) {
    println!("{}", report.sentence());
    for (kind, floor) in
        [(Kind::Own, 98.0), (Kind::List, 90.0), (Kind::Unseen, 85.0), (Kind::Crs, 74.0)]
    {
        let caught = report.caught_on_average(kind);
        assert!(
            caught.is_nan() || caught >= floor,
            "{kind:?}: caught {caught:.2} %:\n{}",
            report.table(6)
        );
    }
    let blocked = report.benign_blocked();
    assert!(blocked <= ceiling, "benign blocked {blocked:.3} %:\n{}", report.table(6));
}
