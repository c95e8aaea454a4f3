//! Links to set a password: mailed by a real server, shown by the command line, and attacked.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{
    FakeUpstream, MantletProcess, Running, TempFolder, certificate, left_out, poll_until, root,
    venv_python,
};
use serde_json::Value;

use super::common::PATIENCE;
use super::person::{PAGE, Person, fill_in, form};
use super::{PASSWORD, add, closed, json};

const RESET: &str = "/.mantlet/reset";
const SET: &str = "/.mantlet/set-password";

/// How long a letter may take that is put off at first.
const LONG: Duration = Duration::from_secs(60);

/// A mail server.
struct Mail {
    running: Running,
    port: u16,
}

impl Mail {
    /// One that puts off so many letters; `None` where it is not there, which is then on record.
    fn start(arguments: &[&str]) -> Option<Self> {
        let Some(python) = venv_python(&["aiosmtpd"]) else {
            left_out("mail", "aiosmtpd is not in target/venv");
            return None;
        };
        let mut command = Command::new(python);
        let script = root().join("crates/mantlet/tests/login/mail.py");
        command.args(["-W", "ignore"]).arg(script).args(arguments).stdin(Stdio::null());
        let running = Running::start(command);
        let port = poll_until(LONG, || running.stdout().lines().next()?.parse().ok());
        let port = port.unwrap_or_else(|| panic!("{}", running.stderr()));
        Some(Self { running, port })
    }

    fn config(&self) -> String {
        format!(
            "[mail]\nsmtp = \"smtp://127.0.0.1:{}\"\nfrom = \"Gate <gate@example.org>\"\n",
            self.port
        )
    }

    fn letters(&self) -> Vec<Value> {
        let stdout = self.running.stdout();
        let whole = stdout.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Letter number `count`.
    fn letter(&self, count: usize) -> Value {
        let found = poll_until(LONG, || self.letters().get(count - 1).cloned());
        found.unwrap_or_else(|| panic!("letter {count}: {:?}", self.letters()))
    }
}

/// The path of the link in a text.
fn link(text: &str, gate: &MantletProcess) -> String {
    let start = format!("http://{}{SET}?token=", gate.address());
    let place = text.find(&start).unwrap_or_else(|| panic!("{text}"));
    let link = text.get(place..).unwrap().split_whitespace().next().unwrap();
    link.strip_prefix(&format!("http://{}", gate.address())).unwrap().to_owned()
}

fn set(person: &mut Person<'_>, link: &str, password: &str) -> Response {
    let shown = person.get(link);
    assert_eq!(shown.status, 200, "{shown:?}");
    let mut fields = form(&shown.text(), SET);
    fill_in(&mut fields, &[("new", password), ("again", password)]);
    person.post(SET, &fields)
}

fn ask(gate: &MantletProcess, name: &str) -> Response {
    Person::new(gate).fill(RESET, RESET, &[("username", name)])
}

/// A gate behind which alice has an address.
fn house(mail: &Mail) -> (FakeUpstream, MantletProcess, String) {
    let (upstream, gate) = closed(&mail.config());
    let password = add(&gate, "alice", "user");
    json(&gate, &["user", "email", "alice", "alice@example.org"]);
    (upstream, gate, password)
}

#[test]
fn a_forgotten_password_is_set_with_a_mailed_link_that_counts_once() {
    let Some(mail) = Mail::start(&["0"]) else { return };
    let (_upstream, gate, password) = house(&mail);
    let mut before = Person::new(&gate);
    assert_eq!(before.sign_in("alice", &password).status, 303);
    assert!(Person::new(&gate).get("/.mantlet/sign-in").text().contains(RESET));
    assert_eq!(ask(&gate, "Alice").status, 200);
    let letter = mail.letter(1);
    assert_eq!(letter["to"], serde_json::json!(["alice@example.org"]));
    let path = link(letter["text"].as_str().unwrap(), &gate);

    let mut person = Person::new(&gate);
    let page = person.get(&path);
    let header = |name: &str| page.header(name).unwrap_or_default().to_owned();
    assert_eq!(page.headers.get_all("referrer-policy"), ["no-referrer"]);
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(before.get("/").status, 200, "looking at it changes nothing");
    let weak = set(&mut person, &path, "short");
    assert_eq!(weak.status, 422, "{weak:?}");
    let done = set(&mut person, &path, PASSWORD);
    assert_eq!((done.status, done.header("location")), (303, Some("/.mantlet/sign-in?set=1")));
    assert_eq!(before.get("/").status, 303, "everybody is signed out");
    assert_eq!(Person::new(&gate).sign_in("alice", &password).status, 401);
    assert_eq!(Person::new(&gate).sign_in("alice", PASSWORD).status, 303);
    assert_eq!(person.get(&path).status, 410, "once");
    let told = mail.letter(2);
    assert!(told["subject"].as_str().unwrap().ends_with("was changed"), "{told}");
    assert!(!told["text"].as_str().unwrap().contains("token="), "{told}");
    let secret = path.split_once('=').unwrap().1;
    let files = [gate.data().join("log"), gate.data().join("audit")];
    for file in files.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()) {
        let text = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains(secret), "the link is in a log");
    }
}

#[test]
fn nobody_learns_who_has_an_account_and_no_header_leads_a_link_elsewhere() {
    let Some(mail) = Mail::start(&["0"]) else { return };
    let (_upstream, gate, _) = house(&mail);
    add(&gate, "bob", "user");
    let plain = |page: &Response| {
        let text = page.text();
        let (start, rest) = text.split_once("name=\"form\" value=\"").unwrap();
        format!("{start}{}", rest.split_once('"').unwrap().1)
    };
    let (known, unknown) = (ask(&gate, "alice"), ask(&gate, "mallory"));
    let (addressless, odd) = (ask(&gate, "bob"), ask(&gate, "a b\u{202e}"));
    for other in [&unknown, &addressless, &odd] {
        assert_eq!((other.status, plain(other)), (known.status, plain(&known)));
    }
    let _ = mail.letter(1);
    // Whatever a request says of its host, links lead to the configured one.
    let own = gate.address().to_string();
    for (host, expected) in [(own.as_str(), Some(200)), ("evil.example", None)] {
        let mut person = Person::new(&gate);
        let mut fields = form(&person.get(RESET).text(), RESET);
        fill_in(&mut fields, &[("username", "alice")]);
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (cookies, origin) = (person.cookie_header(), format!("http://{host}"));
        let said = [
            PAGE,
            ("Host", host),
            ("Origin", &origin),
            ("X-Forwarded-Host", "evil.example"),
            ("X-Forwarded-Proto", "https"),
            ("Forwarded", "host=evil.example"),
            ("Cookie", &cookies),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        let body = body.join("&");
        let answer = wire::request(gate.address(), "POST", RESET, &said, body.as_bytes());
        assert!(expected.is_none_or(|status| answer.status == status), "{answer:?}");
    }
    let _ = mail.letter(2);
    for letter in mail.letters() {
        let text = letter["text"].as_str().unwrap();
        assert!(!letter.to_string().contains("evil"), "{letter}");
        let _ = link(text, &gate);
    }
    // There are so many letters for one account, and so many questions of one address.
    let statuses: Vec<u16> = (0..9).map(|_| ask(&gate, "alice").status).collect();
    assert_eq!((statuses[0], statuses[8]), (200, 429), "{statuses:?}");
    assert!(mail.letters().len() <= 3, "{:?}", mail.letters());
}

#[test]
fn of_two_who_use_a_link_at_once_one_wins_and_guesses_never_do() {
    let (_upstream, gate) = closed("");
    add(&gate, "alice", "user");
    let shown = json(&gate, &["user", "reset", "alice"]);
    let path = link(shown["link"].as_str().unwrap(), &gate);
    let racers: Vec<u16> = thread::scope(|scope| {
        let racer = |number: usize| {
            let (gate, path) = (&gate, &path);
            scope.spawn(move || {
                set(&mut Person::new(gate), path, &format!("{PASSWORD}-{number}")).status
            })
        };
        let racers: Vec<_> = (0..6).map(racer).collect();
        racers.into_iter().map(|racer| racer.join().unwrap_or(410)).collect()
    });
    let winner: Vec<usize> = (0..6).filter(|number| racers[*number] == 303).collect();
    assert_eq!(winner.len(), 1, "{racers:?}");
    let password = format!("{PASSWORD}-{}", winner[0]);
    assert_eq!(Person::new(&gate).sign_in("alice", &password).status, 303);

    let fresh = json(&gate, &["user", "reset", "alice"]);
    let path = link(fresh["link"].as_str().unwrap(), &gate);
    let secret = path.split_once('=').unwrap().1;
    let cut = secret.get(..42).unwrap();
    for guess in ["", "x", &"A".repeat(43), cut, &format!("{cut}%00"), &format!("{secret}A")] {
        let page = Person::new(&gate).get(&format!("{SET}?token={guess}"));
        assert_eq!(page.status, 410, "{guess}");
    }
    let _ = gate.wait_for_event(|event| event["event.name"] == "identity.link.refused", PATIENCE);
    // A form that was not made for this browser does nothing.
    let fields: BTreeMap<&str, &str> =
        [("token", secret), ("new", PASSWORD), ("again", PASSWORD)].into_iter().collect();
    let fields: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(Person::new(&gate).post(SET, &fields).status, 403);
    assert_eq!(Person::new(&gate).get(&path).status, 200);
}

#[test]
fn a_link_ends_with_a_change_of_the_password_and_with_the_account() {
    let (_upstream, gate) = closed("");
    add(&gate, "alice", "user");
    let fresh = || {
        let shown = json(&gate, &["user", "reset", "alice"]);
        assert_eq!(shown["mailed"], false);
        link(shown["link"].as_str().unwrap(), &gate)
    };
    for command in [
        &["user", "password", "alice"][..],
        &["user", "email", "alice", "a@example.org"],
        &["user", "lock", "alice"],
    ] {
        let path = fresh();
        assert_eq!(Person::new(&gate).get(&path).status, 200);
        json(&gate, command);
        assert_eq!(Person::new(&gate).get(&path).status, 410, "{command:?}");
    }
    assert_eq!(Person::new(&gate).get(&fresh()).status, 410, "locked");
    // Nobody is told of a page for what cannot be mailed.
    assert_eq!(Person::new(&gate).get(RESET).status, 404);
    for bad in ["a@b\r\nBcc: c@d", "alice", "a@b,c@d"] {
        let refused = gate.command(&["user", "email", "alice", bad]);
        assert_ne!(refused.code, Some(0), "{bad:?}: {refused:?}");
    }
}

#[test]
fn somebody_who_is_invited_sets_the_password_and_has_the_role() {
    let Some(mail) = Mail::start(&["1"]) else { return };
    let (_upstream, gate, _) = house(&mail);
    let invite = ["user", "invite", "carol", "--email", "carol@example.org", "--role", "admin"];
    let invited = json(&gate, &invite);
    assert_eq!((&invited["link"], &invited["mailed"]), (&Value::Null, &Value::Bool(true)));
    // The server put it off, and gets it again.
    let letter = mail.letter(1);
    let text = letter["text"].as_str().unwrap();
    assert!(text.contains("carol") && text.contains("7 days"), "{text}");
    assert_eq!(Person::new(&gate).sign_in("carol", "").status, 401, "no password yet");
    let done = set(&mut Person::new(&gate), &link(text, &gate), PASSWORD);
    assert_eq!(done.status, 303, "{done:?}");
    assert_eq!(Person::new(&gate).sign_in("carol", PASSWORD).status, 303);
    assert_eq!(gate.command(&invite).code, Some(2), "she is there already");
}

#[test]
fn a_second_factor_is_asked_for_after_a_new_password_too() {
    let (_upstream, gate) = closed("");
    let password = add(&gate, "alice", "user");
    let mut person = Person::new(&gate);
    assert_eq!(person.sign_in("alice", &password).status, 303);
    super::second_factor::set_up(&mut person);
    let shown = json(&gate, &["user", "reset", "alice"]);
    let done = set(&mut person, &link(shown["link"].as_str().unwrap(), &gate), PASSWORD);
    assert_eq!(done.status, 303, "{done:?}");
    let answer = Person::new(&gate).sign_in("alice", PASSWORD);
    assert_eq!(answer.header("location"), Some("/.mantlet/second-factor"));
}

#[test]
fn letters_do_not_go_over_a_line_that_others_can_read() {
    let folder = TempFolder::new();
    let (cert, key) = certificate(&folder, "cert.pem", "key.pem");
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let Some(private) = Mail::start(&["0", &cert, &key]) else { return };
    let config = format!("{}ca = \"{cert}\"\n", private.config());
    let (_upstream, gate) = closed(&config);
    json(&gate, &["user", "invite", "carol", "--email", "carol@example.org"]);
    assert_eq!(private.letter(1)["tls"], true);
    // A server that offers no TLS gets nothing where TLS is asked for.
    let Some(open) = Mail::start(&["0"]) else { return };
    let (_upstream, gate) = closed(&format!("{}ca = \"{cert}\"\n", open.config()));
    json(&gate, &["user", "invite", "carol", "--email", "carol@example.org"]);
    let failed = |event: &Value| event["event.name"] == "mail.letter.failed";
    let _ = gate.wait_for_event(failed, LONG);
    assert!(open.letters().is_empty());
}

#[test]
fn a_mail_server_that_asks_who_sends_is_told_what_is_said() {
    let folder = TempFolder::new();
    let (cert, key) = certificate(&folder, "cert.pem", "key.pem");
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let arguments = ["0", &cert, &key, "gate", "k7Qz0vN4bUe1Rt9w"];
    let Some(mail) = Mail::start(&arguments) else { return };
    let secret = |name: &str, text: &str| {
        let file = folder.write(name, text);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, mode).unwrap();
        format!("file:{}", file.display())
    };
    let (right, wrong) = (secret("right", "k7Qz0vN4bUe1Rt9w"), secret("wrong", "k7Qz0vN4bUe1Rt9x"));
    for (name, password, is_taken) in
        [("gate", &wrong, false), ("other", &right, false), ("gate", &right, true)]
    {
        let config = format!(
            "{}ca = \"{cert}\"\nusername = \"{name}\"\npassword = \"{password}\"\n",
            mail.config()
        );
        let (_upstream, gate) = closed(&config);
        json(&gate, &["user", "invite", "carol", "--email", "carol@example.org"]);
        if is_taken {
            assert_eq!(mail.letter(1)["to"], serde_json::json!(["carol@example.org"]));
        } else {
            let failed = |event: &Value| event["event.name"] == "mail.letter.failed";
            let told = gate.wait_for_event(failed, LONG).to_string();
            assert!(!told.contains("k7Qz0vN4bUe1Rt9"), "{told}");
            assert!(mail.letters().is_empty(), "{name}");
        }
    }
}
