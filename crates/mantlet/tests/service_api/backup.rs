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
