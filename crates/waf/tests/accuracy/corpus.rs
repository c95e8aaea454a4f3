//! The corpora of this repository.

/// The lines of a corpus file, with its signs for control characters resolved.
pub(crate) fn lines(folder: &str, file: &str) -> Vec<Vec<u8>> {
    let path = mantlet_testkit::root().join("corpora/waf").join(folder).join(file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let control =
        |line: &str| line.replace('␊', "\n").replace('␍', "\r").replace('␀', "\0").into_bytes();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("## ")).map(control).collect()
}
