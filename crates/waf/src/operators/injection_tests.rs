//! libinjection's own cases against the port in use, and that the gates hold nothing back.

use std::fs;

use libinjectionrs::sqli::{SqliTokenizer, Token, TokenType};
use libinjectionrs::xss::{Html5Flags, Html5State};
use libinjectionrs::{SqliFlags, SqliState};
use proptest::prelude::*;

use crate::reference;

/// A case: what is read, and what is expected, without white space at its end.
fn parse(text: &[u8]) -> (Vec<u8>, String) {
    let find = |mark: &[u8]| memchr::memmem::find(text, mark).unwrap();
    let (input, expected) = (find(b"--INPUT--"), find(b"--EXPECTED--"));
    let input = &text[input + 10..expected];
    let expected = String::from_utf8_lossy(&text[expected + 12..]);
    let expected = expected.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    (input.strip_suffix(b"\n").unwrap_or(input).to_vec(), expected)
}

fn shown(token: &Token) -> String {
    let value = token.value_as_str();
    let mut text = format!("{} ", token.token_type.to_char());
    let quote = |byte: u8| if byte == 0 { String::new() } else { char::from(byte).to_string() };
    if token.token_type == TokenType::Variable && token.str_open != 0 {
        text.push_str(&"@".repeat(usize::try_from(token.count).unwrap()));
    }
    let quoted = matches!(token.token_type, TokenType::String | TokenType::Variable);
    if quoted {
        text.push_str(&quote(token.str_open));
    }
    text.push_str(value);
    if quoted {
        text.push_str(&quote(token.str_close));
    }
    text.trim().to_owned()
}

fn tokens(input: &[u8]) -> String {
    let mut tokenizer = SqliTokenizer::new(input, SqliFlags::FLAG_SQL_ANSI);
    let mut lines = Vec::new();
    while let Some(token) = tokenizer.next_token() {
        lines.push(shown(&token));
    }
    lines.join("\n")
}

fn folded(input: &[u8]) -> String {
    let mut state = SqliState::new(input, SqliFlags::FLAG_NONE);
    let count = state.fold_tokens();
    state.tokens.iter().take(count).map(shown).collect::<Vec<_>>().join("\n")
}

fn fingerprint(input: &[u8]) -> String {
    let mut state = SqliState::new(input, SqliFlags::FLAG_NONE);
    if state.detect() { state.fingerprint_string() } else { String::new() }
}

fn markup(input: &[u8]) -> String {
    let mut state = Html5State::new(input, Html5Flags::DataState);
    let mut lines = Vec::new();
    while state.next() {
        let text = String::from_utf8_lossy(&state.token_start[..state.token_len]);
        lines.push(format!("{},{},{text}", state.token_type, state.token_len));
    }
    lines.join("\n").trim().to_owned()
}

#[test]
fn injection_is_recognised_as_libinjection_does() {
    let Some(folder) = reference::folder("libinjection/tests") else { return };
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (input, expected) = parse(&fs::read(&path).unwrap());
        let found = match name.split('-').nth(1).unwrap() {
            "tokens" | "tokens_mysql" => tokens(&input),
            "folding" => folded(&input),
            "sqli" => fingerprint(&input),
            "html5" => markup(&input),
            other => panic!("unknown kind {other}"),
        };
        count += 1;
        if found != expected {
            wrong.push(format!(
                "{name}: {:?}\n  {found:?}\n  {expected:?}",
                input.escape_ascii().to_string()
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(count, 480);
}

proptest! {
    #[test]
    fn one_word_is_no_sql(text in "(?:[a-zA-Z0-9]{0,6}(?:union|select|or|and|0x1|1e1|null|having|1|9d|x){0,3}){1,3}") {
        prop_assert!(!SqliState::new(text.as_bytes(), SqliFlags::FLAG_NONE).detect(), "{text}");
    }

    #[test]
    fn text_without_tag_and_value_is_no_script(text in "(?:[^<=]{0,4}(?:on[a-z]{3,8}|style|javascript:|href|-->|`|\"|'|>|/){0,2}){0,4}") {
        prop_assert!(!libinjectionrs::detect_xss(text.as_bytes()).is_injection(), "{text}");
    }
}

#[test]
fn into_outfile_is_known_in_any_case_of_letters() {
    use super::capture::Captures;
    use super::list::Operator;
    let asked = |text: &[u8]| Operator::DetectSqli.matches(b"", text, &mut Captures::default());
    for text in
        ["1 INTO OUTFILE '/srv/x'", "1 into outfile '/srv/x'", "1 Into/**/DumpFile '/srv/x'"]
    {
        assert!(asked(text.as_bytes()), "{text}");
    }
    assert!(!asked(b"put it into the file 'x'"));
}
