//! The answer does not depend on how the stream is cut, and no bytes make the filter panic.

use proptest::prelude::*;

use super::super::{fuzz_body, fuzz_head};
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_split_of_the_stream_gives_the_same_result(
        bytes in stream(),
        sizes in prop::collection::vec(1..300_usize, 1..20),
    ) {
        let whole = Reading::of(&bytes, &[bytes.len()], &rules());
        let cut = Reading::of(&bytes, &sizes, &rules());
        prop_assert_eq!(whole.gist(), cut.gist());
        prop_assert_eq!(whole.passed, cut.passed);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        fuzz_head(&bytes);
        fuzz_body(&bytes);
    }
}
