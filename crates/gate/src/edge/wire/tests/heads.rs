use super::super::{Class, read_head};
use super::*;

/// A GET with these header lines, each ending in CRLF, after a valid `Host`.
fn get(lines: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: a.example\r\n{lines}\r\n")
}

/// A GET for this host.
fn host(host: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

fn target(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n")
}

#[test]
fn unusual_but_valid_heads_pass() {
    let cases = [
        get(""),
        get("Expect: 100-continue\r\n"),
        get("Empty:\r\nSpaces:   \r\nTabs:\t\tx\t\r\n"),
        get("X: caf\u{e9} \u{20ac}\r\n"),
        get("!#$%&'*+-.^_`|~09: token\r\n"),
        get("Connection: TE, close\r\nTE: trailers\r\n"),
        get("Connection: keep-alive, ,X-Own\r\n"),
        get("Upgrade: websocket\r\n"),
        get("Content-Length: 0\r\n"),
        get("Content-Length:0000000000000000000\r\n"),
        host("A.Example.:8080"),
        host("[2001:db8::1]:443"),
        host("127.0.0.1"),
        target("/a?b=c?d/../[x]|{y}\\^'%zz"),
        target("//double//slash"),
        target("http://a.example?q"),
        target("http://A.EXAMPLE:80/x"),
        "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n".to_owned(),
        "GET https://a.example/ HTTP/1.1\r\nHost: a.example:443\r\n\r\n".to_owned(),
        "GET / HTTP/1.0\r\n\r\n".to_owned(),
        "PROPFIND-X / HTTP/1.0\r\nhOST: a\r\n\r\n".to_owned(),
    ];
    for case in &cases {
        passes(case);
    }
    passes(cases.concat());
}

#[test]
fn each_broken_rule_is_named() {
    use Kind::*;
    let cases: Vec<(String, Kind)> = [
        ("GET /\r\n\r\n", RequestLine),
        ("GET  / HTTP/1.1\r\n\r\n", RequestLine),
        ("GET / HTTP/1.1 \r\n\r\n", RequestLine),
        (" GET / HTTP/1.1\r\n\r\n", RequestLine),
        ("G(T / HTTP/1.1\r\n\r\n", RequestLine),
        ("delete / HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        ("Get / HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        ("-GET / HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        ("GET1 / HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        ("GET /\tHTTP/1.1\r\n\r\n", RequestLine),
        ("GET / http/1.1\r\n\r\n", RequestLine),
        ("GET / HTTP/1.2\r\n\r\n", HttpVersion),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HttpVersion),
        ("GET / HTTP/1.1\nHost: a\n\n", BareLineFeed),
        ("\nGET / HTTP/1.1\r\n\r\n", BareLineFeed),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", BareLineFeed),
        ("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", BareCarriageReturn),
        ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", ControlByte),
        ("G\0T / HTTP/1.1\r\nHost: a\r\n\r\n", ControlByte),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", LeadingLines),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", ObsoleteFold),
        ("GET / HTTP/1.1\r\n\r\n", HostMissing),
        ("CONNECT a.example HTTP/1.1\r\nHost: a.example\r\n\r\n", TargetForm),
        ("CONNECT / HTTP/1.1\r\nHost: a.example\r\n\r\n", TargetForm),
        ("CONNECT b:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", HostMismatch),
        ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", TransferEncodingVersion),
        ("GET / HTTP/1.0\r\nHost: a b\r\n\r\n", HostSyntax),
    ]
    .into_iter()
    .map(|(head, kind)| (head.to_owned(), kind))
    .collect();
    for (head, kind) in cases {
        is_refused(head, kind);
    }
}

#[test]
fn broken_headers_are_refused() {
    use Kind::*;
    for (lines, kind) in [
        ("X: a\r\n folded\r\n", ObsoleteFold),
        ("X: a\r\n\tfolded\r\n", ObsoleteFold),
        ("X : a\r\n", SpaceBeforeColon),
        ("Transfer-Encoding\t: chunked\r\n", SpaceBeforeColon),
        ("no colon\r\n", HeaderName),
        (": empty\r\n", HeaderName),
        ("X(y): a\r\n", HeaderName),
        ("X\u{e9}: a\r\n", HeaderName),
        ("X: a\rb\r\n", BareCarriageReturn),
        ("X\r: a\r\n", BareCarriageReturn),
        ("X: a\0b\r\n", ControlByte),
        ("X: \x7f\r\n", ControlByte),
        ("X\x0b: a\r\n", ControlByte),
        ("Connection: close, Host\r\n", ConnectionOption),
        ("Connection: content-length\r\n", ConnectionOption),
        ("Connection: Transfer-Encoding\r\n", ConnectionOption),
        ("Connection: x-forwarded-for\r\n", ConnectionOption),
        ("Connection: close\r\nConnection: cookie\r\n", ConnectionOption),
        ("Proxy-Connection: keep-alive, Host\r\n", ConnectionOption),
        ("Expect: 200-ok\r\n", Expect),
        ("Expect: 100-continue, x\r\n", Expect),
        ("Host: a.example\r\n", HostDuplicate),
    ] {
        is_refused(get(lines), kind);
    }
}

#[test]
fn ambiguous_framing_is_refused() {
    use Kind::*;
    for (lines, kind) in [
        ("Content-Length: +1\r\n", ContentLength),
        ("Content-Length: -1\r\n", ContentLength),
        ("Content-Length: 1, 1\r\n", ContentLength),
        ("Content-Length: 1 1\r\n", ContentLength),
        ("Content-Length: 0x1\r\n", ContentLength),
        ("Content-Length:\r\n", ContentLength),
        ("Content-Length: 00000000000000000001\r\n", ContentLength),
        ("Content-Length: 1\r\nContent-Length: 1\r\n", ContentLengthDuplicate),
        ("Transfer-Encoding: gzip, chunked\r\n", TransferEncoding),
        ("Transfer-Encoding: xchunked\r\n", TransferEncoding),
        ("Transfer-Encoding: chunked,\r\n", TransferEncoding),
        ("Transfer-Encoding: \"chunked\"\r\n", TransferEncoding),
        ("Transfer-Encoding:\r\n", TransferEncoding),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            TransferEncodingDuplicate,
        ),
        ("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", TransferEncodingLength),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", TransferEncodingLength),
        ("Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 5\r\n", UpgradeBody),
        ("Transfer-Encoding: chunked\r\n", TransferEncodingMethod),
    ] {
        is_refused(get(lines), kind);
    }
    let chunked = "Connection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n";
    is_refused(get(chunked).replace("GET", "POST"), UpgradeBody);
    let head = get("Transfer-Encoding: chunked\r\n").replace("GET", "HEAD");
    is_refused(head, TransferEncodingMethod);
}

#[test]
fn a_violation_quotes_no_secret() {
    let cases = [
        target("/?x=SECRET\""),
        target("/?x=SECRET\u{1}"),
        target("/?x=SECRET y"),
        target("/a<?x=SECRET"),
        target("/#x=SECRET"),
        target("?SECRET"),
        target("http://SECRET@a.example/"),
        target("http://SECRET@a.example/<"),
        target("SECRET@a.example:80"),
        target(&format!("/?{}", "SECRET".repeat(80))),
        target("/?x=SECRET").replace("a.example", "a b"),
        host("SECRET@a"),
        host("a:SECRET@a"),
        get("Host: SECRET@a\r\n"),
        get("X-Api-Key: SECRET\0\r\n"),
        get("X: a\r\n SECRET\r\n"),
        get("GET /?x=SECRET\r\n"),
        get("Content-Length: Bearer SECRET\r\n"),
        "X-Api-Key: SECRET\r\n\r\n".to_owned(),
        "X-Api-Key: SECRET HTTP/1.1\r\n\r\n".to_owned(),
        "X-Api-Key: a SECRET\r\n\r\n".to_owned(),
        "Bearer: SECRET\n".to_owned(),
        "GET /?x=SECRET\r\n\r\n".to_owned(),
        "\r\n\r\nSECRET".to_owned(),
        format!("GET /?SECRET HTTP/1.1\r\nX: {}", "SECRET".repeat(400)),
        format!("GET /?{}", "SECRET".repeat(400)),
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naSECRET".to_owned(),
    ];
    for case in &cases {
        let violation = violation_of(case);
        assert!(!format!("{violation:?} {violation}").contains("SECRET"), "{case}: {violation:?}");
    }
}

#[test]
fn a_violation_names_the_request_without_its_query() {
    let of = |head: String| {
        let violation = violation_of(&head);
        let own = |text: Option<&str>| text.map(str::to_owned);
        (own(violation.method()), own(violation.target()))
    };
    let both = |method: &str, target: &str| (Some(method.to_owned()), Some(target.to_owned()));
    assert_eq!(of(target("/a@b?x=y\"")), both("GET", "/a@b"));
    assert_eq!(of(target("http://b.example/x?y")), both("GET", "http://b.example/x"));
    assert_eq!(of(target("http://u:p@a.example/x")), (Some("GET".to_owned()), None));
    assert_eq!(of("delete /x HTTP/1.1\r\n\r\n".to_owned()), both("delete", "/x"));
    assert_eq!(of("X-Api-Key: k\r\n\r\n".to_owned()), (None, None));
}

#[test]
fn doubtful_hosts_are_refused() {
    for text in [
        "",
        "user@a",
        "a#b",
        "a/b",
        "a b",
        "a:",
        "a:x",
        "a:0",
        "a:65536",
        "a:+8",
        "a:080808",
        "a:1:2",
        ":80",
        "[::1",
        "::1",
        "[::1]x",
        "[]",
        "[g::]",
        "[::1%25eth0]",
        "[v1.a]",
        "a%41",
        "a,b",
        "a;b",
        "a\\b",
        "a?b",
        "caf\u{e9}",
    ] {
        is_refused(host(text), Kind::HostSyntax);
    }
    is_refused(host(&"a".repeat(256)), Kind::HostSyntax);
}

#[test]
fn targets_of_the_wrong_form_or_with_wrong_bytes_are_refused() {
    for text in [
        "*",
        "a.example:80",
        "x",
        "ftp://a.example/",
        "http:/a.example",
        "http://",
        "http:///x",
        "http://u@a.example/",
        "?q",
    ] {
        is_refused(target(text), Kind::TargetForm);
    }
    for text in ["/#f", "/a<b", "/a`", "/?a<b", "/?a\"b", "/caf\u{e9}", "http://a.example/#f"] {
        is_refused(target(text), Kind::TargetByte);
    }
    for text in ["http://b.example/", "https://a.example:80/", "http://a.example:81/"] {
        is_refused(target(text), Kind::HostMismatch);
    }
}

#[test]
fn queries_may_be_raw_utf_8_and_nothing_else_above_ascii() {
    passes(target("/?q=caf\u{e9}"));
    let head = b"GET /?q=\xe9 HTTP/1.1\r\nHost: a\r\n\r\n";
    let violation = violation_of(head);
    assert_eq!(violation.kind(), Kind::TargetByte);
}

#[test]
fn size_limits_hold_to_the_byte() {
    passes(target(&format!("/{}", "a".repeat(255))));
    is_refused(target(&format!("/{}", "a".repeat(256))), Kind::TargetTooLong);
    is_refused(target(&format!("/{}", "a".repeat(2000))), Kind::TargetTooLong);
    let fill = |size: usize| get(&format!("X: {}\r\n", "a".repeat(size - get("X: \r\n").len())));
    passes(fill(1024));
    is_refused(fill(1025), Kind::HeadTooLarge);
    is_refused(format!("{}x", fill(4096)), Kind::HeadTooLarge);
    passes(get(&"X: y\r\n".repeat(15)));
    is_refused(get(&"X: y\r\n".repeat(16)), Kind::TooManyHeaders);
}

#[test]
fn one_empty_line_before_a_request_is_dropped() {
    let request = get("");
    passes(format!("\r\n{request}\r\n{request}{request}"));
}

#[test]
fn what_was_valid_before_a_violation_passes() {
    let seen = seen(format!("{}{}", get(""), host("a b")).as_bytes());
    assert_eq!(seen.passed, get("").into_bytes());
    assert_eq!(seen.end, End::Refused(Kind::HostSyntax));
}

#[test]
fn bytes_behind_a_head_do_not_vouch_for_it() {
    let read = |head: String| read_head(&Bytes::from(head), &rules());
    let head = get("X: a\0b\r\n");
    for behind in ["\n", "x", "\r\n", "\n\n"] {
        assert!(read(format!("{head}{behind}")).is_err());
        assert!(read(format!("{}{behind}", get(""))).is_err());
    }
    assert!(read(get("X: y\r\n")).is_ok());
    assert!(read("GET / HTTP/1.1\r\nHost: a\r\n".to_owned()).is_err());
}

#[test]
fn a_head_says_what_follows_it() {
    let head = |line: &str, lines: &str| {
        let text = format!("{line}\r\nHost: a\r\n{lines}\r\n");
        read_head(&Bytes::from(text), &rules()).unwrap()
    };
    let (new, old) = ("POST /x?y HTTP/1.1", "POST /x?y HTTP/1.0");
    for (line, lines, is_kept) in [
        (new, "", true),
        (new, "Connection: close\r\n", false),
        (new, "Connection: keep-alive, Close\r\n", false),
        (old, "", false),
        (old, "Connection: Keep-Alive\r\n", true),
        (old, "Connection: keep-alive\r\nConnection: close\r\n", false),
    ] {
        assert_eq!(head(line, lines).is_kept, is_kept, "{line} {lines}");
    }
    for (line, lines, expects, leaves) in [
        (new, "Expect: 100-Continue\r\nContent-Length: 1\r\n", true, false),
        (new, "Expect: 100-continue\r\n", false, false),
        (old, "Expect: 100-continue\r\nContent-Length: 1\r\n", false, false),
        (new, "Connection: x, UPGRADE\r\nUpgrade: websocket\r\n", false, true),
        (new, "Connection: upgrade\r\n", false, false),
        (new, "Connection: close\r\nUpgrade: websocket\r\n", false, false),
        (old, "Connection: upgrade\r\nUpgrade: websocket\r\n", false, false),
        (new, "Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", false, false),
        (new, "Connection: upgrade\r\nUpgrade: H2C/1, h2c\r\nContent-Length: 1\r\n", false, false),
        (new, "Connection: upgrade\r\nUpgrade: h2c, websocket\r\n", false, true),
    ] {
        let head = head(line, lines);
        assert_eq!((head.expects_continue, head.leaves_http), (expects, leaves), "{line} {lines}");
    }
    let request = head(new, "x-a:  1 \t\r\nX-A:2\r\n").request;
    assert_eq!(request.uri(), "/x?y");
    assert_eq!(request.method(), "POST");
    let values: Vec<_> = request.headers().get_all("x-a").iter().collect();
    assert_eq!(values, ["1", "2"]);
}

#[test]
fn a_violation_tells_what_is_known_in_bounded_ascii() {
    let head = format!("POST /{} HTTP/1.1\r\nHost: a\r\n\r\n", "\u{1}".repeat(200));
    let violation = violation_of(&head);
    assert_eq!(violation.method(), Some("POST"));
    assert!(violation.target().is_some_and(|target| target.starts_with("/\\x01")));
    assert!(violation.detail().len() <= 480 && violation.to_string().is_ascii());
    assert_eq!(violation.class(), Class::Malformed);
}
