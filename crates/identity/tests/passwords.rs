//! Passwords: what is taken, how they are compared, and what a crowd at the door gets.
#![expect(clippy::unwrap_used, reason = "tests: what is wrong must end the test")]

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use mantlet_crypto::password::Cost;
use mantlet_identity::account::PasswordHash;
use mantlet_identity::password::{
    Checked, Composition, HashPool, NewPassword, PasswordContext, PasswordPolicy, PasswordProblem,
    Passwords, PoolError,
};
use mantlet_types::{Secret, SystemRng};

const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn check(text: &str) -> Result<NewPassword, Vec<PasswordProblem>> {
    let words = ["alice@example.org", "Mantlet"];
    let context = PasswordContext { has_second_factor: false, words: &words };
    PasswordPolicy::default().check(&secret(text), &context)
}

fn passwords(cost: Cost) -> Passwords {
    Passwords::new(HashPool::new(2, 16).unwrap(), cost, Arc::new(SystemRng)).unwrap()
}

/// Waits for a future on this thread.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(future)
}

// covers: SCI-07 (library)
#[test]
fn sci_d03_length_counts_and_kinds_of_characters_do_not() {
    for text in [
        "correct horse battery staple",
        "vierzehn alte hasen",
        "eine längere zeile mit umlauten äöü",
        "パスワードは長いほうがよいです",
        "🦀🐢🦊🐸🦉🐝🦋🐙🦑🐬🐳🦭🐘🦒🦓",
        "Uq7-Wn3+Zk9=Rt5%",
    ] {
        assert!(check(text).is_ok(), "{text}: {:?}", check(text).unwrap_err());
    }
    let short = PasswordProblem::TooShort { min: 15 };
    assert_eq!(check("Xk2#pQ9r!m").unwrap_err(), [short]);
    assert!(check("Password1!").unwrap_err().contains(&PasswordProblem::Common));
    assert!(check("passwordpassword").unwrap_err().contains(&PasswordProblem::Common));
    assert!(check("mnopqrstuvwxyzab").unwrap_err().contains(&PasswordProblem::Regular));
    let context = PasswordProblem::Context { word: "alice@example.org".to_owned() };
    assert_eq!(check("alice-example-1").unwrap_err(), [context]);
    assert_eq!(check("line one\nline two").unwrap_err(), [PasswordProblem::Control]);
}

#[test]
fn with_a_second_factor_eight_characters_are_enough() {
    let context = PasswordContext { has_second_factor: true, words: &[] };
    let policy = PasswordPolicy::default();
    assert!(policy.check(&secret("Xk2#pQ9r"), &context).is_ok());
    assert!(policy.check(&secret("Xk2#pQ9"), &context).is_err());
    assert!(policy.check(&secret("password"), &context).is_err());
}

#[test]
fn each_code_point_counts_as_one_and_128_are_allowed() {
    let fifteen = "äöüßéèêëçñøåœæð";
    assert_eq!((fifteen.chars().count(), check(fifteen).is_ok()), (15, true));
    let long: String = "correct horse battery staple ".chars().cycle().take(127).collect();
    assert!(check(&format!("{long}x")).is_ok());
    let problem = [PasswordProblem::TooLong { max: 128 }];
    assert_eq!(check(&format!("{long}xy")).unwrap_err(), problem);
    assert_eq!(check(&"🦀".repeat(1000)).unwrap_err(), problem);
}

#[test]
fn the_switch_for_old_rules_asks_for_kinds_and_says_what_it_breaks() {
    let all = Composition { upper: true, lower: true, digit: true, other: true };
    let policy = PasswordPolicy { legacy_composition: Some(all), ..PasswordPolicy::default() };
    let context = PasswordContext::default();
    let problems = policy.check(&secret("vierzehn alte hasen"), &context).unwrap_err();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(policy.check(&secret("Vierzehn alte Hasen, 14"), &context).is_ok());
    assert!(Composition::WARNING.contains("800-63B-4"));
}

// covers: SCI-06 (library)
#[test]
fn sci_d02_a_generated_password_satisfies_the_policy_it_was_made_for() {
    let all = Composition { upper: true, lower: true, digit: true, other: true };
    let policy = PasswordPolicy { legacy_composition: Some(all), ..PasswordPolicy::default() };
    let context = PasswordContext::default();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..300 {
        let (text, _) = policy.generate(&context, &SystemRng).unwrap();
        assert!(policy.check(&text, &context).is_ok());
        assert!(seen.insert(text.expose().clone()), "each is new");
    }
    let impossible = PasswordPolicy { min_alone: 100, ..policy };
    assert!(impossible.generate(&context, &SystemRng).is_none());
}

// covers: ETSM-34, SCI-08 (library)
#[test]
fn etsm_d27_a_password_fits_its_own_salted_argon2_hash() {
    let passwords = passwords(CHEAP);
    let new = check("correct horse battery staple").unwrap();
    let (one, two) = (wait(passwords.hash(&new)).unwrap(), wait(passwords.hash(&new)).unwrap());
    assert!(one.expose().starts_with("$argon2id$") && one != two, "a salt of its own");
    let typed = secret("correct horse battery staple");
    let right = Checked::Right { rehashed: None };
    assert_eq!(wait(passwords.check(&typed, Some(&one))), Ok(right));
    assert_eq!(wait(passwords.check(&secret("correct"), Some(&one))), Ok(Checked::Wrong));
    assert_eq!(wait(passwords.check(&secret(&"x".repeat(600)), Some(&one))), Ok(Checked::Wrong));
    let odd = PasswordHash::new("md5$x$y".to_owned());
    assert_eq!(wait(passwords.check(&typed, Some(&odd))), Ok(Checked::Unreadable));
    assert!(!format!("{one:?} {new:?}").contains("argon2"));
}

#[test]
fn the_same_password_of_another_keyboard_is_the_same() {
    let passwords = passwords(CHEAP);
    let hash = wait(passwords.hash(&check("zwölf große bären").unwrap())).unwrap();
    for typed in ["zwölf große bären", "zwo\u{308}lf große ba\u{308}ren"] {
        let checked = wait(passwords.check(&secret(typed), Some(&hash))).unwrap();
        assert_eq!(checked, Checked::Right { rehashed: None }, "{typed}");
    }
    // What an application before us hashed as it came still fits, once.
    let raw = mantlet_crypto::password::hash(&secret("ba\u{308}r"), CHEAP, &SystemRng).unwrap();
    let raw = PasswordHash::new(raw);
    let Ok(Checked::Right { rehashed: Some(new) }) =
        wait(passwords.check(&secret("ba\u{308}r"), Some(&raw)))
    else {
        panic!("not accepted");
    };
    let again = wait(passwords.check(&secret("bär"), Some(&new)));
    assert_eq!(again, Ok(Checked::Right { rehashed: None }));
}

// covers: SCI-05 (library)
#[test]
fn sci_d01_old_hashes_fit_and_come_back_as_argon2() {
    let passwords = passwords(CHEAP);
    let made = include_str!("../../crypto/tests/data/foreign-hashes.txt");
    let lines = made.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    for line in lines.take(3) {
        let old = PasswordHash::new(line.to_owned());
        let checked = wait(passwords.check(&secret("pässword-1"), Some(&old))).unwrap();
        let Checked::Right { rehashed: Some(new) } = checked else { panic!("{line}") };
        assert!(new.expose().starts_with("$argon2id$v=19$m=64,t=1"), "{line}");
    }
    let stronger = self::passwords(Cost { passes: 2, ..CHEAP });
    let old = wait(passwords.hash(&check("correct horse battery staple").unwrap())).unwrap();
    let checked = wait(stronger.check(&secret("correct horse battery staple"), Some(&old)));
    assert!(matches!(checked, Ok(Checked::Right { rehashed: Some(_) })), "the cost has risen");
}

/// Medians, taken turn by turn, so that what else the machine does falls on both alike.
#[test]
fn etsm_d29_an_account_that_does_not_exist_takes_as_long() {
    let passwords = passwords(Cost { memory_kib: 4096, ..CHEAP });
    let new = check("correct horse battery staple").unwrap();
    let hash = wait(passwords.hash(&new)).unwrap();
    let typed = secret("not the password");
    let clock = mantlet_types::SystemClock::new();
    let time = |hash: Option<&PasswordHash>| {
        let start = mantlet_types::Clock::monotonic(&clock);
        assert_eq!(wait(passwords.check(&typed, hash)), Ok(Checked::Wrong));
        mantlet_types::Clock::monotonic(&clock).since(start)
    };
    let (mut known, mut unknown): (Vec<_>, Vec<_>) =
        (0..31).map(|_| (time(Some(&hash)), time(None))).unzip();
    known.sort_unstable();
    unknown.sort_unstable();
    let (known, unknown) = (known[8].as_secs_f64(), unknown[8].as_secs_f64());
    let ratio = unknown / known;
    assert!((0.1..10.0).contains(&ratio), "{ratio}: a missing hash would be a hundredth");
}

#[test]
fn a_crowd_is_refused_clearly_and_the_pool_survives_a_panic() {
    let pool = Arc::new(HashPool::new(1, 2).unwrap());
    let (started, has_started) = sync_channel::<()>(0);
    let (release, is_released) = sync_channel::<()>(0);
    let holder = {
        let pool = pool.clone();
        std::thread::spawn(move || {
            wait(pool.run(move || {
                started.send(()).unwrap();
                is_released.recv().unwrap();
            }))
        })
    };
    has_started.recv().unwrap();
    let waiting: Vec<_> = (0..2)
        .map(|number| {
            let pool = pool.clone();
            std::thread::spawn(move || wait(pool.run(move || number)))
        })
        .collect();
    // Both places of the queue are taken when the next one is refused.
    let refused = mantlet_testkit::poll_until(std::time::Duration::from_secs(20), || {
        let answer = futures_util::FutureExt::now_or_never(pool.run(|| ()));
        (answer == Some(Err(PoolError::Busy))).then_some(())
    });
    assert!(refused.is_some() && pool.refused() >= 1);
    release.send(()).unwrap();
    assert_eq!(holder.join().unwrap(), Ok(()));
    for job in waiting {
        // A place may have gone to a question of the loop above, whose answer nobody awaits.
        assert!(matches!(job.join().unwrap(), Ok(_) | Err(PoolError::Busy)));
    }
    let failed = wait(pool.run(|| -> () { panic!("a defect") }));
    assert_eq!(failed, Err(PoolError::Failed));
    assert_eq!(wait(pool.run(|| 7)), Ok(7));
}
