//! The rules of a rule set as they are written, by their numbers.

use std::collections::HashMap;
use std::path::Path;

/// The text of every rule with its chain.
pub(crate) fn load(folder: &Path) -> HashMap<u64, String> {
    let mut texts: HashMap<u64, String> = HashMap::new();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|it| it == "conf")) {
        let text = std::fs::read_to_string(file).unwrap().replace("\\\n", " ");
        let mut current = 0;
        for line in text.lines().map(str::trim).filter(|line| line.starts_with("SecRule ")) {
            let number = line.split("id:").nth(1).and_then(|rest| rest.split(',').next());
            current = number.and_then(|number| number.parse().ok()).unwrap_or(current);
            texts.entry(current).or_default().push_str(line);
        }
    }
    texts
}
