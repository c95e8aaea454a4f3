//! Looks for slow inputs: `slow rules RULES_DIR SETUP_FILE CASES_DIR [SECONDS [SEED [unit]]]` in the rule
//! engine, `slow detectors CORPORA_DIR [SECONDS [SEED [unit]]]` in the native detectors. Requests of
//! 100 KB are made of texts of the rule set's own cases, or of the corpora, repeated and nested, in every
//! place a value can stand; those that take longest, or with `unit` longest for the work that was
//! counted, are changed further. Prints the slowest as lines of a table: the CPU time, the work that was
//! counted, the place, how it ended, what was repeated, or `mixed`: parts of it one after another, others
//! each time. `slow again PLACE UNIT [HEAD [CLOSING
//! [RULES_DIR SETUP_FILE]]]` looks at one of them again and again, for a profiler.

#![expect(clippy::print_stdout, reason = "a measuring program prints its figures")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod request;
mod search;
mod subjects;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use mantlet_waf::RuleSet;
use mantlet_waf::detect::{Detectors, Settings};
use mantlet_waf::ftw::{Cases, load_rules};

use request::{PLACES, Piece, SIZE_BYTES};
use search::{Choices, Measured, Subject, Terms, search};
use subjects::{Native, Rules};

/// How long the search takes when nothing is said.
const SECONDS: u64 = 60;

/// How many are shown.
const SHOWN: usize = 20;

/// What stands before a place where parts of a text are mixed and not repeated.
const MIXED: &str = "mixed ";

/// How often a request is looked at for a profiler.
const AGAIN: usize = 40;

const USAGE: &str = "usage: slow rules RULES_DIR SETUP_FILE CASES_DIR [SECONDS [SEED [unit]]], \
    slow detectors CORPORA_DIR [SECONDS [SEED [unit]]], or slow again PLACE UNIT [HEAD [CLOSING [RULES_DIR SETUP_FILE]]]";

/// The texts of the cases: what stands in them as a whole.
fn case_texts(cases: &Path) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let cases = Cases::load(cases, None).map_err(|error| error.to_string())?;
    let texts = cases.requests().flat_map(|(_, request)| {
        let mut all = vec![request.target, request.body];
        all.extend(request.headers.into_iter().map(|(_, value)| value));
        all
    });
    Ok(texts.filter(|text| text.len() > 3 && text.len() < 400).collect())
}

/// The lines of every file below `folder`.
fn lines_below(folder: &Path) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(lines_below(&path)?);
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            let text = text.replace('␊', "\n").replace('␍', "\r").replace('␀', "\0");
            all.extend(text.split('\n').filter(|line| !line.is_empty()).map(Into::into));
        }
    }
    Ok(all)
}

fn print(count: usize, slowest: &[Measured]) {
    println!("{count} requests of {SIZE_BYTES} bytes\n");
    println!("| ms | work | ns a unit | place | end | head | repeated | closed by |");
    println!("|--:|--:|--:|---|---|---|---|---|");
    for measured in slowest.iter().take(SHOWN) {
        let place = PLACES.get(measured.place).map_or("", |(name, _)| *name);
        let mixed = if measured.piece.mixed.is_some() { MIXED } else { "" };
        let shown = |text: &[u8]| {
            text.get(..60).unwrap_or(text).escape_ascii().to_string().replace('|', "\\x7c")
        };
        println!(
            "| {:.1} | {} | {:.1} | {mixed}{place} | {} | `{}` | `{}` | `{}` |",
            measured.time.as_secs_f64() * 1e3,
            measured.look.work,
            measured.time.as_nanos() as f64 / measured.look.work.max(1) as f64,
            measured.look.end,
            shown(&measured.piece.head),
            shown(&measured.piece.unit),
            shown(&measured.piece.closing),
        );
    }
}

/// Looks at one request again and again, for a profiler: a place, and what is repeated there.
fn again(place: &str, unit: &str, rest: &[String]) -> Result<(), Box<dyn Error>> {
    let mixed = place.starts_with(MIXED).then_some(Choices(1));
    let place = place.strip_prefix(MIXED).unwrap_or(place);
    let place = PLACES.iter().position(|(name, _)| *name == place).ok_or("no such place")?;
    let part = |index: usize| rest.get(index).map(|text| text.as_bytes().to_vec());
    let (head, closing) = (part(0).unwrap_or_default(), part(1).unwrap_or_default());
    let piece = Piece { head, unit: unit.as_bytes().to_vec(), closing, mixed };
    let subject: Box<dyn Subject> = match rest.get(2..) {
        Some([rules, setup]) => Box::new(Rules(loaded(rules, setup)?)),
        _ => Box::new(Native(Detectors::new(Settings::default()))),
    };
    let all: Vec<Measured> =
        (0..AGAIN).map(|_| search::measure(subject.as_ref(), place, piece.clone())).collect();
    let fastest = all.into_iter().min_by_key(|measured| measured.time);
    print(AGAIN, &Vec::from_iter(fastest));
    Ok(())
}

fn loaded(rules: &str, setup: &str) -> Result<Arc<RuleSet>, Box<dyn Error>> {
    let rules = load_rules(Path::new(rules), Some(Path::new(setup)));
    rules.map_err(|problems| format!("{} problems in the rules", problems.len()).into())
}

/// How to search, by the last arguments.
fn terms(rest: &[String]) -> Result<Terms, Box<dyn Error>> {
    let number =
        |index: usize, usual: u64| rest.get(index).map_or(Ok(usual), |text| text.parse::<u64>());
    let by_unit = rest.get(2).is_some_and(|text| text == "unit");
    Ok(Terms { seconds: number(0, SECONDS)?, seed: number(1, 1)?, by_unit })
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [what, place, unit, rest @ ..] = arguments.as_slice()
        && what == "again"
    {
        return again(place, unit, rest);
    }
    let (subject, mut texts, terms): (Box<dyn Subject>, _, _) = match arguments.as_slice() {
        [what, rules, setup, cases, rest @ ..] if what == "rules" => {
            (Box::new(Rules(loaded(rules, setup)?)), case_texts(Path::new(cases))?, terms(rest)?)
        }
        [what, corpora, rest @ ..] if what == "detectors" => {
            let detectors = Detectors::new(Settings::default());
            (Box::new(Native(detectors)), lines_below(Path::new(corpora))?, terms(rest)?)
        }
        _ => return Err(USAGE.into()),
    };
    texts.sort_unstable();
    texts.dedup();
    let (count, slowest) = search(subject.as_ref(), &texts, terms);
    print(count, &slowest);
    Ok(())
}
