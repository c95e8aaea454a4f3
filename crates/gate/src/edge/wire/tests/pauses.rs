use http::{HeaderMap, HeaderValue, Method, Version};

use super::*;

const UPGRADE: &str =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

fn filter(stream: &str, size: usize) -> (WireIo<Segments>, WireControl) {
    let control = WireControl::new();
    let socket = Segments::of_size(stream.as_bytes(), size);
    (WireIo::new(socket, Bytes::new(), Arc::new(rules()), control.clone()), control)
}

/// What passes before the pause and after `open`.
fn around_pause(stream: &str, size: usize, open: fn(&WireControl)) -> (Seen, Seen) {
    let (mut filter, control) = filter(stream, size);
    let before = read_ref(&mut filter, &control);
    open(&control);
    let after = read_ref(&mut filter, &control);
    (before, after)
}

fn read_ref(filter: &mut WireIo<Segments>, control: &WireControl) -> Seen {
    let socket = Segments(VecDeque::new());
    let placeholder = WireIo::new(socket, Bytes::new(), Arc::new(rules()), WireControl::new());
    let mut taken = std::mem::replace(filter, placeholder);
    let mut passed = Vec::new();
    let end = loop {
        let mut space = [0; 16];
        let mut buf = ReadBuf::new(&mut space);
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(&mut taken).poll_read(&mut cx, &mut buf) {
            Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                passed.extend_from_slice(buf.filled());
            }
            Poll::Ready(Ok(())) => break End::Clean,
            Poll::Ready(Err(_)) => break End::Broken(control.violation().unwrap().kind()),
            Poll::Pending => {
                break control.violation().map_or(End::Paused, |found| End::Refused(found.kind()));
            }
        }
    };
    *filter = taken;
    Seen { passed, end }
}

#[test]
fn nothing_passes_after_an_upgrade_until_the_handler_decides() {
    let connect = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
    for head in [UPGRADE, connect] {
        for size in [1, 9, 4096] {
            let stream = format!("{NEXT}{head}{NEXT}");
            let (before, after) = around_pause(&stream, size, WireControl::resume_http);
            assert_eq!(before.end, End::Paused);
            assert_eq!(before.passed, format!("{NEXT}{head}").into_bytes());
            assert_eq!(after.end, End::Clean);
            assert_eq!(after.passed, NEXT.as_bytes());
        }
    }
}

#[test]
fn a_granted_upgrade_passes_raw_bytes() {
    for size in [1, 4096] {
        let raw = "\u{1}\r\n\0 anything \n\n";
        let stream = format!("{UPGRADE}{raw}");
        let (before, after) = around_pause(&stream, size, WireControl::upgraded);
        assert_eq!(before.passed, UPGRADE.as_bytes());
        assert_eq!(after.passed, raw.as_bytes());
        assert_eq!(after.end, End::Clean);
    }
}

#[test]
fn a_refused_upgrade_leaves_the_rules_in_force() {
    let stream = format!("{UPGRADE}GET / HTTP/1.1\r\n\r\n");
    let (_, after) = around_pause(&stream, 4096, WireControl::resume_http);
    assert_eq!(after.end, End::Refused(Kind::HostMissing));
}

#[test]
fn a_decision_without_a_pause_does_nothing() {
    let (mut filter, control) = filter(UPGRADE, 4096);
    control.upgraded();
    control.resume_http();
    assert_eq!(read_ref(&mut filter, &control).end, End::Paused);
}

#[test]
fn the_handler_sees_the_same_upgrades_as_the_filter() {
    let headers = |connection: &'static str, upgrade: Option<&'static str>| {
        let mut map = HeaderMap::new();
        map.insert("connection", HeaderValue::from_static(connection));
        if let Some(upgrade) = upgrade {
            map.insert("upgrade", HeaderValue::from_static(upgrade));
        }
        map
    };
    let asks = |version, map| WireControl::asks_upgrade(&Method::GET, version, &map);
    assert!(asks(Version::HTTP_11, headers("x, UPGRADE", Some("websocket"))));
    assert!(!asks(Version::HTTP_11, headers("upgrade", None)));
    assert!(!asks(Version::HTTP_11, headers("close", Some("websocket"))));
    assert!(!asks(Version::HTTP_10, headers("upgrade", Some("websocket"))));
    assert!(WireControl::asks_upgrade(&Method::CONNECT, Version::HTTP_11, &HeaderMap::new()));
}
