//! The command line around a server: converting, checking, completing, documenting; and the units
//! for systemd.

#![expect(clippy::panic, reason = "tests may fail loudly")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mantlet_testkit::{
    Answer, FakeUpstream, Finished, Running, TempFolder, free_address, lacking, left_out, root,
    run_program,
};

const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");
const PATIENCE: Duration = Duration::from_secs(20);

fn mantlet(folder: &TempFolder, arguments: &[&str]) -> Finished {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::null());
    command.env_clear().env("HOME", folder.path()).env("PATH", "/usr/bin:/bin");
    let mut running = Running::start(command);
    let end = running.wait(PATIENCE);
    end.unwrap_or_else(|| panic!("{arguments:?} still runs: {}", running.stderr()))
}

// covers: SAMO-45, ELITE-02 (binary)
#[test]
fn an_environment_file_becomes_a_configuration_that_passes_the_check() {
    let folder = TempFolder::new();
    let secret = "k7Qz0vN4bUe1Rt9wXc3Lm8Pd";
    folder.write(".env", format!("RATE_LIMIT_REQUESTS=100\nRATE_LIMIT_WINDOW=3600\nALLOWED_ORIGINS=https://app.example.org\nWEBSOCKET_HOST=0.0.0.0\nWEBSOCKET_PORT=8765\nDASHBOARD_TOKEN={secret}\nDB_PASSWORD={secret}\n"));
    let end = mantlet(&folder, &["init", "--from-env", ".env"]);
    assert_eq!(end.code, Some(0), "{end:#?}");
    for said in ["WEBSOCKET_HOST: ", "DASHBOARD_TOKEN: a secret", "DB_PASSWORD: a secret"] {
        assert!(end.stdout.contains(said), "{said}: {end:#?}");
    }
    let text = fs::read_to_string(folder.path().join("mantlet.toml")).unwrap();
    assert!(!format!("{text}{end:?}").contains(secret), "{text}");
    assert!(text.contains("http://127.0.0.1:8765") && text.contains("100/3600s"), "{text}");
    let end = mantlet(&folder, &["check"]);
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""), "{text}");
    let end = mantlet(&folder, &["init", "--from-env", "missing", "--config", "other.toml"]);
    assert!(end.code == Some(2) && end.stderr.contains("`missing`"), "{end:#?}");
}

#[test]
fn findings_are_1_and_say_where_and_what_to_do() {
    let folder = TempFolder::new();
    let open = folder.write("open.token", "k7Qz0vN4bUe1Rt9wXc3Lm8Pd");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    let short = folder.write("short.token", "k7Qz0vN4bUe");
    fs::set_permissions(&short, fs::Permissions::from_mode(0o600)).unwrap();
    let missing = "cannot read `/nowhere/secret`";
    let route = "[[routes]]\npath = \"/ws\"\n[routes.websocket]";
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let fine = format!("[upstream]\nurl = \"{}\"\n", upstream.url());
    for (more, flag, code, told) in [
        (String::new(), "--probe", 0, ""),
        ("[server]\nlisten = \"0.0.0.0:8080\"\n".into(), "", 1, "mantlet.toml:4:"),
        ("[client]\ntrusted_proxies = [\"104.0.0.0/6\"]\n".into(), "", 1, "is wide"),
        (format!("[admin]\nmetrics_token = \"file:{}\"\n", open.display()), "", 1, "chmod 600"),
        ("[store]\nroot_key = \"file:/nowhere/secret\"\n".into(), "", 1, missing),
        (format!("{route}\ntoken = \"file:/nowhere/secret\"\n"), "", 1, missing),
        (
            format!("[websocket]\ntoken = \"file:{}\"\n", short.display()),
            "",
            1,
            "is shorter than 16 characters",
        ),
        ("[[routes]]\npath = \"/a\"\nupstream = \"http://8.8.8.8\"\n".into(), "", 1, "can be read"),
        (
            format!("[[routes]]\npath = \"/a\"\nupstream = \"http://{}\"\n", free_address()),
            "--probe",
            1,
            "routes[0].upstream",
        ),
        ("[servr]\n".into(), "--probe", 2, "did you mean `server`?"),
    ] {
        folder.write("mantlet.toml", format!("{fine}{more}"));
        let arguments = ["check", flag];
        let arguments: Vec<_> = arguments.into_iter().filter(|word| !word.is_empty()).collect();
        let end = mantlet(&folder, &arguments);
        assert_eq!(end.code, Some(code), "{more}: {end:#?}");
        assert!(end.stderr.contains(told), "{more}: {end:#?}");
        assert_eq!(end.stderr.contains("hint: "), code > 0, "{more}: {end:#?}");
    }
}

#[test]
fn a_start_with_a_broken_file_names_the_last_one_that_worked() {
    let folder = TempFolder::new();
    folder.write("mantlet.toml", "[upstrem]\n");
    folder.write("data/last-good.toml", "");
    let end = mantlet(&folder, &["run", "--data", "data"]);
    assert_eq!(end.code, Some(2), "{end:#?}");
    assert!(end.stderr.contains("did you mean `upstream`?"), "{end:#?}");
    assert!(end.stderr.contains("`data/last-good.toml`"), "{end:#?}");
}

#[test]
fn every_subcommand_is_completed_and_has_its_page() {
    let folder = TempFolder::new();
    let help = mantlet(&folder, &["--help"]).stdout;
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|word| !word.is_empty() && *word != "help")
        .collect();
    assert!(commands.contains(&"reload") && commands.len() > 10, "{commands:?}");
    for (shell, check) in [("bash", "bash"), ("zsh", "zsh"), ("fish", "fish")] {
        let script = mantlet(&folder, &["completions", shell]);
        assert_eq!(script.code, Some(0), "{script:#?}");
        for command in &commands {
            assert!(script.stdout.contains(command), "{shell}: {command}");
        }
        let file = folder.write(shell, &script.stdout);
        if lacking(&[check]).is_empty() {
            let end = run_program(check, &[Path::new("-n"), &file], PATIENCE);
            assert_eq!(end.code, Some(0), "{shell}: {end:#?}");
        }
    }
    assert_eq!(mantlet(&folder, &["man", "pages"]).code, Some(0));
    for command in commands {
        let page = folder.path().join("pages").join(format!("mantlet-{command}.1"));
        assert!(fs::read_to_string(&page).unwrap().starts_with(".ie"), "{}", page.display());
    }
}

#[test]
fn the_units_are_accepted_by_systemd() {
    if !lacking(&["systemd-analyze"]).is_empty() {
        return left_out("systemd units", "systemd-analyze is not installed");
    }
    let folder = TempFolder::new();
    let mut units = Vec::new();
    for entry in fs::read_dir(root().join("deploy/systemd")).unwrap() {
        let entry = entry.unwrap();
        let text = fs::read_to_string(entry.path()).unwrap().replace("/usr/bin/mantlet", BINARY);
        units.push(folder.write(&entry.file_name().to_string_lossy(), text));
    }
    assert_eq!(units.len(), 3);
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no"]).args(&units).stdin(Stdio::null());
    let end = Running::start(command).wait(PATIENCE).unwrap();
    let ours: Vec<&str> = end.stderr.lines().filter(|line| line.contains("mantlet")).collect();
    assert!(end.code == Some(0) && ours.is_empty(), "{end:#?}");
}
