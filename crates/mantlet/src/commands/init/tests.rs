use mantlet_types::{Clock as _, SystemClock};
use proptest::prelude::*;

use super::*;

fn convert(text: &str, upstream: Option<&str>) -> Converted {
    super::convert(text, upstream, SystemClock::new().now())
}

/// The variables of the guides, as their example files write them.
const GUIDES: &str = "\
SECURITY_LEVEL=high
ENABLE_RATE_LIMITING=true
RATE_LIMIT_REQUESTS=100
RATE_LIMIT_WINDOW=3600
ALLOWED_ORIGINS=https://app.example.org,http://localhost:3000
WEBSOCKET_HOST=0.0.0.0
WEBSOCKET_PORT=8765
DASHBOARD_TOKEN=k7Qz0vN4bUe1Rt9wXc3Lm8Pd
MAX_CONTENT_LENGTH=16777216
OPENAI_API_KEY=sk-verysecretindeed
JWT_SECRET=anothersecretvalue
COMPANY=Example
";

// covers: SAMO-45, SAMO-51, ELITE-02, ETSM-08, ETSM-09
#[test]
fn the_variables_of_the_guides_become_a_configuration() {
    let Converted { text, notes } = convert(GUIDES, None);
    for line in [
        "# from WEBSOCKET_PORT\nurl = \"http://127.0.0.1:8765\"",
        "# from RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW\nper_address = [\"100/3600s\"]",
        "[guards.cors]\n# from ALLOWED_ORIGINS\norigins = [\"https://app.example.org\", \"http://localhost:3000\"]",
        "# from DASHBOARD_TOKEN\ntoken = \"env:DASHBOARD_TOKEN\"",
        "# from MAX_CONTENT_LENGTH\nbody_limit = \"16777216B\"",
    ] {
        assert!(text.contains(line), "{line}: {text}\n{notes:#?}");
    }
    assert!(problems_of(&text).is_empty(), "{}", problems_of(&text));
    let said = notes.join("\n");
    for name in [
        "SECURITY_LEVEL: ",
        "WEBSOCKET_HOST: set it to 127.0.0.1",
        "COMPANY: not known",
        "OPENAI_API_KEY: a secret",
        "JWT_SECRET: a secret",
    ] {
        assert!(said.contains(name), "{name}: {said}");
    }
    for secret in ["k7Qz0vN4bUe1Rt9wXc3Lm8Pd", "sk-verysecretindeed", "anothersecretvalue"] {
        assert!(!text.contains(secret) && !said.contains(secret), "{secret}");
    }
}

#[test]
fn what_cannot_be_used_is_left_out_and_said() {
    for (line, note) in [
        ("RATE_LIMIT_REQUESTS=lots", "RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW: left out"),
        ("ALLOWED_ORIGINS=*", "ALLOWED_ORIGINS: left out"),
        ("ALLOWED_ORIGINS=app.example.org", "ALLOWED_ORIGINS: left out"),
        ("TRUSTED_PROXIES=*", "TRUSTED_PROXIES: left out"),
        ("TRUSTED_PROXIES=0.0.0.0/0", "trusts everyone"),
        ("MAX_FILE_SIZE=huge", "MAX_FILE_SIZE: left out"),
        ("PORT=8080", "is Mantlet itself"),
        ("PORT=1\nAPP_PORT=2", "PORT: left out, APP_PORT says it already"),
        ("what is this", "line 1 is no variable"),
    ] {
        let Converted { text, notes } = convert(line, None);
        assert!(notes.iter().any(|told| told.contains(note)), "{line}: {notes:?}");
        assert!(problems_of(&text).is_empty(), "{line}: {text}");
    }
}

#[test]
fn several_variables_for_one_list_all_have_a_say() {
    let lines = "CORS_ORIGINS=https://a.example,https://b.example\nALLOWED_ORIGINS=https://c.example,https://a.example\nCORS_ALLOWED_ORIGINS=nonsense\nTRUSTED_PROXIES=10.0.0.1\nFORWARDED_ALLOW_IPS=10.0.0.2,10.0.0.1\n";
    let Converted { text, notes } = convert(lines, None);
    for line in [
        "# from ALLOWED_ORIGINS, CORS_ORIGINS\norigins = [\"https://c.example\", \"https://a.example\", \"https://b.example\"]",
        "# from TRUSTED_PROXIES, FORWARDED_ALLOW_IPS\ntrusted_proxies = [\"10.0.0.1\", \"10.0.0.2\"]",
    ] {
        assert!(text.contains(line), "{line}: {text}\n{notes:#?}");
    }
    assert!(notes.iter().any(|note| note.contains("CORS_ALLOWED_ORIGINS: left out")), "{notes:?}");
    assert!(problems_of(&text).is_empty(), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_variables_say_the_check_has_nothing_to_say(
        values in proptest::collection::vec("[ -~]{0,24}|[0-9]{1,12}|\\PC{0,8}", 20)
    ) {
        let names = ["PORT", "HOST", "RATE_LIMIT_REQUESTS", "RATE_LIMIT_WINDOW", "ALLOWED_ORIGINS",
            "MAX_CONTENT_LENGTH", "MAX_FILE_SIZE", "TRUSTED_PROXIES", "DASHBOARD_TOKEN",
            "ENABLE_RATE_LIMITING", "CORS_ALLOW_CREDENTIALS", "RATE_LIMIT_PER_MINUTE", "JWT_SECRET",
            "JWT_EXPIRATION_HOURS", "OIDC_ISSUER", "OIDC_CLIENT_ID", "SMTP_HOST", "SMTP_FROM",
            "SMTP_USER", "SMTP_PASSWORD"];
        let lines = names.iter().zip(&values).map(|(name, value)| format!("{name}={value}\n"));
        let Converted { text, .. } = convert(&lines.collect::<String>(), None);
        prop_assert!(problems_of(&text).is_empty(), "{}\n{}", text, problems_of(&text));
    }
}
