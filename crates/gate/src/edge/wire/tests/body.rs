use super::*;

const HEAD: &str = "POST / HTTP/1.1\r\nHost: a\r\n";
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

fn chunked(body: &str) -> String {
    format!("{HEAD}Transfer-Encoding: CHUNKED\r\n\r\n{body}")
}

#[test]
fn counted_and_chunked_bodies_pass_with_what_follows() {
    let counted = format!("{HEAD}Content-Length: 5\r\n\r\n\r\n\0\r\n");
    let chunks = chunked("5\r\nab\r\nc\r\n0000000000000001\r\nx\r\nA\r\n0123456789\r\n0\r\n\r\n");
    let empty = chunked("000\r\n\r\n");
    passes(format!("{counted}{NEXT}{chunks}{NEXT}{empty}{counted}{NEXT}"));
    let trailers = chunked("1\r\na\r\n0\r\nX: a\r\nContent-Length: 5\r\nempty:\r\n\r\n");
    passes(format!("{trailers}{NEXT}"));
}

#[test]
fn trailers_are_bounded() {
    let fits = format!("X:{}\r\nY:{}\r\n\r\n", "v".repeat(8000), "v".repeat(188));
    passes(format!("{}{NEXT}", chunked(&format!("0\r\n{fits}"))));
    let more = fits.replace("Y:", "Y:v");
    let seen = seen(chunked(&format!("0\r\n{more}{NEXT}")).as_bytes());
    assert_eq!(seen.end, End::Broken(Kind::Trailer));
}

#[test]
fn a_body_that_breaks_its_framing_breaks_the_connection_at_that_byte() {
    use Kind::*;
    for (good, bad, kind) in [
        ("", "\r\n", ChunkSize),
        ("", ";x\r\n", ChunkSize),
        ("", "-1\r\n", ChunkSize),
        ("0", "x1\r\n", ChunkSize),
        ("", " 1\r\n", ChunkSize),
        ("0000000000000001", "0\r\n", ChunkSize),
        ("5", ";ext=1\r\nabcde\r\n", ChunkExtension),
        ("5", " \r\nabcde\r\n", ChunkExtension),
        ("5", "\nabcde\r\n", BareLineFeed),
        ("5\r", "abcde\r\n", BareCarriageReturn),
        ("5\r\nabcde", "0\r\n\r\n", ChunkEnd),
        ("5\r\nabcde", "\n0\r\n\r\n", ChunkEnd),
        ("5\r\nabcde\r", "0", ChunkEnd),
        ("0\r\nX", " : trailer\r\n\r\n", Trailer),
        ("0\r\n", ": trailer\r\n\r\n", Trailer),
        ("0\r\nX: a\r\n", " folded\r\n\r\n", Trailer),
        ("0\r\nX: ", "\0\r\n\r\n", Trailer),
        ("0\r\n", "\n", BareLineFeed),
        ("0\r\nX: a", "\n\r\n", BareLineFeed),
        ("0\r\nX: a\r", "\r\n", BareCarriageReturn),
        ("0\r\nX: a\r", "X: b\r\n\r\n", BareCarriageReturn),
        ("0\r\n\r", "x", BareCarriageReturn),
    ] {
        let seen = seen(chunked(&format!("{good}{bad}{NEXT}")).as_bytes());
        assert_eq!(seen.end, End::Broken(kind), "`{bad}`");
        assert_eq!(seen.passed, chunked(good).into_bytes(), "`{bad}`");
    }
}

#[test]
fn bodies_are_what_was_sent() {
    let stream = format!(
        "{}{HEAD}Content-Length: 3\r\n\r\nxyz",
        chunked("3\r\nabc\r\n01\r\nd\r\n0\r\n\r\n")
    );
    for size in 1..stream.len() {
        let reading = Reading::of(stream.as_bytes(), &[size], &rules());
        let bodies: Vec<&[u8]> = reading.requests.iter().map(|(_, body)| &body[..]).collect();
        assert_eq!(bodies, [&b"abcd"[..], b"xyz"]);
        assert!(reading.violation.is_none());
    }
}
