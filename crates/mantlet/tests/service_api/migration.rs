//! Programs of an application that made its tokens with PyJWT move over.

use std::time::Duration;

use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, left_out, run_program, venv_python};

use super::{House, key_of, run};

const SECRET: &str = "f3a9c1e07b5d2846-9e0c7a1b5d3f8264";

const CONFIG: &str = "[identity.tokens.legacy]\nsecret = \"env:JWT_SECRET\"\nsubject = \"user_id\"\nuntil = \"2999-01-01\"\n";

fn start(config: &str, secret: &str) -> Result<House, String> {
    let upstream = FakeUpstream::answering(Answer::ok("inside"));
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let builder = builder.upstream(&upstream.url()).arg("--require-login").config(config);
    let gate = builder.env("JWT_SECRET", secret).try_start().map_err(|done| done.stderr)?;
    run(&gate, &["user", "add", "admin", "--role", "admin"]);
    run(&gate, &["user", "add", "bob", "--role", "user"]);
    let key = key_of(&gate, "admin", &super::ALL);
    Ok(House { upstream, gate, key })
}

/// A token as the application made it: `claims` in Python.
fn made(python: &std::path::Path, claims: &str, secret: &str) -> String {
    let program = format!(
        "import jwt, time; now = int(time.time()); print(jwt.encode({claims}, {secret:?}, algorithm='HS256'))"
    );
    let done = run_program(python, &["-W", "ignore", "-c", &program], Duration::from_secs(60));
    assert_eq!(done.code, Some(0), "{done:?}");
    done.stdout.trim().to_owned()
}

#[test]
fn samo_d13_tokens_of_pyjwt_count_for_accounts_of_ours_until_a_day() {
    let Some(python) = venv_python(&["jwt"]) else {
        return left_out("pyjwt", "PyJWT is not in target/venv");
    };
    let house = start(CONFIG, SECRET).unwrap();
    let token = |claims: &str| made(&python, claims, SECRET);
    let fine = token("{'user_id': 'bob', 'exp': now + 3600, 'iat': now}");
    assert_eq!(house.through(&fine), 200);
    let seen = house.upstream.requests().pop().unwrap();
    assert_eq!(
        (seen.header("x-forwarded-user"), seen.header("authorization")),
        (Some("bob"), None)
    );
    for (about, claims) in [
        ("no end", "{'user_id': 'bob'}"),
        ("over", "{'user_id': 'bob', 'exp': now - 100}"),
        ("for ever", "{'user_id': 'bob', 'exp': now + 10**9}"),
        ("nobody of ours", "{'user_id': 'eve', 'exp': now + 3600}"),
        ("another claim", "{'sub': 'bob', 'exp': now + 3600}"),
        ("our own name", "{'user_id': 'bob', 'exp': now + 3600, 'iss': 'mantlet'}"),
    ] {
        assert_eq!(house.through(&token(claims)), 401, "{about}");
    }
    let forged = made(
        &python,
        "{'user_id': 'bob', 'exp': now + 3600}",
        "another-secret-of-32-bytes-0123456789",
    );
    assert_eq!(house.through(&forged), 401);
    assert_eq!(house.gate.command(&["user", "lock", "bob"]).code, Some(0));
    assert_eq!(house.through(&fine), 401, "with the account");
    assert!(!house.gate.stderr().contains(SECRET));
}

#[test]
fn samo_d13_a_secret_that_anybody_could_guess_is_refused_at_the_start() {
    for (secret, why) in [
        ("short-secret", "shorter than 32 bytes"),
        ("change-me-change-me-change-me-change-me", "example"),
    ] {
        let error = start(CONFIG, secret).err().unwrap();
        assert!(error.contains(why) && !error.contains(secret), "{error}");
    }
    let open_end = CONFIG.replace("until = \"2999-01-01\"\n", "");
    assert!(start(&open_end, SECRET).err().unwrap().contains("until when they count"));
    // Their day is over.
    let over = CONFIG.replace("2999", "2020");
    let Some(python) = venv_python(&["jwt"]) else {
        return left_out("pyjwt", "PyJWT is not in target/venv");
    };
    let house = start(&over, SECRET).unwrap();
    let late = made(&python, "{'user_id': 'bob', 'exp': now + 3600}", SECRET);
    assert_eq!(house.through(&late), 401);
}
