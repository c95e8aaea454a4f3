use std::future::poll_fn;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{sleep, timeout};

use super::*;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn connection() -> (DuplexStream, WireIo<DuplexStream>, WireControl) {
    let (client, server) = duplex(4096);
    let control = WireControl::new();
    let filter = WireIo::new(server, Bytes::new(), Arc::new(rules()), control.clone());
    (client, filter, control)
}

async fn reads(filter: &mut WireIo<DuplexStream>) -> Vec<u8> {
    let mut space = [0; 1024];
    let count = filter.read(&mut space).await.unwrap();
    space[..count].to_vec()
}

async fn stays_open(filter: &mut WireIo<DuplexStream>, secs: u64) -> bool {
    timeout(Duration::from_secs(secs), reads(filter)).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn a_fresh_connection_without_bytes_ends_cleanly_after_the_idle_time() {
    let (_client, mut filter, control) = connection();
    assert!(stays_open(&mut filter, 59).await);
    assert_eq!(reads(&mut filter).await, b"");
    assert_eq!(reads(&mut filter).await, b"");
    assert!(control.violation().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_kept_alive_connection_ends_after_the_idle_time() {
    let (mut client, mut filter, control) = connection();
    for _ in 0..5 {
        client.write_all(REQUEST).await.unwrap();
        let exchange = control.exchange();
        assert_eq!(reads(&mut filter).await, REQUEST);
        assert!(stays_open(&mut filter, 20).await);
        drop(exchange);
        assert!(stays_open(&mut filter, 59).await);
    }
    assert!(!stays_open(&mut filter, 17).await);
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_an_answer_on_its_way_is_not_idle() {
    let (mut client, mut filter, control) = connection();
    client.write_all(REQUEST).await.unwrap();
    let exchange = control.exchange();
    assert_eq!(reads(&mut filter).await, REQUEST);
    assert!(stays_open(&mut filter, 10_000).await);
    drop(exchange);
    assert!(stays_open(&mut filter, 59).await);
    assert!(!stays_open(&mut filter, 60).await);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_is_refused_when_its_time_is_up() {
    let (mut client, mut filter, control) = connection();
    let trickle = async {
        for byte in b"POST /slow HTTP/1.1\r\nHost" {
            client.write_all(&[*byte]).await.unwrap();
            sleep(Duration::from_secs(1)).await;
        }
    };
    let (got, ()) = tokio::join!(
        async { timeout(Duration::from_millis(10_100), reads(&mut filter)).await },
        trickle
    );
    assert_eq!(got.unwrap(), super::super::io::STAND_IN);
    let violation = control.violation().unwrap();
    assert_eq!(violation.kind(), Kind::HeadTimeout);
    assert_eq!(violation.method(), Some("POST"));
}

#[tokio::test(start_paused = true)]
async fn each_open_head_has_its_own_time() {
    let (mut client, mut filter, control) = connection();
    let (first, rest) = REQUEST.split_at(9);
    client.write_all(first).await.unwrap();
    for _ in 0..10 {
        assert!(stays_open(&mut filter, 9).await);
        client.write_all(rest).await.unwrap();
        client.write_all(first).await.unwrap();
        assert_eq!(reads(&mut filter).await, REQUEST);
    }
    assert!(stays_open(&mut filter, 9).await);
    assert!(!stays_open(&mut filter, 2).await);
    assert!(control.violation().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_body_is_not_ours() {
    let (mut client, mut filter, _control) = connection();
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
    client.write_all(head).await.unwrap();
    assert_eq!(reads(&mut filter).await, head);
    assert!(stays_open(&mut filter, 10_000).await);
    client.write_all(b"abc").await.unwrap();
    assert_eq!(reads(&mut filter).await, b"abc");
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_the_client_is_heard_out_within_limits() {
    let (mut client, mut filter, _control) = connection();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n").await.unwrap();
    assert_eq!(reads(&mut filter).await, super::super::io::STAND_IN);
    let mut closing = Box::pin(async {
        poll_fn(|cx| tokio::io::AsyncWrite::poll_shutdown(Pin::new(&mut filter), cx)).await
    });
    let flood = async {
        let mut sent = 0_usize;
        while client.write_all(&[b'x'; 1024]).await.is_ok() && sent < 200 * 1024 {
            sent += 1024;
        }
        sent
    };
    let (closed, sent) = tokio::join!(timeout(Duration::from_secs(2), &mut closing), flood);
    assert!(closed.is_ok() && sent >= 200 * 1024);
}
