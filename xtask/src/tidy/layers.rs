//! A crate uses only crates of a lower layer, and outside crates with an owner stay with it.

use toml::{Table, Value};

use super::Finding;
use crate::tree::Tree;

/// The layer of every crate folder. Equal layers do not know each other.
const LAYERS: &[(&str, u8)] = &[
    ("types", 0),
    ("event", 1),
    ("config", 1),
    ("crypto", 1),
    ("access", 2),
    ("limit", 2),
    ("content", 2),
    ("schema", 2),
    ("waf", 2),
    ("mail", 2),
    ("secrets", 3),
    ("identity", 3),
    ("policy", 3),
    ("protect", 3),
    ("audit", 3),
    ("detect", 3),
    ("scan", 3),
    // Above what it stores: the traits stand beside the services that use them.
    ("store", 4),
    ("gate", 4),
    ("admin", 4),
    ("mantlet", 5),
];

/// Used by tests alone, so it stands beside the layers.
const TESTKIT: &str = "testkit";

/// Outside crates that only the named folders may depend on. The admin listener is an HTTP server
/// of its own, and axum's way of serving has no timeouts: which file of it names hyper is settled in
/// `boundaries.rs`.
const OWNED: &[(&str, &[&str])] = &[
    ("hyper", &["gate", "admin", TESTKIT]),
    ("hyper-util", &["gate", "admin", TESTKIT]),
    ("axum", &["admin"]),
    ("brotli-decompressor", &["gate"]),
    ("cedar-policy", &["policy"]),
    ("jsonschema", &["schema"]),
    ("lettre", &["mail"]),
    ("lol_html", &["gate"]),
    ("ruzstd", &["gate"]),
    ("rustls", &["gate", TESTKIT]),
    ("rustls-native-certs", &["gate"]),
    ("tokio-rustls", &["gate", TESTKIT]),
    ("libsqlite3-sys", &["store"]),
    ("openssl-sys", &["store"]),
    ("sqlx", &["store"]),
    ("argon2", &["crypto"]),
    ("aws-lc-rs", &["crypto", TESTKIT]),
    ("bcrypt", &["crypto"]),
    ("scrypt", &["crypto"]),
];

/// Every crate's manifest keeps to the layers and to the ownership of outside crates.
pub(super) fn crates_use_only_lower_layers(tree: &Tree) -> Vec<Finding> {
    tree.iter()
        .filter_map(|(path, text)| {
            let folder = path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
            (!folder.contains('/')).then(|| check_manifest(path, folder, text))
        })
        .flatten()
        .collect()
}

fn check_manifest(path: &str, folder: &str, text: &str) -> Vec<Finding> {
    let manifest = match text.parse::<Table>() {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::error(path, format!("not readable: {error}"))],
    };
    if folder != TESTKIT && layer(folder).is_none() {
        let message =
            format!("`{folder}` has no layer: add it to LAYERS in xtask/src/tidy/layers.rs");
        return vec![Finding::error(path, message)];
    }
    ["dependencies", "build-dependencies"]
        .iter()
        .filter_map(|section| manifest.get(*section).and_then(Value::as_table))
        .flat_map(Table::keys)
        .filter_map(|name| objection(folder, name))
        .map(|message| Finding::error(path, message))
        .collect()
}

fn objection(folder: &str, dependency: &str) -> Option<String> {
    if let Some((_, owners)) = OWNED.iter().find(|(name, _)| *name == dependency) {
        let is_owner = owners.contains(&folder);
        return (!is_owner)
            .then(|| format!("`{dependency}` belongs to {owners:?}: go through their functions"));
    }
    let ours = match dependency {
        "mantlet" => dependency,
        _ => dependency.strip_prefix("mantlet-")?,
    };
    if ours == TESTKIT {
        return Some("`mantlet-testkit` is for dev-dependencies alone".to_owned());
    }
    let (own, theirs) = (layer(folder), layer(ours)?);
    match own {
        Some(own) if theirs >= own => Some(format!(
            "layer {own} depends on `{dependency}` of layer {theirs}: only lower layers may be used; meet through a trait the binary wires"
        )),
        _ => None,
    }
}

fn layer(folder: &str) -> Option<u8> {
    let found = LAYERS.iter().find(|(name, _)| *name == folder);
    found.map(|(_, layer)| *layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, manifest: &str) -> Vec<String> {
        let findings = crates_use_only_lower_layers(&Tree::sample(&[(path, manifest)]));
        findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_lower_layer_is_fine_and_an_equal_or_higher_one_is_caught() {
        let limit = "crates/limit/Cargo.toml";
        assert!(messages(limit, "[dependencies]\nmantlet-types.workspace = true").is_empty());
        for other in ["store", "gate"] {
            let manifest = format!("[dependencies]\nmantlet-{other}.workspace = true");
            assert!(messages(limit, &manifest)[0].contains("only lower layers"), "{other}");
        }
    }

    #[test]
    fn the_test_kit_is_a_dev_dependency_only() {
        let gate = "crates/gate/Cargo.toml";
        let used = messages(gate, "[dependencies]\nmantlet-testkit.workspace = true");
        assert!(used[0].contains("dev-dependencies"));
        let dev = messages(gate, "[dev-dependencies]\nmantlet-testkit.workspace = true");
        assert!(dev.is_empty());
    }

    #[test]
    fn an_owned_library_elsewhere_is_caught() {
        assert!(messages("crates/gate/Cargo.toml", "[dependencies]\nhyper = '1'").is_empty());
        assert!(messages("crates/admin/Cargo.toml", "[dependencies]\nhyper = '1'").is_empty());
        for (folder, library) in [("event", "hyper"), ("admin", "rustls"), ("gate", "axum")] {
            let manifest = format!("[dependencies]\n{library} = '1'");
            let found = messages(&format!("crates/{folder}/Cargo.toml"), &manifest);
            assert!(found[0].contains("belongs to"), "{folder} {library}");
        }
    }

    #[test]
    fn a_crate_without_a_layer_is_caught() {
        assert!(messages("crates/utils/Cargo.toml", "")[0].contains("no layer"));
    }
}
