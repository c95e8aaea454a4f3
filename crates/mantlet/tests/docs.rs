//! What the documentation says can be done: its settings are accepted, its commands work, and
//! every key that it or the hint of a refusal names exists.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mantlet_event::reasons;
use mantlet_testkit::{
    Answer, FakeUpstream, Finished, MantletProcess, Running, TempFolder, certificate, free_address,
    poll_until, root, wire,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Every page a person reads, by its path below the root.
fn pages() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let pages = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "docs", "examples/samo/README.md"];
    let mut waiting: Vec<PathBuf> = pages.map(|name| root().join(name)).into();
    while let Some(place) = waiting.pop() {
        if place.is_dir() {
            waiting.extend(fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()));
        } else if place.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&place).unwrap();
            found.push((place.strip_prefix(root()).unwrap().to_owned(), text));
        }
    }
    found.sort();
    found
}

/// The fenced blocks of `page` in this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), open.as_mut()) {
            (Some(info), None) => open = Some((info == language, String::new())),
            (Some(_), Some(_)) => {
                found.extend(open.take().filter(|(is_wanted, _)| *is_wanted).map(|(_, text)| text));
            }
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

fn mantlet(folder: &TempFolder, arguments: &[OsString], variables: &[(&str, &Path)]) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mantlet"));
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::null());
    command.env_clear().env("HOME", folder.path()).envs(variables.iter().copied());
    Running::start(command)
}

fn finish(folder: &TempFolder, arguments: &[OsString], variables: &[(&str, &Path)]) -> Finished {
    let mut running = mantlet(folder, arguments, variables);
    running.wait(PATIENCE).unwrap_or_else(|| panic!("{arguments:?}: {}", running.stderr()))
}

#[test]
fn every_example_of_settings_is_accepted() {
    let mut checked = 0;
    for (page, text) in pages() {
        for block in blocks(&text, "toml") {
            if block.contains("[access.cedar]") && !cfg!(feature = "cedar") {
                mantlet_testkit::left_out("examples of policies", "built without Cedar");
                continue;
            }
            let folder = TempFolder::new();
            // Files that examples name.
            let _ = certificate(&folder, "fullchain.pem", "privkey.pem");
            folder.write("site/index.html", "");
            folder.write("policies/all.cedar", "permit(principal, action, resource);");
            folder.write("crs/rules/REQUEST-901-INITIALIZATION.conf", "");
            let schemas = [
                ("openapi.json", "examples/samo/openapi.json"),
                ("analysis.json", "profiles/schemas/analysis.json"),
            ];
            for (name, source) in schemas {
                folder.write(name, fs::read(root().join(source)).unwrap());
            }
            folder.write("company-secret", "0123456789abcdef0123456789abcdef");
            let secret = folder.path().join("company-secret");
            fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
            let here = format!("file:{}", secret.display());
            let settings = block.replace("file:/etc/mantlet/company-secret", &here);
            folder.write("mantlet.toml", settings);
            let arguments = ["check", "--upstream", "http://127.0.0.1:8501"].map(OsString::from);
            let end = finish(&folder, &arguments, &[]);
            assert_eq!(end.code, Some(0), "{}: {block}{}", page.display(), end.stderr);
            checked += 1;
        }
    }
    assert!(checked > 8, "only {checked} examples were found");
}

/// The words of every `$ mantlet …` line (`$ cargo run --release -- …` is the same), without the
/// comment at its end.
fn commands(page: &str) -> Vec<Vec<String>> {
    let blocks = blocks(page, "console").concat();
    let ours = blocks.lines().filter_map(|line| {
        let line = line.strip_prefix("$ ")?;
        line.strip_prefix("mantlet ").or_else(|| line.strip_prefix("cargo run --release -- "))
    });
    let words = |line: &str| {
        let line = line.split(" #").next().unwrap_or(line);
        line.split_whitespace().map(str::to_owned).collect()
    };
    ours.map(words).collect()
}

/// A server that refused a request, for the commands that ask a running one.
struct Asked {
    gate: MantletProcess,
    refused: String,
    _upstream: FakeUpstream,
}

impl Asked {
    fn new() -> Self {
        let upstream = FakeUpstream::answering(Answer::html("hello"));
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let recording = "[recording]\nenabled = true\npassed_percent = 100\n";
        let gate = builder.upstream(&upstream.url()).config(recording).start();
        let refusal = wire::get(gate.address(), "/notes?text=1%27+or+1%3D1--+-", &[]);
        let refused = refusal.header("x-request-id").unwrap().to_owned();
        Self { gate, refused, _upstream: upstream }
    }
}

#[test]
fn every_command_works() {
    let asked = Asked::new();
    let mut run = 0;
    for (page, text) in pages() {
        // One folder for a page: what an earlier line wrote, a later one reads.
        let folder = TempFolder::new();
        if page.starts_with("examples") {
            copy_beside(&page, &folder);
        }
        for words in commands(&text) {
            let about = format!("{}: {words:?}", page.display());
            if matches!(words.first().map(String::as_str), Some("run" | "demo")) {
                assert_serves(&folder, &words, &about);
            } else {
                assert_succeeds(&folder, &words, &asked, &about);
            }
            run += 1;
        }
    }
    assert!(run > 8, "only {run} commands were found");
}

/// The files beside a page, for commands that are run there.
fn copy_beside(page: &Path, folder: &TempFolder) {
    for entry in fs::read_dir(root().join(page).parent().unwrap()).unwrap() {
        let file = entry.unwrap().path();
        if file.is_file() {
            folder.write(file.file_name().unwrap().to_str().unwrap(), fs::read(&file).unwrap());
        }
    }
}

/// A server starts with these words. Its listeners and its data are those of the test.
fn assert_serves(folder: &TempFolder, words: &[String], about: &str) {
    let mut arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
    for flag in ["--listen", "--admin"] {
        arguments.extend([flag.into(), free_address().to_string().into()]);
    }
    arguments.extend(["--data".into(), folder.path().join("data").into_os_string()]);
    let mut running = mantlet(folder, &arguments, &[]);
    let is_up = poll_until(PATIENCE, || match running.look() {
        Some(finished) => Some(Err(finished)),
        None => running.stderr().contains("is up").then_some(Ok(())),
    });
    assert_eq!(is_up, Some(Ok(())), "{about}: {}", running.stderr());
    running.kill();
}

/// These words do what they promise; a request id in them stands for one that was refused.
fn assert_succeeds(folder: &TempFolder, words: &[String], asked: &Asked, about: &str) {
    let mut arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
    if let [command, id, ..] = arguments.as_mut_slice()
        && command == "explain"
    {
        *id = asked.refused.clone().into();
    }
    let variables = [("MANTLET_DATA", asked.gate.data())];
    let end = finish(folder, &arguments, &variables);
    assert_eq!(end.code, Some(0), "{about}: {end:#?}");
}

/// Every key as `[section] key`, and every section as `[section]`, from the reference.
fn known_keys() -> BTreeSet<String> {
    let folder = TempFolder::new();
    let end = finish(&folder, &["config", "reference"].map(OsString::from), &[]);
    assert_eq!(end.code, Some(0), "{end:#?}");
    let mut known = BTreeSet::new();
    let mut section = String::new();
    for line in end.stdout.lines() {
        if let Some(heading) = line.strip_prefix("## `").and_then(|rest| rest.strip_suffix('`')) {
            heading.clone_into(&mut section);
            known.insert(section.clone());
        }
        if let Some((key, _)) = line.strip_prefix("| `").and_then(|rest| rest.split_once('`')) {
            known.insert(format!("{section} {key}"));
        }
    }
    known
}

/// The keys and sections that a text names between backticks, such as `[server] body_limit` and
/// `[[routes]] upload = true`.
fn named_keys(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter(|code| code.starts_with('[') && code.contains(']'))
        .map(|code| code.split(" = ").next().unwrap_or(code).trim().to_owned())
        // Neither an address, nor a list of values, nor a route's own table of another section.
        .filter(|code| !code.contains([':', '"']) && code != "[]")
        .filter(|code| {
            !code.starts_with("[routes.guards.") && !code.starts_with("[routes.websocket]")
        })
        .collect()
}

#[test]
fn every_key_that_a_hint_names_exists() {
    let known = known_keys();
    assert!(known.len() > 60 && known.contains("[server] body_limit"), "{known:#?}");
    let mut named = 0;
    for reason in reasons::ALL {
        for key in named_keys(reason.hint) {
            assert!(known.contains(&key), "`{}` names `{key}`", reason.code);
            named += 1;
        }
    }
    assert!(named > 15, "only {named} keys are named");
}

#[test]
fn every_key_that_a_page_names_exists() {
    let known = known_keys();
    for (page, text) in pages() {
        // A line at a time: a fence or an odd backtick must not turn the rest inside out.
        for key in text.lines().flat_map(named_keys) {
            assert!(known.contains(&key), "{} names `{key}`", page.display());
        }
    }
}

#[test]
fn every_command_that_a_hint_names_exists() {
    let folder = TempFolder::new();
    for reason in reasons::ALL {
        let quoted = reason.hint.split('`').skip(1).step_by(2);
        for line in quoted.filter_map(|code| code.strip_prefix("mantlet ")) {
            let words = line.split_whitespace().chain(["--help"]);
            let arguments: Vec<OsString> = words.map(OsString::from).collect();
            let end = finish(&folder, &arguments, &[]);
            assert_eq!(end.code, Some(0), "`{}` names `mantlet {line}`: {end:#?}", reason.code);
        }
    }
}
