//! Every role, every class, every way of belonging, reading and writing.

use mantlet_testkit::wire;

use super::person::Person;
use super::{CLASSES, PEOPLE, Served, equipped};

/// What somebody may with a project of each class, in the order of [`CLASSES`]: nothing, read (`r`), or
/// read and write (`w`). The last class is a typing error, which counts as restricted.
const MAY: [(&str, [&str; 5]); 7] = [
    ("outsider", ["r", "r", "", "", ""]),
    ("reader", ["r", "r", "r", "", ""]),
    ("writer", ["w", "w", "w", "", ""]),
    ("owner", ["w", "w", "w", "", ""]),
    ("adele", ["r", "r", "r", "", ""]),
    ("rex", ["r", "r", "r", "", ""]),
    ("approved", ["r", "r", "r", "r", "r"]),
];

fn ask(served: &Served, method: &str, path: &str, cookie: &str, body: &[u8]) -> u16 {
    let origin = format!("http://{}", served.gate.address());
    let mut headers = vec![("Origin", origin.as_str()), ("Sec-Fetch-Site", "same-origin")];
    if !cookie.is_empty() {
        headers.push(("Cookie", cookie));
    }
    wire::request(served.gate.address(), method, path, &headers, body).status
}

fn statuses(may: &str, is_known: bool) -> [u16; 2] {
    match (may, is_known) {
        ("w", _) => [200, 204],
        ("r", true) => [200, 403],
        ("r", false) => [200, 401],
        (_, true) => [403, 403],
        (_, false) => [401, 401],
    }
}

// covers: SCI-15, SCI-26, SCI-27, SCI-28 (binary)
#[test]
fn sci_d08_d09_d19_d20_who_may_what_with_a_project_of_each_class() {
    let Some(python) = equipped(&["flask", "werkzeug"]) else { return };
    let served = Served::start(&python);
    let imported = served.import(&python);
    assert_eq!(imported["added"].as_array().unwrap().len(), PEOPLE.len(), "{imported}");
    let people: Vec<(&str, String)> = PEOPLE
        .iter()
        .map(|(name, _, password)| {
            let mut person = Person::new(&served.gate);
            let answer = person.sign_in(name, password);
            assert_eq!(answer.status, 303, "{name}: {answer:?}");
            (*name, person.cookie_header())
        })
        .collect();
    let cookie = |name: &str| people.iter().find(|(own, _)| *own == name).unwrap().1.as_str();
    let table = |may: &[(&str, [&str; 5])]| {
        for (name, row) in may {
            for (number, (class, may)) in CLASSES.iter().zip(row).enumerate() {
                let path = format!("/projects/{}", number + 1);
                let came = ["GET", "PUT"]
                    .map(|method| ask(&served, method, &path, cookie(name), b"changed"));
                assert_eq!(came, statuses(may, true), "{name} and a {class} project");
            }
        }
    };
    for number in ["4", "5"] {
        let thing = format!("project:{number}");
        served.json(&["access", "approve", "approved", &thing, "--by", "adele", "--until", "1h"]);
    }
    table(&MAY);
    for (number, may) in ["r", "", "", "", ""].iter().enumerate() {
        let path = format!("/projects/{}", number + 1);
        let came = ["GET", "PUT"].map(|method| ask(&served, method, &path, "", b""));
        assert_eq!(came, statuses(may, false), "nobody and project {}", number + 1);
    }
    // Approvals open what is restricted: for who belongs to it, and for who is cleared for it.
    for name in ["outsider", "reader", "adele", "rex"] {
        served.json(&["access", "approve", name, "project:4", "--by", "owner", "--until", "1h"]);
    }
    for name in ["writer", "owner"] {
        let wish = [
            "access",
            "approve",
            name,
            "class:restricted",
            "--by",
            "rex",
            "--until",
            "1h",
            "--write",
        ];
        served.json(&wish);
    }
    table(&[
        ("outsider", ["r", "r", "", "", ""]),
        ("reader", ["r", "r", "r", "r", ""]),
        ("writer", ["w", "w", "w", "w", "w"]),
        ("owner", ["w", "w", "w", "w", "w"]),
        ("adele", ["r", "r", "r", "", ""]),
        ("rex", ["r", "r", "r", "r", ""]),
    ]);
    belonging_changes_at_once(&served, cookie);
    no_client_reaches_what_the_gate_asks(&served, cookie("owner"));
    who_may_what_is_reviewed(&served);
}

/// What the application says of a project counts for the next request.
fn belonging_changes_at_once<'a>(served: &Served, cookie: impl Fn(&str) -> &'a str) {
    assert_eq!(ask(served, "GET", "/projects/3", cookie("outsider"), b""), 403);
    for name in ["reader", "writer", "adele"] {
        let status = ask(served, "PUT", "/projects/3/members/outsider", cookie(name), b"read");
        assert_eq!(status, 403, "{name} is not the owner");
    }
    assert_eq!(ask(served, "PUT", "/projects/3/members/outsider", cookie("owner"), b"read"), 204);
    assert_eq!(ask(served, "GET", "/projects/3", cookie("outsider"), b""), 200);
    assert_eq!(ask(served, "PUT", "/projects/3", cookie("outsider"), b"x"), 403);
    assert_eq!(ask(served, "GET", "/projects/99", cookie("owner"), b""), 403, "nobody's");
    assert_eq!(ask(served, "GET", "/people/owner/notes", cookie("owner"), b""), 200);
    assert_eq!(ask(served, "GET", "/people/owner/notes", cookie("rex"), b""), 403);
}

fn no_client_reaches_what_the_gate_asks(served: &Served, cookie: &str) {
    for path in [
        "/.facts",
        "/.facts/projects/1",
        "/%2Efacts/projects/1",
        "//.facts/projects/1",
        "/x/../.facts/projects/1",
    ] {
        let status = ask(served, "GET", path, cookie, b"");
        assert!(matches!(status, 400 | 403 | 404), "{path}: {status}");
    }
}

fn who_may_what_is_reviewed(served: &Served) {
    let config = served.gate.config_file();
    let config = config.to_str().unwrap();
    let done = served.gate.command(&["access", "review", "--json", "--config", config]);
    let review: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    let of = |name: &str| {
        let users = review["users"].as_array().unwrap();
        users.iter().find(|user| user["user"] == name).unwrap().clone()
    };
    assert_eq!(of("rex")["findings"], serde_json::json!(["has every permission there is"]));
    assert_eq!(of("owner")["may"][0]["permission"], "read_project");
    assert!(of("owner")["last_sign_in"].is_string(), "{review}");
    assert_eq!(review["approvals"].as_array().unwrap().len(), 8, "{review}");
    assert_eq!(done.code, Some(1), "there is something to look at");
    let table = served.gate.command(&["access", "review", "--csv", "--config", config]);
    assert!(table.stdout.contains("\"adele\",\"open\",\"admin\","), "{}", table.stdout);
}
