//! Patterns written for PCRE as patterns of the `regex` crate over bytes.
//!
//! Both agree on nearly everything the rules use. What differs is rewritten: `\x{hh}`, `\h`, `\v`,
//! `\e`, `\Z`, `\<` and `\>` (literals in PCRE), and inside a class `[`, `&`, `~` (set operations
//! in `regex`) and bytes above 127. Possessive and atomic groups become greedy ones: in a
//! linear-time engine they save nothing. What a linear-time engine cannot do is an error.

use crate::seclang::problem::Fault;

/// Rewrites a pattern.
///
/// # Errors
/// Lookaround, backreferences, recursion and conditions.
pub(crate) fn translate(pattern: &str) -> Result<String, Fault> {
    let mut translation = Translation { rest: pattern, out: String::with_capacity(pattern.len()) };
    while !translation.rest.is_empty() {
        translation.step()?;
    }
    Ok(translation.out)
}

/// The fault for a pattern that does not compile.
pub(crate) fn not_compiled(pattern: &str, error: &str) -> Fault {
    let short: String = pattern.chars().take(60).collect();
    let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
    Fault::new(format!("the pattern `{short}` is not usable: {reason}"))
        .hint("patterns are those of PCRE; a bracket that stands for itself is written `\\(`")
}

struct Translation<'a> {
    rest: &'a str,
    out: String,
}

impl<'a> Translation<'a> {
    fn step(&mut self) -> Result<(), Fault> {
        let Some(first) = self.next() else { return Ok(()) };
        match first {
            '\\' => self.escape(false),
            '[' => self.class(),
            '(' => self.group(),
            '*' | '+' | '?' => {
                self.out.push(first);
                // Possessive: the plus after a repetition.
                self.strip("+");
                Ok(())
            }
            '}' => {
                self.out.push_str("\\}");
                Ok(())
            }
            '{' => {
                self.brace();
                Ok(())
            }
            other => {
                self.literal(other);
                Ok(())
            }
        }
    }

    fn next(&mut self) -> Option<char> {
        let first = self.rest.chars().next()?;
        self.rest = self.rest.get(first.len_utf8()..).unwrap_or_default();
        Some(first)
    }

    fn strip(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn literal(&mut self, character: char) {
        if character.is_ascii() {
            self.out.push(character);
            return;
        }
        let mut buffer = [0; 4];
        for byte in character.encode_utf8(&mut buffer).bytes() {
            self.out.push_str(&format!("\\x{byte:02x}"));
        }
    }

    /// A brace that begins no repetition is a literal in PCRE.
    fn brace(&mut self) {
        let repetition = self.rest.split_once('}').filter(|(inner, _)| {
            inner.starts_with(|first: char| first.is_ascii_digit())
                && inner.chars().all(|each| each.is_ascii_digit() || each == ',')
        });
        match repetition {
            Some((inner, rest)) => {
                self.out.extend(["{", inner, "}"]);
                self.rest = rest;
                self.strip("+");
            }
            None => self.out.push_str("\\{"),
        }
    }

    fn group(&mut self) -> Result<(), Fault> {
        for refused in ["?=", "?!", "?<=", "?<!"] {
            if self.rest.starts_with(refused) {
                return Err(refuse("lookaround"));
            }
        }
        for refused in ["?R", "?(", "?&", "?1", "?0"] {
            if self.rest.starts_with(refused) {
                return Err(refuse("recursion and conditions"));
            }
        }
        if self.strip("?>") {
            self.out.push_str("(?:");
        } else {
            self.out.push('(');
            if self.strip("?") {
                self.out.push('?');
            }
        }
        Ok(())
    }

    fn escape(&mut self, in_class: bool) -> Result<(), Fault> {
        let Some(escaped) = self.next() else {
            return Err(Fault::new("the pattern ends in a lone backslash").hint("write `\\x5c`"));
        };
        match escaped {
            'x' => self.hex(),
            'h' => self.set("\\t \\xa0", in_class),
            'v' => self.set("\\n\\x0b\\x0c\\r\\x85", in_class),
            'e' => self.out.push_str("\\x1b"),
            '0' => self.octal(),
            'Z' if !in_class => self.out.push_str("(?:\\n?\\z)"),
            'R' if !in_class => self.out.push_str("(?:\\r\\n|[\\n\\x0b\\x0c\\r\\x85])"),
            'b' if in_class => self.out.push_str("\\x08"),
            'Q' => self.quoted(),
            'E' => {}
            '1'..='9' | 'g' | 'k' if !in_class => return Err(refuse("backreferences")),
            'K' | 'G' | 'X' | 'C' if !in_class => return Err(refuse("this escape")),
            'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'b' | 'B' | 'A' | 'z' | 'n' | 'r' | 't' | 'f'
            | 'a' => {
                self.out.push('\\');
                self.out.push(escaped);
            }
            other => self.plain(other),
        }
        Ok(())
    }

    /// An escaped character that stands for itself.
    fn plain(&mut self, character: char) {
        if character.is_ascii_alphanumeric() || !character.is_ascii() {
            self.literal(character);
        } else {
            self.out.push_str(&format!("\\x{:02x}", u32::from(character)));
        }
    }

    fn set(&mut self, members: &str, in_class: bool) {
        let (open, close) = if in_class { ("", "") } else { ("[", "]") };
        self.out.extend([open, members, close]);
    }

    fn hex(&mut self) {
        let braced = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let (digits, rest) = match braced {
            Some((digits, rest)) => (digits, rest),
            None => {
                let count = self.rest.bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
                self.rest.split_at_checked(count).unwrap_or_default()
            }
        };
        let value = u32::from_str_radix(digits, 16).unwrap_or_default();
        self.rest = rest;
        match char::from_u32(value) {
            Some(character) if value > 0xff => self.literal(character),
            _ => self.out.push_str(&format!("\\x{value:02x}")),
        }
    }

    fn octal(&mut self) {
        let count =
            self.rest.bytes().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
        let (digits, rest) = self.rest.split_at_checked(count).unwrap_or_default();
        let value = u32::from_str_radix(digits, 8).unwrap_or_default();
        self.rest = rest;
        self.out.push_str(&format!("\\x{value:02x}"));
    }

    fn quoted(&mut self) {
        let (literal, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
        self.rest = rest;
        for character in literal.chars() {
            self.plain(character);
        }
    }

    fn class(&mut self) -> Result<(), Fault> {
        self.out.push('[');
        if self.strip("^") {
            self.out.push('^');
        }
        if self.strip("]") {
            self.out.push_str("\\]");
        }
        while let Some(character) = self.next() {
            match character {
                ']' => {
                    self.out.push(']');
                    return Ok(());
                }
                '\\' => self.escape(true)?,
                '[' => self.posix_or_bracket(),
                '&' | '~' => self.plain(character),
                '-' => self.dash(),
                other => self.literal(other),
            }
        }
        Err(Fault::new("a `[` of the pattern is not closed"))
    }

    /// A dash that cannot be part of a range is escaped: `regex` reads `--` as a set operation.
    fn dash(&mut self) {
        let opens = self.out.ends_with('[') || self.out.ends_with("[^");
        let ends = self.rest.starts_with(']') || self.rest.starts_with('-');
        let after_class = ["\\w", "\\d", "\\s", "\\W", "\\D", "\\S"]
            .iter()
            .any(|class| self.out.ends_with(class));
        let before_class = self
            .rest
            .strip_prefix('\\')
            .is_some_and(|rest| rest.starts_with(['w', 'd', 's', 'W', 'D', 'S']));
        let literal = opens || ends || after_class || before_class;
        self.out.push_str(if literal { "\\-" } else { "-" });
    }

    fn posix_or_bracket(&mut self) {
        let named = self.rest.strip_prefix(':').and_then(|rest| rest.split_once(":]"));
        match named
            .filter(|(name, _)| name.chars().all(|each| each == '^' || each.is_ascii_lowercase()))
        {
            Some((name, rest)) => {
                self.out.push_str(&format!("[:{name}:]"));
                self.rest = rest;
            }
            None => self.out.push_str("\\["),
        }
    }
}

fn refuse(what: &str) -> Fault {
    Fault::new(format!("the pattern uses {what}, which a linear-time matcher cannot do"))
        .hint("split the rule into a chain of simpler patterns")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pcre_spellings_are_rewritten() {
        let cases = [
            (r"\x{5c}\x{41}", r"\x5c\x41"),
            (r"[[\]&~]", r"[\[\x5d\x26\x7e]"),
            (r"[[:alpha:]_-]", r"[[:alpha:]_\-]"),
            (r"a++b(?>c)", r"a+b(?:c)"),
            (r"\<x\>", r"\x3cx\x3e"),
            (r"a{,3}b{2,}", r"a\{,3\}b{2,}"),
            (r"[^]a]", r"[^\]a]"),
            (r"\h[\h]", r"[\t \xa0][\t \xa0]"),
            ("é[é]", r"\xc3\xa9[\xc3\xa9]"),
            (r"[\w-.]", r"[\w\-.]"),
            (r"\Qa.b\E+", r"a\x2eb+"),
            (r"x{2}+}+", r"x{2}\}+"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(translate(pattern).unwrap(), expected, "{pattern}");
        }
    }

    #[test]
    fn what_needs_backtracking_is_refused() {
        for pattern in [r"a(?=b)", r"(?<!a)b", r"(a)\1", r"(?R)"] {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
    }
}
