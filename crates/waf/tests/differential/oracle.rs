//! libmodsecurity, asked through Python. What it said is kept in `target/waf-oracle`, so that only
//! requests and rules that are new cost time.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mantlet_testkit::{TempFolder, root};
use mantlet_waf::ftw::{Request, rules_file};
use sha1::{Digest as _, Sha1};

/// A rule of our own in its rule set: it could not read the body.
pub(crate) const UNREAD: u64 = 1_000;

/// The rules that match each request, [`UNREAD`] among them. `suite` names what is kept of it.
pub(crate) fn matched(
    python: &Path,
    crs: &Path,
    suite: &str,
    requests: &[(String, Request)],
) -> Vec<Vec<u64>> {
    let script = root().join("bench/waf/matched.py");
    let rules = rules_file(&crs.join("rules"), &crs.join("crs-setup.conf.example"))
        + &format!("SecRule REQBODY_ERROR \"!@eq 0\" \"id:{UNREAD},phase:2,pass,log\"\n");
    let version = hash(&[&std::fs::read(&script).unwrap(), rules.as_bytes()]);
    let kept = root().join("target/waf-oracle").join(format!("{suite}-{version}.jsonl"));
    let mut answers = load(&kept);
    let lines = requests.iter().map(|(_, request)| as_json(request).to_string());
    let keys: Vec<(String, String)> = lines.map(|line| (hash(&[line.as_bytes()]), line)).collect();
    let mut new: Vec<_> = keys.iter().filter(|(key, _)| !answers.contains_key(key)).collect();
    new.sort();
    new.dedup();
    if !new.is_empty() {
        let asked: String = new.iter().map(|(_, line)| format!("{line}\n")).collect();
        let said = ask(python, &script, &rules, asked);
        assert_eq!(said.len(), new.len(), "libmodsecurity did not answer all requests");
        answers.extend(new.into_iter().map(|(key, _)| key.clone()).zip(said));
        keep(&kept, &answers);
    }
    keys.iter().map(|(key, _)| answers[key].clone()).collect()
}

/// Asks libmodsecurity itself.
fn ask(python: &Path, script: &Path, rules: &str, lines: String) -> Vec<Vec<u64>> {
    let folder = TempFolder::new();
    let file = folder.path().join("rules.conf");
    std::fs::write(&file, rules).unwrap();
    let mut command = Command::new(python);
    command.arg(script).arg(&file);
    let mut oracle =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = oracle.stdin.take().unwrap();
    // Written aside: both pipes are shorter than what goes through them.
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = oracle.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn hash(texts: &[&[u8]]) -> String {
    let mut hash = Sha1::new();
    for text in texts {
        hash.update(text);
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// What was said before; nothing when the file is not there or not whole.
fn load(kept: &Path) -> HashMap<String, Vec<u64>> {
    let text = std::fs::read_to_string(kept).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect::<Vec<(_, _)>>()
        .into_iter()
        .collect()
}

fn keep(kept: &PathBuf, answers: &HashMap<String, Vec<u64>>) {
    std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
    let mut sorted: Vec<_> = answers.iter().collect();
    sorted.sort();
    let lines: String =
        sorted.iter().map(|pair| format!("{}\n", serde_json::to_string(pair).unwrap())).collect();
    // Renamed when it is whole: another run may read it meanwhile.
    let new = kept.with_extension(std::process::id().to_string());
    std::fs::write(&new, lines).unwrap();
    std::fs::rename(new, kept).unwrap();
}

fn as_json(request: &Request) -> serde_json::Value {
    let text = |bytes: &[u8]| -> String { bytes.iter().map(|byte| char::from(*byte)).collect() };
    let headers: Vec<_> =
        request.headers.iter().map(|(name, value)| (text(name), text(value))).collect();
    serde_json::json!({
        "method": text(&request.method), "target": text(&request.target),
        "protocol": text(&request.protocol), "headers": headers, "body": text(&request.body),
    })
}
