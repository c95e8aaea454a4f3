//! Real files in a real folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, LOCATION, RANGE, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use http_body_util::BodyExt as _;
use mantlet_types::{Clock as _, RequestId, SystemClock, SystemRng};
use tempfile::TempDir;

use super::content::CHUNK;
use super::*;
use crate::pipeline::{Client, Denial, Exchange, Facts, Origin, Scheme, TraceContext};
use crate::stages::hygiene::{PathPolicy, normalize};
use crate::upstream::AnswerBody;

const LARGE: usize = 5 * CHUNK + 17;

/// A folder `site` with files, beside something that must not be reached.
struct Fixture {
    home: TempDir,
    files: Files,
}

impl Fixture {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let site = home.path().join("site");
        fs::create_dir_all(site.join("sub/empty")).unwrap();
        fs::create_dir(site.join("sub/odd")).unwrap();
        fs::create_dir(site.join("sub/odd/index.html")).unwrap();
        fs::create_dir(home.path().join("site-secret")).unwrap();
        fs::write(home.path().join("secret.txt"), "outside").unwrap();
        fs::write(home.path().join("site-secret/a.txt"), "outside").unwrap();
        fs::write(site.join("index.html"), "<h1>root</h1>").unwrap();
        fs::write(site.join("sub/index.html"), "<h1>sub</h1>").unwrap();
        fs::write(site.join("ten.txt"), "0123456789").unwrap();
        fs::write(site.join("empty.txt"), "").unwrap();
        fs::write(site.join(".env"), "KEY=1").unwrap();
        fs::write(site.join("large.bin"), large()).unwrap();
        let files = open(&site, StaticFiles::default());
        Self { home, files }
    }

    /// The same folder, served as `settings` say.
    fn with_settings(mut self, settings: StaticFiles) -> Self {
        self.files = open(&self.site(), settings);
        self
    }

    fn site(&self) -> PathBuf {
        self.home.path().join("site")
    }

    async fn ask(
        &self,
        method: Method,
        target: &str,
        headers: &[(HeaderName, &str)],
    ) -> Result<Response<AnswerBody>, Denial> {
        let mut exchange = exchange(method, target);
        for (name, value) in headers {
            exchange.headers.append(name, value.parse().unwrap());
        }
        self.files.answer(&exchange).await
    }

    async fn get(&self, target: &str) -> Result<Response<AnswerBody>, Denial> {
        self.ask(Method::GET, target, &[]).await
    }

    /// The code of the refusal, or the status.
    async fn outcome(&self, method: Method, target: &str) -> String {
        match self.ask(method, target, &[]).await {
            Ok(response) => response.status().as_u16().to_string(),
            Err(denial) => denial.reason.code.to_owned(),
        }
    }

    /// Status and body for a request with one header.
    async fn with(&self, name: HeaderName, value: &str) -> (u16, String) {
        let response = self.ask(Method::GET, "/ten.txt", &[(name, value)]).await.unwrap();
        (response.status().as_u16(), text(response).await)
    }
}

fn open(site: &Path, settings: StaticFiles) -> Files {
    Files::open(&StaticFiles { folder: site.to_owned(), ..settings }).unwrap()
}

fn large() -> Vec<u8> {
    (0..LARGE).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

fn exchange(method: Method, target: &str) -> Exchange {
    let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q)));
    let clock = SystemClock::new();
    Exchange {
        id: RequestId::new(clock.now(), &SystemRng),
        trace: TraceContext::accept(&HeaderMap::new(), &SystemRng),
        at: clock.now(),
        started: clock.monotonic(),
        client: Client {
            peer: "192.0.2.1:999".parse().unwrap(),
            address: "192.0.2.1".parse().unwrap(),
            address_text: HeaderValue::from_static("192.0.2.1"),
            scheme: Scheme::Http,
        },
        host: "example.org".into(),
        authority: HeaderValue::from_static("a"),
        method,
        asked: None,
        path: normalize(path, &PathPolicy::lenient()).unwrap().into_owned(),
        query: query.map(str::to_owned),
        version: http::Version::HTTP_11,
        headers: HeaderMap::new(),
        is_websocket: false,
        is_body_shown: false,
        has_body: false,
        facts: Facts::default(),
        route: "/".into(),
        permits: Vec::new(),
    }
}

fn header(response: &Response<AnswerBody>, name: HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn text(response: Response<AnswerBody>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_file_is_served_with_what_caches_need() {
    let fixture = Fixture::new();
    let response = fixture.get("/ten.txt").await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, CONTENT_TYPE), "text/plain; charset=utf-8");
    assert_eq!(header(&response, CONTENT_LENGTH), "10");
    assert_eq!(header(&response, ACCEPT_RANGES), "bytes");
    assert!(header(&response, ETAG).starts_with('"'));
    assert!(header(&response, LAST_MODIFIED).ends_with(" GMT"));
    assert_eq!(response.extensions().get::<Origin>(), Some(&Origin::Gate));
    assert_eq!(text(response).await, "0123456789");
    let empty = fixture.get("/empty.txt").await.unwrap();
    assert_eq!((header(&empty, CONTENT_LENGTH), empty.status().as_u16()), ("0", 200));
    assert_eq!(text(empty).await, "");
}

#[tokio::test]
async fn folders_are_their_index_and_end_with_a_slash() {
    let fixture = Fixture::new();
    assert_eq!(text(fixture.get("/").await.unwrap()).await, "<h1>root</h1>");
    assert_eq!(text(fixture.get("/sub/").await.unwrap()).await, "<h1>sub</h1>");
    let response = fixture.get("/sub?a=b").await.unwrap();
    assert_eq!(response.status(), 308);
    assert_eq!(header(&response, LOCATION), "/sub/?a=b");
    for target in ["/sub/empty/", "/sub/odd/", "/ten.txt/", "/missing", "/missing/"] {
        assert_eq!(fixture.outcome(Method::GET, target).await, "file-not-found", "{target}");
    }
}

#[tokio::test]
async fn files_can_only_be_read() {
    let fixture = Fixture::new();
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        let denial = fixture.ask(method.clone(), "/ten.txt", &[]).await.unwrap_err();
        assert_eq!(denial.reason.code, "static-method", "{method}");
        assert_eq!(denial.headers, [(ALLOW, HeaderValue::from_static("GET, HEAD"))]);
    }
    let response = fixture.ask(Method::HEAD, "/large.bin", &[(RANGE, "bytes=0-1")]).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, CONTENT_LENGTH), LARGE.to_string());
    assert_eq!(text(response).await, "");
}

/// ELITE-D08, SCI-D12: neither paths nor links lead outside.
#[tokio::test]
async fn nothing_outside_the_folder_can_be_reached() {
    let fixture = Fixture::new();
    let (home, site) = (fixture.home.path(), fixture.site());
    symlink(home.join("secret.txt"), site.join("absolute.txt")).unwrap();
    symlink("../secret.txt", site.join("relative.txt")).unwrap();
    symlink("..", site.join("up")).unwrap();
    symlink("/", site.join("root")).unwrap();
    symlink("loop.txt", site.join("loop.txt")).unwrap();
    symlink("ten.txt", site.join("inside.txt")).unwrap();
    symlink("sub/../ten.txt", site.join("around.txt")).unwrap();
    for target in [
        "/absolute.txt",
        "/relative.txt",
        "/up/secret.txt",
        "/up",
        "/root/etc/passwd",
        "/loop.txt",
        "/..%2Fsecret.txt",
        "/sub%2F..%2F..%2Fsecret.txt",
        "/..%2Fsite-secret%2Fa.txt",
        "/.env",
        "/%2Eenv",
        "/nul%2500",
    ] {
        let Ok(_) = normalize(target, &PathPolicy::lenient()) else { continue };
        assert_eq!(fixture.outcome(Method::GET, target).await, "file-not-found", "{target}");
    }
    for target in ["/inside.txt", "/around.txt"] {
        assert_eq!(text(fixture.get(target).await.unwrap()).await, "0123456789", "{target}");
    }
}

#[tokio::test]
async fn a_pipe_is_not_waited_for() {
    let fixture = Fixture::new();
    let pipe = fixture.site().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let outcome = fixture.outcome(Method::GET, "/pipe");
    let outcome = tokio::time::timeout(std::time::Duration::from_secs(5), outcome).await;
    assert_eq!(outcome.unwrap(), "file-not-found");
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let fixture = Fixture::new();
    let first = fixture.get("/ten.txt").await.unwrap();
    let (tag, date) = (header(&first, ETAG).to_owned(), header(&first, LAST_MODIFIED).to_owned());
    let old = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (name, value, expected) in [
        (IF_NONE_MATCH, tag.clone(), 304),
        (IF_NONE_MATCH, format!("\"x\", W/{tag}"), 304),
        (IF_NONE_MATCH, "*".into(), 304),
        (IF_NONE_MATCH, "\"x\"".into(), 200),
        (IF_MODIFIED_SINCE, date.clone(), 304),
        (IF_MODIFIED_SINCE, old.into(), 200),
        (IF_MODIFIED_SINCE, "yesterday".into(), 200),
        (IF_MATCH, tag.clone(), 200),
        (IF_MATCH, format!("\"x\", {tag}"), 200),
        (IF_MATCH, "*".into(), 200),
        (IF_MATCH, "\"x\"".into(), 412),
        (IF_MATCH, format!("W/{tag}"), 412),
        (IF_UNMODIFIED_SINCE, date.clone(), 200),
        (IF_UNMODIFIED_SINCE, old.into(), 412),
        (IF_UNMODIFIED_SINCE, "yesterday".into(), 200),
    ] {
        assert_eq!(fixture.with(name.clone(), &value).await.0, expected, "{name}: {value}");
    }
    let both = [(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, date.as_str())];
    let response = fixture.ask(Method::GET, "/ten.txt", &both).await.unwrap();
    assert_eq!(response.status(), 200, "a tag outweighs a date");
    let rest = [(IF_MATCH, "\"x\""), (RANGE, "bytes=5-")];
    let response = fixture.ask(Method::GET, "/ten.txt", &rest).await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, CONTENT_LENGTH)), (412, "0"));
    fs::write(fixture.site().join("ten.txt"), "9876543210").unwrap();
    assert_eq!(fixture.with(IF_NONE_MATCH, &tag).await, (200, "9876543210".into()));
}

#[tokio::test]
async fn a_part_is_served_where_it_fits() {
    let fixture = Fixture::new();
    for (range, expected) in [
        ("bytes=2-4", (206, "234")),
        ("bytes=-2", (206, "89")),
        ("bytes=10-", (416, "")),
        ("bytes=0-1,4-5", (200, "0123456789")),
    ] {
        let (status, body) = fixture.with(RANGE, range).await;
        assert_eq!((status, body.as_str()), expected, "{range}");
    }
    let part = fixture.ask(Method::GET, "/ten.txt", &[(RANGE, "bytes=2-4")]).await.unwrap();
    assert_eq!(header(&part, CONTENT_RANGE), "bytes 2-4/10");
    assert_eq!(header(&part, CONTENT_LENGTH), "3");
    let outside = fixture.ask(Method::GET, "/ten.txt", &[(RANGE, "bytes=99-")]).await.unwrap();
    assert_eq!(header(&outside, CONTENT_RANGE), "bytes */10");
    let (tag, date) = (header(&part, ETAG).to_owned(), header(&part, LAST_MODIFIED).to_owned());
    for (known, expected) in [
        (tag.as_str(), 206),
        (date.as_str(), 206),
        ("\"other\"", 200),
        (format!("W/{tag}").as_str(), 200),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 200),
    ] {
        let headers = [(RANGE, "bytes=2-4"), (IF_RANGE, known)];
        let response = fixture.ask(Method::GET, "/ten.txt", &headers).await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{known}");
    }
}

#[tokio::test]
async fn a_large_file_comes_whole_and_in_parts() {
    let fixture = Fixture::new();
    let response = fixture.get("/large.bin").await.unwrap();
    assert_eq!(header(&response, CONTENT_LENGTH), LARGE.to_string());
    let whole = response.into_body().collect().await.unwrap().to_bytes();
    assert!(whole == large(), "the bytes of the file");
    let headers = [(RANGE, "bytes=100-100099")];
    let response = fixture.ask(Method::GET, "/large.bin", &headers).await.unwrap();
    let part = response.into_body().collect().await.unwrap().to_bytes();
    assert!(part == large()[100..100_100], "the bytes of the part");
}

#[tokio::test]
async fn a_file_that_shrinks_breaks_off() {
    let fixture = Fixture::new();
    let path = fixture.site().join("shrinks.bin");
    fs::write(&path, vec![1; 64 * CHUNK]).unwrap();
    let mut body = fixture.get("/shrinks.bin").await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(10).unwrap();
    let error = body.collect().await.unwrap_err();
    assert!(error.to_string().starts_with("the file cannot be read"), "{error}");
}

const PAGE_LOAD: &[(HeaderName, &str)] = &[(ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")];

// covers: ELITE-05
#[tokio::test]
async fn the_page_of_an_application_answers_page_loads_and_nothing_else() {
    let fixture = Fixture::new();
    symlink(fixture.home.path().join("secret.txt"), fixture.site().join("out")).unwrap();
    let fallback = Some("index.html".to_owned());
    let fixture = fixture.with_settings(StaticFiles { fallback, ..StaticFiles::default() });
    let script = HeaderName::from_static("sec-fetch-mode");
    let fetched = [PAGE_LOAD, &[(script.clone(), "no-cors")]].concat();
    let opened = [(ACCEPT, "*/*"), (script, "navigate")];
    for (target, headers, expected) in [
        ("/metrics/today", PAGE_LOAD, "<h1>root</h1>"),
        ("/metrics/", PAGE_LOAD, "<h1>root</h1>"),
        ("/sub/empty/", PAGE_LOAD, "<h1>root</h1>"),
        ("/metrics", &opened, "<h1>root</h1>"),
        ("/sub/", PAGE_LOAD, "<h1>sub</h1>"),
        // What leads outside is as good as not there: nothing of it is told.
        ("/out", PAGE_LOAD, "<h1>root</h1>"),
        ("/metrics", &fetched, "file-not-found"),
        ("/metrics", &[(ACCEPT, "*/*")], "file-not-found"),
        ("/metrics", &[(ACCEPT, "application/json")], "file-not-found"),
        ("/metrics", &[], "file-not-found"),
        ("/app.js", PAGE_LOAD, "file-not-found"),
        ("/assets/logo.png", PAGE_LOAD, "file-not-found"),
        ("/.env", PAGE_LOAD, "file-not-found"),
        ("/.git/config", PAGE_LOAD, "file-not-found"),
    ] {
        let seen = match fixture.ask(Method::GET, target, headers).await {
            Ok(response) => text(response).await,
            Err(denial) => denial.reason.code.to_owned(),
        };
        assert_eq!(seen, expected, "{target} {headers:?}");
    }
    let page = fixture.ask(Method::HEAD, "/metrics", PAGE_LOAD).await.unwrap();
    assert_eq!(header(&page, CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(header(&page, VARY), "accept, sec-fetch-mode");
    let posted = fixture.ask(Method::POST, "/metrics", PAGE_LOAD).await.unwrap_err();
    assert_eq!(posted.reason.code, "static-method");
    let everything = StaticFiles { is_for_assets: true, ..fixture.files.settings.clone() };
    let fixture = fixture.with_settings(everything);
    assert!(fixture.ask(Method::GET, "/users/jane.doe", PAGE_LOAD).await.is_ok());
    assert!(fixture.ask(Method::GET, "/.env", PAGE_LOAD).await.is_err());
}

#[tokio::test]
async fn compressed_siblings_are_sent_to_those_who_read_them() {
    let settings = StaticFiles { has_precompressed: true, ..StaticFiles::default() };
    let fixture = Fixture::new().with_settings(settings);
    fs::write(fixture.site().join("ten.txt.br"), "brotli").unwrap();
    fs::write(fixture.site().join("ten.txt.gz"), "gzip").unwrap();
    fs::create_dir(fixture.site().join("empty.txt.br")).unwrap();
    for (accepted, coding, content) in
        [("gzip, br", "br", "brotli"), ("gzip", "gzip", "gzip"), ("identity", "", "0123456789")]
    {
        let headers = [(ACCEPT_ENCODING, accepted)];
        let response = fixture.ask(Method::GET, "/ten.txt", &headers).await.unwrap();
        assert_eq!(header(&response, CONTENT_ENCODING), coding);
        assert_eq!(header(&response, CONTENT_TYPE), "text/plain; charset=utf-8");
        assert_eq!(header(&response, VARY), "accept-encoding");
        assert_eq!(text(response).await, content);
    }
    let part = [(ACCEPT_ENCODING, "br"), (RANGE, "bytes=0-1")];
    let part = fixture.ask(Method::GET, "/ten.txt", &part).await.unwrap();
    assert_eq!(header(&part, CONTENT_ENCODING), "");
    assert_eq!(text(part).await, "01");
    let plain = fixture.ask(Method::GET, "/empty.txt", &[(ACCEPT_ENCODING, "br")]).await.unwrap();
    assert_eq!(header(&plain, CONTENT_ENCODING), "");
}

#[tokio::test]
async fn hashed_names_are_kept_and_others_asked_for() {
    let settings = StaticFiles { is_immutable: true, ..StaticFiles::default() };
    let fixture = Fixture::new().with_settings(settings);
    fs::write(fixture.site().join("app-5f3c9a1b.js"), "x").unwrap();
    for (target, expected) in [
        ("/app-5f3c9a1b.js", "public, max-age=31536000, immutable"),
        ("/", "no-cache"),
        ("/ten.txt", "no-cache"),
    ] {
        let response = fixture.get(target).await.unwrap();
        assert_eq!(header(&response, CACHE_CONTROL), expected, "{target}");
    }
    let plain = Fixture::new().get("/").await.unwrap();
    assert_eq!(header(&plain, CACHE_CONTROL), "");
}
