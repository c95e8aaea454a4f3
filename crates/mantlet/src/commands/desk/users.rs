//! `mantlet user` and `mantlet role`.

use std::path::Path;

use mantlet_admin::desk::{Ask, NewLink, NewUser};
use serde_json::{Value as Json, json};

use super::{answer, ask, entries, list, secrets, text};
use crate::cli::identity::{DeskFlags, RoleCommand, UserCommand};
use crate::commands::{Failure, Outcome};
use crate::output;

/// The largest file of accounts, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;
/// How many accounts are added by one command, and how large they may be together: a command of the
/// control socket is 64 KiB at most.
const BATCH: (usize, usize) = (100, 48 * 1024);

pub(in crate::commands) fn user(command: UserCommand) -> Result<Outcome, Failure> {
    match command {
        UserCommand::Add { name, roles, password_stdin, flags } => {
            let password = password_stdin.then(secrets::password).transpose()?;
            let user = NewUser { name, roles, password, password_hash: None };
            answer(flags, Ask::UserAdd { user }, |user| shown(user, "added"))
        }
        UserCommand::Password { name, password_stdin, flags } => {
            let password = password_stdin.then(secrets::password).transpose()?;
            let ask = Ask::UserPassword { name, password };
            answer(flags, ask, |user| shown(user, "new password for"))
        }
        UserCommand::Invite { name, email, roles, flags } => {
            let user = NewUser { name, roles, password: None, password_hash: None };
            answer(flags, Ask::UserInvite { user, email }, |user| link(user, "7 days"))
        }
        UserCommand::Reset { name, flags } => {
            answer(flags, Ask::UserReset { name }, |user| link(user, "30 minutes"))
        }
        UserCommand::Email { name, address, flags } => {
            answer(flags, Ask::UserEmail { name, email: address }, |user| {
                let (name, email) = (text(user, "name"), text(user, "email"));
                output::say(&format!("letters to {name} go to {email}"));
            })
        }
        UserCommand::Lock { name, flags } => answer(flags, Ask::UserLock { name }, |user| {
            let ended = user.get("ended").and_then(Json::as_u64).unwrap_or(0);
            output::say(&format!("locked {}; {ended} session(s) ended", text(user, "name")));
        }),
        UserCommand::Unlock { name, address, flags } => {
            answer(flags, Ask::UserUnlock { name, address }, |user| {
                output::say(&format!("unlocked {}", text(user, "name")));
            })
        }
        UserCommand::Factors { name, remove, flags } => {
            let ask = match remove {
                None => Ask::FactorList { name },
                Some(what) => {
                    Ask::FactorRemove { name, factor: Some(what).filter(|it| it != "all") }
                }
            };
            answer(flags, ask, factors)
        }
        UserCommand::Link { name, issuer, subject, remove, flags } => {
            let link = NewLink { user: name, issuer, subject };
            answer(flags, Ask::LinkSet { link, is_linked: !remove }, links)
        }
        UserCommand::List { flags } => list_users(&flags),
        UserCommand::Import { file, flags } => import(&file, &flags),
    }
}

pub(in crate::commands) fn role(command: RoleCommand) -> Result<Outcome, Failure> {
    match command {
        RoleCommand::List { flags } => answer(flags, Ask::RoleList, |answer| {
            for role in entries(answer, "roles") {
                output::say(&format!("{:<16} {}", text(role, "name"), list(role, "permissions")));
            }
        }),
        RoleCommand::Set { name, roles, flags } => {
            answer(flags, Ask::RoleSet { name, roles }, |user| {
                output::say(&format!("{} is now {}", text(user, "name"), list(user, "roles")));
            })
        }
    }
}

/// The link to a password, where nobody mails it.
fn link(user: &Json, lifetime: &str) {
    let name = text(user, "name");
    match user.get("link").and_then(Json::as_str) {
        Some(link) => output::say(&format!(
            "link for {name} to set a password, good for {lifetime}, shown this once: {link}"
        )),
        None => output::say(&format!("a letter with a link is on its way to {name}")),
    }
}

/// What was done to an account, and its password where that was made.
fn shown(user: &Json, what: &str) {
    output::say(&format!("{what} {}", text(user, "name")));
    if let Some(password) = user.get("password").and_then(Json::as_str) {
        output::say(&format!("password, shown this once: {password}"));
    }
}

/// The second factors of an account.
fn factors(account: &Json) {
    if account.get("totp") == Some(&Json::Bool(true)) {
        output::say("totp     an authenticator program");
    }
    for passkey in entries(account, "passkeys") {
        let (id, label, host) =
            (text(passkey, "id"), text(passkey, "label"), text(passkey, "host"));
        let last = text(passkey, "last_used");
        output::say(&format!("passkey  {id}  “{label}” for {host}, last used {last}"));
    }
    let codes = account.get("recovery_codes").and_then(Json::as_u64).unwrap_or(0);
    output::say(&format!("{} has {codes} recovery code(s) left", text(account, "name")));
}

/// The links of an account.
fn links(account: &Json) {
    for link in entries(account, "links") {
        output::say(&format!("{} is {}", text(link, "issuer"), text(link, "subject")));
    }
    let count = entries(account, "links").len();
    output::say(&format!("{} has {count} link(s)", text(account, "name")));
}

/// Every page of accounts, as one list.
fn list_users(flags: &DeskFlags) -> Result<Outcome, Failure> {
    let (mut all, mut after): (Vec<Json>, Option<String>) = (Vec::new(), None);
    loop {
        let Some(page) = ask(flags.place.clone(), Ask::UserList { after, most: None })? else {
            return Ok(Outcome::Unusable);
        };
        all.extend(entries(&page, "users").iter().cloned());
        if page.get("more") != Some(&Json::Bool(true)) {
            break;
        }
        after = all.last().map(|user| text(user, "name").to_owned());
    }
    if flags.json {
        output::say(&json!({ "users": all }).to_string());
        return Ok(Outcome::Fine);
    }
    if all.is_empty() {
        output::say("there is no account; add one: mantlet user add NAME --role admin");
    }
    for user in &all {
        let state = if user.get("locked") == Some(&Json::Bool(true)) { "locked" } else { "open" };
        let last = text(user, "last_sign_in");
        let (name, roles) = (text(user, "name"), list(user, "roles"));
        let email = text(user, "email");
        output::say(&format!("{name:<24} {state:<7} {roles:<24} {email:<28} last sign-in {last}"));
    }
    Ok(Outcome::Fine)
}

/// Adds the accounts of a file, batch by batch.
fn import(file: &Path, flags: &DeskFlags) -> Result<Outcome, Failure> {
    let shown = file.display();
    let size =
        std::fs::metadata(file).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    if size.len() > LARGEST {
        return Err(format!("`{shown}` is larger than {LARGEST} bytes\n  hint: split it").into());
    }
    let text = std::fs::read_to_string(file);
    let users = parse(&text.map_err(|error| format!("cannot read `{shown}`: {error}"))?)
        .map_err(|error| format!("`{shown}`: {error}\n  hint: see `mantlet user import --help`"))?;
    let (mut added, mut skipped) = (Vec::new(), Vec::new());
    for users in batches(users) {
        let Some(done) = ask(flags.place.clone(), Ask::UserImport { users })? else {
            return Ok(Outcome::Unusable);
        };
        added.extend(entries(&done, "added").iter().cloned());
        skipped.extend(entries(&done, "skipped").iter().cloned());
    }
    if flags.json {
        output::say(&json!({ "added": added, "skipped": skipped }).to_string());
    } else {
        for user in &skipped {
            let (name, why) = (super::text(user, "name"), super::text(user, "why"));
            output::note(&format!("skipped {name}: {why}"));
        }
        let made = added.iter().filter(|user| user.get("password").is_some_and(Json::is_string));
        for user in made {
            let (name, password) = (super::text(user, "name"), super::text(user, "password"));
            output::say(&format!("{name}: password, shown this once: {password}"));
        }
        output::say(&format!("{} added, {} skipped", added.len(), skipped.len()));
    }
    Ok(if skipped.is_empty() { Outcome::Fine } else { Outcome::Findings })
}

/// One list, or one account a line.
fn parse(text: &str) -> Result<Vec<NewUser>, String> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", index + 1))
        })
        .collect()
}

fn batches(users: Vec<NewUser>) -> Vec<Vec<NewUser>> {
    let (mut batches, mut size): (Vec<Vec<NewUser>>, usize) = (Vec::new(), 0);
    for user in users {
        let bytes = serde_json::to_string(&user).map_or(0, |text| text.len());
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH.0 && size.saturating_add(bytes) <= BATCH.1 => {
                size = size.saturating_add(bytes);
                batch.push(user);
            }
            _ => {
                size = bytes;
                batches.push(vec![user]);
            }
        }
    }
    batches
}
