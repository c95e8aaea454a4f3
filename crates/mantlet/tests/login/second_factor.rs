//! The second factor.

use std::time::{SystemTime, UNIX_EPOCH};

use mantlet_crypto::{OtpDigest, hotp};

use super::person::Person;
use super::{add, closed};

/// The code that an authenticator shows, `ahead` steps from now.
fn code(secret: &str, ahead: u64) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in secret.bytes() {
        let value = letters.iter().position(|own| *own == letter).unwrap();
        bits = bits << 5 | u32::try_from(value).unwrap();
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    let step = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30 + ahead;
    hotp(OtpDigest::Sha1, &bytes, step, 6)
}

fn inside<'a>(page: &'a str, begin: &str, end: &str) -> &'a str {
    page.split_once(begin).unwrap().1.split_once(end).unwrap().0
}

#[test]
fn the_password_alone_is_not_enough_once_a_clock_guards() {
    let (_upstream, gate) = closed("");
    let password = add(&gate, "alice", "user");
    let mut person = Person::new(&gate);
    person.sign_in("alice", &password);
    let shown = person.profile("totp", &[]);
    assert!(shown.text().contains("<svg class=\"qr\""), "{}", shown.text());
    let secret = inside(&shown.text(), "<p class=\"secret\"><code>", "</code>").to_owned();
    let mut fields = super::person::form(&shown.text(), "/.mantlet/profile/totp/confirm");
    let now = code(&secret, 0);
    super::person::fill_in(&mut fields, &[("code", &now)]);
    let before = person.session().unwrap().to_owned();
    let confirmed = person.post("/.mantlet/profile/totp/confirm", &fields);
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    assert_ne!(person.session(), Some(before.as_str()), "who may more has a new id");
    let recovery = inside(&confirmed.text(), "<li><code>", "</code>").to_owned();

    let mut again = Person::new(&gate);
    let answer = again.sign_in_at("/.mantlet/sign-in?next=/x", "alice", &password);
    assert_eq!(answer.header("location"), Some("/.mantlet/second-factor?next=%2Fx"), "{answer:?}");
    assert_eq!(again.session(), None);
    assert_eq!(again.get("/x").status, 303, "not signed in yet");
    let page = "/.mantlet/second-factor?next=%2Fx";
    let show = |person: &mut Person<'_>, code: &str| {
        person.fill(page, "/.mantlet/second-factor", &[("code", code)])
    };
    for wrong in ["000000", "", &now, "aaaa-aaaa-aaaa-aaaa"] {
        assert_eq!(show(&mut again.clone(), wrong).status, 401, "{wrong}: wrong, or used before");
    }
    let next = code(&secret, 1);
    let (mut twin, mut third) = (again.clone(), again.clone());
    let answer = show(&mut again, &next);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/x")), "{answer:?}");
    assert_eq!(again.get("/x").status, 200);
    assert_eq!(show(&mut twin, &next).status, 401, "a code counts once");
    assert_eq!(show(&mut twin, &recovery).status, 303, "a recovery code signs in");
    assert_eq!(show(&mut third, &recovery).status, 401, "once");
    // Nobody without the first step gets a page that asks for the second.
    let stranger = Person::new(&gate).get(page);
    assert_eq!(stranger.header("location"), Some("/.mantlet/sign-in"));
    let removed = again.profile("totp/remove", &[("factor-password", "wrong")]);
    assert_eq!(removed.status, 422);
    let removed = again.profile("totp/remove", &[("factor-password", &password)]);
    assert_eq!(removed.status, 303, "{removed:?}");
    assert_eq!(Person::new(&gate).sign_in("alice", &password).header("location"), Some("/"));
}

#[test]
fn codes_are_not_guessed() {
    let (_upstream, gate) = closed("[identity.lockout]\nper_second_factor = \"3/15m\"\n");
    let password = add(&gate, "alice", "user");
    let mut person = Person::new(&gate);
    person.sign_in("alice", &password);
    let shown = person.profile("totp", &[]);
    let secret = inside(&shown.text(), "<p class=\"secret\"><code>", "</code>").to_owned();
    let mut fields = super::person::form(&shown.text(), "/.mantlet/profile/totp/confirm");
    super::person::fill_in(&mut fields, &[("code", &code(&secret, 0))]);
    person.post("/.mantlet/profile/totp/confirm", &fields);
    let mut guesser = Person::new(&gate);
    guesser.sign_in("alice", &password);
    let page = "/.mantlet/second-factor";
    let statuses: Vec<u16> =
        (0..5).map(|_| guesser.fill(page, page, &[("code", "000000")]).status).collect();
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
    let right = guesser.fill(page, page, &[("code", &code(&secret, 1))]);
    assert_eq!(right.status, 429, "not even the right one is looked at");
}

/// Gives somebody who is signed in an authenticator.
pub(super) fn set_up(person: &mut Person<'_>) {
    let shown = person.profile("totp", &[]).text();
    let secret = inside(&shown, "<p class=\"secret\"><code>", "</code>").to_owned();
    let mut fields = super::person::form(&shown, "/.mantlet/profile/totp/confirm");
    super::person::fill_in(&mut fields, &[("code", &code(&secret, 0))]);
    assert_eq!(person.post("/.mantlet/profile/totp/confirm", &fields).status, 200);
}
