use std::fs;
use std::path::Path;
use std::time::Duration;

use mantlet_config::{Environment, Layers, load};
use mantlet_crypto::RootKey;
use mantlet_event::Redactor;
use mantlet_types::{Secret, SystemRng, Timestamp};
use proptest::prelude::*;

use super::redact::redact;
use super::ring::{Bounds, Ring, files};
use super::*;

const KEY: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn root() -> RootKey {
    RootKey::parse(&Secret::new(KEY.to_owned())).unwrap()
}

fn request(kind: &str, body: &str) -> Recorded {
    Recorded {
        version: 1,
        at: at(0).to_string(),
        method: "POST".into(),
        host: "a".into(),
        target: "/".into(),
        headers: vec![("content-type".into(), kind.into())],
        body: Some(body.to_owned()),
        ..Recorded::default()
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn redacted(kind: &str, body: &str) -> String {
    let mut request = request(kind, body);
    redact(&mut request, &Redactor::new());
    request.body.unwrap()
}

#[test]
fn secrets_go_by_their_place_and_their_name_and_the_rest_stays() {
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nS3CRET\r\n--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nkept\r\n--b--\r\n";
    for (kind, body) in [
        ("application/json", "{\"password\":\"S3CRET\",\"text\":\"kept\"}"),
        ("application/json", "{\"a\":[{\"apiKey\":{\"x\":\"S3CRET\"}}],\"text\":\"kept\"}"),
        ("text/plain", "{\"a\":{\"client_secret\":\"S3CRET\"},\"text\":\"kept\"}"),
        ("application/x-www-form-urlencoded", "pass%77ord=S3CRET&text=kept"),
        ("application/x-www-form-urlencoded", "user[password]=S3CRET&text=kept"),
        ("text/plain", "token=S3CRET&text=kept"),
        ("multipart/form-data; boundary=b", multipart),
        ("application/xml", "<a><password>S3CRET</password><text>kept</text></a>"),
        ("text/xml", "<a><Password x=\"1\"><b>S3CRET</b></Password><text>kept</text></a>"),
        ("application/soap+xml", "<a><pin><![CDATA[S3CRET]]></pin><text>kept</text></a>"),
        ("text/plain", "kept, and password: S3CRET"),
    ] {
        let clean = redacted(kind, body);
        assert!(!clean.contains("S3CRET"), "{kind} {body}: {clean}");
        assert!(clean.contains("kept"), "{kind} {body}: {clean}");
    }
    for fine in ["{\"a\":1,\"a\":\"1' or 1=1\"}", "q=1%27+or+1%3D1&page=2", "<a>x</a>", "hello"] {
        assert_eq!(redacted("text/plain", fine), fine);
    }
}

#[test]
fn of_credentials_only_the_name_is_kept() {
    let mut request = request("text/plain", "");
    request.target = "/a/b?token=S3CRET&q=kept&x=ghp_16C7e42F292c6912E7710c838347Ae178B4a".into();
    for (name, value) in [
        ("authorization", "Basic S3CRET"),
        ("cookie", "a=S3CRET"),
        ("x-session-id", "S3CRET"),
        ("sec-websocket-protocol", "S3CRET"),
        ("referer", "http://a/?password=S3CRET"),
        ("x-note", "kept"),
    ] {
        request.headers.push((name.into(), value.into()));
    }
    redact(&mut request, &Redactor::new());
    let line = request.to_line();
    assert!(!line.contains("S3CRET") && !line.contains("ghp_"), "{line}");
    for kept in ["q=kept", "x-note", "\"kept\"", "authorization", "/a/b?token=redacted"] {
        assert!(line.contains(kept), "{kept}: {line}");
    }
}

proptest! {
    #[test]
    fn whatever_a_body_looks_like_a_named_secret_goes_and_nothing_breaks(
        before in ".{0,40}", after in ".{0,40}", kind in "(application/json|text/xml|multipart/x|text/plain)"
    ) {
        let _ = redacted(&kind, &format!("{before}{after}"));
        let form = format!("password=S3CRETS3CRET&x={}", after.replace('&', ""));
        prop_assert!(!redacted("text/plain", &form).contains("S3CRETS3CRET"));
    }
}

fn ring(folder: &Path, bytes: u64, records: u64, seconds: u64) -> Ring {
    let bounds = Bounds { bytes, records, age: Duration::from_secs(seconds) };
    Ring::open(folder, "passed", bounds, root()).unwrap()
}

fn all(folder: &Path, oldest: Timestamp) -> (Vec<String>, ReadReport) {
    let mut found = Vec::new();
    let report = read(folder, &root(), oldest, |request| found.push(request.target)).unwrap();
    (found, report)
}

fn add(ring: &mut Ring, number: i64, body: &str) {
    let mut request = request("text/plain", body);
    request.target = format!("/{number}");
    request.at = at(number).to_string();
    ring.add(request.to_line().as_bytes(), at(number), &SystemRng).unwrap();
}

#[test]
fn a_ring_keeps_the_newest_within_its_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let mut of_bytes = ring(folder.path(), 64 * 1024, 1_000_000, 1_000_000);
    for number in 0..500 {
        add(&mut of_bytes, number, &"x".repeat(1024));
    }
    let (found, report) = all(folder.path(), at(0));
    assert!(report.bytes <= 64 * 1024, "{report:?}");
    assert!(found.len() > 20 && found.last().unwrap() == "/499", "{}", found.len());
    assert!(files(folder.path(), "passed").unwrap().len() <= 16);

    let folder = tempfile::tempdir().unwrap();
    let mut of_records = ring(folder.path(), 1 << 30, 40, 1_000_000);
    for number in 0..500 {
        add(&mut of_records, number, "x");
    }
    let (found, _) = all(folder.path(), at(0));
    assert!((20..=40).contains(&found.len()), "{}", found.len());
    assert_eq!(found.last().unwrap(), "/499");
}

#[test]
fn what_is_too_old_is_neither_read_nor_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut ring = ring(folder.path(), 1 << 20, 1_000, 100);
    add(&mut ring, 0, "x");
    add(&mut ring, 50, "x");
    let (found, _) = all(folder.path(), at(10));
    assert_eq!(found, ["/50"]);
    ring.expire(at(1_000));
    assert_eq!(all(folder.path(), at(0)).0, [""; 0]);
    assert_eq!(files(folder.path(), "passed").unwrap(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_restart_begins_a_new_file_and_counts_the_ones_before() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..40 {
        add(&mut ring(folder.path(), 1 << 20, 1_000, 1_000_000), number, "x");
    }
    let (found, _) = all(folder.path(), at(0));
    assert!(found.len() <= 17 && found.last().unwrap() == "/39", "{found:?}");
}

#[test]
fn a_torn_or_changed_record_costs_that_one_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut ring = ring(folder.path(), 1 << 20, 1_000, 1_000_000);
    for number in 0..4 {
        add(&mut ring, number, "hello");
    }
    let path = files(folder.path(), "passed").unwrap().remove(0);
    let whole = fs::read(&path).unwrap();
    let size = u32::from_le_bytes(whole[44..48].try_into().unwrap()) as usize;
    for cut in [1, 3, size, size + 3, size + 4, whole.len() - 44, whole.len() - 43] {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        let (found, report) = all(folder.path(), at(0));
        assert!(found.len() < 4 && report.damaged <= 1, "{cut}: {found:?} {report:?}");
    }
    // Records that trade places open nowhere.
    let mut swapped = whole[..44].to_vec();
    swapped.extend(&whole[48 + size..48 + size + 4 + size]);
    swapped.extend(&whole[44..48 + size]);
    fs::write(&path, &swapped).unwrap();
    let (found, report) = all(folder.path(), at(0));
    assert_eq!((found.len(), report.damaged), (0, 2));
    fs::write(&path, b"something else").unwrap();
    assert_eq!(all(folder.path(), at(0)).1.foreign, 1);
}

#[test]
fn a_record_that_is_too_large_is_refused_and_the_next_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut ring = ring(folder.path(), 1 << 20, 1_000, 1_000_000);
    let large = vec![b'x'; 9 * 1024 * 1024];
    let error = ring.add(&large, at(0), &SystemRng).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
    add(&mut ring, 1, "x");
    assert_eq!(all(folder.path(), at(0)).0, ["/1"]);
}

mantlet_config::section! {
    struct Root {
        recording: RecordingSection = RecordingSection::default(),
    }
}

#[test]
fn settings_that_cannot_be_meant_are_told() {
    let problems = |text: &str| -> Vec<String> {
        let text = format!("[recording]\n{text}\n");
        let layers = Layers::new(Environment::default()).text("mantlet.toml", text);
        let loaded = load(&layers, |root: &Root, reader| root.recording.check(reader));
        loaded.problems.iter().map(|problem| problem.message.clone()).collect()
    };
    for (setting, expected) in [
        ("size = \"1KiB\"", "`1KiB` is out of range"),
        ("requests = 1", "`1` is out of range"),
        ("body_limit = \"2MiB\"", "`2MiB` is out of range"),
        ("passed_percent = 101", "`101` is out of range"),
        ("max_age = \"0s\"", "nothing is kept for no time"),
        ("enabled = true", "the key of the recording lies beside it in the data folder"),
    ] {
        assert_eq!(problems(setting), [expected], "{setting}");
    }
    assert_eq!(problems("enabled = true\nkey = \"env:KEY\"\nmax_age = \"1d\""), [""; 0]);
}
