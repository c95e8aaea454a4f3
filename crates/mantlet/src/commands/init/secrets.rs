//! What takes the place of an application's keys and tokens, and which of them stay its own. Values
//! are looked at where that tells what to do; none is written or said.

use std::time::Duration;

use mantlet_config::Value;
use mantlet_identity::token::legacy_secret;
use mantlet_types::{Secret, Timestamp};

use super::from_env::Converter;

/// How long tokens that the application signed go on to count.
const MIGRATION: Duration = Duration::from_hours(90 * 24);

const GIVEN: &str = "give Mantlet the variable too, or a file that NAME_FILE names";

/// Secrets that an application signs its tokens with.
const SIGNING: [&str; 6] = [
    "JWT_SECRET",
    "JWT_SECRET_KEY",
    "JWT_SIGNING_KEY",
    "JWT_KEY",
    "TOKEN_SECRET",
    "ACCESS_TOKEN_SECRET",
];

/// How long its tokens live: the variable, and the unit of its number.
const LIFETIMES: [(&str, &str); 6] = [
    ("JWT_EXPIRATION_HOURS", "h"),
    ("JWT_EXPIRY_HOURS", "h"),
    ("JWT_EXPIRE_HOURS", "h"),
    ("JWT_EXPIRATION_MINUTES", "m"),
    ("JWT_EXPIRE_MINUTES", "m"),
    ("ACCESS_TOKEN_EXPIRE_MINUTES", "m"),
];

/// Secrets of one purpose by their whole names, and what becomes of them.
const NAMED: [(&[&str], &str); 6] = [
    (
        &["JWT_REFRESH_SECRET", "JWT_REFRESH_SECRET_KEY", "REFRESH_TOKEN_SECRET"],
        "not needed: refresh tokens are Mantlet's own, and people sign in once more",
    ),
    (
        &[
            "API_KEY",
            "API_KEYS",
            "VALID_API_KEYS",
            "X_API_KEY",
            "SERVICE_API_KEY",
            "ADMIN_API_KEY",
            "API_SECRET",
            "API_SECRET_KEY",
            "API_TOKEN",
            "AUTH_TOKEN",
        ],
        "where programs show it to the application, each gets a key of its own in its place: `mantlet user add NAME --role user`, then `mantlet key issue --user NAME`, on paths with `require = \"login\"`; where the application shows it to others, it stays the application's",
    ),
    (
        &[
            "SECRET_KEY",
            "FLASK_SECRET_KEY",
            "DJANGO_SECRET_KEY",
            "APP_SECRET",
            "APP_SECRET_KEY",
            "SESSION_SECRET",
            "SESSION_SECRET_KEY",
            "SESSION_KEY",
            "COOKIE_SECRET",
            "NEXTAUTH_SECRET",
            "STREAMLIT_SERVER_COOKIE_SECRET",
            "CSRF_SECRET",
            "CSRF_SECRET_KEY",
            "WTF_CSRF_SECRET_KEY",
        ],
        "it stays the application's, for cookies and forms of its own; for sessions and tokens Mantlet makes keys in its data folder",
    ),
    (
        &[
            "ENCRYPTION_KEY",
            "ENCRYPTION_SECRET",
            "ENCRYPTION_SALT",
            "FERNET_KEY",
            "MASTER_KEY",
            "DATA_ENCRYPTION_KEY",
            "FIELD_ENCRYPTION_KEY",
            "BACKUP_ENCRYPTION_KEY",
        ],
        "it stays the application's, which reads with it what it encrypted; Mantlet's store has a key of its own, made in the data folder, or `[store] root_key`, for which this one is not to be used",
    ),
    (
        &["ADMIN_PASSWORD", "DEFAULT_ADMIN_PASSWORD", "ADMIN_PASS", "SUPERUSER_PASSWORD"],
        "Mantlet starts without a password that is known: `mantlet user add NAME --role admin` makes one",
    ),
    (
        &[
            "VAULT_TOKEN",
            "VAULT_SECRET_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SESSION_TOKEN",
            "AZURE_CLIENT_SECRET",
            "GOOGLE_APPLICATION_CREDENTIALS",
        ],
        "it stays the application's; Mantlet asks no such service: have it write a file, and name that with `file:/PATH` where Mantlet needs a secret",
    ),
];

/// The same by what names begin or end with.
const DATABASES: [&str; 10] = [
    "DATABASE_",
    "DB_",
    "POSTGRES_",
    "POSTGRESQL_",
    "PGPASS",
    "MYSQL_",
    "MONGO",
    "REDIS_",
    "SQLALCHEMY_",
    "CELERY_",
];
const DATABASE: &str = "it stays the application's: Mantlet asks no database of others; accounts come with `mantlet user import FILE`";
const OUTBOUND: [&str; 7] =
    ["_API_KEY", "_API_TOKEN", "_API_SECRET", "_ACCESS_TOKEN", "_DSN", "_WEBHOOK_URL", "_WEBHOOK"];
const OUTWARD: &str = "it stays the application's, which calls others itself: Mantlet stands in front of it and adds no credential to what goes out";

/// Everything about secrets that has a place of its own; `today` is where the time of a move begins.
pub(super) fn convert(converter: &mut Converter, today: Timestamp) {
    signing(converter, today);
    provider(converter);
    mail(converter);
    for (names, how) in NAMED {
        for name in names {
            if converter.take(name).is_some() {
                converter.note(format!("{name}: a secret; {how}"));
            }
        }
    }
}

/// What is said of a secret that nothing was made of, by the looks of its name.
pub(super) fn about(name: &str) -> &'static str {
    let name = name.to_ascii_uppercase();
    if DATABASES.iter().any(|start| name.starts_with(start)) {
        DATABASE
    } else if OUTBOUND.iter().any(|end| name.ends_with(end)) {
        OUTWARD
    } else {
        "not known here, so it stays the application's; it was not copied"
    }
}

/// Tokens are Mantlet's own from now on; those from before count for a while where their secret is
/// worth it.
fn signing(converter: &mut Converter, today: Timestamp) {
    let algorithm = converter.take("JWT_ALGORITHM").unwrap_or_else(|| "HS256".to_owned());
    let until = today.saturating_add(MIGRATION).unwrap_or(today).to_string();
    let until = until.get(..10).unwrap_or_default();
    for name in SIGNING {
        let Some(secret) = converter.take(name) else { continue };
        let own = "Mantlet signs tokens with keys that it makes itself";
        if algorithm != "HS256" {
            converter.note(format!(
                "{name}: a secret; {own}, and takes none of {} from before: name who publishes their keys in `[identity.issuers.NAME]`",
                algorithm.escape_debug()
            ));
            continue;
        }
        if let Err(error) = legacy_secret(&Secret::new(secret)) {
            converter
                .note(format!("{name}: a secret; {own}, and takes none from before, for {error}"));
            continue;
        }
        let values = vec![("secret", reference(name)), ("until", text(until))];
        if converter.add_all("identity.tokens.legacy", values, name) {
            converter.note(format!(
                "{name}: a secret; {own}; those of the application count until {until} for accounts of the name in `sub`, or in the claim that `subject` names; {}",
                GIVEN.replace("NAME", name)
            ));
        }
    }
    for (name, unit) in LIFETIMES {
        if let Some(number) = converter.take(name) {
            converter.add("identity.tokens", "lifetime", text(&format!("{number}{unit}")), name);
        }
    }
    issuer(converter);
}

/// Who issues tokens outside, where that is said as a whole.
fn issuer(converter: &mut Converter) {
    let found = ["JWT_ISSUER", "JWT_AUDIENCE", "JWKS_URL"].map(|name| converter.take(name));
    match found {
        [None, None, None] => {}
        [Some(issuer), Some(audience), Some(url)] => {
            let values = vec![
                ("issuer", text(&issuer)),
                ("audience", text(&audience)),
                ("jwks_url", text(&url)),
            ];
            let _ = converter.add_all("identity.issuers.outside", values, "JWT_ISSUER, JWT_AUDIENCE, JWKS_URL");
        }
        _ => converter.note(
            "JWT_ISSUER, JWT_AUDIENCE, JWKS_URL: left out: an issuer outside has all three; without it, `[identity.tokens]` says what Mantlet's own tokens name".to_owned(),
        ),
    }
}

/// Where people sign in elsewhere.
fn provider(converter: &mut Converter) {
    let google = "https://accounts.google.com";
    for (table, issuer, client, secret, known) in [
        ("identity.providers.oidc", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", None),
        ("identity.providers.google", "", "GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", Some(google)),
    ] {
        let address = known.map(str::to_owned).or_else(|| converter.take(issuer));
        let (id, has_secret) = (converter.take(client), converter.take(secret).is_some());
        let (Some(address), Some(id)) = (address, id) else {
            if has_secret {
                converter.note(format!("{secret}: a secret; left out: nothing says whose it is: `[{table}]` has `issuer` and `client_id`"));
            }
            continue;
        };
        let mut values = vec![("issuer", text(&address)), ("client_id", text(&id))];
        values.extend(has_secret.then(|| ("client_secret", reference(secret))));
        if converter.add_all(table, values, client) && has_secret {
            converter.note(format!("{secret}: a secret; {}", GIVEN.replace("NAME", secret)));
        }
    }
}

/// The server that takes letters.
fn mail(converter: &mut Converter) {
    let mut any = |names: &[&'static str]| {
        names.iter().find_map(|name| converter.take(name).map(|value| (*name, value)))
    };
    let host = any(&["SMTP_HOST", "SMTP_SERVER", "MAIL_SERVER"]);
    let port = any(&["SMTP_PORT", "MAIL_PORT"]).and_then(|(_, port)| port.parse::<u16>().ok());
    let user = any(&["SMTP_USER", "SMTP_USERNAME", "MAIL_USERNAME"]);
    let password = any(&["SMTP_PASSWORD", "SMTP_PASS", "MAIL_PASSWORD"]).map(|(name, _)| name);
    let from = any(&["SMTP_FROM", "MAIL_FROM", "EMAIL_FROM", "MAIL_DEFAULT_SENDER"]);
    let from = from.or_else(|| user.clone().filter(|(_, name)| name.contains('@')));
    let (Some((name, host)), Some((_, from))) = (host, from) else {
        if let Some(name) = password {
            converter.note(format!("{name}: a secret; left out: letters of Mantlet need a server and a sender: `[mail]` has `smtp` and `from`"));
        }
        return;
    };
    let scheme = if port == Some(465) { "smtps" } else { "smtp" };
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    let mut values =
        vec![("smtp", text(&format!("{scheme}://{host}{port}"))), ("from", text(&from))];
    if let (Some((_, user)), Some(password)) = (user, password) {
        values.extend([("username", text(&user)), ("password", reference(password))]);
    }
    if converter.add_all("mail", values, name)
        && let Some(password) = password
    {
        converter.note(format!("{password}: a secret; {}", GIVEN.replace("NAME", password)));
    }
}

fn reference(name: &str) -> Value {
    Value::String(format!("env:{name}"))
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}
