//! Real text that this machine happens to hold: documentation and source code of the packages it
//! was set up with. Cut into paragraphs and lines, as people paste them into forms.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use mantlet_waf::detect::Place;

use crate::case::{Case, hash};

/// Files read of each folder, and pieces taken of each file.
const FILES: usize = 6_000;
const PIECES: usize = 12;
/// The longest piece.
const LONGEST: usize = 4_000;

fn folders() -> Vec<(&'static str, PathBuf)> {
    let home = std::env::var("HOME").unwrap_or_default();
    let candidates = [
        ("text: crates", PathBuf::from(&home).join(".cargo/registry/src")),
        ("text: debian docs", PathBuf::from("/usr/share/doc")),
        ("text: python", PathBuf::from("/usr/lib/python3/dist-packages")),
        ("text: python library", PathBuf::from("/usr/lib/python3.11")),
        ("text: perl", PathBuf::from("/usr/share/perl")),
        ("text: node", PathBuf::from("/usr/share/nodejs")),
    ];
    candidates.into_iter().filter(|(_, folder)| folder.is_dir()).collect()
}

/// Every `share`th piece of the text found.
pub(crate) fn cases(share: usize) -> Vec<Case> {
    let folders = folders();
    if folders.is_empty() {
        mantlet_testkit::left_out(
            "waf-accuracy",
            "no package sources or documentation on this machine",
        );
    }
    let mut seen = HashSet::new();
    let mut cases = Vec::new();
    for (group, folder) in folders {
        let mut files = Vec::new();
        collect(&folder, 0, &mut files);
        // A fixed order that is not the alphabet's: a limit then takes some of everything.
        files.sort_by_key(|file| hash(file.to_string_lossy().as_bytes()));
        for file in files.into_iter().take(FILES / share) {
            let Ok(text) = std::fs::read_to_string(&file) else { continue };
            for (number, piece) in pieces(&text).enumerate() {
                if seen.insert(hash(piece.as_bytes())) {
                    let id = format!(
                        "{}#{number}",
                        file.strip_prefix(&folder).unwrap_or(&file).display()
                    );
                    cases.push(Case::value(group, id, Place::BodyField, piece.as_bytes()));
                }
            }
        }
    }
    cases
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    const KINDS: &[&str] = &[
        "md", "rst", "txt", "rs", "py", "pl", "pm", "js", "ts", "css", "toml", "c", "h", "sh",
        "json", "xml", "yml", "yaml", "java", "go", "php", "sql", "csv", "tex",
    ];
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        let extension =
            path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if kind.is_dir() && depth < 8 {
            collect(&path, depth + 1, files);
        } else if kind.is_file()
            && (KINDS.contains(&extension.as_str())
                || ["README", "NEWS", "copyright", "changelog", "AUTHORS"].contains(&name.as_str()))
        {
            files.push(path);
        }
    }
}

/// Paragraphs, every third line of its own, and a long piece from the start.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let paragraphs =
        text.split("\n\n").map(str::trim).filter(|p| p.len() > 20 && p.len() <= LONGEST);
    let lines =
        text.lines().map(str::trim).filter(|line| line.len() > 12 && line.len() < 400).step_by(7);
    let end =
        (0..=text.len().min(LONGEST)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let long = std::iter::once(&text[..end]).filter(|text| text.len() > 200);
    paragraphs.step_by(3).take(PIECES).chain(lines.take(PIECES / 2)).chain(long)
}
