//! An account on a gate under test, and the header field by which it is known.

use std::path::Path;
use std::process::Command;

use super::http;
use super::peer::{Kind, mantlet_binary};
use crate::Outcome;
use crate::process::output_of;

const NAME: &str = "bench";

/// Adds an account to the gate that runs on `data`, and signs in as `kind` does; `None` of a proxy
/// that asks nobody.
pub(super) fn make(kind: Kind, data: &Path, port: u16) -> Outcome<Option<String>> {
    if !kind.asks_who() {
        return Ok(None);
    }
    let password = add(data, NAME)?;
    Ok(Some(match kind {
        Kind::MantletKey | Kind::MantletStorm => {
            let key = run(data, &["key", "issue", "--user", NAME], "key")?;
            format!("Authorization: Bearer {key}")
        }
        Kind::MantletToken => {
            let token = run(data, &["token", "issue", "--user", NAME], "token")?;
            format!("Authorization: Bearer {token}")
        }
        _ => format!("Cookie: {}", session(port, &password)?),
    }))
}

/// Adds an account: its password.
pub(super) fn add(data: &Path, name: &str) -> Outcome<String> {
    run(data, &["user", "add", name, "--role", "user"], "password")
}

/// Runs a command of Mantlet, and reads a member of its JSON.
fn run(data: &Path, arguments: &[&str], member: &str) -> Outcome<String> {
    let mut command = Command::new(mantlet_binary());
    command.args(arguments).arg("--json").arg("--data").arg(data);
    let text = output_of(&mut command)?;
    // Passwords, keys and tokens are written without escapes.
    let member_text = format!("\"{member}\":\"");
    let found = text.split(&member_text).nth(1).and_then(|rest| rest.split('"').next());
    found.map(str::to_owned).ok_or_else(|| format!("{arguments:?} says no `{member}`: {text}"))
}

/// The cookie of a session.
fn session(port: u16, password: &str) -> Outcome<String> {
    let answer = sign_in(port, NAME, password)?;
    Ok(cookie(&answer, "mantlet-session=").ok_or("signing in gives no session")?)
}

/// Signs in as a browser does: what it is answered.
pub(super) fn sign_in(port: u16, name: &str, password: &str) -> Outcome<String> {
    let path = "/.mantlet/sign-in";
    let page = http::ask(port, &format!("GET {path} HTTP/1.1\r\n"), "")?;
    let visit = cookie(&page, "mantlet-").ok_or("the page of the sign-in sets no cookie")?;
    let field = page.split("name=\"form\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let form = field.ok_or("the page of the sign-in has no form")?;
    let body = format!("form={form}&username={name}&password={password}");
    let head = format!(
        "POST {path} HTTP/1.1\r\nCookie: {visit}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
        body.len()
    );
    http::ask(port, &head, &body)
}

/// The first cookie of an answer that begins so, without its attributes.
fn cookie(answer: &str, start: &str) -> Option<String> {
    let mut fields = answer.lines().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie").then_some(value)
    });
    fields.find(|value| value.starts_with(start))?.split(';').next().map(str::to_owned)
}
