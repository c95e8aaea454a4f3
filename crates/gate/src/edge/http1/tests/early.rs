//! Answers that come before the whole body has.

use std::task::{Context, Poll, ready};

use http_body::Body as _;

use super::*;
use crate::upstream::Source;

const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

/// Answers `POST` at once, whatever its body.
async fn refuse(request: Request<RequestBody>) -> Response<AnswerBody> {
    match *request.method() {
        http::Method::POST => Response::new(AnswerBody::full("early".into())),
        _ => describe(request).await,
    }
}

fn post(length: usize, more: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{more}\r\n")
}

#[tokio::test]
async fn the_rest_of_a_small_body_is_dropped_and_the_connection_goes_on() {
    let mut served = Served::by(refuse);
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (head, body) in [
        (post(90_000, ""), "x".repeat(90_000)),
        (chunked.to_owned(), format!("11170\r\n{}\r\n0\r\n\r\n", "x".repeat(70_000))),
    ] {
        served.send(head).await;
        let answer = served.read_until("early").await;
        assert!(!answer.contains("connection: close"), "{answer}");
        served.send(body).await;
        served.send(NEXT).await;
        served.read_until("[GET /next 0]").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_rest_ends_the_connection_after_the_answer() {
    let mut served = Served::by(refuse);
    served.send(post(10_000_000, "")).await;
    let answer = served.read_all().await;
    assert!(answer.contains("connection: close\r\n") && answer.ends_with("early"), "{answer}");
    // What was on its way is still taken, so that the answer is not lost in a reset.
    served.send("x".repeat(90_000)).await;
    assert!(matches!(served.ended.await.unwrap(), End::Over));
}

#[tokio::test(start_paused = true)]
async fn a_rest_without_end_is_dropped_within_limits() {
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut flood = Served::by(refuse);
    flood.send(chunked).await;
    flood.read_until("early").await;
    let mut sent = 0;
    while flood.client.write_all("3e8\r\n".as_bytes()).await.is_ok()
        && flood.client.write_all("x".repeat(1000).as_bytes()).await.is_ok()
        && flood.client.write_all(b"\r\n").await.is_ok()
    {
        sent += 1000;
        assert!(sent < 1_000_000, "read without end");
    }
    assert!(sent >= 100_000, "{sent}");

    let mut silent = Served::by(refuse);
    silent.send(chunked).await;
    silent.read_until("early").await;
    let ended = tokio::time::timeout(Duration::from_secs(11), &mut silent.ended).await;
    assert!(matches!(ended.unwrap().unwrap(), End::Over));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_to_be_asked_is_not_asked_for_what_nobody_wants() {
    let mut served = Served::by(refuse);
    served.send(post(5, "Expect: 100-continue\r\n")).await;
    let answer = served.read_all().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    // It may send its body all the same, or the next request: nobody could tell them apart.
    assert!(answer.contains("connection: close\r\n"), "{answer}");
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_is_asked() {
    let mut served = Served::by(describe);
    for _ in 0..2 {
        served.send(post(5, "Expect: 100-continue\r\n")).await;
        assert_eq!(served.read_until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
        served.send("12345").await;
        served.read_until("[POST / 5]").await;
    }
}

/// A server that stops lets a client take the answer to what it is still sending.
#[tokio::test(start_paused = true)]
async fn an_early_answer_is_not_cut_off_by_a_drain() {
    let mut served = Served::by(refuse);
    served.phases.advance(crate::edge::Phase::Draining);
    served.send(post(90_000, "")).await;
    let answer = served.read_all().await;
    assert!(answer.contains("connection: close\r\n") && answer.ends_with("early"), "{answer}");
    served.send("x".repeat(90_000)).await;
}

/// Who asks for the body late gets no invitation into the middle of the answer.
#[tokio::test]
async fn a_client_is_not_asked_once_its_answer_has_begun() {
    let gates: Arc<Mutex<Vec<tokio::sync::oneshot::Receiver<()>>>> = Arc::default();
    let (go, gate) = tokio::sync::oneshot::channel();
    gates.lock().unwrap().push(gate);
    let mut served = Served::by(move |request: Request<RequestBody>| {
        let gate = gates.lock().unwrap().pop().unwrap();
        async move {
            let (chunks, answer) = mpsc::channel(2);
            let mut body = request.into_body();
            tokio::spawn(async move {
                chunks.send(Ok("begun".into())).await.unwrap();
                gate.await.unwrap();
                let asked = std::future::poll_fn(|cx| {
                    Poll::Ready(std::pin::Pin::new(&mut body).poll_frame(cx).is_pending())
                });
                assert!(asked.await);
                chunks.send(Ok("ended".into())).await.unwrap();
            });
            Response::new(AnswerBody::from_source(Box::new(Fed { answer, left: 10 })))
        }
    });
    served.send(post(5, "Expect: 100-continue\r\n")).await;
    served.read_until("begun").await;
    go.send(()).unwrap();
    assert_eq!(served.read_until("ended").await, "ended");
}

/// A body that another task produces.
#[derive(Debug)]
struct Fed {
    answer: mpsc::Receiver<Result<Bytes, BodyError>>,
    left: u64,
}

impl Source for Fed {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let piece = ready!(self.answer.poll_recv(cx));
        if let Some(Ok(piece)) = &piece {
            self.left -= piece.len() as u64;
        }
        Poll::Ready(piece)
    }

    fn left(&self) -> u64 {
        self.left
    }
}

/// The answer goes out while the body still comes: one feeds the other.
#[tokio::test]
async fn a_body_can_be_read_while_its_answer_is_written() {
    let mut served = Served::by(|request: Request<RequestBody>| async {
        let (chunks, answer) = mpsc::channel(1);
        let mut body = request.into_body();
        tokio::spawn(async move {
            while let Some(frame) = body.frame().await {
                let data: Bytes = frame.unwrap().into_data().unwrap();
                chunks.send(Ok(data)).await.unwrap();
            }
        });
        Response::new(AnswerBody::from_source(Box::new(Fed { answer, left: 200_000 })))
    });
    served.send(post(200_000, "")).await;
    let (mut reader, mut writer) = tokio::io::split(served.client);
    let sending = tokio::spawn(async move {
        for _ in 0..200 {
            writer.write_all(&[b'x'; 1000]).await.unwrap();
        }
        writer
    });
    let mut read = Vec::new();
    while read.iter().filter(|byte| **byte == b'x').count() < 200_000 {
        assert!(reader.read_buf(&mut read).await.unwrap() > 0);
    }
    drop(sending.await.unwrap());
}

/// A body that outlives its request gets nothing of the next one.
#[tokio::test]
async fn a_body_that_is_kept_reads_nothing_of_the_next_request() {
    let kept: Arc<Mutex<Vec<RequestBody>>> = Arc::default();
    let keeping = Arc::clone(&kept);
    let mut served = Served::by(move |request: Request<RequestBody>| {
        let kept = Arc::clone(&keeping);
        async move {
            if request.uri() != "/kept" {
                return describe(request).await;
            }
            kept.lock().unwrap().push(request.into_body());
            Response::new(AnswerBody::full("early".into()))
        }
    });
    served.send(post(3, "").replace("/ ", "/kept ")).await;
    served.read_until("early").await;
    served.send("abc").await;
    served.send(post(3, "")).await;
    served.send("x").await;
    tokio::task::yield_now().await;
    let mut stale = kept.lock().unwrap().pop().unwrap();
    let read: Result<Bytes, BodyError> = match stale.frame().await.unwrap() {
        Ok(frame) => Ok(frame.into_data().unwrap()),
        Err(error) => Err(error),
    };
    assert!(read.is_err(), "{read:?}");
    served.send("yz").await;
    served.read_until("[POST / 3]").await;
}
