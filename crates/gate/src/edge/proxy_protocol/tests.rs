use std::net::SocketAddr;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::header::{Header, Invalid, Parsed, fuzz, parse};
use super::read::NoHeader;
use super::*;

fn proxied(text: &str) -> Header {
    Header::Proxied(text.parse().unwrap())
}

fn v2(version: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    bytes.extend([version, family]);
    bytes.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
    bytes.extend(rest);
    bytes
}

const V4: [u8; 12] = [192, 0, 2, 7, 10, 0, 0, 1, 0x12, 0x34, 0, 80];

fn with(parts: &[u8]) -> Vec<u8> {
    v2(0x21, 0x11, &[&V4[..], parts].concat())
}

#[test]
fn headers_name_the_client_or_nobody() {
    let six = [[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9], [0; 16]].concat();
    let six = [six, vec![1, 0, 0, 80]].concat();
    for (bytes, expected) in [
        (b"PROXY TCP4 192.0.2.7 10.0.0.1 4660 80\r\n".to_vec(), proxied("192.0.2.7:4660")),
        (b"PROXY TCP6 2001:db8::9 ::1 0 65535\r\n".to_vec(), proxied("[2001:db8::9]:0")),
        (b"PROXY UNKNOWN\r\n".to_vec(), Header::Own),
        (b"PROXY UNKNOWN ff:: x y z anything\r\n".to_vec(), Header::Own),
        (v2(0x21, 0x11, &V4), proxied("192.0.2.7:4660")),
        (v2(0x21, 0x12, &V4), proxied("192.0.2.7:4660")),
        (v2(0x21, 0x21, &six), proxied("[2001:db8::9]:256")),
        (v2(0x21, 0x31, &[b'x'; 216]), Header::Own),
        (v2(0x21, 0x00, b"whatever"), Header::Own),
        (v2(0x20, 0x11, &V4), Header::Own),
        (v2(0x20, 0x00, b""), Header::Own),
        // What follows `LOCAL` means nothing: no addresses, a part of them, an unknown family, a
        // part that is cut short.
        (v2(0x20, 0x11, b""), Header::Own),
        (v2(0x20, 0x21, &V4), Header::Own),
        (v2(0x20, 0x41, b"x"), Header::Own),
        (v2(0x20, 0x11, &[&V4[..], &[3, 0, 9]].concat()), Header::Own),
        // The same where the family is not specified.
        (v2(0x21, 0x00, &[3, 0, 4, 1, 2, 3, 4]), Header::Own),
        (with(&[1, 0, 2, b'h', b'2', 4, 0, 0]), proxied("192.0.2.7:4660")),
    ] {
        assert_eq!(parse(&bytes), Ok(Parsed::Whole(expected, bytes.len())), "{bytes:?}");
        let more = [bytes.as_slice(), b"GET / HTTP/1.1\r\n"].concat();
        assert_eq!(parse(&more), Ok(Parsed::Whole(expected, bytes.len())), "{bytes:?}");
        fuzz(&more);
    }
}

#[test]
fn what_is_no_header_is_refused_as_soon_as_that_is_clear() {
    let line = |text: &str| format!("PROXY {text}\r\n").into_bytes();
    for bytes in [
        b"GET / HTTP/1.1\r\n".to_vec(),
        b"\x16\x03\x01".to_vec(),
        b"proxy TCP4".to_vec(),
        b"\r\n\r\nGET".to_vec(),
        line("TCP4 192.0.2.7 10.0.0.1 4660"),
        line("TCP4 192.0.2.7 10.0.0.1 4660 80 1"),
        line("TCP4  192.0.2.7 10.0.0.1 4660 80"),
        line("TCP4 ::1 ::1 4660 80"),
        line("TCP6 192.0.2.7 10.0.0.1 4660 80"),
        line("TCP4 192.0.2.07 10.0.0.1 4660 80"),
        line("TCP4 192.0.2.7 10.0.0.1 04660 80"),
        line("TCP4 192.0.2.7 10.0.0.1 +1 80"),
        line("TCP4 192.0.2.7 10.0.0.1 65536 80"),
        line("UDP4 192.0.2.7 10.0.0.1 1 2"),
        b"PROXY TCP4 192.0.2.7 10.0.0.1 4660 80\n".to_vec(),
        b"PROXY \xff\r\n".to_vec(),
        [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 100]].concat(),
        v2(0x11, 0x11, &V4),
        v2(0x22, 0x11, &V4),
        v2(0x21, 0x41, &V4),
        v2(0x21, 0x11, &V4[..11]),
        v2(0x21, 0x31, &[b'x'; 215]),
        v2(0x21, 0x11, &[0; 5000]),
        with(&[1]),
        with(&[1, 0, 9, 0]),
        with(&[3, 0, 2, 0, 0]),
        with(&[3, 0, 4, 0, 0, 0, 0]),
    ] {
        assert!(parse(&bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn a_checksum_that_is_there_must_be_right() {
    let mut bytes = with(&[3, 0, 4, 0, 0, 0, 0]);
    let at = bytes.len() - 4;
    let crc = reference_crc32c(&bytes).to_be_bytes();
    bytes[at..].copy_from_slice(&crc);
    assert!(matches!(parse(&bytes), Ok(Parsed::Whole(..))));
    bytes[20] ^= 1;
    assert_eq!(parse(&bytes), Err(Invalid("the checksum is wrong")));
}

/// By table, from the polynomial in its usual direction: nothing in common with the product's.
fn reference_crc32c(bytes: &[u8]) -> u32 {
    let mut register = u32::MAX;
    for byte in bytes {
        register ^= u32::from(byte.reverse_bits()) << 24;
        for _ in 0..8 {
            let carries = register >> 31 == 1;
            register = (register << 1) ^ if carries { 0x1edc_6f41 } else { 0 };
        }
    }
    !register.reverse_bits()
}

proptest! {
    #[test]
    fn no_bytes_break_the_parser(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz(&bytes);
        fuzz(&[b"PROXY TCP4 ".as_slice(), &bytes].concat());
        fuzz(&v2(0x21, 0x11, &[&V4[..], &bytes].concat()));
    }

    #[test]
    fn every_address_comes_out_as_it_went_in(source: SocketAddr, other: u16) {
        let destination = if source.is_ipv4() { "192.0.2.1" } else { "2001:db8::1" };
        let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
        let (ip, port) = (source.ip(), source.port());
        let line = format!("PROXY {family} {ip} {destination} {port} {other}\r\n");
        let plain = SocketAddr::new(ip, port);
        let whole = Parsed::Whole(Header::Proxied(plain), line.len());
        prop_assert_eq!(parse(line.as_bytes()), Ok(whole));
        fuzz(line.as_bytes());
    }
}

/// A connection between two sockets of this machine.
async fn pair() -> (TcpStream, TcpStream, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    near.set_nodelay(true).unwrap();
    let (far, peer) = listener.accept().await.unwrap();
    (near, far, peer)
}

#[tokio::test]
async fn however_the_bytes_come_the_header_and_nothing_more_is_read() {
    let settings = ProxyProtocol::new(&ProxyProtocolSection::default());
    // None of the bytes of the last one is a line feed.
    let plain = [192, 0, 2, 7, 192, 0, 2, 1, 0x12, 0x34, 0, 80];
    for header in [
        b"PROXY TCP4 192.0.2.7 10.0.0.1 4660 80\r\n".to_vec(),
        with(&[4, 0, 3, 1, 2, 3]),
        v2(0x21, 0x11, &plain),
    ] {
        for split in 0..=header.len() {
            let (mut near, mut far, peer) = pair().await;
            let (first, second) = header.split_at(split);
            let reading = read(&settings, &mut far, peer);
            let writing = async {
                near.write_all(first).await.unwrap();
                tokio::task::yield_now().await;
                near.write_all(second).await.unwrap();
                near.write_all(b"re\nst").await.unwrap();
            };
            let (client, ()) = tokio::join!(reading, writing);
            assert_eq!(client.unwrap().to_string(), "192.0.2.7:4660", "{split}");
            let mut rest = [0; 5];
            far.read_exact(&mut rest).await.unwrap();
            assert_eq!(&rest, b"re\nst", "{split}");
        }
    }
}

#[tokio::test]
async fn half_a_header_is_not_waited_for_for_ever() {
    let section = ProxyProtocolSection {
        timeout: std::time::Duration::from_millis(50),
        ..ProxyProtocolSection::default()
    };
    let (mut near, mut far, peer) = pair().await;
    near.write_all(b"PROXY TCP4 1").await.unwrap();
    let outcome = read(&ProxyProtocol::new(&section), &mut far, peer).await;
    assert!(matches!(outcome, Err(NoHeader::Late)), "{outcome:?}");
    drop(near);
    let outcome = read(&ProxyProtocol::new(&section), &mut far, peer).await;
    assert!(matches!(outcome, Err(NoHeader::Gone | NoHeader::Late)), "{outcome:?}");
}
