//! `mantlet init --from-env` with the keys and tokens of an application: no value goes anywhere, what
//! takes the place of each is said, and what is written runs.

#![expect(clippy::panic, reason = "tests may fail loudly")]

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use mantlet_testkit::{
    Answer, FakeUpstream, Finished, MantletProcess, Running, TempFolder, left_out, run_program,
    venv_python, wire,
};

const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");
const PATIENCE: Duration = Duration::from_secs(20);
const SECRET: &str = "f3a9c1e07b5d2846-9e0c7a1b5d3f8264";

fn mantlet(folder: &TempFolder, arguments: &[&str]) -> Finished {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::null());
    command.env_clear().env("HOME", folder.path()).env("PATH", "/usr/bin:/bin");
    let mut running = Running::start(command);
    let end = running.wait(PATIENCE);
    end.unwrap_or_else(|| panic!("{arguments:?} still runs: {}", running.stderr()))
}

/// What becomes of these variables: the configuration, which passes the check, and what is said.
fn converted(folder: &TempFolder, variables: &str) -> (String, String) {
    let _ = fs::remove_file(folder.path().join("mantlet.toml"));
    folder.write(".env", variables);
    let end = mantlet(folder, &["init", "--from-env", ".env"]);
    assert_eq!(end.code, Some(0), "{variables}: {end:#?}");
    let text = fs::read_to_string(folder.path().join("mantlet.toml")).unwrap_or_default();
    let check = mantlet(folder, &["check"]);
    assert_eq!((check.code, check.stderr.as_str()), (Some(0), ""), "{variables}: {text}");
    (text, end.stdout)
}

// covers: SAMO-45, ELITE-02, ETSM-09, SAMO-47 (binary)
#[test]
fn no_secret_is_copied_and_what_takes_its_place_is_said() {
    let folder = TempFolder::new();
    let names = [
        ("JWT_SECRET", "signs tokens with keys that it makes itself"),
        ("API_KEY", "`mantlet key issue --user NAME`"),
        ("API_KEYS", "`mantlet key issue --user NAME`"),
        ("SECRET_KEY", "for cookies and forms of its own"),
        ("ENCRYPTION_KEY", "`[store] root_key`"),
        ("OPENAI_API_KEY", "adds no credential to what goes out"),
        ("ANTHROPIC_API_KEY", "adds no credential to what goes out"),
        ("DATABASE_URL", "`mantlet user import FILE`"),
        ("REDIS_URL", "asks no database of others"),
        ("DB_PASSWORD", "asks no database of others"),
        ("VAULT_TOKEN", "name that with `file:/PATH`"),
        ("ADMIN_PASSWORD", "`mantlet user add NAME --role admin`"),
        ("OIDC_CLIENT_SECRET", "OIDC_CLIENT_SECRET_FILE"),
        ("SMTP_PASSWORD", "SMTP_PASSWORD_FILE"),
        ("DASHBOARD_TOKEN", "DASHBOARD_TOKEN_FILE"),
        ("LICENSE_KEY", "not known here"),
    ];
    let secret = |number: usize| format!("{SECRET}{number}z");
    let lines = names.iter().enumerate();
    let lines: String =
        lines.map(|(number, (name, _))| format!("{name}={}\n", secret(number))).collect();
    let others = "JWT_EXPIRATION_HOURS=24\nOIDC_ISSUER=https://login.example.org\nOIDC_CLIENT_ID=gate\n\
        SMTP_HOST=smtp.example.org\nSMTP_PORT=465\nSMTP_USER=gate@example.org\n";
    let (text, said) = converted(&folder, &format!("{lines}{others}"));
    for (number, (name, place)) in names.iter().enumerate() {
        let line = said.lines().find(|line| line.trim_start().starts_with(&format!("{name}: ")));
        assert!(line.is_some_and(|line| line.contains(place)), "{name}: {said}");
        assert!(!format!("{text}{said}").contains(&secret(number)), "{name}: {text}\n{said}");
    }
    assert!(!format!("{text}{said}").contains(SECRET), "not a part of one");
    for written in [
        "[identity.tokens.legacy]\n# from JWT_SECRET\nsecret = \"env:JWT_SECRET\"\n",
        "[identity.tokens]\n# from JWT_EXPIRATION_HOURS\nlifetime = \"24h\"\n",
        "issuer = \"https://login.example.org\"\n",
        "client_secret = \"env:OIDC_CLIENT_SECRET\"\n",
        "smtp = \"smtps://smtp.example.org:465\"\n",
        "password = \"env:SMTP_PASSWORD\"\n",
        "token = \"env:DASHBOARD_TOKEN\"\n",
    ] {
        assert!(text.contains(written), "{written}: {text}\n{said}");
    }
}

#[test]
fn what_lacks_its_other_half_or_is_no_secret_is_left_out_and_said() {
    let folder = TempFolder::new();
    for (variables, absent, told) in [
        ("JWT_SECRET=your-secret-key\n".to_owned(), "legacy", "takes none from before"),
        ("JWT_SECRET=abc\n".to_owned(), "legacy", "takes none from before"),
        (
            format!("JWT_SECRET={SECRET}\nJWT_ALGORITHM=RS256\n"),
            "legacy",
            "`[identity.issuers.NAME]`",
        ),
        (
            format!("JWT_SECRET={SECRET}\nTOKEN_SECRET={SECRET}\n"),
            "env:TOKEN_SECRET",
            "TOKEN_SECRET: left out, JWT_SECRET says it already",
        ),
        ("JWT_EXPIRATION_HOURS=soon\n".to_owned(), "lifetime", "JWT_EXPIRATION_HOURS: left out"),
        ("JWT_ISSUER=https://a.example\n".to_owned(), "issuers", "has all three"),
        (
            "JWT_ISSUER=https://a.example\nJWT_AUDIENCE=app\nJWKS_URL=ftp://a.example/k\n"
                .to_owned(),
            "issuers",
            "left out",
        ),
        (format!("OIDC_CLIENT_SECRET={SECRET}\n"), "providers", "nothing says whose it is"),
        (
            format!("OIDC_ISSUER=nonsense\nOIDC_CLIENT_ID=x\nOIDC_CLIENT_SECRET={SECRET}\n"),
            "providers",
            "OIDC_CLIENT_ID: left out",
        ),
        (format!("SMTP_PASSWORD={SECRET}\n"), "[mail]", "need a server and a sender"),
        (
            format!("SMTP_HOST=a b\nSMTP_FROM=x\nSMTP_PASSWORD={SECRET}\n"),
            "[mail]",
            "SMTP_HOST: left out",
        ),
    ] {
        let (text, said) = converted(&folder, &variables);
        assert!(said.contains(told), "{variables}: {said}");
        assert!(!text.contains(absent), "{variables}: {text}");
        assert!(!format!("{text}{said}").contains(SECRET), "{variables}: {text}");
    }
    let whole = "JWT_ISSUER=https://a.example\nJWT_AUDIENCE=app\nJWKS_URL=https://a.example/keys\n";
    let (text, _) = converted(&folder, whole);
    assert!(text.contains("[identity.issuers.outside]\n"), "{text}");
}

#[test]
fn tokens_of_the_application_count_behind_what_was_written() {
    let Some(python) = venv_python(&["jwt"]) else {
        return left_out("pyjwt", "PyJWT is not in target/venv");
    };
    let folder = TempFolder::new();
    let (text, _) = converted(&folder, &format!("JWT_SECRET={SECRET}\n"));
    let upstream = FakeUpstream::answering(Answer::ok("inside"));
    let start = || {
        let builder = MantletProcess::builder(BINARY).upstream(&upstream.url());
        builder.arg("--require-login").config(&text)
    };
    let gate = start().env("JWT_SECRET", SECRET).start();
    assert_eq!(gate.command(&["user", "add", "bob", "--role", "user"]).code, Some(0));
    for (secret, status) in [(SECRET, 200), ("f3a9c1e07b5d2846-9e0c7a1b5d3f8265", 401)] {
        let program = format!(
            "import jwt, time; now = int(time.time()); print(jwt.encode({{'sub': 'bob', 'iat': now, 'exp': now + 600}}, {secret:?}, algorithm='HS256'))"
        );
        let made = run_program(&python, &["-W", "ignore", "-c", &program], PATIENCE);
        let bearer = format!("Bearer {}", made.stdout.trim());
        let answer = wire::get(gate.address(), "/", &[("Authorization", &bearer)]);
        assert_eq!(answer.status, status, "{made:?}");
    }
    let Err(refused) = start().try_start() else { panic!("it started without the secret") };
    assert!(refused.stderr.contains("JWT_SECRET"), "{refused:#?}");
}
