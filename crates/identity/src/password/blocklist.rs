//! Passwords that guessing begins with, compiled in: nobody is asked over a network.

/// In lower case, sorted by bytes, one a line; where it comes from stands beside it.
const LIST: &str = include_str!("../../data/common-passwords.txt");

/// Whether `word`, in lower case, is on the list: a search by halves in the text as it is, without
/// an index that would have to be built.
pub(super) fn holds(word: &str) -> bool {
    if word.is_empty() || word.contains('\n') {
        return false;
    }
    let (list, word) = (LIST.as_bytes(), word.as_bytes());
    let (mut low, mut high) = (0, list.len());
    // INVARIANT: low and high are beginnings of lines, or the end.
    while low < high {
        let middle = low + (high - low) / 2;
        let (start, line, next) = line_at(list, middle);
        match line.cmp(word) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = next,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

/// The line that holds the byte at `at`: its beginning, its text, and where the next one begins.
fn line_at(list: &[u8], at: usize) -> (usize, &[u8], usize) {
    let (before, after) = list.split_at_checked(at).unwrap_or((list, &[]));
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    let end = after.iter().position(|byte| *byte == b'\n').map_or(list.len(), |place| at + place);
    (start, list.get(start..end).unwrap_or_default(), (end + 1).min(list.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_every_line_is_found() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert!(lines.len() > 35_000, "{}", lines.len());
        assert!(lines.windows(2).all(|pair| pair[0].as_bytes() < pair[1].as_bytes()));
        for line in lines {
            assert!(holds(line), "{line}");
            assert!(line.len() >= 4 && !line.contains(char::is_uppercase), "{line}");
        }
    }

    #[test]
    fn what_is_not_on_the_list_is_not_found() {
        for word in [
            "",
            "passwort-kenner",
            "passwordd\n",
            "zzzzzzzzzzzzzzzzz",
            "\0",
            "\n",
            "xq7-vw2",
            "~~~~~~~~~",
        ] {
            assert!(!holds(word), "{word:?}");
        }
    }
}
