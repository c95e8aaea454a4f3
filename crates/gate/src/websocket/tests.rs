//! The order and shape of frames, as a table: what RFC 6455 allows and what it does not.

use super::Ending;
use super::frame::{Opcode, Sender, write};
use super::inflate::Bounds;
use super::judge::{Judge, Rules};
use super::scanner::{Next, Scanner};

const MASK: Option<[u8; 4]> = Some([1, 2, 3, 4]);

/// What becomes of `bytes`, coming `size` at a time.
fn judge(bytes: &[u8], size: usize, sender: Sender, has_deflate: bool) -> Result<(), Ending> {
    let bounds = Bounds { size: 300, ratio: 100 };
    let rules = Rules { frame_limit: 200, bounds, inflates: true, memory: None, rates: None };
    let (mut scanner, mut judge) = (Scanner::new(sender, has_deflate), Judge::new(sender, rules));
    let mut buffer: Vec<u8> = Vec::new();
    let mut pieces = bytes.chunks(size);
    loop {
        match scanner.next(&buffer)? {
            Next::More => match pieces.next() {
                Some(piece) => buffer.extend(piece),
                None => return Ok(()),
            },
            Next::Control(head) => {
                let mut payload = buffer.split_off(head.size);
                buffer = payload.split_off(usize::try_from(head.length).unwrap());
                super::mask::apply(&mut payload, head.mask.unwrap_or_default(), 0);
                judge.control(&head, &payload)?;
            }
            Next::Data(head) => {
                judge.begin(&head)?;
                buffer.drain(..head.size);
            }
            Next::Payload(count, is_last) => {
                judge.read(&buffer.drain(..count).collect::<Vec<u8>>())?;
                if is_last {
                    judge.end()?;
                }
            }
        }
    }
}

/// A frame of a client whose first byte is `first`.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = write(Opcode::Binary, payload, MASK);
    frame[0] = first;
    frame
}

fn close(payload: &[u8]) -> Vec<u8> {
    frame(0x88, payload)
}

/// A name, frames, and what becomes of them.
type Case = (&'static str, Vec<Vec<u8>>, Result<(), Ending>);

fn allowed() -> Vec<Case> {
    vec![
        ("a text", vec![frame(0x81, b"hello")], Ok(())),
        ("an empty text", vec![frame(0x81, b"")], Ok(())),
        ("a binary message", vec![frame(0x82, b"\xff\x00")], Ok(())),
        ("125 bytes", vec![frame(0x82, &[0; 125])], Ok(())),
        ("126 bytes", vec![frame(0x82, &[0; 126])], Ok(())),
        ("fragments", vec![frame(0x01, b"a"), frame(0x00, b"b"), frame(0x80, b"c")], Ok(())),
        ("empty fragments", vec![frame(0x01, b""), frame(0x00, b""), frame(0x80, b"")], Ok(())),
        (
            "a ping between fragments",
            vec![frame(0x01, b"a"), frame(0x89, b"p"), frame(0x80, b"b")],
            Ok(()),
        ),
        ("an unasked pong", vec![frame(0x8a, b"")], Ok(())),
        ("a ping of 125 bytes", vec![frame(0x89, &[0; 125])], Ok(())),
        (
            "a character cut by fragments",
            vec![frame(0x01, b"\xe2\x82"), frame(0x80, b"\xac")],
            Ok(()),
        ),
        ("a close without a code", vec![close(b"")], Ok(())),
        ("a close with a code", vec![close(b"\x03\xe8bye")], Ok(())),
        ("a private close code", vec![close(b"\x0f\xa0")], Ok(())),
    ]
}

fn out_of_order() -> Vec<Case> {
    let protocol = |what| Err(Ending::Protocol(what));
    vec![
        ("reserved bit 1", vec![frame(0xc1, b"a")], protocol("compression bit")),
        ("reserved bit 2", vec![frame(0xa1, b"a")], protocol("reserved bits")),
        ("reserved bit 3", vec![frame(0x91, b"a")], protocol("reserved bits")),
        ("opcode 3", vec![frame(0x83, b"a")], protocol("reserved opcode")),
        ("opcode 7", vec![frame(0x87, b"a")], protocol("reserved opcode")),
        ("opcode 11", vec![frame(0x8b, b"a")], protocol("reserved opcode")),
        ("opcode 15", vec![frame(0x8f, b"a")], protocol("reserved opcode")),
        ("a ping in fragments", vec![frame(0x09, b"a")], protocol("fragmented control frame")),
        ("a close in fragments", vec![frame(0x08, b"")], protocol("fragmented control frame")),
        ("a ping of 126 bytes", vec![frame(0x89, &[0; 126])], protocol("long control frame")),
        ("nothing to continue", vec![frame(0x80, b"a")], protocol("nothing to continue")),
        (
            "after the last fragment",
            vec![frame(0x01, b"a"), frame(0x80, b"b"), frame(0x80, b"c")],
            protocol("nothing to continue"),
        ),
        (
            "a message in a message",
            vec![frame(0x01, b"a"), frame(0x81, b"b")],
            protocol("message in a message"),
        ),
    ]
}

fn without_meaning() -> Vec<Case> {
    let protocol = |what| Err(Ending::Protocol(what));
    let not_text = Err(Ending::InvalidData("text is not utf-8"));
    vec![
        ("half a close code", vec![close(b"\x03")], protocol("half a close code")),
        ("close code 999", vec![close(&999_u16.to_be_bytes())], protocol("close code")),
        ("close code 1004", vec![close(&1004_u16.to_be_bytes())], protocol("close code")),
        ("close code 1005", vec![close(&1005_u16.to_be_bytes())], protocol("close code")),
        ("close code 1006", vec![close(&1006_u16.to_be_bytes())], protocol("close code")),
        ("close code 1015", vec![close(&1015_u16.to_be_bytes())], protocol("close code")),
        ("close code 2999", vec![close(&2999_u16.to_be_bytes())], protocol("close code")),
        ("close code 5000", vec![close(&5000_u16.to_be_bytes())], protocol("close code")),
        ("a close text that is none", vec![close(b"\x03\xe8\xff")], not_text),
        ("text that is none", vec![frame(0x81, b"a\xff")], not_text),
        ("a text that ends in a character", vec![frame(0x81, b"\xe2\x82")], not_text),
        ("a surrogate", vec![frame(0x81, b"\xed\xa0\x80")], not_text),
        (
            "bad text in the second fragment",
            vec![frame(0x01, b"a"), frame(0x00, b"\xff")],
            not_text,
        ),
        (
            "a large frame",
            vec![frame(0x82, &[0; 201])],
            Err(Ending::TooLarge("websocket.frame_limit")),
        ),
        (
            "a large message",
            vec![frame(0x02, &[0; 200]), frame(0x80, &[0; 101])],
            Err(Ending::TooLarge("websocket.message_limit")),
        ),
        ("an unmasked frame", vec![write(Opcode::Text, b"a", None)], protocol("unmasked frame")),
        (
            "a length in too many bytes",
            vec![vec![0x82, 0xfe, 0, 125]],
            protocol("length in too many bytes"),
        ),
        (
            "the same in eight",
            vec![vec![0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff]],
            protocol("length in too many bytes"),
        ),
        (
            "a length above 63 bits",
            vec![vec![0x82, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0]],
            protocol("length above 63 bits"),
        ),
    ]
}

#[test]
fn frames_of_a_client_are_judged_as_the_standard_says() {
    let cases = [allowed(), out_of_order(), without_meaning()].concat();
    for (name, frames, expected) in cases {
        let bytes = frames.concat();
        for size in [1, 2, 7, bytes.len()] {
            assert_eq!(judge(&bytes, size, Sender::Client, false), expected, "{name} by {size}");
        }
    }
}

#[test]
fn frames_of_the_application_must_not_be_masked() {
    let judge = |bytes: &[u8]| judge(bytes, bytes.len(), Sender::Server, false);
    assert_eq!(judge(&write(Opcode::Text, b"a", None)), Ok(()));
    assert_eq!(judge(&write(Opcode::Text, b"a", MASK)), Err(Ending::Protocol("masked frame")));
}

#[test]
fn the_compression_bit_is_for_first_frames_and_what_was_negotiated() {
    // "Hello", RFC 7692 section 7.2.3.1.
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let judge = |frames: &[Vec<u8>]| judge(&frames.concat(), 3, Sender::Client, true);
    assert_eq!(judge(&[frame(0xc1, &hello)]), Ok(()));
    assert_eq!(judge(&[frame(0x41, &hello[..3]), frame(0x80, &hello[3..])]), Ok(()));
    assert_eq!(judge(&[frame(0x81, b"plain")]), Ok(()));
    let bit = Err(Ending::Protocol("compression bit"));
    assert_eq!(judge(&[frame(0x41, &hello[..3]), frame(0xc0, &hello[3..])]), bit);
    assert_eq!(judge(&[frame(0xc9, b"")]), bit);
    // A stored block with what is no text.
    let bad = [0x00, 0x01, 0x00, 0xfe, 0xff, 0xff, 0x00];
    assert_eq!(judge(&[frame(0xc1, &bad)]), Err(Ending::InvalidData("text is not utf-8")));
}

#[test]
fn every_ending_has_a_code_that_may_be_sent() {
    for ending in [
        Ending::Protocol(""),
        Ending::InvalidData(""),
        Ending::TooLarge(""),
        Ending::TooFast(""),
        Ending::Refused,
        Ending::GuardFailed,
        Ending::Memory,
        Ending::MessageTimeout,
        Ending::Token,
        Ending::Idle,
        Ending::Lifetime,
        Ending::Stopping,
        Ending::Blocked,
        Ending::Revoked,
        Ending::Outlived,
        Ending::Application(""),
        Ending::Unreachable,
        Ending::ApplicationGone,
        Ending::ClientGone,
        Ending::Unanswered,
    ] {
        let (client, application) = ending.codes();
        for code in [client, application] {
            assert!(super::ending::may_be_sent(code), "{ending:?}: {code}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_the_same_frames_however_they_come(
        data in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
    ) {
        super::fuzzing::frames(&data);
    }
}
