//! The `Date` of answers that have none, written anew once a second.

use std::cell::RefCell;
use std::time::{Duration, UNIX_EPOCH};

use mantlet_types::Timestamp;

thread_local! {
    /// The second that was written last, and its text.
    static LAST: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

/// The last second that has a date (RFC 9110 section 5.6.7 has four digits for the year).
const LATEST: u64 = 253_402_300_799;

/// Appends the header line for `now`.
pub(super) fn push(out: &mut Vec<u8>, now: Timestamp) {
    let second = u64::try_from(now.as_second()).unwrap_or(0).min(LATEST);
    LAST.with_borrow_mut(|(written, text)| {
        if *written != second {
            let date = UNIX_EPOCH.checked_add(Duration::from_secs(second)).unwrap_or(UNIX_EPOCH);
            *written = second;
            *text = format!("date: {}\r\n", httpdate::fmt_http_date(date));
        }
        out.extend_from_slice(text.as_bytes());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_date() {
        for (second, expected) in [
            (0, "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"),
            (784_111_777, "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
            (784_111_778, "date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"),
        ] {
            let mut out = Vec::new();
            push(&mut out, Timestamp::from_second(second).unwrap());
            push(&mut out, Timestamp::from_second(second).unwrap());
            assert_eq!(String::from_utf8(out).unwrap(), expected.repeat(2));
        }
    }
}
