//! Attacks from seeds and mutations, and the positive cases of libinjection.

use mantlet_waf::detect::Place;

use crate::case::{Case, Part};
use crate::corpus::lines;
use crate::mutation::{self as m, Choices, Mutation};

/// A class: its seeds and the mutations that keep them what they are.
struct Grammar {
    class: &'static str,
    mutations: &'static [(&'static str, Mutation)],
}

const ENCODINGS: &[(&str, Mutation)] =
    &[("url", m::url), ("url all", m::url_all), ("url twice", m::url_twice)];

const GRAMMARS: &[Grammar] = &[
    Grammar {
        class: "sqli",
        mutations: &[
            ("case", m::case),
            ("space", m::sql_space),
            ("url", m::url),
            ("url all", m::url_all),
            ("url twice", m::url_twice),
            ("%u", m::url_unicode),
            ("entities", m::entities),
            ("base64", m::base64),
        ],
    },
    Grammar {
        class: "xss",
        mutations: &[
            ("case", m::case),
            ("space", m::html_space),
            ("url", m::url),
            ("url twice", m::url_twice),
            ("%u", m::url_unicode),
            ("entities", m::entities),
            ("escapes", m::escapes),
            ("base64", m::base64),
            ("worded", m::worded),
        ],
    },
    Grammar { class: "path-traversal", mutations: ENCODINGS },
    Grammar {
        class: "shell",
        mutations: &[
            ("url", m::url),
            ("url twice", m::url_twice),
            ("escapes", m::escapes),
            ("base64", m::base64),
        ],
    },
    Grammar {
        class: "template",
        mutations: &[
            ("url", m::url),
            ("url twice", m::url_twice),
            ("worded", m::worded),
            ("entities", m::entities),
            ("base64", m::base64),
        ],
    },
    Grammar {
        class: "expression",
        mutations: &[
            ("url", m::url),
            ("url twice", m::url_twice),
            ("escapes", m::escapes),
            ("base64", m::base64),
        ],
    },
    Grammar {
        class: "xxe",
        mutations: &[("url", m::url), ("base64", m::base64), ("case", m::case)],
    },
    Grammar { class: "ldap", mutations: ENCODINGS },
    Grammar { class: "xpath", mutations: ENCODINGS },
    Grammar {
        class: "nosql",
        mutations: &[("url", m::url), ("base64", m::base64), ("escapes", m::escapes)],
    },
    Grammar { class: "crlf", mutations: ENCODINGS },
    Grammar { class: "ssrf", mutations: &[("url", m::url), ("url twice", m::url_twice)] },
    Grammar {
        class: "php",
        mutations: &[("url", m::url), ("base64", m::base64), ("entities", m::entities)],
    },
    Grammar { class: "java", mutations: &[("url", m::url), ("base64", m::base64)] },
    Grammar {
        class: "node",
        mutations: &[("url", m::url), ("base64", m::base64), ("escapes", m::escapes)],
    },
    Grammar { class: "python", mutations: &[("url", m::url), ("base64", m::base64)] },
    Grammar { class: "deserialisation", mutations: &[("url", m::url)] },
];

/// Mutations whose payload must still be caught behind a long text.
const BURIABLE: &[&str] = &["sqli", "xss", "shell", "template", "expression"];

/// Every seed, and every seed with each mutation of its class and with two of them.
pub(crate) fn generated() -> Vec<Case> {
    GRAMMARS.iter().flat_map(cases_of).collect()
}

fn cases_of(grammar: &Grammar) -> Vec<Case> {
    let places = [Place::QueryValue, Place::BodyField, Place::JsonString];
    let mut cases = Vec::new();
    let group = grammar.class;
    for seed in lines("attacks", &format!("{group}.txt")) {
        let mut choices = Choices::new(&seed);
        let name = String::from_utf8_lossy(&seed).into_owned();
        let mut add = |how: &str, payload: Vec<u8>, choices: &mut Choices| {
            let place = places[choices.below(3)];
            cases.push(Case::value(group, format!("{group} {how}: {name}"), place, &payload));
        };
        add("plain", seed.clone(), &mut choices);
        // What a mutation would break is no attack any more.
        let fits = |how: &str| match how {
            "worded" => seed.contains(&b'<') || seed.starts_with(b"{{") || seed.starts_with(b"${"),
            "case" => !seed.starts_with(b"+A"),
            _ => true,
        };
        for (how, mutate) in grammar.mutations.iter().filter(|(how, _)| fits(how)) {
            let payload = mutate(&seed, &mut choices);
            add(how, payload, &mut choices);
        }
        if BURIABLE.contains(&group) && !starts_context(&seed) {
            let payload = m::buried(&seed, &mut choices);
            add("buried", payload, &mut choices);
        }
        let (first, second) =
            (choices.below(grammar.mutations.len()), choices.below(grammar.mutations.len()));
        let (first, second) = (grammar.mutations[first], grammar.mutations[second]);
        // Base64 ends what can be done to the letters, and only from end to end it is decoded.
        if first.0 == "base64" && !second.0.starts_with("url") || !fits(first.0) || !fits(second.0)
        {
            continue;
        }
        let payload = second.1(&first.1(&seed, &mut choices), &mut choices);
        add(&format!("{} then {}", first.0, second.0), payload, &mut choices);
    }
    cases
}

/// Seeds that are an attack only from the start of the value on.
fn starts_context(seed: &[u8]) -> bool {
    let first = seed.first().copied().unwrap_or(0);
    first.is_ascii_alphanumeric()
        || matches!(
            first,
            b'-' | b'('
                | b'%'
                | b'\\'
                | b'['
                | b' '
                | b'/'
                | b'='
                | b'&'
                | b'|'
                | b'+'
                | b'<'
                | b'#'
                | b'*'
                | b'`'
        ) && first != b'<'
}

/// The cases that libinjection itself calls an injection.
pub(crate) fn libinjection() -> Vec<Case> {
    let Some(folder) = mantlet_testkit::shared("waf-accuracy")
        .map(|shared| shared.join("data/libinjection/tests"))
        .filter(|f| f.is_dir())
    else {
        mantlet_testkit::left_out(
            "waf-accuracy",
            "no copy of libinjection's tests in the shared data",
        );
        return Vec::new();
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.to_string_lossy().contains("test-sqli"))
        .collect();
    files.sort();
    files
        .iter()
        .filter_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            let (_, rest) = text.split_once("--INPUT--\n")?;
            let (input, expected) = rest.split_once("\n--EXPECTED--")?;
            let id = format!("libinjection {}", file.file_name()?.to_string_lossy());
            (!expected.trim().is_empty()).then(|| Case {
                parts: vec![Part::new(Place::QueryValue, b"q", input.as_bytes())],
                ..Case::value("libinjection sqli", id, Place::QueryValue, b"")
            })
        })
        .collect()
}
