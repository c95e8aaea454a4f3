//! One request head: where it ends and whether it may pass. Pure functions over bytes.

use memchr::memchr_iter;

use super::Rules;
use super::bytes::has_plain_values;
use super::fields::Fields;
use super::framing::Body;
use super::target::RequestLine;
use super::violation::{Fault, Kind, Violation};

/// What the filter has to know of a head that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadFacts {
    /// The body that follows; `None` when the next request follows at once.
    pub body: Option<Body>,
    /// Whether the request asks to leave HTTP: an upgrade, or `CONNECT`.
    pub leaves_http: bool,
}

/// What the search for the end of a head found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadEnd {
    /// The head ends before this offset.
    At(usize),
    /// Not yet there; the next search may start at this offset, the start of an unfinished line.
    Open(usize),
    /// The bytes start with an empty line, CRLF.
    EmptyLine,
}

/// Searches for the empty line that ends the head at the start of `bytes`.
///
/// `from` is 0, or what [`HeadEnd::Open`] held when fewer bytes of the same head were known. The
/// answer does not depend on how the head was cut into pieces.
///
/// # Errors
/// The rule broken when a line ends without CR or the head is longer than `limit` bytes.
pub fn find_head_end(bytes: &[u8], from: usize, limit: usize) -> Result<HeadEnd, Kind> {
    let window = bytes.get(..limit).unwrap_or(bytes);
    let mut line = from;
    for feed in memchr_iter(b'\n', window.get(from..).unwrap_or_default()) {
        let feed = from.saturating_add(feed);
        let Some(carriage) = feed.checked_sub(1) else {
            return Err(Kind::BareLineFeed);
        };
        if carriage < line || window.get(carriage) != Some(&b'\r') {
            return Err(Kind::BareLineFeed);
        }
        let next = feed.saturating_add(1);
        if carriage == line {
            let is_first = line == 0;
            return Ok(if is_first { HeadEnd::EmptyLine } else { HeadEnd::At(next) });
        }
        line = next;
    }
    match (bytes.len() < limit, line) {
        (true, _) => Ok(HeadEnd::Open(line)),
        // Not even the request line fits, and only its target can be that long.
        (false, 0) => Err(Kind::TargetTooLong),
        (false, _) => Err(Kind::HeadTooLarge),
    }
}

/// Validates one complete head, up to and including its empty line; nothing may follow that line.
///
/// # Errors
/// The first rule broken, with what is known of the request.
pub fn inspect_head(head: &[u8], rules: &Rules) -> Result<HeadFacts, Violation> {
    read_head(head, rules).map_err(|fault| fault.report(head))
}

fn read_head<'a>(head: &'a [u8], rules: &Rules) -> Result<HeadFacts, Fault<'a>> {
    let mut lines = Lines { head, at: 0, feeds: memchr_iter(b'\n', head) };
    let line = RequestLine::parse(lines.next_line()?, rules.target_limit)?;
    let mut fields = Fields::new(rules.header_count_limit, has_plain_values(head));
    loop {
        let field = lines.next_line()?;
        if field.is_empty() {
            return match head.get(lines.at..) {
                None | Some([]) => fields.conclude(&line),
                Some(more) => Err(Fault::at_byte(Kind::RequestLine, more)),
            };
        }
        fields.read(field)?;
    }
}

struct Lines<'a> {
    head: &'a [u8],
    at: usize,
    feeds: memchr::Memchr<'a>,
}

impl<'a> Lines<'a> {
    /// The next line without its CRLF.
    fn next_line(&mut self) -> Result<&'a [u8], Fault<'a>> {
        let feed = self.feeds.next().unwrap_or(self.head.len());
        let line = self.head.get(self.at..feed).unwrap_or_default();
        self.at = feed.saturating_add(1);
        line.strip_suffix(b"\r").ok_or_else(|| Fault::new(Kind::BareLineFeed, &[]))
    }
}
