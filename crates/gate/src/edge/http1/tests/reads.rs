//! What passes is read as it was sent, and as another reader reads it.

use std::convert::Infallible;

use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;

use super::*;

/// A request as it was sent, or as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plain {
    method: String,
    target: String,
    body: Vec<u8>,
}

/// What came out of one connection.
#[derive(Debug, Default, Clone)]
struct Outcome {
    requests: Vec<Plain>,
    refusals: Vec<Kind>,
    answer: String,
}

/// One request, whole; `None` when its body broke off.
async fn plain_of<B: http_body::Body>(request: Request<B>) -> Option<Plain> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.ok()?.to_bytes().to_vec();
    Some(Plain { method: head.method.to_string(), target: head.uri.to_string(), body })
}

async fn serve(segments: Vec<Vec<u8>>) -> Outcome {
    let outcome: Arc<Mutex<Outcome>> = Arc::default();
    let noted = Arc::clone(&outcome);
    let mut served = Served::by(move |request: Request<RequestBody>| {
        let noted = Arc::clone(&noted);
        async move {
            let mut response = Response::new(AnswerBody::full("passed".into()));
            if let Some(violation) = request.extensions().get::<Violation>() {
                noted.lock().unwrap().refusals.push(violation.kind());
                *response.body_mut() = AnswerBody::full("refused".into());
                *response.status_mut() = http::StatusCode::BAD_REQUEST;
                return response;
            }
            let plain = plain_of(request).await;
            noted.lock().unwrap().requests.extend(plain);
            response
        }
    });
    // A client that stops sending is still read to: its end comes after its last answer.
    for segment in segments {
        if served.client.write_all(&segment).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut answer = Vec::new();
    let quiet = tokio::time::timeout(QUIET / 6, served.client.read_to_end(&mut answer)).await;
    drop(quiet);
    let mut outcome = outcome.lock().unwrap().clone();
    outcome.answer = String::from_utf8(answer).unwrap();
    outcome
}

/// Another server alone.
async fn serve_bare(segments: Vec<Vec<u8>>) -> Vec<Plain> {
    let (mut client, server) = duplex(1 << 20);
    let requests: Arc<Mutex<Vec<Plain>>> = Arc::default();
    let service = service_fn(|request: Request<Incoming>| {
        let requests = Arc::clone(&requests);
        async move {
            let plain = plain_of(request).await;
            requests.lock().unwrap().extend(plain);
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"passed"))))
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .half_close(true)
        .serve_connection(TokioIo::new(server), service);
    let talk = async {
        for segment in segments {
            client.write_all(&segment).await.ok();
            tokio::task::yield_now().await;
        }
        client.shutdown().await.ok();
        client.read_to_end(&mut Vec::new()).await.ok();
    };
    let _ = tokio::join!(connection, talk);
    requests.lock().unwrap().clone()
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
    fn requests_are_read_as_they_were_sent(
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

    /// One byte changed anywhere: what is not refused is what another server reads, too.
    #[test]
    fn nothing_is_read_that_another_server_reads_differently(
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
        prop_assert!(served.refusals.len() <= 1);
        let own = served.answer.matches("HTTP/1.1 400").count();
        prop_assert_eq!(own, served.refusals.len(), "{}", served.answer);
        let bare = block_on(serve_bare(segments(&bytes, size)));
        let read_alike = bare.starts_with(&served.requests);
        prop_assert!(read_alike, "`{}` {:?} {:?}", bytes.escape_ascii(), bare, served.requests);
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
fn heads_of_every_size_are_read() {
    for size in (0..900).step_by(37) {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(size));
        let served = block_on(serve(segments(head.repeat(20).as_bytes(), 1000)));
        assert_eq!(served.requests.len(), 20, "{:?}", served.refusals);
    }
}
