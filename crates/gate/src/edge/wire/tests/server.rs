//! What passes the filter is read by the real server behind it, and read the same way.

use std::cell::RefCell;
use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};

use super::*;

/// A request as it was sent, or as the server read it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plain {
    method: String,
    target: String,
    body: Vec<u8>,
}

/// What came out of one connection.
struct Served {
    requests: Vec<Plain>,
    refusals: Vec<Kind>,
    answer: String,
    has_parse_error: bool,
}

async fn answer(
    request: Request<Incoming>,
    control: &WireControl,
    served: &RefCell<Served>,
) -> Response<Full<Bytes>> {
    let _exchange = control.exchange();
    if let Some(violation) = control.refusal(request.headers()) {
        served.borrow_mut().refusals.push(violation.kind());
        let mut response = Response::new(Full::from("refused"));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes().to_vec());
    if WireControl::asks_upgrade(&head.method, head.version, &head.headers) {
        control.resume_http();
    }
    if let Ok(body) = body {
        served.borrow_mut().requests.push(Plain {
            method: head.method.to_string(),
            target: head.uri.to_string(),
            body,
        });
    }
    let mut response = Response::new(Full::from("passed"));
    if head.method == http::Method::CONNECT {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    }
    response
}

async fn serve(segments: Vec<Vec<u8>>) -> Served {
    let control = WireControl::new();
    let filtered = control.clone();
    let filter = |server| WireIo::new(server, Bytes::new(), Arc::new(rules()), filtered);
    serve_through(segments, &control, filter).await
}

/// The server alone, without the filter in front.
async fn serve_bare(segments: Vec<Vec<u8>>) -> Served {
    serve_through(segments, &WireControl::new(), |server| server).await
}

async fn serve_through<S: AsyncRead + AsyncWrite + Unpin>(
    segments: Vec<Vec<u8>>,
    control: &WireControl,
    filter: impl FnOnce(DuplexStream) -> S,
) -> Served {
    let (mut client, server) = duplex(1 << 20);
    let served = RefCell::new(Served {
        requests: Vec::new(),
        refusals: Vec::new(),
        answer: String::new(),
        has_parse_error: false,
    });
    let service = service_fn(|request| {
        let (control, served) = (control.clone(), &served);
        async move { Ok::<_, Infallible>(answer(request, &control, served).await) }
    });
    let connection = http1::Builder::new()
        .half_close(true)
        .serve_connection(TokioIo::new(filter(server)), service);
    let talk = async {
        for segment in segments {
            client.write_all(&segment).await.ok();
            tokio::task::yield_now().await;
        }
        client.shutdown().await.ok();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    let (outcome, answer) = tokio::join!(connection, talk);
    let mut served = served.into_inner();
    served.answer = answer;
    served.has_parse_error = outcome.is_err_and(|error| error.is_parse());
    served
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(future)
}

fn wire_form(request: &Plain, is_chunked: bool, spaced: bool) -> Vec<u8> {
    let mut bytes =
        format!("{} {} HTTP/1.1\r\nHOST: a.example\r\n", request.method, request.target);
    if spaced {
        bytes.insert_str(0, "\r\n");
        bytes.push_str("X-Odd:\t \r\nExpect:100-Continue\r\n");
    }
    // No chunked body comes with these two.
    let is_counted = !is_chunked || matches!(request.method.as_str(), "GET" | "HEAD");
    if is_counted {
        bytes.push_str(&format!("Content-Length:  {}\r\n\r\n", request.body.len()));
        return [bytes.as_bytes(), &request.body].concat();
    }
    let mut bytes = format!("{bytes}transfer-encoding: Chunked\r\n\r\n").into_bytes();
    for chunk in request.body.chunks(5) {
        bytes.extend_from_slice(format!("0{:X}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

fn plain() -> impl Strategy<Value = Plain> {
    let target = "(http://a\\.example)?/[!$-;=@-Z\\[-\\]_a-z{}|~]{0,20}(\\?[!$-;=?-~]{0,20})?";
    let body = prop::collection::vec(any::<u8>(), 0..40);
    ("GET|POST|DELETE|[A-Z][A-Z-]{0,19}", target, body)
        .prop_filter("an upgrade has no body", |(method, ..)| method != "CONNECT")
        .prop_map(|(method, target, body)| Plain { method, target, body })
}

fn segments(bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
    bytes.chunks(size).map(<[u8]>::to_vec).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_server_reads_what_was_sent(
        sent in prop::collection::vec((plain(), any::<bool>(), any::<bool>()), 1..5),
        size in 1..200_usize,
    ) {
        let bytes: Vec<u8> = sent
            .iter()
            .flat_map(|(request, is_chunked, spaced)| wire_form(request, *is_chunked, *spaced))
            .collect();
        let served = block_on(serve(segments(&bytes, size)));
        let sent: Vec<Plain> = sent.into_iter().map(|(request, ..)| request).collect();
        prop_assert_eq!(served.refusals, vec![]);
        prop_assert_eq!(served.requests, sent);
    }

    /// One byte changed anywhere: the server behind the filter never has to refuse by itself.
    #[test]
    fn the_server_never_sees_a_head_it_cannot_read(
        sent in prop::collection::vec((plain(), any::<bool>(), any::<bool>()), 1..4),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        size in 1..200_usize,
    ) {
        let mut bytes: Vec<u8> = sent
            .iter()
            .flat_map(|(request, is_chunked, spaced)| wire_form(request, *is_chunked, *spaced))
            .collect();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let served = block_on(serve(segments(&bytes, size)));
        prop_assert!(!served.has_parse_error, "`{}`", bytes.escape_ascii());
        prop_assert!(served.refusals.len() <= 1);
        let own = served.answer.matches("HTTP/1.1 400").count();
        prop_assert_eq!(own, served.refusals.len(), "{}", served.answer);
        let bare = block_on(serve_bare(segments(&bytes, size)));
        let read_alike = bare.requests.starts_with(&served.requests);
        prop_assert!(read_alike, "`{}` {:?}", bytes.escape_ascii(), bare.requests);
    }
}

#[test]
fn a_refusal_is_rendered_by_the_handler_after_the_answers_before_it() {
    let stream = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n";
    let served = block_on(serve(vec![stream.to_vec()]));
    assert_eq!(served.requests.len(), 1);
    assert_eq!(served.refusals, [Kind::HostMissing]);
    let first = served.answer.find("passed").unwrap();
    let second = served.answer.find("refused").unwrap();
    assert!(first < second, "{}", served.answer);
}

#[test]
fn heads_of_every_size_reach_the_server() {
    for size in (0..900).step_by(37) {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(size));
        let served = block_on(serve(segments(head.repeat(20).as_bytes(), 1000)));
        assert_eq!(served.requests.len(), 20, "{:?}", served.refusals);
    }
}

#[test]
fn a_refused_upgrade_is_followed_by_ordinary_requests() {
    let stream = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n\
                  CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n";
    let served = block_on(serve(vec![stream.as_bytes().to_vec()]));
    let targets: Vec<&str> = served.requests.iter().map(|plain| plain.target.as_str()).collect();
    assert_eq!(targets, ["/ws", "a:1", "/n"]);
}
