use std::io::{Read as _, Write as _};

use flate2::read::MultiGzDecoder;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;

use super::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn samples(text: &[u8]) -> Vec<(Coding, Vec<u8>)> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(text).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
    raw.write_all(text).unwrap();
    let builder = GzBuilder::new().filename("page.html").comment("c").extra("extra");
    let mut named = builder.write(Vec::new(), Compression::default());
    named.write_all(text).unwrap();
    let two =
        [gzip(text.get(..text.len() / 2).unwrap()), gzip(text.get(text.len() / 2..).unwrap())];
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    vec![
        (Coding::Identity, text.to_vec()),
        (Coding::Gzip, gzip(text)),
        (Coding::Gzip, named.finish().unwrap()),
        (Coding::Gzip, two.concat()),
        (Coding::Deflate, zlib.finish().unwrap()),
        (Coding::Deflate, raw.finish().unwrap()),
        (Coding::Zstd, ruzstd::encoding::compress_to_vec(text, level)),
    ]
}

/// Everything that `coded` says, given `size` bytes at a time.
fn decode(coding: Coding, coded: &[u8], size: usize) -> Result<Vec<u8>, CodingError> {
    let mut decoder = Decoder::new(coding);
    let mut text = Vec::new();
    for mut piece in coded.chunks(size) {
        while !piece.is_empty() {
            let before = text.len();
            let taken = decoder.step(piece, &mut text)?;
            assert!(text.len() - before <= 256 * 1024, "one step is bounded");
            piece = piece.get(taken..).unwrap();
        }
        drain(&mut decoder, &mut text)?;
    }
    decoder.finish().map(|()| text)
}

fn drain(decoder: &mut Decoder, text: &mut Vec<u8>) -> Result<(), CodingError> {
    loop {
        let before = text.len();
        decoder.step(&[], text)?;
        if text.len() == before {
            return Ok(());
        }
    }
}

/// Brotli of uncompressed parts, each at the end of a byte, as a flush leaves it (RFC 7932).
fn brotli(parts: &[&[u8]]) -> Vec<u8> {
    let mut coded = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        // The first part stands behind the one bit of the window's size.
        let shift = if index == 0 { 4 } else { 3 };
        let length = u32::try_from(part.len()).unwrap() - 1;
        let head = (length << shift) | (1 << (shift + 16));
        coded.extend_from_slice(&head.to_le_bytes()[..3]);
        coded.extend_from_slice(part);
    }
    coded.push(3);
    coded
}

#[test]
fn every_coding_is_read_in_pieces_of_any_size() {
    let text: Vec<u8> = (0..200_000_u32).flat_map(|n| (n / 7).to_string().into_bytes()).collect();
    for text in [&text[..], b"short", b""] {
        for (coding, coded) in samples(text) {
            for size in [1, 7, 4096, usize::MAX] {
                if size == 1 && text.len() > 100_000 {
                    continue;
                }
                assert_eq!(decode(coding, &coded, size).as_deref(), Ok(text), "{coding:?} {size}");
            }
        }
    }
}

#[test]
fn brotli_is_read_as_it_is_flushed() {
    let parts: [&[u8]; 2] = [b"<p>one</p>", b"<p>two</p>"];
    let coded = brotli(&parts);
    for size in [1, 5, 64] {
        assert_eq!(decode(Coding::Brotli, &coded, size).unwrap(), parts.concat(), "{size}");
    }
    let compressed = [
        27, 175, 4, 248, 141, 148, 110, 222, 68, 85, 134, 150, 108, 32, 111, 97, 91, 28, 128, 140,
        56,
    ];
    let text = decode(Coding::Brotli, &compressed, 3).unwrap();
    assert_eq!(text, "hello ".repeat(200).as_bytes());
    let mut text = Vec::new();
    let mut decoder = Decoder::new(Coding::Brotli);
    decoder.step(coded.get(..13).unwrap(), &mut text).unwrap();
    assert_eq!(text, parts[0]);
}

#[test]
fn a_body_that_ends_in_the_middle_or_is_something_else_is_an_error() {
    for (coding, coded) in
        samples(&b"some text that is long enough ".repeat(50)).into_iter().skip(1)
    {
        let half = coded.get(..coded.len() / 2 + 1).unwrap();
        // Half of two whole members is one member.
        if decode(coding, half, 64).is_ok() {
            assert_eq!(coding, Coding::Gzip);
        }
        let cut = coded.get(..coded.len() - 1).unwrap();
        assert!(decode(coding, cut, 64).is_err(), "{coding:?}");
        assert!(decode(coding, b"<html>not compressed</html>", 64).is_err(), "{coding:?}");
    }
    let coded = brotli(&[b"some text"]);
    assert!(decode(Coding::Brotli, coded.get(..6).unwrap(), 64).is_err());
}

#[test]
fn a_bomb_comes_out_a_step_at_a_time() {
    // Twenty million zeros in forty bytes.
    let brotli = vec![
        203, 255, 255, 63, 248, 39, 0, 226, 177, 64, 32, 247, 254, 143, 255, 255, 127, 240, 79, 0,
        196, 97, 17, 128, 238, 253, 95, 254, 179, 196, 224, 159, 0, 136, 195, 2, 0, 93, 146, 24,
    ];
    let others = samples(&vec![0; 20_000_000]).into_iter().skip(1);
    for (coding, coded) in others.chain([(Coding::Brotli, brotli)]) {
        let mut decoder = Decoder::new(coding);
        let mut out = Vec::new();
        decoder.step(coded.get(..coded.len().min(1024)).unwrap(), &mut out).unwrap();
        assert!(out.len() <= 256 * 1024, "{coding:?} {}", out.len());
    }
}

#[test]
fn a_zstd_frame_with_a_huge_window_is_refused() {
    // A window of 2 GiB, then the head of a block.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 1, 0, 0];
    let error = decode(Coding::Zstd, &frame, 64).unwrap_err();
    assert_eq!(error.to_string(), "the window of a compressed body is too large");
}

#[test]
fn only_one_known_coding_is_readable() {
    let of = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        Coding::of(&headers)
    };
    assert_eq!(of(&[]), Some(Coding::Identity));
    assert_eq!(of(&[" GZip "]), Some(Coding::Gzip));
    assert_eq!(of(&["br"]), Some(Coding::Brotli));
    for unreadable in [&["gzip, br"][..], &["gzip", "gzip"], &["compress"]] {
        assert_eq!(of(unreadable), None, "{unreadable:?}");
    }
}

#[test]
fn what_was_flushed_can_be_read_at_once() {
    let mut encoder = Gzip::new();
    let mut decoder = Decoder::new(Coding::Gzip);
    let mut text = Vec::new();
    for part in ["<p>one</p>", "<p>two</p>"] {
        let mut coded = Vec::new();
        encoder.push(part.as_bytes(), &mut coded).unwrap();
        encoder.flush(&mut coded).unwrap();
        let mut rest = &coded[..];
        while !rest.is_empty() {
            let taken = decoder.step(rest, &mut text).unwrap();
            rest = rest.get(taken..).unwrap();
        }
        drain(&mut decoder, &mut text).unwrap();
        assert!(text.ends_with(part.as_bytes()), "{part}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5000), 0..6)) {
        let mut encoder = Gzip::new();
        let mut coded = Vec::new();
        for part in &parts {
            encoder.push(part, &mut coded).unwrap();
            encoder.flush(&mut coded).unwrap();
        }
        encoder.finish(&mut coded).unwrap();
        let mut text = Vec::new();
        MultiGzDecoder::new(&coded[..]).read_to_end(&mut text).unwrap();
        prop_assert_eq!(&text, &parts.concat());
        prop_assert_eq!(decode(Coding::Gzip, &coded, 97).unwrap(), text);
    }

    #[test]
    fn garbage_is_never_a_panic(data in prop::collection::vec(any::<u8>(), 0..400), which in 0..5_usize) {
        let codings =
            [Coding::Identity, Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];
        let _ = decode(*codings.get(which).unwrap(), &data, 13);
        let _ = decode(Coding::Zstd, &[&[0x28, 0xb5, 0x2f, 0xfd][..], &data].concat(), 13);
        let _ = decode(Coding::Gzip, &[&[0x1f, 0x8b, 8][..], &data].concat(), 13);
    }
}

#[test]
fn a_body_that_brings_nothing_out_at_first_is_read_to_its_end() {
    let text = b"Traceback (most recent call last):".repeat(10_000);
    for (coding, coded) in samples(&text) {
        assert!(decode(coding, &coded, 1 << 20).is_ok_and(|whole| whole == text), "{coding:?}");
    }
}
