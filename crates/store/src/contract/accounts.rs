//! The contract of accounts.
#![expect(clippy::unwrap_used, reason = "a broken word ends the test that runs this")]

use mantlet_identity::account::{Account, AccountName, Accounts, PasswordHash};
use mantlet_identity::store::StoreError;
use mantlet_types::Timestamp;

use super::{CROWD, admitted, at, user, winners};

fn name(text: &str) -> AccountName {
    AccountName::parse(text).unwrap()
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(text.to_owned())
}

fn account(id: &str, called: &str) -> Account {
    Account {
        id: user(id),
        name: name(called),
        password: Some(hash("$argon2id$one")),
        roles: vec!["b".to_owned(), "a \"quoted\"".to_owned()],
        is_active: true,
        has_second_factor: true,
        created: at(0),
        last_signin: None,
        not_before: None,
    }
}

/// Every part, one after the other.
pub async fn holds(store: &dyn Accounts) {
    is_listed_in_the_order_of_names(store).await;
    is_found_by_id_and_name(store).await;
    is_never_overwritten(store).await;
    keeps_a_password_only_where_it_is_still_that_one(store).await;
    ends_what_was_issued_before(store).await;
    lets_no_closed_account_sign_in(store).await;
    keeps_the_name_of_a_retired_account(store).await;
}

async fn is_found_by_id_and_name(store: &dyn Accounts) {
    let whole =
        Account { last_signin: Some(at(1)), not_before: Some(at(2)), ..account("1", "alice") };
    let bare = Account { password: None, roles: Vec::new(), ..account("2", "bob") };
    for account in [&whole, &bare] {
        store.add(account.clone()).await.unwrap();
        assert_eq!(store.lookup(&account.id).await.unwrap().as_ref(), Some(account));
        assert_eq!(store.find(&account.name).await.unwrap().as_ref(), Some(account));
        assert_eq!(store.standing(&account.id).await.unwrap(), Some(account.standing()));
    }
    assert_eq!(store.lookup(&user("3")).await, Ok(None));
    assert_eq!(store.find(&name("carol")).await, Ok(None));
    assert_eq!(store.standing(&user("3")).await, Ok(None));
}

async fn is_listed_in_the_order_of_names(store: &dyn Accounts) {
    assert_eq!(store.list(None, 10).await, Ok(Vec::new()));
    // Names in the order of their bytes, which is that of their characters.
    for (id, called) in [("20", "b"), ("21", "a"), ("22", "ä"), ("23", "c")] {
        store.add(account(id, called)).await.unwrap();
    }
    let listed = async |after: Option<&str>, most| {
        let after = after.map(name);
        let listed = store.list(after.as_ref(), most).await.unwrap();
        listed.iter().map(|account| account.name.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, 10).await, ["a", "b", "c", "ä"]);
    assert_eq!(listed(None, 2).await, ["a", "b"]);
    assert_eq!(listed(Some("b"), 10).await, ["c", "ä"]);
    assert_eq!(listed(Some("bb"), 1).await, ["c"]);
    assert_eq!(listed(Some("ä"), 10).await, Vec::<String>::new());
}

async fn is_never_overwritten(store: &dyn Accounts) {
    let first = account("4", "dave");
    store.add(first.clone()).await.unwrap();
    for other in [account("4", "other"), account("5", "dave")] {
        assert_eq!(store.add(other).await, Err(StoreError::Conflict));
    }
    assert_eq!(store.lookup(&first.id).await, Ok(Some(first)));
    assert_eq!(store.lookup(&user("5")).await, Ok(None));
    let crowd = (0..CROWD).map(|number| store.add(account(&format!("crowd-{number}"), "crowd")));
    assert_eq!(admitted(crowd, &StoreError::Conflict).await, 1);
}

async fn keeps_a_password_only_where_it_is_still_that_one(store: &dyn Accounts) {
    let id = user("6");
    store.add(account("6", "erin")).await.unwrap();
    let (one, two, three) = (hash("$argon2id$one"), hash("$argon2id$two"), hash("three"));
    assert!(store.set_password(&id, two.clone(), at(9), Some(&one)).await.unwrap());
    assert!(!store.set_password(&id, three.clone(), at(9), Some(&one)).await.unwrap());
    let kept = store.lookup(&id).await.unwrap().unwrap();
    assert_eq!((kept.password, kept.not_before), (Some(two), None));
    assert!(store.set_password(&id, one.clone(), at(9), None).await.unwrap());
    let set = store.lookup(&id).await.unwrap().unwrap();
    assert_eq!((set.password, set.not_before), (Some(one.clone()), Some(at(9))));
    assert!(!store.set_password(&user("nobody"), three.clone(), at(9), None).await.unwrap());
    let crowd = (0..CROWD)
        .map(|number| store.set_password(&id, hash(&format!("new-{number}")), at(9), Some(&one)));
    assert_eq!(winners(crowd).await, 1);
}

async fn ends_what_was_issued_before(store: &dyn Accounts) {
    let id = user("7");
    store.add(account("7", "frank")).await.unwrap();
    let not_before =
        async || -> Option<Timestamp> { store.standing(&id).await.unwrap().unwrap().not_before };
    assert!(store.end_all(&id, at(5)).await.unwrap());
    assert_eq!(not_before().await, Some(at(5)));
    assert!(store.end_all(&id, at(3)).await.unwrap());
    assert_eq!(not_before().await, Some(at(5)), "never goes back");
    assert!(store.set_password(&id, hash("x"), at(4), None).await.unwrap());
    assert_eq!(not_before().await, Some(at(5)));
    closing_ends_and_opening_does_not(store).await;
}

async fn closing_ends_and_opening_does_not(store: &dyn Accounts) {
    let id = user("7");
    let not_before =
        async || -> Option<Timestamp> { store.standing(&id).await.unwrap().unwrap().not_before };
    assert!(store.set_active(&id, false, at(6)).await.unwrap());
    assert_eq!(not_before().await, Some(at(6)));
    assert!(store.set_active(&id, true, at(7)).await.unwrap());
    assert_eq!(not_before().await, Some(at(6)));
    assert!(!store.end_all(&user("nobody"), at(5)).await.unwrap());
    assert!(!store.set_active(&user("nobody"), true, at(5)).await.unwrap());
}

async fn lets_no_closed_account_sign_in(store: &dyn Accounts) {
    let id = user("8");
    store.add(account("8", "grace")).await.unwrap();
    assert!(store.note_signin(&id, at(1)).await.unwrap());
    store.set_active(&id, false, at(2)).await.unwrap();
    assert!(!store.note_signin(&id, at(3)).await.unwrap());
    assert!(!store.note_signin(&user("nobody"), at(3)).await.unwrap());
    let closed = store.lookup(&id).await.unwrap().unwrap();
    assert_eq!((closed.is_active, closed.last_signin), (false, Some(at(1))));
    let roles = vec!["z".to_owned(), "a".to_owned()];
    assert!(store.set_roles(&id, roles.clone()).await.unwrap());
    assert!(!store.set_roles(&user("nobody"), roles.clone()).await.unwrap());
    assert_eq!(store.standing(&id).await.unwrap().unwrap().roles, roles);
}

async fn keeps_the_name_of_a_retired_account(store: &dyn Accounts) {
    let id = user("9");
    store.add(account("9", "heidi")).await.unwrap();
    assert!(store.retire(&id, at(6)).await.unwrap());
    let retired = store.lookup(&id).await.unwrap().unwrap();
    assert_eq!((retired.is_active, retired.password, retired.roles), (false, None, Vec::new()));
    assert_eq!((retired.not_before, retired.name), (Some(at(6)), name("heidi")));
    assert_eq!(store.add(account("10", "heidi")).await, Err(StoreError::Conflict));
    assert!(!store.retire(&user("nobody"), at(6)).await.unwrap());
}
