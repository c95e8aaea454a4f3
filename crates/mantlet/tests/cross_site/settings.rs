//! What the configuration says about origins before anything serves.

use std::time::Duration;

use mantlet_testkit::{Finished, TempFolder, run_program};

const PATIENCE: Duration = Duration::from_secs(20);
const ERROR: Option<i32> = Some(2);
const WARNING: Option<i32> = Some(1);
const FINE: Option<i32> = Some(0);

fn check(config: &str) -> Finished {
    let folder = TempFolder::new();
    let text = format!("[upstream]\nurl = \"http://127.0.0.1:8501\"\n{config}\n");
    let file = folder.write("mantlet.toml", text);
    let arguments = ["check".into(), "--config".into(), file.into_os_string()];
    run_program(env!("CARGO_BIN_EXE_mantlet"), &arguments, PATIENCE)
}

/// Asserts how `mantlet check` ends and what it says.
fn assert_checks(cases: &[(&str, Option<i32>, &str)]) {
    for (config, code, said) in cases {
        let finished = check(config);
        let text = format!("{}{}", finished.stdout, finished.stderr);
        assert_eq!(finished.code, *code, "{config}: {text}");
        assert!(text.contains(said), "{config}: {text}");
    }
}

// covers: SAMO-51 (binary)
#[test]
fn samo_d54_wildcards_and_credentials_do_not_go_together() {
    let cors = |rest: &str| format!("[guards.cors]\n{rest}");
    let texts = [
        cors("origins = [\"*\"]\ncredentials = true"),
        cors("origins = [\"https://a.example\"]\ncredentials = true\nheaders = [\"*\"]"),
        cors("origins = [\"https://a.example\"]\ncredentials = true\nexpose = [\"*\"]"),
        cors("origins = [\"https://a.example\"]\nmethods = [\"*\"]"),
        cors("origins = [\"https://a.example\"]\ncredentials = true\ndangerous_null_origin = true"),
        cors("origins = [\"*\"]"),
        cors(
            "origins = [\"https://a.example\"]\ncredentials = true\nheaders = [\"Authorization\"]",
        ),
    ];
    let expected = [
        (ERROR, "`*` does not go together with `credentials = true`"),
        (ERROR, "name each one, or leave `credentials` out"),
        (ERROR, "`*` does not go together with `credentials = true`"),
        (ERROR, "`*` is not a method"),
        (ERROR, "every page can ask as `null`"),
        (FINE, "is fine"),
        (FINE, "is fine"),
    ];
    let cases = texts.iter().zip(expected);
    let cases: Vec<_> = cases.map(|(text, (code, said))| (text.as_str(), code, said)).collect();
    assert_checks(&cases);
}

#[test]
fn etsm_d03_what_is_no_origin_and_what_is_everyones_is_told() {
    let credentials = "credentials = true";
    let texts = [
        ("https://a.example/", "", ERROR, "leave out the `/` at the end: `https://a.example`"),
        ("https://a.example/app", "", ERROR, "an origin has no path: `https://a.example`"),
        ("https://*.a.example", "", ERROR, "there are no patterns"),
        ("null", "", ERROR, "dangerous_null_origin"),
        ("a.example", "", ERROR, "write scheme, host and port"),
        ("https://app.streamlit.io", credentials, WARNING, "is the origin of every tenant"),
        ("https://app.streamlit.io", "", WARNING, "is the origin of every tenant"),
        ("https://github.io", credentials, WARNING, "is the origin of every tenant"),
        ("https://mine.github.io", credentials, WARNING, "is on shared hosting"),
        ("https://mine.github.io", "", WARNING, "is on shared hosting"),
        ("https://a.example", "max_age = \"48h\"", ERROR, "choose at most `24h`"),
    ];
    for (origin, rest, code, said) in texts {
        let config = format!(
            "[[routes]]\npath = \"/x\"\n[routes.guards.cors]\norigins = [\"{origin}\"]\n{rest}"
        );
        assert_checks(&[(&config, code, said)]);
    }
    // WebSockets have cookies with them, wherever they are opened.
    let socket = "[websocket]\norigins = [\"https://mine.vercel.app\"]";
    assert_checks(&[(socket, WARNING, "is on shared hosting")]);
}

#[test]
fn ymera_d23_origins_of_a_development_machine_are_told() {
    for (origin, code, said) in [
        ("http://localhost:3000", WARNING, "whatever runs on the visitor's own machine"),
        ("http://127.0.0.1:3000", WARNING, "whatever runs on the visitor's own machine"),
        ("http://a.example", WARNING, "is plain http"),
        ("https://a.example", FINE, "is fine"),
    ] {
        let socket = format!("[websocket]\norigins = [\"{origin}\"]");
        let route = format!(
            "[[routes]]\npath = \"/x\"\n[routes.websocket]\norigins = [\"{origin}\"]\nlifetime = \"1h\""
        );
        let cors = format!("[guards.cors]\norigins = [\"{origin}\"]\ncredentials = true");
        let csrf = format!("[guards.csrf]\ntrusted_origins = [\"{origin}\"]");
        assert_checks(&[
            (&cors, code, said),
            (&csrf, code, said),
            (&socket, code, said),
            (&route, code, said),
        ]);
    }
}

// covers: ETSM-05 (binary)
#[test]
fn etsm_d01_the_guard_is_off_on_single_routes_and_with_a_reason_only() {
    let route = "[[routes]]\npath = \"/x\"\n[routes.guards.csrf]\n";
    let texts = [
        "[guards.csrf]\nmode = \"off\"".to_owned(),
        "[guards.csrf]\nfail = \"open\"".to_owned(),
        "[guards.csrf]\ndangerous_mode = \"off\"\nwhy = \"x\"".to_owned(),
        "[guards.csrf]\ndangerous_mode = \"observe\"".to_owned(),
        format!("{route}dangerous_mode = \"off\""),
        format!("{route}dangerous_mode = \"off\"\nwhy = \" \""),
        "[guards.csrf]\nmode = \"enforce\"\ndangerous_mode = \"observe\"\nwhy = \"x\"".to_owned(),
        format!(
            "[guards.csrf]\ndangerous_mode = \"observe\"\nwhy = \"x\"\n{route}mode = \"enforce\""
        ),
        "[guards.csrf]\nmode = \"enforce\"".to_owned(),
        format!("{route}mode = \"enforce\""),
        "[guards.csrf]\ndangerous_mode = \"observe\"\nwhy = \"watching\"".to_owned(),
        format!("{route}dangerous_mode = \"off\"\nwhy = \"anyone may post this form\""),
    ];
    let expected = [
        (ERROR, "other modes are `dangerous_mode`, with `why`"),
        (ERROR, "unknown key `guards.csrf.fail`"),
        (ERROR, "the guard cannot be off for everything"),
        (ERROR, "`observe` needs a reason"),
        (ERROR, "`off` needs a reason"),
        (ERROR, "say why"),
        (ERROR, "`enforce`, and yet `dangerous_mode` is `observe`"),
        (ERROR, "`enforce`, and yet `dangerous_mode` is `observe`"),
        (FINE, "is fine"),
        (FINE, "is fine"),
        (FINE, "is fine"),
        (FINE, "is fine"),
    ];
    let cases = texts.iter().zip(expected);
    let cases: Vec<_> = cases.map(|(text, (code, said))| (text.as_str(), code, said)).collect();
    assert_checks(&cases);
}

#[test]
fn settings_without_effect_are_told() {
    assert_checks(&[
        ("[guards.cors]\ncredentials = true", WARNING, "without `origins` this has no effect"),
        ("[guards.cors]\nunlisted = \"refuse\"", WARNING, "without `origins` this has no effect"),
    ]);
}
