use std::time::Duration;

use mantlet_types::SystemClock;

use super::*;
use mantlet_types::{Block, BlockError, Timestamp};

fn block(network: &str, until: Option<Timestamp>) -> Block {
    Block { network: network.parse().unwrap(), until, why: "test".into() }
}

fn is_blocked(list: &Blocklist, address: &str) -> bool {
    list.lookup(address.parse().unwrap()).is_some()
}

#[test]
fn the_smallest_network_that_holds_the_address_is_found() {
    let list = Blocklist::in_memory(Arc::new(SystemClock::new()));
    for network in ["192.0.2.0/24", "192.0.2.7/32", "2001:db8::/32"] {
        list.block(block(network, None)).unwrap();
    }
    let found = list.lookup("192.0.2.7".parse().unwrap()).unwrap();
    assert_eq!(found.network.to_string(), "192.0.2.7/32");
    assert!(is_blocked(&list, "192.0.2.8"));
    assert!(is_blocked(&list, "2001:db8:1::1"));
    assert!(!is_blocked(&list, "192.0.3.1"));
    assert!(list.unblock("192.0.2.0/24".parse().unwrap()).unwrap());
    assert!(!list.unblock("192.0.2.0/24".parse().unwrap()).unwrap());
    assert!(!is_blocked(&list, "192.0.2.8"));
}

#[test]
fn samo_d48_a_block_ends_by_itself() {
    let list = Blocklist::in_memory(Arc::new(SystemClock::new()));
    let past = Timestamp::now().checked_sub(Duration::from_secs(1)).unwrap();
    let later = Timestamp::now().checked_add(Duration::from_secs(60)).unwrap();
    list.block(block("192.0.2.1/32", Some(past))).unwrap();
    list.block(block("192.0.2.2/32", Some(later))).unwrap();
    assert!(!is_blocked(&list, "192.0.2.1"));
    assert!(is_blocked(&list, "192.0.2.2"));
    assert_eq!(list.list().len(), 1);
}

#[test]
fn samo_d50_blocks_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blocks.json");
    let clock: Arc<dyn mantlet_types::Clock> = Arc::new(SystemClock::new());
    let list = Blocklist::open(path.clone(), Arc::clone(&clock)).unwrap();
    list.block(block("192.0.2.0/24", None)).unwrap();
    let list = Blocklist::open(path.clone(), Arc::clone(&clock)).unwrap();
    assert!(is_blocked(&list, "192.0.2.1"));
    std::fs::write(&path, "[{]").unwrap();
    assert!(Blocklist::open(path, clock).is_err());
}

#[test]
fn a_block_that_cannot_be_kept_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone").join("blocks.json");
    let list = Blocklist::open(path, Arc::new(SystemClock::new())).unwrap();
    let refused = list.block(block("192.0.2.0/24", None));
    assert!(matches!(refused, Err(BlockError::NotKept(_))));
    assert!(!is_blocked(&list, "192.0.2.1"));
}
