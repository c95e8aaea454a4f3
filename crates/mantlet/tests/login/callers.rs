//! Who asks and what they may is what was verified, never what they say.

use mantlet_testkit::wire;
use serde_json::json;

use super::common::assert_refused;
use super::{add, asking, key, signed_in};

const FORM: &str = "application/x-www-form-urlencoded";

const CONFIG: &str = "\
[[routes]]
path = \"/role\"
require = { role = \"admin\" }
[[routes]]
path = \"/permission\"
require = { permission = \"manage\" }
";

// covers: SAMO-15, SCI-16, SAMO-D17, YMERA-D06, ELITE-D14 (binary)
#[test]
fn no_role_permission_or_name_is_taken_from_what_a_request_says() {
    let (upstream, gate) = asking(CONFIG);
    let person = signed_in(&gate, "alice", "user");
    let cookie = person.cookie_header();
    add(&gate, "root", "admin");
    let (_, narrow) = key(&gate, "root", &["--scope", "read"]);
    let claims = json!({
        "role": "admin", "roles": ["admin", "super_admin"], "permission": "manage",
        "permissions": ["manage", "*"], "scope": "manage", "user": "root", "user_id": "root",
        "is_admin": true,
    });
    let pairs = "role=admin&roles=super_admin&permissions=manage&user=root&is_admin=1";
    let with_claims = format!("{cookie}; role=admin; user=root; permissions=manage");
    let headers: &[(&str, &str)] = &[
        ("X-Role", "admin"),
        ("X-User-Role", "super_admin"),
        ("X-Roles", "admin"),
        ("X-Permissions", "manage"),
        ("X-Scopes", "manage"),
        ("X-User", "root"),
        ("X-User-Id", "root"),
        ("Remote-User", "root"),
        ("X-Forwarded-User", "root"),
        ("X-Auth-Request-User", "root"),
    ];
    for path in ["/role", "/permission"] {
        for (who, credential, expected) in [
            ("nobody", ("X-None", ""), (401, "sign-in-required")),
            ("somebody", ("Cookie", with_claims.as_str()), (403, "access-forbidden")),
            ("a narrow key", ("X-API-Key", narrow.as_str()), (403, "access-forbidden")),
        ] {
            let all = [&[credential][..], headers].concat();
            let target = format!("{path}?{pairs}");
            let answer = wire::get(gate.address(), &target, &all);
            assert_refused(&gate, &answer, expected, &format!("{who} asks {target}"));
            for (kind, body) in [("application/json", claims.to_string()), (FORM, pairs.into())] {
                let own = format!("http://{}", gate.address());
                let said = [("Content-Type", kind), ("Origin", &own)];
                let all = [&said[..], &[credential][..], headers].concat();
                let answer = wire::request(gate.address(), "POST", &target, &all, body.as_bytes());
                assert_refused(&gate, &answer, expected, &format!("{who} sends {kind} to {path}"));
            }
        }
    }
    assert!(upstream.is_untouched(), "{:?}", upstream.requests());
}
