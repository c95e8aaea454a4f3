//! What the fuzzer calls.

use super::frame::Sender;
use super::inflate::Bounds;
use super::judge::{Judge, Rules};
use super::scanner::{Next, Scanner};

/// Reads `data` as one direction; its first byte chooses which, and how it is cut. The frames are
/// the same however the bytes come.
pub(crate) fn frames(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    let sender = if choice & 1 == 0 { Sender::Client } else { Sender::Server };
    let has_deflate = choice & 2 != 0;
    let whole = walk(data, data.len().max(1), sender, has_deflate);
    let pieces = walk(data, usize::from(choice >> 2).max(1), sender, has_deflate);
    assert_eq!(whole, pieces, "frames depend on how the bytes come");
}

/// The heads and the end, with bytes coming `size` at a time.
fn walk(data: &[u8], size: usize, sender: Sender, has_deflate: bool) -> (Vec<String>, String) {
    let bounds = Bounds { size: 1 << 20, ratio: 100 };
    let rules = Rules { frame_limit: 1 << 16, bounds, inflates: true, memory: None, rates: None };
    let (mut scanner, mut judge) = (Scanner::new(sender, has_deflate), Judge::new(sender, rules));
    let (mut seen, mut came, mut used) = (Vec::new(), 0, 0);
    loop {
        let step = match scanner.next(data.get(used..came).unwrap_or_default()) {
            Err(ending) => Err(ending),
            Ok(Next::More) if came == data.len() => return (seen, "more".into()),
            Ok(Next::More) => {
                came = came.saturating_add(size).min(data.len());
                Ok(0)
            }
            Ok(Next::Control(head)) => {
                seen.push(format!("{head:?}"));
                let total = head.size.saturating_add(usize::try_from(head.length).unwrap_or(0));
                let start = used.saturating_add(head.size);
                let payload = data.get(start..used.saturating_add(total)).unwrap_or_default();
                judge.control(&head, payload).map(|()| total)
            }
            Ok(Next::Data(head)) => {
                seen.push(format!("{head:?}"));
                judge.begin(&head).map(|()| head.size)
            }
            Ok(Next::Payload(count, is_last)) => {
                let piece = data.get(used..used.saturating_add(count)).unwrap_or_default();
                let read = judge.read(piece);
                let read = read.and_then(|()| if is_last { judge.end().map(drop) } else { Ok(()) });
                // Of several faults of a payload, the pieces decide which is met first.
                if read.is_err() {
                    return (seen, "payload refused".into());
                }
                Ok(count)
            }
        };
        match step {
            Ok(count) => used = used.saturating_add(count),
            Err(ending) => return (seen, ending.as_str().into()),
        }
    }
}
