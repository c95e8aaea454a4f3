//! What a running server does with its store.

use serde_json::Value;

use super::{house, run};

#[test]
fn a_backup_is_made_while_the_server_goes_on() {
    let house = house("");
    house.add("bob", "user");
    let to = house.gate.data().parent().unwrap().join("backup");
    let made = run(&house.gate, &["store", "backup", to.to_str().unwrap()]);
    assert!(made["bytes"].as_u64().unwrap() > 4096, "{made}");
    assert_eq!(made["folder"], to.to_str().unwrap());
    let users = house.told("GET", "/v1/users", &Value::Null, 200);
    assert_eq!(users["users"].as_array().unwrap().len(), 2, "it went on");
    let again = house.gate.command(&["store", "backup", to.to_str().unwrap()]);
    assert_ne!(again.code, Some(0), "never over another one: {again:?}");
    let mut house = house;
    house.gate.stop();
    let verified = run(&house.gate, &["store", "restore", to.to_str().unwrap(), "--verify"]);
    assert_eq!(verified["whole"], true);
}

// covers: SCI-23 (binary)
#[test]
fn the_store_gets_another_key_while_the_server_goes_on() {
    let mut house = house("");
    house.add("bob", "user");
    let file = house.gate.data().join("store.db");
    let salt = || std::fs::read(&file).unwrap()[..16].to_vec();
    let before = salt();
    let made = run(&house.gate, &["store", "rekey"]);
    assert!(made["key"].as_str().unwrap().starts_with('k'), "{made}");
    assert_ne!(before, salt(), "the file has its new key now, not at the next start");
    house.add("carol", "user");
    let names = |house: &super::House| {
        let users = house.told("GET", "/v1/users", &Value::Null, 200);
        users["users"].as_array().unwrap().len()
    };
    assert_eq!(names(&house), 3, "what was written before and after is there");
    let migrated = run(&house.gate, &["store", "migrate", "--check"]);
    assert!(migrated["schema"].as_u64().unwrap() >= 6, "{migrated}");
    assert_eq!(migrated["migrations"].as_array().unwrap().len(), 0);
    let said = house.gate.command(&["store", "migrate"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.stdout.contains("up to date") && said.stdout.contains("a server runs"),
        "{said:?}"
    );
    // The disk has everything, whatever becomes of the process.
    house.gate.kill();
    let users = run(&house.gate, &["user", "list"]);
    assert_eq!(users["users"].as_array().unwrap().len(), 3, "{users}");
    let again = run(&house.gate, &["store", "rekey"]);
    assert_ne!(again["key"], made["key"]);
}

#[test]
fn a_key_is_changed_under_load_and_every_request_is_answered() {
    let house = house("");
    house.add("bob", "user");
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut count = 0;
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                house.add(&format!("user-{count}"), "user");
                count += 1;
            }
            count
        });
        for _ in 0..3 {
            run(&house.gate, &["store", "rekey"]);
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(asking.join().unwrap() > 0);
    });
}
