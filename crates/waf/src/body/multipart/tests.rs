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

#[test]
fn behind_what_is_broken_everything_is_read() {
    let attack = "Content-Disposition: form-data; name=\"b\"\r\n\r\nattack\r\n";
    let file = "Content-Disposition: form-data; name=\"b\"; filename=\"f\"\r\n\r\n";
    let folded = format!("{}x: {}\r\n", "x: y\r\n".repeat(10), "z".repeat(20_000));
    for body in [
        // Heads that are no heads, in the part itself and in the part before.
        format!("--B\r\n\x0e{attack}--B--"),
        format!("--B\r\nno colon\r\n{attack}--B--"),
        format!("--B\r\n folded\r\n{attack}--B--"),
        format!("--B\r\nA b: c\r\n\r\nx\r\n--B\r\n{attack}--B--"),
        format!("--B\r\nX: 1\r\nX: 2\r\n{attack}--B--"),
        "--B\r\nContent-Disposition: attachment; name=a\r\n\r\nattack\r\n--B--".to_owned(),
        "--B\r\nContent-Disposition: form-data; name=a; name=b; filename=c\r\n\r\nattack\r\n--B--"
            .to_owned(),
        format!("--B\r\n{folded}{attack}--B--"),
        // Delimiters that only some readers see, in a field and in a file.
        format!("--B \r\n{attack}--B--"),
        format!(
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--Bx\r\n{attack}--B--"
        ),
        format!("--B\r\n{file}x\r\n--B x\r\n{attack}--B--"),
        // Nothing after the last part, or a part after the end.
        format!("--B\r\n{attack}"),
        format!("--B\r\n{file}x\r\n--B--\r\n--B\r\n{attack}--B--"),
        format!("--B--\r\n--B\r\n{attack}--B--"),
    ] {
        let parsed = parse(&body);
        assert!(parsed.error.is_some(), "{body}");
        let is_seen = |part: &Part| {
            part.may_be_field() && memchr::memmem::find(&part.value, b"attack").is_some()
        };
        assert!(parsed.parts.iter().any(is_seen), "{body}: {parsed:?}");
    }
}

#[test]
fn what_some_readers_take_for_a_field_is_kept() {
    for name in ["filename*=UTF-8''x", "filename=\"\""] {
        let parsed = parse(&format!(
            "--B\r\nContent-Disposition: form-data; name=\"a\"; {name}\r\n\r\nvalue\r\n--B--\r\n"
        ));
        assert_eq!(parsed.error, None);
        let part = &parsed.parts[0];
        assert!(part.file.is_some() && part.may_be_field(), "{part:?}");
        assert_eq!(part.value, b"value");
    }
}
