//! The OWASP Core Rule Set through the wire, from a folder alone.

use std::path::PathBuf;

use mantlet_testkit::wire;
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, shared};

use super::common::{assert_refused, gate};
use super::{SQL, escaped, get, post};

/// The folder of the rule set as it is released; `None` is on record as a gap.
fn folder() -> Option<PathBuf> {
    let folder = shared("waf-guard")?.join("data/crs");
    folder.join("rules").is_dir().then_some(folder)
}

fn start(folder: &std::path::Path, upstream: &FakeUpstream, config: &str) -> MantletProcess {
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let builder = builder.upstream(&upstream.url()).config(config);
    builder.arg("--waf-rules").arg(folder).start()
}

#[test]
fn a_folder_is_all_it_takes() {
    let Some(folder) = folder() else { return };
    let upstream = FakeUpstream::start(|request| match request.target.as_str() {
        "/leak" => Answer::html(
            "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near ''1''' at line 1",
        ),
        _ => Answer::ok("ok"),
    });
    let routes = "[[routes]]\npath = \"/strict\"\n[routes.guards.waf]\nparanoia = 4\n\
                  [[routes]]\npath = \"/lax\"\n[routes.guards.waf]\nthreshold = 10000\n\
                  [[routes]]\npath = \"/wiki\"\n[[routes.guards.waf.exceptions]]\nrule = \"942000-942999\"\nparameter = \"text\"\n\
                  [[routes.guards.waf.exceptions]]\nrule = \"932000-932999\"\nparameter = \"text\"\n";
    let gate = start(&folder, &upstream, routes);
    let address = gate.address();
    let ordinary = [("User-Agent", "Mozilla/5.0"), ("Accept", "*/*")];
    let ask = |target: &str| wire::get(address, target, &ordinary);

    assert_eq!(ask("/?q=hello").status, 200);
    let form = wire::request(
        address,
        "POST",
        "/",
        &[&ordinary[..], &[("Content-Type", "application/x-www-form-urlencoded")]].concat(),
        b"name=O%27Brien&text=please+select+an+option+from+the+list",
    );
    assert_eq!(form.status, 200, "{:?}", gate.events().last());
    for (attack, family) in [
        ("1' or 1=1-- -", 942),
        ("<script>alert(1)</script>", 941),
        ("../../../../etc/passwd", 930),
        (";cat /etc/passwd", 932),
    ] {
        let target = format!("/?id={}", escaped(attack));
        let event = assert_refused(&gate, &ask(&target), (403, "waf-rule"), attack);
        assert_ne!(event["rule_id"], 949_110, "the rule that found it, not the one that counts");
        let all = event["rule_ids"].as_str().unwrap();
        assert!(all.contains("949110") && all.contains(&format!("{family}")), "{event:#}");
        assert!(event["score"].as_i64() >= Some(5), "{event:#}");
        let json = format!("{{\"id\":{}}}", super::quoted(attack));
        for kind in ["application/json", "text/plain"] {
            assert_refused(&gate, &post(address, kind, &json), (403, "waf-rule"), kind);
        }
    }
    let leak = assert_refused(&gate, &ask("/leak"), (403, "waf-answer"), "leak");
    assert_eq!(leak["rule_id"].as_i64().unwrap() / 1000, 951, "{leak:#}");

    let doubtful = "/x?q=%24%7Bfoo%7D%20%26%26%20bar%20%7C%7C%20%60baz%60";
    let _ = get(address, doubtful);
    let level_four = "/strict?q=a%40b%2Bc%21%23";
    assert_eq!(ask(&level_four.replace("/strict", "/")).status, 200);
    assert_refused(&gate, &ask(level_four), (403, "waf-rule"), "paranoia");
    assert_eq!(ask(&format!("/lax?id={}", escaped("1' or 1=1-- -"))).status, 200, "threshold");
    let sql = escaped("1' or 1=1-- -");
    assert_eq!(ask(&format!("/wiki?text={sql}")).status, 200, "{:?}", gate.events().last());
    assert_refused(&gate, &ask(&format!("/wiki?id={sql}")), (403, "waf-rule"), "another parameter");
}

/// 38 MB for the rules, and what patterns build as they are used.
const RULES_BYTES: u64 = 50 << 20;

#[test]
fn the_core_rule_set_is_in_memory_once_however_many_routes_use_it() {
    let Some(crs) = folder() else { return };
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let route = |n: usize| {
        format!("[[routes]]\npath = \"/{n}/*\"\n[routes.guards.waf]\nparanoia = {}\n", 1 + n % 4)
    };
    let routes: String = (0..40).map(route).collect();
    let one = "[server]\nworkers = 1\n";
    let resident = |config: &str| {
        let gate = gate(&upstream, config);
        for n in 0..40 {
            let answer = wire::get(gate.address(), &format!("/{n}/x?id={}", escaped(SQL)), &[]);
            assert_eq!(answer.status, 403, "{n}");
        }
        gate.resident_memory()
    };
    let without = resident(&format!("{one}{routes}"));
    let with = resident(&format!("{one}[guards.waf]\nrules = [{crs:?}]\n{routes}"));
    let rules = with.saturating_sub(without);
    assert!(rules <= RULES_BYTES, "{rules} bytes: {with}, without rules {without}");
}
