//! The schemas of what is sent both ways (JSON Schema, draft 2020-12, as OpenAPI 3.1 has it).

mod accounts;

use serde_json::{Map, Value, json};

/// The most questions of one batch.
const MAX_QUESTIONS: usize = 100;

/// Every schema, by name.
pub(super) fn all() -> Map<String, Value> {
    let groups = [
        accounts::accounts(),
        accounts::roles(),
        accounts::invitations(),
        accounts::factors(),
        sessions(),
        keys(),
        tickets(),
        tokens(),
        access(),
        approvals(),
        problems(),
    ];
    let mut all = Map::new();
    for group in groups {
        if let Value::Object(group) = group {
            all.extend(group);
        }
    }
    all
}

/// An object with these members and no others; the names in `required` are never left out.
fn object(required: &[&str], properties: &Value) -> Value {
    json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn list(name: &str) -> Value {
    json!({ "type": "array", "items": reference(name) })
}

/// A part of a list, and how to ask for the next.
fn page(member: &str, item: &str) -> Value {
    let next = json!({
        "type": ["string", "null"],
        "description": "What to send as `cursor` for the next part; `null` when this is the last.",
    });
    object(&[member, "next"], &json!({ member: list(item), "next": next }))
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn maybe_time() -> Value {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

fn seconds(about: &str) -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": 316_224_000, "description": about })
}

fn secret(about: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 8192, "description": about })
}

fn names(about: &str) -> Value {
    json!({ "type": "array", "maxItems": 64, "items": { "type": "string", "minLength": 1,
        "maxLength": 64 }, "description": about })
}

fn sessions() -> Value {
    json!({
        "Session": object(
            &["handle", "user", "address", "agent", "created", "last_seen", "expires",
                "second_factor"],
            &json!({
                "handle": { "type": "string" },
                "user": reference("Name"),
                "address": { "type": "string" },
                "agent": { "type": "string" },
                "created": time(),
                "last_seen": time(),
                "expires": time(),
                "second_factor": { "type": "boolean" },
            }),
        ),
        "Sessions": page("sessions", "Session"),
    })
}

fn keys() -> Value {
    let trace = object(
        &["at", "by", "why"],
        &json!({
            "at": time(), "by": { "type": "string" }, "why": { "type": "string" },
        }),
    );
    json!({
        "Key": object(
            &["id", "user", "label", "state", "scopes", "networks", "created", "expires",
                "last_used", "secrets", "revoked"],
            &json!({
                "id": { "type": "string" },
                "user": reference("Name"),
                "label": { "type": "string" },
                "state": { "enum": ["active", "expired", "revoked"] },
                "scopes": { "type": "array", "items": { "type": "string" } },
                "networks": { "type": "array", "items": { "type": "string" } },
                "created": time(),
                "expires": time(),
                "last_used": maybe_time(),
                "secrets": { "type": "integer", "minimum": 0,
                    "description": "How many secrets it has; more than one while it is rotated." },
                "revoked": { "anyOf": [trace, { "type": "null" }] },
            }),
        ),
        "Keys": page("keys", "Key"),
        "NewKey": object(&["user", "label"], &json!({
            "user": reference("Name"),
            "label": { "type": "string", "minLength": 1, "maxLength": 100,
                "pattern": "^[^\\p{C}]*$", "description": "What to call it.",
                "examples": ["nightly report"] },
            "scopes": names("Permissions, and scopes of this API. Left out: the permissions that its owner has now."),
            "networks": { "type": "array", "maxItems": 64, "items": { "type": "string",
                "minLength": 1, "maxLength": 64 }, "examples": [["192.0.2.0/24"]],
                "description": "From where it may be used; none for anywhere." },
            "seconds": seconds("How long it lives. Left out: `[identity.keys] lifetime`."),
        })),
        "IssuedKey": object(&["id", "key", "user", "expires"], &json!({
            "id": { "type": "string" },
            "key": { "type": "string", "description": "Shown this once." },
            "user": reference("Name"),
            "expires": maybe_time(),
            "idle_scopes": names("Permissions of the key that its owner has not now: it may them once its owner may."),
        })),
        "Rotation": object(&[], &json!({
            "grace": { "type": "integer", "minimum": 0, "maximum": 31_622_400,
                "description": "For how many seconds the secret before stays valid; a day where it is left out." },
        })),
    })
}

fn tickets() -> Value {
    json!({
        "NewTicket": object(&["user", "origin"], &json!({
            "user": reference("Name"),
            "origin": { "type": "string", "minLength": 8, "maxLength": 256,
                "pattern": "^https?://[a-z0-9.:_\\[\\]-]+$",
                "description": "The origin of the page that may use it.",
                "examples": ["https://app.example.org"] },
            "scopes": names("Permissions that it is bounded to. Left out: all that its owner has."),
            "seconds": { "type": "integer", "minimum": 1, "maximum": 30,
                "description": "How long it counts." },
        })),
        "IssuedTicket": object(&["ticket", "expires"], &json!({
            "ticket": { "type": "string",
                "description": "Offer the subprotocols `mantlet.ticket` and `mantlet.ticket.<ticket>` in the handshake." },
            "expires": time(),
        })),
    })
}

fn tokens() -> Value {
    json!({
        "NewToken": object(&["user"], &json!({
            "user": reference("Name"),
            "scopes": names("Permissions, and scopes of this API. Left out: all permissions that its owner has when it is used."),
            "seconds": seconds("How long it lives, at most `[identity.tokens] lifetime`. Not with `client`."),
            "client": { "type": "string", "minLength": 1, "maxLength": 100,
                "description": "With which program somebody signs in: there is a refresh token then." },
        })),
        "IssuedToken": object(&["token", "id", "user", "expires"], &json!({
            "token": { "type": "string", "description": "Shown this once." },
            "id": { "type": ["string", "null"] },
            "user": reference("Name"),
            "expires": time(),
            "refresh_token": { "type": "string" },
        })),
        "RefreshToken": object(&["refresh_token"], &json!({
            "refresh_token": secret("A refresh token; it counts once."),
        })),
        "TokenForm": object(&["token"], &json!({
            "token": secret("The token."),
            "token_type_hint": { "type": "string", "maxLength": 64,
                "description": "Taken, and not needed." },
        })),
        "Introspection": {
            "type": "object",
            "required": ["active"],
            "properties": {
                "active": { "type": "boolean" },
                "token_type": { "type": "string" },
                "scope": { "type": "string" },
                "client_id": { "type": "string" },
                "username": { "type": "string" },
                "iss": { "type": "string" },
                "sub": { "type": "string" },
                "aud": {},
                "jti": { "type": "string" },
                "iat": { "type": "number" },
                "nbf": { "type": "number" },
                "exp": { "type": "number" },
            },
        },
    })
}

/// What a question is about.
fn asked_facts() -> Value {
    object(
        &[],
        &json!({
            "values": { "type": "object", "maxProperties": 32,
                "additionalProperties": { "type": "string", "maxLength": 256 },
                "description": "What requirements such as `owner:user` look at." },
            "resource": { "type": "string", "maxLength": 256 },
            "class": { "enum": ["public", "internal", "confidential", "restricted"],
                "description": "Left out: restricted." },
            "membership": { "enum": ["none", "read", "write"],
                "description": "What the subject may with the thing by belonging to it." },
            "action": { "enum": ["read", "write"], "description": "Left out: write." },
        }),
    )
}

fn access() -> Value {
    let decision = json!({ "enum": ["allowed", "sign-in-first", "sign-in-again", "forbidden"] });
    let reason = object(
        &["depth", "asked", "met", "why"],
        &json!({
            "depth": { "type": "integer", "minimum": 0 },
            "asked": { "type": "string" },
            "met": { "type": "boolean" },
            "why": { "type": "string" },
        }),
    );
    let decided = json!({
        "allowed": { "type": "boolean" },
        "decision": decision,
        "reasons": { "type": "array", "items": reason },
    });
    let failed = object(&["error"], &json!({ "error": { "type": "string" } }));
    json!({
        "Question": object(&["require"], &json!({
            "subject": reference("Name"),
            "require": { "type": "string", "minLength": 1, "maxLength": 1024,
                "description": "As routes say it: `permission:`, `role:`, `owner:`, `class:`, `signed-in`, with `and`, `or` and brackets.",
                "examples": ["permission:read_project and owner:user"] },
            "scopes": names("What the subject's credential bounds them to, where it does."),
            "facts": asked_facts(),
        })),
        "Decision": object(&["allowed", "decision", "reasons"], &decided),
        "Questions": object(&["questions"], &json!({
            "questions": { "type": "array", "minItems": 1, "maxItems": MAX_QUESTIONS,
                "items": reference("Question") },
        })),
        "Decisions": object(&["answers"], &json!({
            "answers": { "type": "array", "items": { "anyOf": [reference("Decision"), failed] },
                "description": "One for each question, in their order." },
        })),
        "PathExplained": object(&["route", "asks", "allowed", "decision", "reasons", "why", "known"], &json!({
            "route": { "type": "string" },
            "asks": { "type": ["string", "null"], "description": "`null` for a path that is open." },
            "allowed": { "type": "boolean" },
            "decision": decision,
            "reasons": { "type": "array", "items": reason },
            "why": { "type": "string", "description": "The reasons, for people." },
            "known": { "type": "object", "description": "What the path says of the thing, and what they were approved for." },
        })),
        "Review": object(&["users", "unused_roles", "next"], &json!({
            "users": { "type": "array", "items": object(&["name", "permissions", "findings"], &json!({
                "name": reference("Name"),
                "permissions": { "type": "array", "items": object(&["name", "by"], &json!({
                    "name": { "type": "string" },
                    "by": { "type": "array", "items": { "type": "string" } },
                })) },
                "findings": { "type": "array", "items": { "type": "string" } },
            })) },
            "unused_roles": { "type": "array", "items": { "type": "string" },
                "description": "Roles that no open account of this part has." },
            "next": { "type": ["string", "null"] },
        })),
    })
}

fn approvals() -> Value {
    let trace = object(
        &["at", "by", "why"],
        &json!({
            "at": time(), "by": { "type": "string" }, "why": { "type": "string" },
        }),
    );
    json!({
        "Approval": object(
            &["number", "user", "resource", "may_write", "by", "why", "at", "until", "state",
                "withdrawn"],
            &json!({
                "number": { "type": "integer", "minimum": 1 },
                "user": reference("Name"),
                "resource": { "type": "string" },
                "may_write": { "type": "boolean" },
                "by": { "type": "string", "description": "Who approved it." },
                "why": { "type": "string" },
                "at": time(),
                "until": time(),
                "state": { "enum": ["in-force", "expired", "withdrawn"] },
                "withdrawn": { "anyOf": [trace, { "type": "null" }] },
            }),
        ),
        "Approvals": page("approvals", "Approval"),
        "NewApproval": object(&["user", "resource", "seconds"], &json!({
            "user": reference("Name"),
            "resource": { "type": "string", "minLength": 1, "maxLength": 256,
                "description": "The name of a thing, or `class:restricted` for everything of that class.",
                "examples": ["project-7"] },
            "may_write": { "type": "boolean", "description": "Whether it may be changed, too." },
            "seconds": seconds("For how long."),
            "why": { "type": "string", "maxLength": 256, "description": "For the record." },
        })),
        "GivenApproval": object(&["number", "user", "resource", "by", "until"], &json!({
            "number": { "type": "integer", "minimum": 1 },
            "user": reference("Name"),
            "resource": { "type": "string" },
            "by": { "type": "string" },
            "until": time(),
        })),
    })
}

fn problems() -> Value {
    json!({
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail", "code"],
            "properties": {
                "type": { "type": "string", "description": "Where this kind of problem is described." },
                "title": { "type": "string" },
                "status": { "type": "integer" },
                "detail": { "type": "string" },
                "code": { "type": "string", "description": "A stable word for it." },
                "hint": { "type": "string" },
                "errors": { "type": "array", "items": object(&["place", "pointer", "message"], &json!({
                    "place": { "enum": ["path", "query", "header", "cookie", "body"] },
                    "pointer": { "type": "string" },
                    "message": { "type": "string" },
                })) },
            },
        },
        "ProblemType": object(&["type", "title", "status", "detail"], &json!({
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
        })),
        "Document": { "type": "object" },
    })
}
