//! Accounts, and what belongs to them.

use serde_json::{Value, json};

use super::{list, maybe_time, names, object, page, reference, time};

pub(super) fn accounts() -> Value {
    let made = json!({
        "type": ["string", "null"],
        "description": "The password, where it was made here; it is shown this once.",
    });
    json!({
        "Name": {
            "type": "string", "minLength": 1, "maxLength": 128,
            "description": "The name that somebody signs in with. Spellings that look the same mean the same.",
            "examples": ["alice"],
        },
        "Password": {
            "type": "string", "minLength": 1, "maxLength": 1024,
            "description": "A password that `[identity.passwords]` allows.",
            "examples": ["marble-harbour-violet-engine"],
        },
        "User": object(
            &["name", "roles", "locked", "second_factor", "version", "created", "last_sign_in",
                "email"],
            &json!({
                "name": reference("Name"),
                "email": { "type": ["string", "null"],
                    "description": "Where letters go; `null` for nowhere." },
                "roles": { "type": "array", "items": { "type": "string" } },
                "locked": { "type": "boolean", "description": "Whether it may do nothing at all." },
                "second_factor": { "type": "boolean" },
                "version": { "type": "string", "description": "What `If-Match` takes, in quotes." },
                "created": time(),
                "last_sign_in": maybe_time(),
            }),
        ),
        "Users": page("users", "User"),
        "NewUser": object(&["name"], &json!({
            "name": reference("Name"),
            "roles": names("Roles of the table. Those that give more than you hold are refused."),
            "password": reference("Password"),
            "password_hash": {
                "type": "string", "minLength": 1, "maxLength": 1024,
                "description": "In place of a password: its hash, of an application before us (werkzeug, Django, bcrypt, scrypt, Argon2).",
            },
        })),
        "AddedUser": object(&["name", "roles", "password"], &json!({
            "name": reference("Name"),
            "roles": { "type": "array", "items": { "type": "string" } },
            "password": made,
        })),
        "UserPatch": object(&["locked"], &json!({
            "locked": { "type": "boolean" },
        })),
        "NewPassword": object(&[], &json!({ "password": reference("Password") })),
        "SetPassword": object(&["name", "password"], &json!({
            "name": reference("Name"),
            "password": made,
        })),
        "NewEmail": object(&["email"], &json!({
            "email": { "type": ["string", "null"], "minLength": 1, "maxLength": 254,
                "description": "One plain address; `null` for none.",
                "examples": ["alice@example.org"] },
        })),
        "Ended": object(&["ended"], &json!({ "ended": { "type": "integer", "minimum": 0 } })),
    })
}

pub(super) fn roles() -> Value {
    json!({
        "UserRoles": object(&["name", "roles", "version"], &json!({
            "name": reference("Name"),
            "roles": { "type": "array", "items": { "type": "string" } },
            "version": { "type": "string" },
        })),
        "NewRoles": object(&["roles"], &json!({
            "roles": names("All roles of the account; none takes every role away."),
        })),
        "Role": object(&["name", "permissions"], &json!({
            "name": { "type": "string" },
            "permissions": { "type": "array", "items": { "type": "string" },
                "description": "What it gives, with what it inherits." },
        })),
        "Roles": object(&["roles"], &json!({ "roles": list("Role") })),
    })
}

pub(super) fn invitations() -> Value {
    let link = json!({
        "type": ["string", "null"],
        "description": "The link to set a password, where it was not mailed; it is shown this once.",
    });
    let mailed = json!({ "type": "boolean", "description": "Whether a letter is on its way." });
    json!({
        "NewInvitation": object(&["name", "email"], &json!({
            "name": reference("Name"),
            "email": { "type": "string", "minLength": 3, "maxLength": 254,
                "description": "Where the letter goes: one plain address.",
                "examples": ["alice@example.org"] },
            "roles": names("Roles of the table. Those that give more than you hold are refused."),
        })),
        "Invitation": object(&["name", "roles", "link", "mailed"], &json!({
            "name": reference("Name"),
            "roles": { "type": "array", "items": { "type": "string" } },
            "link": link,
            "mailed": mailed,
        })),
        "Reset": object(&["name", "link", "mailed"], &json!({
            "name": reference("Name"),
            "link": link,
            "mailed": mailed,
        })),
    })
}

pub(super) fn factors() -> Value {
    json!({
        "Passkey": object(&["id", "label", "host", "created", "last_used"], &json!({
            "id": { "type": "string" },
            "label": { "type": "string" },
            "host": { "type": "string", "description": "Where it counts." },
            "created": time(),
            "last_used": maybe_time(),
        })),
        "Factors": object(&["name", "totp", "recovery_codes", "passkeys", "version"], &json!({
            "name": reference("Name"),
            "totp": { "type": "boolean", "description": "Whether there is an authenticator program." },
            "recovery_codes": { "type": "integer", "minimum": 0, "description": "How many are left." },
            "passkeys": list("Passkey"),
            "version": { "type": "string", "description": "What `If-Match` takes, in quotes." },
        })),
        "Link": object(&["issuer", "subject"], &json!({
            "issuer": { "type": "string", "minLength": 1, "maxLength": 2048,
                "description": "The provider's issuer, as the configuration writes it.",
                "examples": ["https://accounts.example.org"] },
            "subject": { "type": "string", "minLength": 1, "maxLength": 2048,
                "description": "What the provider calls them (`sub`)." },
        })),
        "Links": object(&["name", "links", "version"], &json!({
            "name": reference("Name"),
            "links": list("Link"),
            "version": { "type": "string", "description": "What `If-Match` takes, in quotes." },
        })),
    })
}
