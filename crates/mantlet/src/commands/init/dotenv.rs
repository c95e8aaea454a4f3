//! Files of environment variables as `docker --env-file`, systemd and dotenv read them: lines of
//! `NAME=value`, with comments, quotes and `export`.

/// Largest file, in bytes.
pub(super) const MAX_BYTES: u64 = 256 * 1024;

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: usize,
}

/// The variables of `text`, and the numbers of the lines that are none.
pub(super) fn parse(text: &str) -> (Vec<Variable>, Vec<usize>) {
    let (mut variables, mut unreadable) = (Vec::new(), Vec::new());
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let (line, number) = (line.trim(), index.saturating_add(1));
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        match line.split_once('=') {
            Some((name, value)) if is_name(name.trim()) => variables.push(Variable {
                name: name.trim().to_owned(),
                value: unquote(value.trim()).to_owned(),
                line: number,
            }),
            _ => unreadable.push(number),
        }
    }
    (variables, unreadable)
}

fn is_name(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty()
        && name.bytes().all(is_word)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// The value without its quotes, or without the comment behind it.
fn unquote(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote))
        {
            return inner;
        }
    }
    value.split_once(" #").map_or(value, |(value, _)| value.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_other_tools_read_them() {
        let text = "# c\n\nA=1\nexport B = two words # c\nC=\"x # y\" # c\nD='q\"'\nE=a#b\nF=\nno line\n1A=2\n";
        let (variables, unreadable) = parse(text);
        let found: Vec<_> =
            variables.iter().map(|v| (v.name.as_str(), v.value.as_str(), v.line)).collect();
        assert_eq!(
            found,
            [
                ("A", "1", 3),
                ("B", "two words", 4),
                ("C", "x # y", 5),
                ("D", "q\"", 6),
                ("E", "a#b", 7),
                ("F", "", 8)
            ]
        );
        assert_eq!(unreadable, [9, 10]);
    }
}
