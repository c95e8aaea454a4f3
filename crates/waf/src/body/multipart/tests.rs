//! What is read of bodies, in whatever chunks they come.

use super::*;
use crate::body::BodyLimits;

const LIMITS: BodyLimits = BodyLimits { depth: 1, values: 10, files: 2 };

/// The same whatever the chunks it comes in.
fn parse(body: &str) -> Parsed {
    let read = |size: usize| {
        let mut reader = Reader::new(b"multipart/form-data; boundary=B", LIMITS);
        body.as_bytes().chunks(size).for_each(|chunk| reader.feed(chunk));
        reader.finish()
    };
    let whole = read(body.len().max(1));
    for size in [1, 2, 3, 7, 79, 80, 100] {
        assert_eq!(read(size), whole, "chunks of {size}: {body:?}");
    }
    whole
}

#[test]
fn long_lines_and_stray_line_ends_belong_to_the_content() {
    let long = "x".repeat(300);
    for value in [
        format!("{long}\r{long}\r\r\n\r\n{long}"),
        format!("--{long}"),
        format!("\n\r\n{long}--B--{long}\n\r"),
        format!("{long}\r"),
    ] {
        let parsed = parse(&format!(
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{value}\r\n--B--\r\n"
        ));
        assert_eq!(parsed.error, None);
        assert_eq!(parsed.parts[0].value, value.as_bytes());
    }
}

#[test]
fn of_files_only_the_size_is_kept() {
    let mut reader = Reader::new(b"multipart/form-data; boundary=B", LIMITS);
    reader.feed(b"--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f\"\r\n\r\n");
    let chunk = [b"data\r\n".as_slice(), &[b'x'; 10_000]].concat();
    for _ in 0..1_000 {
        reader.feed(&chunk);
    }
    assert!(reader.held_bytes() < 100);
    reader.feed(b"\r\n--B--\r\n");
    let parsed = reader.finish();
    assert_eq!(parsed.error, None);
    assert_eq!((parsed.parts[0].size, parsed.parts[0].value.len()), (1_000 * chunk.len(), 0));
}

#[test]
fn fields_and_files_are_read() {
    let parsed = parse(
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\ny\r\n--B\r\nContent-Disposition: form-data; name=f; filename=\"q\\\"\"\r\nContent-Type: text/plain\r\n\r\n\r\n--B--\r\n",
    );
    assert_eq!(parsed.error, None);
    assert_eq!(parsed.flags, Flags { crlf_line: true, ..Flags::default() });
    assert_eq!(
        (parsed.parts[0].name.as_slice(), parsed.parts[0].value.as_slice()),
        (&b"a"[..], &b"x\r\ny"[..])
    );
    assert_eq!(parsed.parts[1].file.as_deref(), Some(&b"q\""[..]));
    assert_eq!(parsed.parts[1].headers.len(), 2);
}

#[test]
fn ambiguous_bodies_are_flagged_or_refused() {
    let part = "Content-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n";
    type Check = fn(&Flags) -> bool;
    let flagged: [(String, Check); 5] = [
        (format!("x\r\n--B\r\n{part}--B--"), |flags| flags.data_before),
        (format!("--B\r\n{part}--B--\r\nmore"), |flags| flags.data_after),
        (format!("--B\n{part}--B--"), |flags| flags.lf_line && flags.crlf_line),
        (format!("--B\r\n{part}--C\r\n--B--"), |flags| flags.unmatched_boundary),
        ("--B\r\nContent-Disposition: form-data; name='a'\r\n\r\n--B--".to_owned(), |flags| {
            flags.invalid_quoting
        }),
    ];
    for (body, is_flagged) in flagged {
        let parsed = parse(&body);
        assert!(is_flagged(&parsed.flags), "{body}: {parsed:?}");
    }
    for body in [
        format!("--B\r\n{part}"),
        format!("--Bx\r\n{part}--B--"),
        "--B\r\nA b: c\r\n\r\n--B--".to_owned(),
        "--B\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n--B--".to_owned(),
        "--B\r\nContent-Disposition: form-data\r\n\r\n--B--".to_owned(),
    ] {
        assert!(parse(&body).error.is_some(), "{body}");
    }
}
