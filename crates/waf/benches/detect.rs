//! What the native detectors cost on one core: an ordinary request, a JSON body, and hostile values
//! of 100 KB. Prints the median and the best of many rounds; run on a quiet machine.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement: it meets the real clock and prints"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use mantlet_waf::detect::{Budget, Detectors, Input, Place, Settings};

const HEADERS: &[(&str, &str)] = &[
    ("host", "shop.example.com"),
    (
        "user-agent",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    ),
    (
        "accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    ),
    ("accept-language", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("referer", "https://shop.example.com/products/shoes?page=1"),
    ("sec-ch-ua", "\"Chromium\";v=\"124\", \"Google Chrome\";v=\"124\", \"Not-A.Brand\";v=\"99\""),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "navigate"),
    ("upgrade-insecure-requests", "1"),
];

const COOKIES: &[(&str, &str)] = &[
    ("session", "6f1c2a9be04d4d0f8a3b5c7d9e1f2a3b"),
    ("_ga", "GA1.2.1234567890.1612345678"),
    ("theme", "dark"),
];

const PARAMETERS: &[(&str, &str)] =
    &[("sort", "price"), ("order", "asc"), ("page", "2"), ("q", "running shoes"), ("size", "42")];

fn ordinary_get(detectors: &Detectors) {
    let mut budget = Budget::default();
    let mut look = |place, name: &str, value: &str| {
        let input = Input::new(place, name.as_bytes(), value.as_bytes());
        black_box(detectors.inspect(black_box(input), &mut budget));
    };
    look(Place::Path, "", "/products/shoes/running");
    for (name, value) in PARAMETERS {
        look(Place::Name, "", name);
        look(Place::QueryValue, name, value);
    }
    for (name, value) in HEADERS {
        look(Place::Header(name), name, value);
    }
    for (name, value) in COOKIES {
        look(Place::Cookie, name, value);
    }
}

fn json_body() -> Vec<u8> {
    let item = r#"{"id":123,"sku":"A-4711","name":"Running shoes, blue","note":"please leave it at the door; thanks","price":99.95,"tags":["sport","men"]},"#;
    let mut body = format!("{{\"customer\":\"Miles O'Brien\",\"items\":[{}", item.repeat(26));
    body.pop();
    body.push_str("]}");
    body.into_bytes()
}

fn measure(name: &str, rounds: usize, mut work: impl FnMut()) {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    let median = times.get(rounds / 2).unwrap();
    println!("{name:44} median {median:>10.2?}   best {:>10.2?}", times.first().unwrap());
}

/// Where the time of the ordinary GET goes.
fn each_value(detectors: &Detectors) {
    let headers = HEADERS.iter().map(|(name, value)| (Place::Header(name), *name, *value));
    let cookies = COOKIES.iter().map(|(name, value)| (Place::Cookie, *name, *value));
    let query = PARAMETERS.iter().map(|(name, value)| (Place::QueryValue, *name, *value));
    for (place, name, value) in headers.chain(cookies).chain(query) {
        measure(&format!("{place:?} {name}, 100 times"), 50, || {
            for _ in 0..100 {
                let input = Input::new(place, name.as_bytes(), value.as_bytes());
                black_box(detectors.inspect(black_box(input), &mut Budget::default()));
            }
        });
    }
}

fn main() {
    let detectors = Detectors::new(Settings::default());
    measure("ordinary GET, 100 times", 200, || (0..100).for_each(|_| ordinary_get(&detectors)));
    if std::env::args().any(|argument| argument == "--each") {
        each_value(&detectors);
    }
    let json = json_body();
    measure(&format!("JSON body of {} bytes", json.len()), 500, || {
        black_box(detectors.inspect_json(black_box(&json), &mut Budget::default()));
    });
    for seed in [
        "'",
        "' or ",
        "(",
        "' or (((",
        "<",
        "<a ",
        "<script",
        "=",
        " on=",
        "{{",
        "{{a}}",
        "${",
        "${${",
        "../",
        "/etc/",
        "&#39;",
        "%27",
        "%25",
        "\\x27",
        "+ADw-",
        "a",
        "A1b2",
        ";",
        "|id ",
        "`id` ",
        "$(",
        "union select ",
        "union all ",
        "http://1",
        ":",
        ")(",
        "\n",
        "\nSet-Cookie",
        "<!ENTITY ",
        "select ",
        "0x2e.",
        "\u{ff1c}",
        "it's a text, or = not; ",
        "/*",
        "--",
        "{#",
        "'+'",
        "a=\"b\" ",
        "eval(",
        "$a(",
        "<?php ",
        "O:1:",
        "if %a ",
        "for % ",
        "%u0027",
        "{\"$ne\":1}",
        "java.lang.",
    ] {
        let value: String = seed.repeat(100_000 / seed.len());
        measure(&format!("100 KB of {seed:?}"), 3, || {
            let input = Input::new(Place::BodyField, b"q", value.as_bytes());
            black_box(detectors.inspect(input, &mut Budget::default()));
        });
    }
}
