//! The table in `docs/benchmarks/waf-accuracy.md`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::case::Kind;
use crate::crs;
use crate::fetched;
use crate::labels;
use crate::report::{Rate, Report};

/// How the set was made, in front of the numbers.
const HEAD: &str = include_str!("summary_head.md");

/// Both halves, side by side.
pub(crate) fn markdown(tuned: &Report, reported: &Report) -> String {
    let mut text = HEAD
        .replace("{unseen}", &fetched::unseen().join(", "))
        .replace("{read}", &fetched::read().join(", "));
    averages(&mut text, tuned, reported);
    classes(&mut text, tuned, reported);
    sources(&mut text, tuned, reported);
    honest(&mut text, tuned, reported);
    doubts(&mut text);
    policies(&mut text);
    text
}

fn averages(text: &mut String, tuned: &Report, reported: &Report) {
    text.push_str("\n## Averages over the classes\n\n| attacks from | tuned half | reported half |\n|---|---|---|\n");
    for (kind, name) in [
        (Kind::Own, "our own seeds and their mutations"),
        (Kind::List, "published lists"),
        (Kind::Read, "published lists that were unseen once and are read now (whole)"),
        (Kind::Unseen, "published lists nobody looked into (whole)"),
        (Kind::Crs, "what other firewalls' suites call an attack"),
    ] {
        let cell = |report: &Report| percent(report.caught_on_average(kind));
        let whole = matches!(kind, Kind::Unseen | Kind::Read);
        let first = if whole { "–".to_owned() } else { cell(tuned) };
        line(text, &[name, &first, &cell(reported)]);
        if whole {
            let all = percent(reported.caught_with_doubtful(kind));
            line(text, &["the same with the lines whose labels are in doubt", "–", &all]);
        }
    }
    let blocked = |report: &Report| format!("{:.3} %", report.benign_blocked());
    line(text, &["honest texts blocked", &blocked(tuned), &blocked(reported)]);
    let unseen = format!("{:.3} %", reported.unseen_blocked());
    line(text, &["honest texts of unseen sources blocked (whole)", "–", &unseen]);
}

fn classes(text: &mut String, tuned: &Report, reported: &Report) {
    text.push_str(
        "\n## Attacks caught, by class\n\n\
         | class | own: tuned | own: reported | lists: tuned | lists: reported | read | unseen |\n|---|---|---|---|---|---|---|\n",
    );
    let kinds = [Kind::Own, Kind::List, Kind::Read, Kind::Unseen];
    let names: BTreeSet<String> =
        kinds.iter().flat_map(|kind| reported.classes(*kind).into_keys()).collect();
    for name in names {
        let cell = |report: &Report, kind| rate(report.classes(kind).get(&name));
        line(
            text,
            &[
                &name,
                &cell(tuned, Kind::Own),
                &cell(reported, Kind::Own),
                &cell(tuned, Kind::List),
                &cell(reported, Kind::List),
                &cell(reported, Kind::Read),
                &cell(reported, Kind::Unseen),
            ],
        );
    }
}

fn sources(text: &mut String, tuned: &Report, reported: &Report) {
    text.push_str("\n## Attacks caught, by source\n\n| source | tuned half | reported half |\n|---|---|---|\n");
    let (tuned, reported) = (tuned.attack_groups(), reported.attack_groups());
    for (group, found) in &reported {
        if group.contains(' ') {
            line(text, &[group, &rate(tuned.get(group)), &rate(Some(found))]);
        }
    }
}

fn honest(text: &mut String, tuned: &Report, reported: &Report) {
    text.push_str(
        "\n## Honest traffic blocked\n\n| source | tuned half | reported half |\n|---|---|---|\n",
    );
    let (tuned, reported) = (tuned.benign_groups(), reported.benign_groups());
    for (group, found) in &reported {
        let whole = group.starts_with("unseen");
        let first = if whole { "–".to_owned() } else { rate(tuned.get(group)) };
        line(text, &[group, &first, &rate(Some(found))]);
    }
}

fn doubts(text: &mut String) {
    text.push_str(
        "\n## Lines of published lists that are not counted\n\n\
         Told by rule (`crates/waf/tests/accuracy/labels.rs`), never by hand; they are in the lines `left-out`.\n\n\
         | what | why |\n|---|---|\n",
    );
    for (what, why) in labels::RULES {
        line(text, &[what, why]);
    }
}

fn policies(text: &mut String) {
    text.push_str(
        "\n## Rules of the Core Rule Set that are not counted\n\n\
         Their cases say nothing that is an attack by itself. They are in the line `policy crs`.\n\n| rule | why |\n|---|---|\n",
    );
    for (rule, reason) in crs::policies() {
        line(text, &[&rule.to_string(), reason]);
    }
}

fn line(text: &mut String, cells: &[&str]) {
    let _infallible = writeln!(text, "| {} |", cells.join(" | "));
}

fn rate(found: Option<&Rate>) -> String {
    found.map_or_else(String::new, |rate| format!("{} of {}", percent(rate.share()), rate.cases))
}

fn percent(share: f64) -> String {
    if share.is_nan() { "–".to_owned() } else { format!("{share:.2} %") }
}
