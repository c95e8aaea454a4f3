use mantlet_limit::Quota;

use super::*;

#[test]
fn ymera_d14_fields_name_every_quota_and_the_binding_one() {
    let quotas: Vec<Quota> =
        ["60/min", "1000/h"].iter().map(|text| text.parse().unwrap()).collect();
    let policy = fields::policy(&quotas);
    let text = policy.to_str().unwrap();
    assert!(text.contains(";q=60;w=60") && text.contains(";q=1000;w=3600"), "{text}");
}

#[test]
fn waiting_the_seconds_we_say_is_always_enough() {
    use std::time::Duration;
    assert_eq!(fields::seconds_up(Duration::from_millis(1)), 1);
    assert_eq!(fields::seconds_up(Duration::from_millis(1_000)), 1);
    assert_eq!(fields::seconds_up(Duration::from_millis(1_001)), 2);
}
