//! The answer does not depend on how the stream is cut, and no bytes make the filter panic.

use proptest::prelude::*;

use super::super::fuzz_head;
use super::*;

/// Pieces from which streams are made: valid ones, broken ones and single bytes.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let fixed = prop::sample::select(vec![
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\nbody\r\n\r",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "3\r\nabc\r\n",
        "0\r\n\r\n",
        "GET ",
        "/ HTTP/1.1\r\n",
        "Host: a\r\n",
        "X: y\r\n",
        "\r\n",
        "\n",
        "\r",
        " ",
        "Content-Length: 3\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    ]);
    prop_oneof![
        8 => fixed.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
        1 => (0..1200_usize).prop_map(|size| vec![b'a'; size]),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat())
}

fn cut(bytes: &[u8], cuts: &[usize]) -> Segments {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    let segments = at.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec());
    Segments(segments.filter(|segment| !segment.is_empty()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_split_of_the_stream_gives_the_same_result(
        bytes in stream(),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
        read_size in 1..300_usize,
    ) {
        let whole = read_all(Segments::whole(&bytes), 16_384);
        prop_assert_eq!(&whole, &read_all(cut(&bytes, &cuts), read_size));
        prop_assert_eq!(&whole, &read_all(Segments::of_size(&bytes, 1), 8192));
    }

    #[test]
    fn held_bytes_stay_within_one_head_and_one_read(
        bytes in stream(),
        size in 1..100_usize,
    ) {
        let control = WireControl::new();
        let socket = Segments::of_size(&bytes, size);
        let mut filter = WireIo::new(socket, Bytes::new(), Arc::new(rules()), control);
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..2 * bytes.len() + 2 {
            let mut space = [0; 256];
            let _ = Pin::new(&mut filter).poll_read(&mut cx, &mut ReadBuf::new(&mut space));
            prop_assert!(filter.held_len() < rules().head_limit + 256);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        fuzz_head(&bytes);
        let _ = read_all(Segments::whole(&bytes), 512);
    }
}
