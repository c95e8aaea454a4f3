//! The command line of the real binary: exit codes, messages, and the layers of the configuration.

#![expect(clippy::panic, reason = "tests may fail loudly")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use mantlet_testkit::{
    Answer, FakeUpstream, Finished, MantletProcess, Running, TempFolder, free_address, poll_until,
    wire,
};

const PATIENCE: Duration = Duration::from_secs(20);
const UPSTREAM: &str = "http://127.0.0.1:8501";
/// A secret as `openssl rand` gives it.
const TOKEN: &str = "k7Qz0vN4bUe1Rt9wXc3Lm8Pd";

fn command(folder: &TempFolder, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mantlet"));
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::null());
    command.env_clear().env("HOME", folder.path()).envs(variables.iter().copied());
    command
}

fn mantlet_with(folder: &TempFolder, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    let mut running = Running::start(command(folder, arguments, variables));
    let finished = running.wait(PATIENCE);
    finished.unwrap_or_else(|| panic!("{arguments:?} still runs: {}", running.stderr()))
}

fn mantlet(folder: &TempFolder, arguments: &[&str]) -> Finished {
    mantlet_with(folder, arguments, &[])
}

/// A mistake of each kind: its line, a part of the message, a part of the hint.
const MISTAKES: [(u32, &str, &str); 6] = [
    (1, "unknown key `serverr`", "did you mean `server`?"),
    (4, "expected whole number, found the text `many`", "write for example `10`"),
    (8, "`60 per fortnight` is not a quota", "60/min"),
    (9, "names redirect and deny", "keep one of them"),
    (15, "`/nowhere/at/all` is not a folder", "create it, or correct the path"),
    (19, "`/same/*` and `/same/*` are for the same requests", "merge the two routes"),
];

const MISTAKEN: &str = r#"serverr = "x"
[server]
listen = ["127.0.0.1:8080"]
workers = "many"
[upstream]
url = "http://127.0.0.1:8501"
[guards.limit]
per_address = ["60 per fortnight"]
[[routes]]
path = "/two/*"
deny = true
redirect = "https://example.org/"
[[routes]]
path = "/files/*"
static = "/nowhere/at/all"
[[routes]]
path = "/same/*"
deny = true
[[routes]]
path = "/same/*"
upstream = ["http://127.0.0.1:8502"]
"#;

#[test]
fn every_mistake_is_told_at_once_with_its_line_and_a_hint() {
    let folder = TempFolder::new();
    folder.write("bad.toml", MISTAKEN);
    for arguments in
        [&["run", "--config", "bad.toml", "--data", "data"][..], &["check", "--config", "bad.toml"]]
    {
        let end = mantlet(&folder, arguments);
        assert_eq!(end.code, Some(2), "{end:#?}");
        let lines: Vec<&str> = end.stderr.lines().collect();
        for (line, message, hint) in MISTAKES {
            let place = format!("bad.toml:{line}:");
            let found = lines.windows(2).any(|pair| {
                let [problem, advice] = pair else { return false };
                problem.starts_with(&place) && problem.contains(message) && advice.contains(hint)
            });
            assert!(found, "{place} {message}: {}", end.stderr);
        }
        assert_eq!(lines.len(), 2 * MISTAKES.len(), "{}", end.stderr);
    }
    assert!(!folder.path().join("data").exists(), "nothing was touched");
}

#[test]
fn unusable_input_ends_with_2_and_says_what_to_do() {
    let folder = TempFolder::new();
    for (arguments, message, advice) in [
        (&["run"][..], "nothing to protect", "--upstream"),
        (&["check"], "nothing to protect", "--upstream"),
        (&["check", "--config", "none.toml"], "cannot read `none.toml`", "hint: "),
        (&["run", "--upstream", "ftp://x"], "--upstream: error: the address", "hint: "),
        (&["run", "--upstream", UPSTREAM, "--listen", "here"], "`here`", "hint: "),
        (&["runn"], "'runn'", "'run'"),
        (&["run", "--upstrem", "x"], "--upstrem", "--upstream"),
        (&["run", "extra"], "'extra'", "--help"),
        (&["block", "add"], "<NETWORK>", "--help"),
        (&["explain", "x"], "not a request id", "019a9f2e"),
        (&[], "Usage", "run"),
    ] {
        let end = mantlet(&folder, arguments);
        assert_eq!(end.code, Some(2), "{arguments:?}: {end:#?}");
        assert!(end.stderr.contains(message), "{arguments:?}: {end:#?}");
        assert!(end.stderr.contains(advice), "{arguments:?}: {end:#?}");
        assert_eq!(end.stdout, "", "{arguments:?}");
    }
}

/// One mistake is one problem: nothing is said about what follows from it.
#[test]
fn an_application_that_was_named_badly_is_not_also_missing() {
    let folder = TempFolder::new();
    for text in [
        "[upstream]\nurl = 1\n",
        "[upstream]\nurl = \"ftp://x\"\n",
        "[upstream]\nurl = \"http://127.0.0.1:8501\n",
        "routes = 3\n",
    ] {
        folder.write("bad.toml", text);
        let end = mantlet(&folder, &["check", "--config", "bad.toml"]);
        assert_eq!(end.code, Some(2), "{text} {end:#?}");
        assert_eq!(end.stderr.matches("error: ").count(), 1, "{text} {end:#?}");
        assert!(!end.stderr.contains("nothing to protect"), "{text} {end:#?}");
    }
    let end = mantlet_with(&folder, &["check"], &[("MANTLET_UPSTREAM_URL", "x")]);
    assert!(!end.stderr.contains("nothing to protect"), "{end:#?}");
    for text in ["routes = []\n", "[upstream]\nurl = []\n", "routes = []\nupstream.url = []\n"] {
        folder.write("bad.toml", text);
        let end = mantlet(&folder, &["check", "--config", "bad.toml"]);
        assert_eq!(end.code, Some(2), "{text} {end:#?}");
        assert!(end.stderr.contains("nothing to protect"), "{text} {end:#?}");
    }
}

#[test]
fn settings_that_would_end_the_start_are_told_by_check() {
    let folder = TempFolder::new();
    for (text, message) in [
        ("[log]\nqueue = 4294967295\n", "`4294967295` is out of range"),
        ("[log]\nqueue = 0\n", "`0` is out of range"),
        ("[log]\nrecent = 1000001\n", "`1000001` is out of range"),
        ("[log]\nrotate = 1\n", "`1B` is out of range"),
        ("[server]\nlisten = [\"127.0.0.1:8501\"]\n", "is Mantlet itself"),
        ("[admin]\nlisten = \"127.0.0.1:8080\"\n", "stands in `server.listen` already"),
    ] {
        folder.write("bad.toml", text);
        let end = mantlet(&folder, &["check", "--config", "bad.toml", "--upstream", UPSTREAM]);
        assert_eq!(end.code, Some(2), "{text} {end:#?}");
        assert!(end.stderr.contains(message) && end.stderr.contains("hint: "), "{text} {end:#?}");
    }
}

#[test]
fn check_tells_fine_from_risky_from_wrong() {
    let folder = TempFolder::new();
    folder.write("fine.toml", "[upstream]\nurl = \"http://127.0.0.1:8501\"\n");
    folder.write("wrong.toml", "[upstream]\nurl = 1\n");
    for (arguments, code, says) in [
        (&["--config", "fine.toml"][..], 0, "is fine"),
        (&["--upstream", UPSTREAM], 0, "is fine"),
        (&["--config", "fine.toml", "--listen", "0.0.0.0:8080"], 1, "open to the network"),
        (&["--config", "wrong.toml"], 2, "wrong.toml:2:7: error"),
    ] {
        let end = mantlet(&folder, &[&["check"], arguments].concat());
        assert_eq!(end.code, Some(code), "{arguments:?}: {end:#?}");
        let told = end.stdout + &end.stderr;
        assert!(told.contains(says), "{arguments:?}: {told}");
    }
}

#[test]
fn init_writes_a_configuration_that_is_fine_and_never_overwrites_one() {
    let folder = TempFolder::new();
    let init = ["init", "--config", "new.toml", "--upstream", "http://127.0.0.1:9", "--data", "d"];
    let end = mantlet(&folder, &init);
    assert_eq!(end.code, Some(0), "{end:#?}");
    let end = mantlet(&folder, &["check", "--config", "new.toml"]);
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""), "{end:#?}");
    let written = fs::read_to_string(folder.path().join("new.toml")).unwrap();
    assert!(written.contains("\nurl = \"http://127.0.0.1:9\"\n"), "{written}");
    let end = mantlet(&folder, &["init", "--config", "new.toml"]);
    assert_eq!(end.code, Some(2), "{end:#?}");
    assert!(end.stderr.contains("exists already") && end.stderr.contains("hint: "), "{end:#?}");
    assert_eq!(fs::read_to_string(folder.path().join("new.toml")).unwrap(), written);
    let end = mantlet(&folder, &["init"]);
    assert_eq!(end.code, Some(0), "{end:#?}");
    assert!(folder.path().join("mantlet.toml").is_file());
}

const LAYERED: &str = r#"[server]
head_limit = "16KiB"
body_limit = "1MiB"
[admin]
listen = "127.0.0.1:9555"
metrics_token = "env:SCRAPER"
"#;

fn show(folder: &TempFolder, config: &str, arguments: &[&str]) -> String {
    let all = [&["config", "show", "--effective", "--config", config], arguments].concat();
    let variables = [
        ("MANTLET_SERVER_HEAD_LIMIT", "32KiB"),
        ("MANTLET_ADMIN_LISTEN", "127.0.0.1:9666"),
        ("SCRAPER", TOKEN),
    ];
    let end = mantlet_with(folder, &all, &variables);
    assert_eq!(end.code, Some(0), "{end:#?}");
    assert!(!(end.stdout.clone() + &end.stderr).contains(TOKEN), "{end:#?}");
    end.stdout
}

/// Each value wins over those of the layers below, and is shown with where it is from.
#[test]
fn flags_override_the_environment_and_the_environment_the_file() {
    let folder = TempFolder::new();
    folder.write("layers.toml", LAYERED);
    let shown = show(&folder, "layers.toml", &["--admin", "127.0.0.1:9777"]);
    let admin = shown.split("[admin]").nth(1).unwrap_or_default();
    for (part, value, origin) in [
        (&*shown, "head_limit = \"32KiB\"", "MANTLET_SERVER_HEAD_LIMIT"),
        (&*shown, "body_limit = \"1MiB\"", "layers.toml:3"),
        (&*shown, "target_limit = \"8KiB\"", "default"),
        (admin, "listen = \"127.0.0.1:9777\"", "--admin"),
        (admin, "metrics_token = \"env:SCRAPER\"", "layers.toml:6"),
    ] {
        let line = part.lines().find(|line| line.starts_with(value));
        let line = line.unwrap_or_else(|| panic!("no {value}: {shown}"));
        assert!(line.ends_with(origin), "{line}");
    }
}

#[test]
fn the_effective_configuration_read_back_is_the_same_configuration() {
    let folder = TempFolder::new();
    folder.write(
        "layers.toml",
        LAYERED.to_owned()
            + "[[routes]]\npath = \"/a\"\ndeny = true\n[routes.guards.limit]\nmode = \"off\"\n",
    );
    let first = show(&folder, "layers.toml", &["--upstream", UPSTREAM]);
    folder.write("again.toml", &first);
    let second = show(&folder, "again.toml", &[]);
    let values = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split("  # ").next().unwrap_or("").to_owned()).collect()
    };
    assert_eq!(values(&first), values(&second));
    assert!(first.contains("\nguards = { limit = { mode = \"off\" } }"), "{first}");
}

#[test]
fn metrics_need_the_token_that_the_configuration_names() {
    let folder = TempFolder::new();
    let file = folder.write("token", format!("{TOKEN}\n"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"))
        .upstream(&upstream.url())
        .config("[admin]\nmetrics_token = \"env:SCRAPER\"\n")
        .env("SCRAPER_FILE", file)
        .start();
    let right = format!("Bearer {TOKEN}");
    for (headers, status) in [
        (&[][..], 401),
        (&[("Authorization", "Bearer k7Qz0vN4bUe1Rt9wXc3Lm8Px")], 401),
        (&[("Authorization", &*right)], 200),
    ] {
        let answer = wire::get(gate.admin(), "/metrics", headers);
        assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
    }
    assert_eq!(wire::get(gate.admin(), "/readyz", &[]).status, 200, "health needs none");
    assert!(!gate.story().contains(TOKEN), "{}", gate.story());
}

#[test]
fn a_secret_that_is_none_is_refused() {
    let folder = TempFolder::new();
    folder.write("token.toml", "[admin]\nmetrics_token = \"env:SCRAPER\"\n");
    let open = folder.write("open", TOKEN);
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    for (variable, value, message) in [
        ("SCRAPER", "changeme-changeme-changeme", "placeholder"),
        ("SCRAPER", "<your token goes here>", "placeholder"),
        ("SCRAPER", "k7Qz0vN4", "shorter than"),
        ("OTHER", TOKEN, "`SCRAPER` is not set"),
        ("SCRAPER_FILE", "/nowhere/token", "cannot read `/nowhere/token`"),
        ("SCRAPER_FILE", open.to_str().unwrap(), "can be read by others"),
    ] {
        let addresses = [free_address().to_string(), free_address().to_string()];
        let [listen, admin] = addresses.each_ref().map(String::as_str);
        let arguments = ["run", "--config", "token.toml", "--upstream", UPSTREAM, "--data", "d"];
        let all = [&arguments[..], &["--listen", listen, "--admin", admin]].concat();
        let end = mantlet_with(&folder, &all, &[(variable, value)]);
        assert_eq!(end.code, Some(2), "{value}: {end:#?}");
        assert!(end.stderr.contains(message), "{value}: {end:#?}");
        assert!(value.contains('/') || !end.stderr.contains(value), "{end:#?}");
    }
}

#[test]
fn help_shows_examples_and_the_reference_names_every_section() {
    let folder = TempFolder::new();
    for arguments in
        [&["--help"][..], &["run", "--help"], &["block", "add", "--help"], &["explain", "--help"]]
    {
        let end = mantlet(&folder, arguments);
        assert_eq!(end.code, Some(0), "{end:#?}");
        assert!(end.stdout.contains("Example"), "{arguments:?}: {}", end.stdout);
        assert!(end.stdout.contains("\n  mantlet "), "{arguments:?}: {}", end.stdout);
    }
    let reference = mantlet(&folder, &["config", "reference"]);
    assert_eq!(reference.code, Some(0));
    for section in show(&folder, &empty(&folder), &[]).lines().filter(|line| line.starts_with('['))
    {
        assert!(reference.stdout.contains(&format!("## `{section}`")), "{section}");
    }
    assert!(reference.stdout.contains("## `[[routes]]`"));
}

fn empty(folder: &TempFolder) -> String {
    folder.write("empty.toml", "").display().to_string()
}

#[test]
fn a_reader_that_has_gone_is_no_reason_to_crash() {
    let folder = TempFolder::new();
    for arguments in [&["config", "reference"][..], &["--help"], &["config", "show", "--effective"]]
    {
        let mut command = command(&folder, arguments, &[]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let status = poll_until(PATIENCE, || child.try_wait().unwrap()).unwrap();
        let told = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert_eq!((status.code(), told.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
