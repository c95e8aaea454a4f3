use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use mantlet_types::Secret;
use toml::Value;

use super::placeholder::is_placeholder;
use super::*;
use crate::{Environment, Scalar};

const GOOD: &str = "k7Qz0vN4-bUe1Rt9w";

fn reference(text: &str) -> SecretRef {
    SecretRef::parse(&Value::String(text.to_owned())).unwrap()
}

fn resolve(sources: &Sources, text: &str) -> Result<String, String> {
    match sources.resolve(&reference(text), 16) {
        Ok(secret) => Ok(secret.expose().clone()),
        Err(error) => Err(error.to_string()),
    }
}

/// A file with these permissions, in a folder that lives as long as the test.
fn file(folder: &tempfile::TempDir, name: &str, content: &[u8], mode: u32) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn a_pasted_secret_is_refused_and_never_shown() {
    for text in [
        "hunter2hunter2",
        "hunter2:x",
        "env:hunter2 x",
        "env:",
        "file:hunter2",
        "ENV:hunter2",
        "vault:",
    ] {
        let complaint = SecretRef::parse(&Value::String(text.into())).unwrap_err();
        assert!(!complaint.to_string().contains("hunter2"), "{complaint}");
    }
    let complaint = SecretRef::parse(&Value::Integer(815)).unwrap_err();
    assert!(!complaint.to_string().contains("815"), "{complaint}");
    assert_eq!(reference("vault:kv/app").to_string(), "vault:kv/app");
}

#[test]
fn variables_and_their_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "key", format!("{GOOD}\n").as_bytes(), 0o600);
    let path = path.to_str().unwrap();
    let sources = Sources::new(&Environment::of([
        ("SET", GOOD),
        ("SET_FILE", "/does/not/exist"),
        ("BY_FILE_FILE", path),
        ("EMPTY", ""),
        ("SHORT", "k7Qz0"),
        ("PLACEHOLDER", "change-me-change-me"),
    ]));
    assert_eq!(resolve(&sources, "env:SET").as_deref(), Ok(GOOD));
    assert_eq!(resolve(&sources, "env:BY_FILE").as_deref(), Ok(GOOD));
    assert_eq!(resolve(&sources, &format!("file:{path}")).as_deref(), Ok(GOOD));
    let missing = "the variable `EMPTY` is not set\n  hint: set it, or set `EMPTY_FILE` to the path of a file that holds it";
    assert_eq!(resolve(&sources, "env:EMPTY").unwrap_err(), missing);
    let short = resolve(&sources, "env:SHORT").unwrap_err();
    assert!(short.starts_with("`env:SHORT` is shorter than 16 characters"), "{short}");
    assert!(!short.contains("k7Qz0"));
    let placeholder = resolve(&sources, "env:PLACEHOLDER").unwrap_err();
    assert!(placeholder.starts_with("`env:PLACEHOLDER` holds a placeholder"), "{placeholder}");
    assert!(!placeholder.contains("change-me"));
}

#[test]
fn files_that_others_can_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sources = Sources::new(&Environment::default());
    for (mode, is_fine) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
        let path = file(&folder, &format!("key{mode:o}"), GOOD.as_bytes(), mode);
        let path = path.to_str().unwrap();
        let result = resolve(&sources, &format!("file:{path}"));
        assert_eq!(result.is_ok(), is_fine, "{mode:o}");
        if let Err(error) = result {
            assert!(error.ends_with(&format!("run `chmod 600 {path}`")), "{error}");
        }
    }
}

#[test]
fn only_one_newline_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let sources = Sources::new(&Environment::default());
    for (end, kept) in [("", ""), ("\n", ""), ("\r\n", ""), ("\n\n", "\n"), (" ", " ")] {
        let path = file(&folder, "key", format!("{GOOD}{end}").as_bytes(), 0o600);
        let secret = resolve(&sources, &format!("file:{}", path.display()));
        assert_eq!(secret, Ok(format!("{GOOD}{kept}")), "{end:?}");
    }
}

#[test]
fn unusable_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let sources = Sources::new(&Environment::default());
    let large = file(&folder, "large", &vec![b'x'; 64 * 1024 + 1], 0o600);
    let binary = file(&folder, "binary", &[0xff; 32], 0o600);
    for (path, expected) in [
        (large, "is too large"),
        (binary, "is not text"),
        (folder.path().to_owned(), "is not a file"),
        (folder.path().join("missing"), "cannot read"),
    ] {
        let error = resolve(&sources, &format!("file:{}", path.display())).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn sources_can_be_added() {
    #[derive(Debug)]
    struct Fake;
    impl SecretSource for Fake {
        fn scheme(&self) -> &'static str {
            "vault"
        }
        fn fetch(&self, name: &str) -> Result<Secret<String>, SecretError> {
            Ok(Secret::new(format!("{GOOD}-{name}")))
        }
    }
    let sources = Sources::new(&Environment::default());
    let error = resolve(&sources, "vault:app").unwrap_err();
    assert_eq!(error, "no source for `vault:app`\n  hint: configure it, or use one of: env, file");
    let sources = sources.with(Box::new(Fake));
    assert_eq!(resolve(&sources, "vault:app"), Ok(format!("{GOOD}-app")));
}

#[test]
fn placeholders_are_told_from_secrets() {
    for text in [
        "changeme",
        "Change-Me!",
        "secret",
        "password123",
        "your-secret-key-here",
        "xxx",
        "<insert a secret>",
        "example",
        "test",
        "${SECRET}",
        "{{ secret }}",
        "0000000000000000",
        "your_api_key",
        "REPLACE_ME_WITH_32_BYTES",
        "",
        "   ",
    ] {
        assert!(is_placeholder(text), "{text}");
    }
    for text in
        [GOOD, "correct horse battery staple", "testing-4f9d0c21aa77", "dGhpcyBpcyBhIGtleQ=="]
    {
        assert!(!is_placeholder(text), "{text}");
    }
}

#[test]
fn neither_sources_nor_environment_print_values() {
    let environment = Environment::of([("KEY", GOOD)]);
    let printed = format!("{environment:?} {:?}", Sources::new(&environment));
    assert!(!printed.contains(GOOD) && printed.contains("KEY"), "{printed}");
}
