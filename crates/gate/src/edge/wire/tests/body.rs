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
}

#[test]
fn three_pipelined_requests_in_one_segment_arrive_in_one_read() {
    let stream = NEXT.repeat(3);
    let control = WireControl::new();
    let socket = Segments::whole(stream.as_bytes());
    let mut filter = WireIo::new(socket, Bytes::new(), Arc::new(rules()), control);
    let mut space = [0; 1024];
    let mut buf = ReadBuf::new(&mut space);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut filter).poll_read(&mut cx, &mut buf).is_ready());
    assert_eq!(buf.filled(), stream.as_bytes());
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
        ("0\r\n", "X: trailer\r\n\r\n", Trailer),
        ("0\r\n", "Content-Length: 5\r\n\r\n", Trailer),
        ("0\r\n", "\n", BareLineFeed),
        ("0\r\n\r", "x", BareCarriageReturn),
    ] {
        let seen = seen(chunked(&format!("{good}{bad}{NEXT}")).as_bytes());
        assert_eq!(seen.end, End::Broken(kind), "`{bad}`");
        assert_eq!(seen.passed, chunked(good).into_bytes(), "`{bad}`");
    }
}

#[test]
fn bytes_read_before_the_filter_came_first() {
    let stream = format!("{NEXT}{}", chunked("3\r\nabc\r\n0\r\n\r\n"));
    for cut in 0..stream.len() {
        let (before, after) = stream.as_bytes().split_at(cut);
        let control = WireControl::new();
        let prefilled = Bytes::copy_from_slice(before);
        let socket = Segments::whole(after);
        let filter = WireIo::new(socket, prefilled, Arc::new(rules()), control.clone());
        let seen = read_from(filter, &control, 64);
        assert_eq!(seen.passed, stream.as_bytes());
        assert_eq!(seen.end, End::Clean);
    }
}
