//! One range of bytes (RFC 9110, section 14).

/// A part of a file: both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Part {
    pub(super) const fn length(self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }
}

/// What a `Range` header comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Not one range of bytes; the whole file is the answer then.
    Whole,
    Part(Part),
    /// Nothing of it lies in the file.
    Outside,
}

/// What `text` asks of a file of `size` bytes. More than one range counts as none: assembling many
/// small ones would cost us more than asking costs a client.
pub(super) fn parse(text: &str, size: u64) -> Asked {
    let range = text.split_once('=').filter(|(unit, _)| unit.eq_ignore_ascii_case("bytes"));
    let Some((first, last)) = range.and_then(|(_, range)| range.trim().split_once('-')) else {
        return Asked::Whole;
    };
    let end = size.saturating_sub(1);
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Part { first, last: last.min(end) },
        (Some(first), None) if last.is_empty() => Part { first, last: end },
        (None, Some(0)) if first.is_empty() => return Asked::Outside,
        (None, Some(count)) if first.is_empty() => {
            Part { first: size.saturating_sub(count), last: end }
        }
        _ => return Asked::Whole,
    };
    if part.first < size { Asked::Part(part) } else { Asked::Outside }
}

/// Digits only: `+5` is a number to the standard library.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number beyond every size is as good as the largest.
    Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(first: u64, last: u64) -> Asked {
        Asked::Part(Part { first, last })
    }

    #[test]
    fn one_range_is_read_and_everything_else_is_the_whole() {
        for (text, expected) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=2-5", part(2, 5)),
            ("Bytes= 2-5", part(2, 5)),
            ("bytes=5-", part(5, 9)),
            ("bytes=5-99999999999999999999999", part(5, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-30", part(0, 9)),
            ("bytes=10-", Asked::Outside),
            ("bytes=10-12", Asked::Outside),
            ("bytes=-0", Asked::Outside),
            ("bytes=5-2", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes", Asked::Whole),
            ("lines=1-2", Asked::Whole),
        ] {
            assert_eq!(parse(text, 10), expected, "{text}");
        }
        assert_eq!(parse("bytes=0-", 0), Asked::Outside);
        assert_eq!(parse("bytes=-5", 0), Asked::Outside);
    }

    proptest! {
        #[test]
        fn a_part_lies_in_the_file(text in "(bytes=)?[-0-9, =]{0,12}", size in 0..40_u64) {
            if let Asked::Part(part) = parse(&text, size) {
                prop_assert!(part.first <= part.last && part.last < size);
                prop_assert!(part.length() <= size);
            }
        }
    }
}
