//! Cases of other implementations, read from the folder beside the project. Tests only.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The folder with the reference data, or a note that it is not there.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let suite = format!("reference cases of {name}");
    Some(mantlet_testkit::shared(&suite)?.join("data").join(name))
}

/// One case of an operator or a transformation.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    param: String,
    #[serde(default)]
    input: String,
    #[serde(default)]
    output: String,
    #[serde(default)]
    pub(crate) ret: i64,
}

impl Case {
    pub(crate) fn input(&self) -> Vec<u8> {
        unescape(&self.input)
    }

    pub(crate) fn param(&self) -> String {
        self.param.replace("\\u0000", "\0")
    }

    pub(crate) fn output(&self) -> Vec<u8> {
        unescape(&self.output)
    }
}

/// All cases of a folder by the name of their file.
pub(crate) fn cases(folder: &Path) -> Vec<(String, Vec<Case>)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let cases = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            (name, cases)
        })
        .collect()
}

/// The cases spell NUL as a literal `\u0000`; where a text has a literal `\xHH`, it is escaped as in
/// Go's string literals, and a text that is no valid literal is empty.
fn unescape(text: &str) -> Vec<u8> {
    let text = text.replace("\\u0000", "\0");
    if text.contains("\\x") {
        unquote(text.as_bytes()).unwrap_or_default()
    } else {
        text.into_bytes()
    }
}

fn unquote(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'"' | b'\n', _) => return None,
            (b'\\', [b'x', high, low, beyond @ ..]) => {
                let digits = [*high, *low];
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                rest = beyond;
            }
            (b'\\', [a @ b'0'..=b'3', b, c, beyond @ ..]) => {
                let digits = [*a, *b, *c];
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()?);
                rest = beyond;
            }
            (b'\\', [escaped, beyond @ ..]) => {
                out.push(match escaped {
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 11,
                    b'\\' => b'\\',
                    b'"' => b'"',
                    _ => return None,
                });
                rest = beyond;
            }
            (b'\\', []) => return None,
            _ => out.push(*first),
        }
    }
    Some(out)
}
