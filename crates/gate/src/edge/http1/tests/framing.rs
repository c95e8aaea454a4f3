//! How answers are delimited, for whom.

use http::StatusCode;

use super::*;
use crate::pipeline::{BodyFilter, GuardError};

/// Changes nothing; whoever sends the body cannot know that.
#[derive(Debug)]
struct PassOn;

impl BodyFilter for PassOn {
    fn push(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<usize, GuardError> {
        out.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self, _: &mut Vec<u8>) -> Result<bool, GuardError> {
        Ok(false)
    }

    fn finish(&mut self, _: &mut Vec<u8>) -> Result<(), GuardError> {
        Ok(())
    }
}

/// `four`, as a body of unknown length.
fn streamed() -> AnswerBody {
    AnswerBody::full("four".into()).filtered(vec![Box::new(PassOn)])
}

/// What comes back, on one line and without the date; another request follows where one may.
async fn answer_to(
    first: &str,
    status: u16,
    length: Option<u64>,
    body: fn() -> AnswerBody,
) -> String {
    let mut served = Served::by(move |request: Request<RequestBody>| async move {
        let mut response = Response::new(AnswerBody::full("!".into()));
        if request.uri() == "/" {
            response = Response::new(body());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            let lengths = length.map(|length| ("content-length".parse().unwrap(), length.into()));
            response
                .headers_mut()
                .extend(lengths.map(|(name, value)| (Some::<http::HeaderName>(name), value)));
        }
        response
    });
    let last = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    served.send(format!("{first}\r\nHost: a\r\n\r\n{last}")).await;
    let all = served.read_all().await;
    let lines = all.split("\r\n").filter(|line| !line.starts_with("date: "));
    lines.collect::<Vec<_>>().join("|")
}

#[tokio::test]
async fn every_answer_ends_where_its_client_finds_the_end() {
    const LAST: &str = "HTTP/1.1 200 OK|connection: close|content-length: 1||!";
    let empty = AnswerBody::empty as fn() -> AnswerBody;
    let known = || AnswerBody::full("four".into());
    let (get, head, old) = ("GET / HTTP/1.1", "HEAD / HTTP/1.1", "GET / HTTP/1.0");
    let kept = "GET / HTTP/1.0\r\nConnection: keep-alive";
    for (request, status, length, body, expected, goes_on) in [
        (get, 200, None, known as fn() -> AnswerBody, "1.1 200 OK|content-length: 4||four", true),
        (get, 200, None, empty, "1.1 200 OK|content-length: 0||", true),
        (get, 200, None, streamed, "1.1 200 OK|transfer-encoding: chunked||4|four|0||", true),
        // A filter that changes no length says so.
        (get, 200, Some(4), streamed, "1.1 200 OK|content-length: 4||four", true),
        (get, 204, None, empty, "1.1 204 No Content||", true),
        (get, 204, Some(0), empty, "1.1 204 No Content||", true),
        (get, 304, Some(4), empty, "1.1 304 Not Modified|content-length: 4||", true),
        (get, 599, None, known, "1.1 599 |content-length: 4||four", true),
        (head, 200, Some(4), empty, "1.1 200 OK|content-length: 4||", true),
        (head, 200, None, known, "1.1 200 OK|content-length: 4||", true),
        (head, 200, None, streamed, "1.1 200 OK||", true),
        (old, 200, None, known, "1.0 200 OK|connection: close|content-length: 4||four", false),
        (old, 200, None, streamed, "1.0 200 OK|connection: close||four", false),
        (kept, 200, None, known, "1.0 200 OK|connection: keep-alive|content-length: 4||four", true),
        (kept, 200, None, streamed, "1.0 200 OK|connection: close||four", false),
    ] {
        let answer = answer_to(request, status, length, body).await;
        let last = if goes_on { LAST } else { "" };
        assert_eq!(answer, format!("HTTP/{expected}{last}"), "{request} {status} {length:?}");
    }
}

/// Nothing of a body that is shorter or longer than its head says can be taken for another answer.
#[tokio::test]
async fn an_answer_of_another_length_than_it_says_ends_the_connection() {
    for length in [3, 5] {
        let answer = answer_to("GET / HTTP/1.1", 200, Some(length), streamed).await;
        assert!(!answer.contains('!'), "{length}: {answer}");
        assert!(answer.len() <= "HTTP/1.1 200 OK|content-length: 5||four".len(), "{answer}");
    }
}
