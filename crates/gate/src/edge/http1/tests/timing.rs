use tokio::time::{Instant, sleep, timeout};

use super::*;

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_is_asked_is_quiet() {
    let mut served = Served::by(describe);
    for _ in 0..5 {
        served.send(REQUEST).await;
        served.read_until("[GET / 0]").await;
        assert!(timeout(Duration::from_secs(50), &mut served.ended).await.is_err());
    }
    let end = timeout(Duration::from_secs(26), &mut served.ended).await.unwrap();
    assert!(matches!(end.unwrap(), End::Quiet));
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_an_answer_on_its_way_is_not_quiet() {
    let mut served = Served::by(|_| async {
        sleep(Duration::from_secs(10_000)).await;
        Response::new(AnswerBody::full("late".into()))
    });
    served.send(REQUEST).await;
    served.read_until("late").await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_is_refused_when_its_time_is_up() {
    let mut served = Served::by(describe);
    let begun = Instant::now();
    for byte in b"POST /slow HTTP/1.1\r\nHost" {
        if served.client.write_all(&[*byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_secs(1)).await;
    }
    assert!(served.read_all().await.ends_with("[refused head-timeout]"));
    assert!(begun.elapsed() >= Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn each_open_head_has_its_own_time() {
    let mut served = Served::by(describe);
    let (first, rest) = REQUEST.split_at(9);
    served.send(first).await;
    for _ in 0..10 {
        sleep(Duration::from_secs(9)).await;
        served.send(rest).await;
        served.send(first).await;
        served.read_until("[GET / 0]").await;
    }
    let refused = timeout(Duration::from_secs(11), served.read_all()).await.unwrap();
    assert!(refused.ends_with("[refused head-timeout]"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn an_empty_line_takes_nothing_of_the_time_of_the_head_behind_it() {
    let mut served = Served::by(describe);
    let (first, rest) = REQUEST.split_at(9);
    for (piece, pause) in [("\r", 1), ("\n", 8), (first, 5), (rest, 0)] {
        served.send(piece).await;
        sleep(Duration::from_secs(pause)).await;
    }
    served.read_until("[GET / 0]").await;
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_body_is_not_ours() {
    let mut served = Served::by(describe);
    served.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n").await;
    sleep(Duration::from_secs(10_000)).await;
    served.send("abc").await;
    served.read_until("[POST / 3]").await;
}

#[tokio::test(start_paused = true)]
async fn what_drains_ends_between_requests_and_not_inside_one() {
    let mut served = Served::by(|request| async {
        sleep(Duration::from_secs(20)).await;
        describe(request).await
    });
    served.send(REQUEST).await;
    sleep(Duration::from_secs(1)).await;
    served.phases.advance(crate::edge::Phase::Draining);
    let answer = served.read_all().await;
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert!(answer.ends_with("[GET / 0]"), "{answer}");

    let mut idle = Served::by(describe);
    idle.send(REQUEST).await;
    idle.read_until("[GET / 0]").await;
    idle.phases.advance(crate::edge::Phase::Draining);
    assert_eq!(timeout(Duration::from_secs(5), idle.read_all()).await.unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_takes_its_request_with_it() {
    struct Dropped(mpsc::Sender<()>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.try_send(());
        }
    }
    let (dropped, mut drops) = mpsc::channel(8);
    let mut served = Served::by(move |_| {
        let dropped = Dropped(dropped.clone());
        async move {
            std::future::pending::<()>().await;
            drop(dropped);
            Response::new(AnswerBody::empty())
        }
    });
    served.send(REQUEST).await;
    sleep(Duration::from_secs(1)).await;
    drop(served.client);
    assert!(timeout(Duration::from_secs(5), drops.recv()).await.unwrap().is_some());
    assert!(matches!(served.ended.await.unwrap(), End::Over));
}
