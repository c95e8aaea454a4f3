//! Passwords that are long and still easy to guess.

use super::blocklist;

/// Neighbours on keyboards, row by row.
const ROWS: [&str; 7] = [
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
];

/// The fewest characters of a word of context that count; shorter ones are in everything.
const SHORTEST_WORD: usize = 4;

/// Characters that must be left when the words of context are taken out.
const LEFT_OVER: usize = 8;

/// Whether the password, in lower case, is a common one, or one with little around or in it.
pub(super) fn is_common(lower: &str) -> bool {
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let plain = plain_letters(lower);
    let plain_core = plain.trim_matches(|c: char| !c.is_alphabetic());
    [lower, core, &plain, plain_core].into_iter().any(|text| {
        blocklist::holds(text) || is_two_common(text) || unit_of(text).is_some_and(blocklist::holds)
    })
}

/// Letters that digits and signs stand for.
fn plain_letters(text: &str) -> String {
    let plain = |c: char| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(plain).collect()
}

/// Whether the text is two common passwords one after the other.
fn is_two_common(text: &str) -> bool {
    let places = text.char_indices().map(|(at, _)| at).skip(SHORTEST_WORD);
    places
        .filter_map(|at| text.split_at_checked(at))
        .any(|(one, two)| blocklist::holds(one) && blocklist::holds(two))
}

/// The part that the text repeats from beginning to end; `None` when it repeats none.
fn unit_of(text: &str) -> Option<&str> {
    let lengths = text.char_indices().map(|(at, _)| at).skip(1);
    let mut units = lengths.filter(|at| at * 2 <= text.len()).filter_map(|at| text.get(..at));
    units.find(|unit| {
        let whole = text.len() / unit.len();
        let (same, rest) = text.split_at_checked(whole * unit.len()).unwrap_or((text, ""));
        unit.starts_with(rest)
            && same.as_bytes().chunks(unit.len()).all(|part| part == unit.as_bytes())
    })
}

/// Whether the password, in lower case, is a repetition, a run along the alphabet or the keyboard,
/// or made of very few characters.
pub(super) fn is_regular(lower: &str) -> bool {
    let characters: Vec<char> = lower.chars().collect();
    let mut distinct = characters.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 5 || unit_of(lower).is_some() {
        return true;
    }
    let steps = characters.len().saturating_sub(1);
    let easy = characters
        .windows(2)
        .filter(|pair| matches!(pair, [one, two] if is_neighbour(*one, *two)))
        .count();
    easy * 5 >= steps * 4
}

fn is_neighbour(one: char, two: char) -> bool {
    if u32::from(one).abs_diff(u32::from(two)) <= 1 {
        return true;
    }
    ROWS.iter().any(|row| {
        let place = |c: char| row.chars().position(|other| other == c);
        matches!((place(one), place(two)), (Some(one), Some(two)) if one.abs_diff(two) == 1)
    })
}

/// The first of `words` without which too little is left of the password, in lower case.
pub(super) fn context_word<'a>(lower: &str, words: &[&'a str]) -> Option<&'a str> {
    let mut rest = lower.to_owned();
    let mut found = None;
    for word in words {
        for part in word
            .split(|c: char| !c.is_alphanumeric())
            .filter(|it| it.chars().count() >= SHORTEST_WORD)
        {
            let part = part.to_lowercase();
            if rest.contains(&part) {
                rest = rest.replace(&part, "");
                found = found.or(Some(*word));
            }
        }
    }
    found.filter(|_| rest.chars().filter(|c| c.is_alphanumeric()).count() < LEFT_OVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_found_under_their_decoration() {
        for text in [
            "password",
            "password123456789",
            "p@$$w0rd",
            "!!password2026!!!",
            "passwordpassword",
            "qwerty123456",
            "sunshinebutterfly",
            "letmein1!",
            "iloveyouiloveyou",
            "123456789012345",
        ] {
            assert!(is_common(text) || is_regular(text), "{text}");
        }
        for text in [
            "correct horse battery staple",
            "vier alte Hasen im Regen",
            "xk2#pq9r-tt71!mz",
            "the wombat ate my homework",
            "grüne äpfel schmecken",
        ] {
            assert!(!is_common(text) && !is_regular(text), "{text}");
        }
    }

    #[test]
    fn runs_and_repetitions_are_regular() {
        for text in [
            "aaaaaaaaaaaaaaaa",
            "abababababababab",
            "abcdefghijklmnop",
            "qwertyuiopasdfgh",
            "9876543210987654",
            "xk2#pxk2#pxk2#p",
            "mnbvcxzlkjhgfdsa",
            "1qaz2wsx3edc4rfv",
        ] {
            assert!(is_regular(text), "{text}");
        }
    }

    #[test]
    fn a_word_of_context_may_be_in_a_password_but_not_be_it() {
        let words = ["alice.miller@example.org", "Mantlet"];
        for text in ["alice-mantlet-2026", "millermillermiller", "mantlet mantlet 12"] {
            assert!(context_word(text, &words).is_some(), "{text}");
        }
        assert_eq!(context_word("alice walks in the rain", &words), None);
        assert_eq!(context_word("nothing of the kind", &words), None);
    }
}
