//! Rule files as logical lines: continuation lines joined, comments and blank lines gone, every
//! byte still knowing where it stood.

use std::sync::Arc;

use super::problem::Place;

/// One directive with its arguments as one piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogicalLine {
    /// The text without line ends and without the backslashes before them.
    pub(crate) text: String,
    file: Arc<str>,
    /// Where each physical line begins: (offset in `text`, line number, text before in that line).
    pieces: Vec<(usize, usize)>,
}

impl LogicalLine {
    /// Where the byte at `offset` of the text stood in the file.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let piece = self.pieces.iter().rev().find(|(start, _)| *start <= offset);
        let (start, line) = piece.copied().unwrap_or((0, 1));
        let before = self.text.get(start..offset).unwrap_or_default();
        Place { file: Arc::clone(&self.file), line, column: before.chars().count() + 1 }
    }
}

/// The logical lines of a file. A comment ends with its own line even when that ends in a
/// backslash: otherwise it would swallow the next rule in silence.
pub(crate) fn logical_lines(file: &Arc<str>, text: &str) -> Vec<LogicalLine> {
    let mut lines = Vec::new();
    let mut open: Option<LogicalLine> = None;
    for (index, physical) in text.lines().enumerate() {
        if open.is_none() && is_blank_or_comment(physical) {
            continue;
        }
        let line = open.get_or_insert_with(|| LogicalLine {
            text: String::new(),
            file: Arc::clone(file),
            pieces: Vec::new(),
        });
        line.pieces.push((line.text.len(), index + 1));
        match physical.strip_suffix('\\') {
            Some(start) => line.text.push_str(start),
            None => {
                line.text.push_str(physical);
                lines.extend(open.take());
            }
        }
    }
    lines.extend(open);
    lines
}

fn is_blank_or_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<LogicalLine> {
        logical_lines(&Arc::from("f.conf"), text)
    }

    #[test]
    fn continuation_lines_are_joined_and_keep_their_places() {
        let lines = lines("# c \\\nSecRule A \\\n  B\n\n#x\nSecMarker M");
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["SecRule A   B", "SecMarker M"]);
        let b = lines[0].text.find('B').unwrap();
        assert_eq!(lines[0].place(b).to_string(), "f.conf:3:3");
        assert_eq!(lines[1].place(0).to_string(), "f.conf:6:1");
    }
}
