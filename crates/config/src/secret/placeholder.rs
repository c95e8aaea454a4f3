//! Telling a secret from what stands in examples.

/// Words that are no secret, also with digits or marks behind them.
const WORDS: &[&str] = &[
    "admin",
    "apikey",
    "changeit",
    "changeme",
    "changethis",
    "default",
    "demo",
    "dummy",
    "example",
    "fixme",
    "foobar",
    "hunter",
    "key",
    "letmein",
    "mysecret",
    "none",
    "null",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "placeholder",
    "qwerty",
    "replaceme",
    "root",
    "sample",
    "secret",
    "secretkey",
    "supersecret",
    "tbd",
    "test",
    "testing",
    "testkey",
    "testsecret",
    "todo",
    "token",
    "undefined",
    "verysecret",
];

/// What only instructions contain.
const PARTS: &[&str] = &[
    "changeme",
    "changethis",
    "inserthere",
    "placeholder",
    "replaceme",
    "replacethis",
    "replacewith",
    "yourapikey",
    "yourkey",
    "yourpassword",
    "yoursecret",
    "yourtoken",
];

/// Whether `value` is one of the texts that stand in examples, or a template that nobody filled.
pub(super) fn is_placeholder(value: &str) -> bool {
    let is_template = (value.starts_with('<') && value.ends_with('>'))
        || value.contains("${")
        || value.contains("{{");
    let letters = |character: &char| character.is_alphanumeric();
    let plain: String = value.to_lowercase().chars().filter(letters).collect();
    let word = plain.trim_end_matches(|character: char| character.is_numeric());
    let is_instruction = word.starts_with("your") && word.ends_with("here");
    is_template
        || is_instruction
        || is_one_character(value)
        || WORDS.contains(&word)
        || PARTS.iter().any(|part| plain.contains(part))
}

fn is_one_character(value: &str) -> bool {
    let mut characters = value.trim().chars();
    characters.next().is_none_or(|first| characters.all(|other| other == first))
}
