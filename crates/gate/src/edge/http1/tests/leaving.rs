use super::*;

const UPGRADE: &str =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

/// Lets every connection leave that asks for it.
async fn let_go(
    request: Request<RequestBody>,
    ways: mpsc::Sender<crate::edge::WayOut>,
) -> Response<AnswerBody> {
    let (_, body) = request.into_parts();
    let Some(way_out) = body.way_out() else {
        return Response::new(AnswerBody::full("stays".into()));
    };
    ways.try_send(way_out).unwrap();
    let mut response = Response::new(AnswerBody::empty());
    *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
    response
}

#[tokio::test]
async fn what_follows_a_granted_upgrade_passes_unread() {
    let (sender, mut ways) = mpsc::channel(8);
    let mut served = Served::by(move |request| let_go(request, sender.clone()));
    let raw = "\u{1}\r\n\0 anything \n\n";
    served.send(format!("{NEXT}{UPGRADE}{raw}")).await;
    served.read_until("stays").await;
    let answer = served.read_until("\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{answer}");
    assert!(!answer.contains("content-length") && !answer.contains("close"), "{answer}");
    // Nothing has read what follows: it goes with the connection.
    assert!(matches!(served.ended.await.unwrap(), End::Left(_)));
    assert!(ways.recv().await.is_some());
}

#[tokio::test]
async fn a_refused_upgrade_is_followed_by_ordinary_requests() {
    let mut served = Served::by(describe);
    let connect = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
    served.send(format!("{UPGRADE}{connect}{NEXT}GET / HTTP/1.1\r\n\r\n{NEXT}")).await;
    let answers = served.read_all().await;
    let mut rest = answers.as_str();
    for expected in ["[GET /ws 0]", "[CONNECT a:443 0]", "[GET /next 0]", "[refused host-missing]"]
    {
        (_, rest) = rest.split_once(expected).unwrap_or_else(|| panic!("{expected} in {answers}"));
    }
    assert_eq!(rest, "", "nothing follows a refusal");
}
