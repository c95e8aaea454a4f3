//! Every guard through the real binary: the cases of `corpora/guards`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, root};
use toml::Table;

/// An application whose answer can be changed between requests.
struct Application {
    upstream: FakeUpstream,
    answer: Arc<Mutex<Answer>>,
}

impl Application {
    fn start() -> Self {
        let answer = Arc::new(Mutex::new(Answer::ok("ok")));
        let current = Arc::clone(&answer);
        let look = move || current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { upstream: FakeUpstream::start(move |_| look()), answer }
    }

    fn answer_with(&self, answer: Answer) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }
}

/// Every file of `corpora/guards`, in the order of their names.
fn corpus() -> Vec<PathBuf> {
    let folders = fs::read_dir(root().join("corpora/guards")).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn text<'a>(case: &'a Table, key: &str) -> Option<&'a str> {
    case.get(key).map(|value| value.as_str().unwrap())
}

fn texts<'a>(case: &'a Table, key: &str) -> impl Iterator<Item = &'a str> {
    let list = case.get(key).map(|value| value.as_array().unwrap().as_slice());
    list.unwrap_or_default().iter().map(|value| value.as_str().unwrap())
}

/// Puts in what stands for letters and for the number of the repetition.
fn expand(template: &str, repetition: usize) -> String {
    let mut text = template.replace("{n}", &repetition.to_string());
    while let Some((before, rest)) = text.split_once("{fill:") {
        let (count, after) = rest.split_once('}').unwrap();
        text = format!("{before}{}{after}", "a".repeat(count.parse().unwrap()));
    }
    text
}

/// What is wrong with the answer to one case, apart from what the log says.
fn faults(case: &Table, response: &Response, was_reached: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            faults.push(format!("expected {what}"));
        }
    };
    let status = case.get("status").unwrap().as_integer().unwrap();
    expect(i64::from(response.status) == status, &format!("status {status}"));
    let reached = case.get("reached").unwrap().as_bool().unwrap();
    expect(was_reached == reached, &format!("reached = {reached}"));
    expect(response.is_complete, "a whole answer");
    for line in texts(case, "has") {
        let (name, value) = line.split_once(": ").unwrap();
        expect(response.headers.get_all(name).contains(&expand(value, 1).as_str()), line);
    }
    for name in texts(case, "lacks") {
        expect(!response.headers.contains(name), &format!("no `{name}`"));
    }
    for part in texts(case, "contains") {
        expect(response.text().contains(part), &format!("`{part}` in the body"));
    }
    for part in texts(case, "hides") {
        expect(!response.text().contains(part), &format!("no `{part}` in the body"));
    }
    faults
}

/// Sends a case; the last answer, and whether its request reached the application.
fn play(gate: &MantletProcess, application: &Application, case: &Table) -> (Response, bool) {
    let answer = text(case, "answer").map(|answer| Answer::Raw(expand(answer, 1).into_bytes()));
    application.answer_with(answer.unwrap_or_else(|| Answer::ok("ok")));
    let repeat = case.get("repeat").map_or(1, |count| count.as_integer().unwrap());
    let mut last = Response::default();
    for repetition in 1..=usize::try_from(repeat).unwrap() {
        application.upstream.clear();
        let request = expand(text(case, "request").unwrap(), repetition);
        let answer = wire::send_raw(gate.address(), request.as_bytes());
        last = answer.responses().pop().unwrap_or_default();
    }
    (last, !application.upstream.is_untouched())
}

/// The reasons in the event log, by request id.
fn reasons(gate: &MantletProcess) -> HashMap<String, Vec<String>> {
    let mut reasons: HashMap<String, Vec<String>> = HashMap::new();
    for event in gate.events() {
        if let (Some(id), Some(reason)) = (event["request_id"].as_str(), event["reason"].as_str()) {
            reasons.entry(id.to_owned()).or_default().push(reason.to_owned());
        }
    }
    reasons
}

/// Replays one file; a text for each case that did not come out as expected.
fn replay(file: &Path) -> String {
    let file_text = fs::read_to_string(file).unwrap();
    let table: Table = file_text.parse().unwrap();
    let application = Application::start();
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let builder = builder.upstream(&application.upstream.url());
    let config = text(&table, "config").unwrap();
    let config = config.replace("{root}", &root().display().to_string());
    let mut gate = builder.config(&config).start();
    let cases: Vec<&Table> = table
        .get("cases")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case.as_table().unwrap())
        .collect();
    assert!(cases.len() >= 6, "{} has only {} cases", file.display(), cases.len());
    let played: Vec<_> = cases.iter().map(|case| play(&gate, &application, case)).collect();
    gate.stop();
    let reasons = reasons(&gate);
    let mut report = String::new();
    for (case, (response, was_reached)) in cases.into_iter().zip(&played) {
        let mut faults = faults(case, response, *was_reached);
        let id = response.header("x-request-id").unwrap_or("no id");
        let logged = reasons.get(id).cloned().unwrap_or_default();
        let expected: Vec<_> = text(case, "reason").into_iter().collect();
        if logged != expected {
            faults.push(format!("expected reasons {expected:?}, got {logged:?}"));
        }
        if !faults.is_empty() {
            let name = text(case, "name").unwrap();
            let (faults, got) = (faults.join("; "), head_of(response));
            let _ = writeln!(
                report,
                "{}: {name}: {faults}; reached = {was_reached}, got {got}",
                file.display()
            );
        }
    }
    report
}

/// A response, with no more of its body than a message can bear.
fn head_of(response: &Response) -> String {
    let body: String = response.text().chars().take(400).collect();
    let headers: Vec<_> = response.headers.iter().collect();
    format!("{} {headers:?} `{body}`", response.status)
}

// covers: ETSM-06, ETSM-20 (binary)
#[test]
fn the_cases_of_the_corpus_come_out_as_they_say() {
    let files = corpus();
    assert!(files.len() >= 6, "{files:?}");
    let report: String = std::thread::scope(|scope| {
        let replays: Vec<_> = files.iter().map(|file| scope.spawn(|| replay(file))).collect();
        replays.into_iter().map(|replay| replay.join().unwrap()).collect()
    });
    assert!(report.is_empty(), "\n{report}");
}
