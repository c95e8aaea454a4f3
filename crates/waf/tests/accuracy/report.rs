//! What was caught and what was blocked, with the misses.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mantlet_waf::detect::{Budget, Detectors, Findings, Head, Input};

use crate::case::{Case, Kind, kind_of};
use crate::fetched;

#[derive(Debug, Default)]
struct Tally {
    cases: usize,
    hits: usize,
    listed: Vec<String>,
}

impl Tally {
    fn rate(&self) -> Rate {
        Rate { cases: self.cases, hits: self.hits }
    }
}

/// How many of some cases were caught, or blocked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rate {
    pub(crate) cases: usize,
    pub(crate) hits: usize,
}

impl Rate {
    pub(crate) fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.hits += other.hits;
    }

    /// In per cent.
    pub(crate) fn share(self) -> f64 {
        100.0 * self.hits as f64 / self.cases.max(1) as f64
    }
}

/// The result of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    attacks: BTreeMap<String, Tally>,
    benign: BTreeMap<String, Tally>,
}

/// Everything the detectors say about a case.
pub(crate) fn look(detectors: &Detectors, case: &Case) -> Findings {
    let mut budget = Budget::default();
    let mut findings = Findings::default();
    for part in &case.parts {
        findings
            .merge(detectors.inspect(Input::new(part.place, &part.name, &part.value), &mut budget));
    }
    if let Some(json) = &case.json {
        findings.merge(detectors.inspect_json(json, &mut budget));
    }
    let headers: Vec<(&str, &[u8])> =
        case.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    let parameters: Vec<&[u8]> = case.parts.iter().map(|part| part.name.as_slice()).collect();
    let host = headers.iter().find(|(name, _)| *name == "host").map_or(&b""[..], |(_, host)| host);
    findings.merge(detectors.inspect_head(&Head {
        method: case.method.as_bytes(),
        host,
        headers: &headers,
        parameters: &parameters,
    }));
    findings
}

impl Report {
    pub(crate) fn attack(&mut self, detectors: &Detectors, case: &Case) {
        let findings = look(detectors, case);
        let caught = detectors.verdict(&findings).is_some();
        let best = findings
            .surest()
            .map_or_else(String::new, |f| format!("{} {} {}", f.class, f.confidence, f.reason));
        note(&mut self.attacks, case, caught, !caught && !case.is_unseen(), &best);
    }

    pub(crate) fn benign(&mut self, detectors: &Detectors, case: &Case) {
        let findings = look(detectors, case);
        let verdict = detectors.verdict(&findings);
        let why = verdict.map_or_else(String::new, |f| {
            format!(
                "{} {} {} {:?} at {:?}",
                f.class,
                f.confidence,
                f.reason,
                f.decoding(),
                f.evidence
            )
        });
        let listed = verdict.is_some() && !case.is_unseen();
        note(&mut self.benign, case, verdict.is_some(), listed, &why);
    }

    /// Caught attacks of one kind in per cent, each class with the same weight; not a number when
    /// there is none.
    pub(crate) fn caught_on_average(&self, kind: Kind) -> f64 {
        average(self.classes(kind))
    }

    /// The same with the lines whose labels are in doubt (`labels.rs`).
    pub(crate) fn caught_with_doubtful(&self, kind: Kind) -> f64 {
        let mut classes = self.classes(kind);
        for (group, tally) in &self.attacks {
            let parts = group.strip_prefix("left-out ").and_then(|rest| rest.split_once(": "));
            let Some((class, source)) = parts else { continue };
            if fetched::role(source).0 == kind {
                classes.entry(class.to_owned()).or_default().add(tally.rate());
            }
        }
        average(classes)
    }

    /// The classes of one kind with what was caught.
    pub(crate) fn classes(&self, kind: Kind) -> BTreeMap<String, Rate> {
        let mut classes: BTreeMap<String, Rate> = BTreeMap::new();
        for (group, tally) in &self.attacks {
            let (known, class) = kind_of(group);
            if known == kind {
                classes.entry(class.to_owned()).or_default().add(tally.rate());
            }
        }
        classes
    }

    /// The groups of honest traffic with what was blocked.
    pub(crate) fn benign_groups(&self) -> BTreeMap<String, Rate> {
        self.benign.iter().map(|(group, tally)| (group.clone(), tally.rate())).collect()
    }

    /// The groups of attacks with what was caught.
    pub(crate) fn attack_groups(&self) -> BTreeMap<String, Rate> {
        self.attacks.iter().map(|(group, tally)| (group.clone(), tally.rate())).collect()
    }

    /// Blocked benign cases in per cent. What one rule of the rule set must not match is often an
    /// attack that another rule is for: those cases are shown and not counted.
    pub(crate) fn benign_blocked(&self) -> f64 {
        self.blocked(|group| !group.starts_with("crs") && !group.starts_with("unseen"))
    }

    /// Blocked honest texts of the sources nobody has looked into, in per cent; not a number when
    /// there is none.
    pub(crate) fn unseen_blocked(&self) -> f64 {
        self.blocked(|group| group.starts_with("unseen"))
    }

    fn blocked(&self, counts: impl Fn(&str) -> bool) -> f64 {
        let counted = self.benign.iter().filter(|(group, _)| counts(group));
        let (hits, cases) = counted.fold((0, 0), |(h, c), (_, t)| (h + t.hits, c + t.cases));
        100.0 * hits as f64 / cases as f64
    }

    /// The averages in one sentence.
    pub(crate) fn sentence(&self) -> String {
        format!(
            "caught on average over the classes: own {:.2} %, published lists {:.2} %, lists read whole {:.2} %, \
             unseen lists {:.2} % (with doubtful lines {:.2} %), other firewalls' suites {:.2} %; benign blocked {:.3} %, \
             of unseen sources {:.3} %",
            self.caught_on_average(Kind::Own),
            self.caught_on_average(Kind::List),
            self.caught_on_average(Kind::Read),
            self.caught_on_average(Kind::Unseen),
            self.caught_with_doubtful(Kind::Unseen),
            self.caught_on_average(Kind::Crs),
            self.benign_blocked(),
            self.unseen_blocked()
        )
    }

    /// The misses of the groups whose names hold `text`, one a line.
    pub(crate) fn misses(&self, text: &str) -> String {
        let groups = self.attacks.iter().chain(&self.benign);
        groups
            .filter(|(group, _)| group.contains(text))
            .flat_map(|(group, tally)| {
                tally.listed.iter().map(move |line| format!("{group}: {line}\n"))
            })
            .collect()
    }

    /// Every group with at most `examples` of its misses.
    pub(crate) fn table(&self, examples: usize) -> String {
        let mut text = String::new();
        for (title, groups) in
            [("attacks: caught", &self.attacks), ("benign: blocked", &self.benign)]
        {
            for (group, tally) in groups {
                let _infallible = writeln!(
                    text,
                    "{title} {:6.2} % of {:6}  {group}",
                    tally.rate().share(),
                    tally.cases
                );
                for line in tally.listed.iter().take(examples) {
                    let _infallible = writeln!(text, "      {line}");
                }
            }
        }
        text
    }
}

fn average(classes: BTreeMap<String, Rate>) -> f64 {
    let shares: Vec<f64> = classes.into_values().map(Rate::share).collect();
    shares.iter().sum::<f64>() / shares.len() as f64
}

fn note(groups: &mut BTreeMap<String, Tally>, case: &Case, hit: bool, list: bool, why: &str) {
    let tally = groups.entry(case.group.clone()).or_default();
    tally.cases += 1;
    tally.hits += usize::from(hit);
    if list {
        let shown: Vec<String> = case
            .parts
            .iter()
            .map(|p| format!("{:?} {}={}", p.place, short(&p.name), short(&p.value)))
            .filter(|line| {
                !line.contains("Header(\"accept")
                    && !line.contains("CRS test agent")
                    && !line.contains("Header(\"host")
            })
            .collect();
        let json =
            case.json.as_deref().map_or_else(String::new, |json| format!(" json {}", short(json)));
        let id = short(case.id.as_bytes());
        tally.listed.push(format!("{id}: [{why}] {}{json}", shown.join(" | ")));
    }
}

fn short(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).escape_debug().to_string();
    if text.chars().count() > 240 {
        format!("{}…({})", text.chars().take(240).collect::<String>(), bytes.len())
    } else {
        text
    }
}
