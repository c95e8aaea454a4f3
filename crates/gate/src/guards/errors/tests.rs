use super::*;

#[test]
fn every_shape_compiles() {
    let (shapes, patterns) = traces::compiled();
    assert_eq!(shapes, patterns);
}

#[test]
fn sci_d35_traces_of_common_platforms_are_found() {
    for (body, kind) in [
        (
            "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in <module>",
            "python traceback",
        ),
        (r#"{"error":"File \"/srv/app.py\", line 3, in index"}"#, "python traceback"),
        ("<h1>x</h1> File &quot;/srv/app.py&quot;, line 12, in view", "python traceback"),
        ("<title>NameError // Werkzeug Debugger</title>", "python debugger"),
        (
            "java.lang.NullPointerException\n\tat com.acme.Shop.pay(Shop.java:42)\n",
            "java stack trace",
        ),
        ("   at Acme.Shop.Pay(Int32 id) in C:\\src\\Shop.cs:line 42", ".net stack trace"),
        ("Error: no\n    at pay (/srv/app/shop.js:10:15)", "node stack trace"),
        ("<b>Warning</b>: include(x): failed in <b>/srv/a.php</b> on line <b>3</b>", "php error"),
        ("app/models/shop.rb:12:in `pay'", "ruby backtrace"),
        ("panic: oh\n\ngoroutine 1 [running]:\nmain.main()", "go panic"),
        ("thread 'main' panicked at src/main.rs:2:5", "rust panic"),
    ] {
        assert_eq!(traces::find(body.as_bytes()), Some(kind), "{body}");
    }
}

#[test]
fn ordinary_error_texts_are_not_traces() {
    for body in [
        "",
        "Internal Server Error",
        r#"{"detail":"database is busy, try again at 10:15:30"}"#,
        "<h1>502 Bad Gateway</h1>",
        "An exception occurred while we looked at your order.",
        "Please call us at (555) 123:45:67",
        "File \"report.pdf\" could not be read",
    ] {
        assert_eq!(traces::find(body.as_bytes()), None, "{body}");
    }
}

#[test]
fn only_text_is_held() {
    let headers = |pairs: &[(&'static str, &'static str)]| {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.insert(*name, http::HeaderValue::from_static(value));
        }
        map
    };
    assert!(is_text(&headers(&[])));
    assert!(is_text(&headers(&[("content-type", "text/html; charset=utf-8")])));
    assert!(is_text(&headers(&[("content-type", "application/problem+json")])));
    assert!(!is_text(&headers(&[("content-type", "image/png")])));
    for stream in ["text/event-stream", "Text/Event-Stream; charset=utf-8", "application/x-ndjson"]
    {
        assert!(!is_text(&headers(&[("content-type", stream)])), "{stream}");
    }
}

#[test]
fn compressed_answers_are_read_as_far_as_they_are_there() {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    let text = b"Traceback (most recent call last):".repeat(100);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&text).unwrap();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&text).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
    raw.write_all(&text).unwrap();
    for (coding, coded) in [
        ("gzip", gzip.finish().unwrap()),
        ("deflate", zlib.finish().unwrap()),
        ("deflate", raw.finish().unwrap()),
        ("identity", text.clone()),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("content-encoding", http::HeaderValue::from_static(coding));
        assert_eq!(beginning(&headers, &coded, 1 << 20), text, "{coding}");
        assert_eq!(beginning(&headers, &coded, 64).len(), 64, "{coding}");
        let half = coded.get(..coded.len() / 2).unwrap();
        assert!(text.starts_with(&beginning(&headers, half, 1 << 20)), "{coding}");
    }
}
