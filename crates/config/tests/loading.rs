//! From the text of a configuration to its settings and its problems.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use mantlet_config::{
    ByteSize, Cidr, Environment, HttpUrl, Layers, Loaded, Origin, RawTable, SecretRef, choice,
    effective, load, reference, section,
};
use proptest::prelude::*;

choice! {
    /// How a guard acts.
    pub enum Mode {
        /// Not at all.
        Off => "off",
        /// It only watches.
        Observe => "observe",
        /// It refuses.
        Enforce => "enforce",
    }
}

section! {
    /// Protects against floods.
    pub struct LimitSection {
        /// What happens on a refusal.
        pub mode: Mode = Mode::Enforce,
        /// Requests per minute,
        /// by address | network.
        pub requests: u32 = 60,
        /// Networks that are spared.
        pub spared: Vec<Cidr> = Vec::new(),
    }
}

section! {
    /// All guards.
    pub struct GuardsSection {
        /// Floods.
        pub limit: LimitSection = LimitSection::default(),
    }
}

section! {
    /// Where requests come in.
    pub struct ServerSection {
        /// The address.
        pub listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)),
        /// The longest wait.
        pub timeout: Duration = Duration::from_secs(30),
        /// The largest body.
        pub body_limit: ByteSize = ByteSize(1 << 20),
        /// The name.
        pub name: String = "mantlet".to_owned(),
        /// The key for links.
        pub link_key: Option<SecretRef> = None,
        /// The share of requests that are traced.
        pub share: f64 = 0.25,
    }
}

section! {
    /// One route.
    pub struct RouteSection {
        /// The path.
        pub path: String = "/*".to_owned(),
        /// The servers.
        pub upstream: Vec<HttpUrl> = Vec::new(),
        /// A folder.
        pub static_dir as "static": Option<PathBuf> = None,
        /// What differs here.
        pub guards: RawTable = RawTable::default(),
    }
}

section! {
    /// The whole.
    pub struct Config {
        /// Where requests come in.
        pub server: ServerSection = ServerSection::default(),
        /// All guards.
        pub guards: GuardsSection = GuardsSection::default(),
        /// Routes.
        pub routes: Vec<RouteSection> = Vec::new(),
    }
}

fn load_layers(layers: &Layers) -> Loaded<Config> {
    load(layers, |config: &Config, reader| {
        for (index, route) in config.routes.iter().enumerate() {
            route.guards.read_over(&config.guards, reader);
            if !route.path.starts_with('/') {
                let message = format!("`{}` does not begin with `/`", route.path);
                reader.error(&format!("routes[{index}].path"), message, "");
            }
        }
        if config.server.body_limit > ByteSize(1 << 30) {
            reader.warn("server.body_limit", "this is a lot", "write `1GiB` or less");
        }
    })
}

fn load_text(text: &str) -> Loaded<Config> {
    load_layers(&Layers::default().text("mantlet.toml", text))
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(load_text(text).problems.to_string(), expected, "{text}");
}

#[test]
fn nothing_configured_is_fine() {
    check("", "");
    let loaded = load_layers(&Layers::new(Environment::default()));
    assert!(loaded.problems.is_empty());
    assert_eq!(loaded.config.unwrap().server.name, "mantlet");
}

#[test]
fn all_problems_are_reported_at_once_in_order() {
    let text = r#"
colour = "green"
[server]
listen = "127.0.0.1:99999"
timeout = 30
lisen = ":8080"
[guards.limit]
mode = "enforec"
requests = -5
spared = ["10.0.0.1/8", "10.0.0.0/8", 7]
[[routes]]
path = "/a"
[[routes]]
path = "b"
upstream = "ftp://x"
static = 5
[routes.guards.limit]
requsts = 7
[routes.guards.waf]
"#;
    let expected = "\
mantlet.toml:2:1: error: unknown key `colour`
  hint: known keys: server, guards, routes
mantlet.toml:4:10: error: `127.0.0.1:99999` is not an address
  hint: write host:port, for example 127.0.0.1:8080
mantlet.toml:5:11: error: the duration `30` has no unit
  hint: write `30s` for seconds; units are ms, s, m, h, d
mantlet.toml:6:1: error: unknown key `server.lisen`
  hint: did you mean `listen`? known keys: listen, timeout, body_limit, name, link_key, share
mantlet.toml:8:8: error: `enforec` is not one of `off` `observe` `enforce`
  hint: did you mean `enforce`? known values: off, observe, enforce
mantlet.toml:9:12: error: `-5` is out of range
  hint: write a whole number from 0 to 4294967295
mantlet.toml:10:11: error: `10.0.0.1/8` has bits behind its prefix
  hint: write `10.0.0.0/8`
mantlet.toml:10:39: error: expected network, found the number `7`
  hint: write for example `10.0.0.0/8`
mantlet.toml:14:8: error: `b` does not begin with `/`
mantlet.toml:15:12: error: the address does not begin with http:// or https://
  hint: write scheme and host, for example http://127.0.0.1:8501
mantlet.toml:16:10: error: expected a path
  hint: write for example `\"/srv/www\"`
mantlet.toml:18:1: error: unknown key `routes[1].guards.limit.requsts`
  hint: did you mean `requests`? known keys: mode, requests, spared
mantlet.toml:19:16: error: unknown key `routes[1].guards.waf`
  hint: known keys: limit
";
    check(text, expected);
    assert!(load_text(text).config.is_none());
}

#[test]
fn what_is_not_a_section_is_refused() {
    check(
        "server = 5",
        "mantlet.toml:1:10: error: expected a table of keys, found `5`\n  hint: write `[server]` and the keys below it\n",
    );
    check(
        "[routes]\npath = '/'",
        "mantlet.toml:1:1: error: expected an array of tables, found a table\n  hint: write `[[routes]]`, with two brackets\n",
    );
    check(
        "routes = ['/']",
        "mantlet.toml:1:11: error: expected a table of keys, found `/`\n  hint: write `[[routes]]` and the keys below it\n",
    );
    check(
        "[[routes]]\nguards = 5",
        "mantlet.toml:2:10: error: expected a table of keys, found `5`\n  hint: write `[routes.guards]` and the keys below it\n",
    );
}

#[test]
fn mistakes_of_syntax_are_reported_beside_others() {
    check(
        "[server]\nlisten = oops oops\nname = 'a'\nname = 'b'\nlisten = 5\ntimeout = 5\n",
        "\
mantlet.toml:2:10: error: string values must be quoted, expected literal string
mantlet.toml:4:1: error: duplicate key
  hint: write every key and table once
mantlet.toml:5:1: error: duplicate key
  hint: write every key and table once
mantlet.toml:6:11: error: the duration `5` has no unit
  hint: write `5s` for seconds; units are ms, s, m, h, d
",
    );
    let cut = load_text("[server]\nname = 'a'\n[guards.limit]\nspared = [\n'10.0.0.0/8',\n");
    assert!(cut.problems.to_string().contains("unclosed array"), "{}", cut.problems);
    assert_eq!(cut.problems.iter().count(), 1);
}

#[test]
fn files_that_are_not_text_or_too_large_are_refused() {
    let of = |bytes: &[u8]| {
        load_layers(&Layers::default().text("mantlet.toml", bytes)).problems.to_string()
    };
    assert_eq!(
        of(b"[server]\nname = '\xff'"),
        "mantlet.toml:2:9: error: not valid UTF-8\n  hint: save the file as UTF-8\n"
    );
    assert_eq!(
        of(&vec![b'#'; 1024 * 1024 + 1]),
        "mantlet.toml: error: the file is too large\n  hint: the limit is 1048576 bytes\n"
    );
    assert!(
        of(format!("a={}1{}", "[".repeat(40), "]".repeat(40)).as_bytes())
            .contains("nested too deep")
    );
    for text in
        ["[".repeat(100_000), "a.".repeat(100_000), format!("[{}a]\n", "a.".repeat(400_000))]
    {
        assert!(!of(text.as_bytes()).is_empty());
    }
    assert!(of(b"n = 99999999999999999999").contains("the number is too large"));
}

#[test]
fn a_missing_file_is_a_problem() {
    let loaded = load_layers(&Layers::default().file("/does/not/exist.toml"));
    let expected = "/does/not/exist.toml: error: cannot read `/does/not/exist.toml`: No such file or directory (os error 2)\n  hint: check the path and the permissions\n";
    assert_eq!(loaded.problems.to_string(), expected);
    assert!(loaded.config.is_none());
}

#[test]
fn relative_paths_start_at_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mantlet.toml");
    std::fs::write(&path, "[[routes]]\nstatic = 'www'\n[[routes]]\nstatic = '/srv'\n").unwrap();
    let config = load_layers(&Layers::default().file(path)).config.unwrap();
    assert_eq!(config.routes[0].static_dir, Some(folder.path().join("www")));
    assert_eq!(config.routes[1].static_dir, Some("/srv".into()));
}

#[test]
fn later_layers_win_and_their_origin_is_known() {
    let text = "[server]\nlisten = ':1'\nname = 'file'\ntimeout = '1s'\n";
    let layers = Layers::new(Environment::of([
        ("MANTLET_SERVER_NAME", "environment"),
        ("MANTLET_SERVER_LISTEN", ":2"),
        ("MANTLET_GUARDS_LIMIT_MODE", "observe"),
        ("MANTLET_GUARDS_LIMIT_SPARED", "['10.0.0.0/8', '192.0.2.1']"),
        ("MANTLET_SERVER_BODY_LIMIT", ""),
        ("MANTLET_ROUTES", ""),
    ]))
    .text("mantlet.toml", text)
    .flag("server.listen", "--listen", ":3")
    .flag("server.listen", "--listen", ":4");
    let loaded = load_layers(&layers);
    assert_eq!(loaded.problems.to_string(), "");
    let config = loaded.config.unwrap();
    assert_eq!(config.server.listen.port(), 4);
    assert_eq!(config.server.name, "environment");
    assert_eq!(config.server.timeout, Duration::from_secs(1));
    assert_eq!(config.server.body_limit, ByteSize(1 << 20));
    assert_eq!(config.guards.limit.mode, Mode::Observe);
    assert_eq!(config.guards.limit.spared.len(), 2);
    for (key, origin) in [
        ("server.listen", Origin::Flag("--listen".into())),
        ("server.name", Origin::Environment("MANTLET_SERVER_NAME".into())),
        ("server.timeout", Origin::File { path: "mantlet.toml".into(), line: 4, column: 11 }),
        ("server.body_limit", Origin::Default),
    ] {
        assert_eq!(loaded.provenance.origin(key), origin, "{key}");
    }
}

#[test]
fn problems_of_variables_and_flags_name_them() {
    let layers = Layers::new(Environment::of([
        ("MANTLET_SERVER_TIMEOUT", "30"),
        ("MANTLET_SERVER_BODY_LIMIT", "2GiB"),
        ("MANTLET_SERVER_LISTN", ":1"),
        ("MANTLET_PORT", "tcp://10.0.0.1:80"),
        ("MANTLET_SERVER_LINK_KEY", "hunter2hunter2"),
    ]))
    .flag("server.listen", "--listen", "127.0.0.1:99999")
    .flag("server.lisen", "--lisen", ":1");
    let expected = "\
environment MANTLET_SERVER_BODY_LIMIT: warning: this is a lot
  hint: write `1GiB` or less
environment MANTLET_SERVER_LINK_KEY: error: expected a reference to a secret
  hint: secrets do not belong in the configuration: write where it is, `env:NAME` or `file:/path`
environment MANTLET_SERVER_LISTN: warning: names no key
  hint: did you mean `MANTLET_SERVER_LISTEN`?
environment MANTLET_SERVER_TIMEOUT: error: the duration `30` has no unit
  hint: write `30s` for seconds; units are ms, s, m, h, d
--lisen: error: `server.lisen` is no key of the configuration
--listen: error: `127.0.0.1:99999` is not an address
  hint: write host:port, for example 127.0.0.1:8080
";
    let problems = load_layers(&layers).problems;
    assert_eq!(problems.to_string(), expected);
    assert_eq!(problems.warnings(), 2);
}

#[test]
fn a_variable_may_look_like_another_type() {
    let environment = Environment::of([
        ("MANTLET_SERVER_NAME", "123"),
        ("MANTLET_SERVER_SHARE", "1"),
        ("MANTLET_GUARDS_LIMIT_SPARED", "10.0.0.0/8"),
    ]);
    let config = load_layers(&Layers::new(environment)).config.unwrap();
    assert_eq!(config.server.name, "123");
    assert_eq!(config.guards.limit.spared.len(), 1);
}

#[test]
fn variables_do_not_reach_into_lists() {
    let environment =
        Environment::of([("MANTLET_ROUTES_PATH", "/x"), ("MANTLET_ROUTES[0]_PATH", "/x")]);
    let layers = Layers::new(environment).text("mantlet.toml", "[[routes]]\npath = '/a'");
    assert_eq!(load_layers(&layers).config.unwrap().routes[0].path, "/a");
}

#[test]
fn a_route_is_read_over_what_holds_everywhere() {
    let text = "[guards.limit]\nmode = 'observe'\nrequests = 7\n[[routes]]\n[routes.guards.limit]\nmode = 'off'\n[[routes]]\n";
    let mut seen = Vec::new();
    let loaded = load(&Layers::default().text("mantlet.toml", text), |config: &Config, reader| {
        for route in &config.routes {
            let limit = route.guards.read_over(&config.guards, reader).limit;
            seen.push((route.guards.is_empty(), limit.mode, limit.requests));
        }
    });
    assert!(loaded.config.is_some(), "{}", loaded.problems);
    assert_eq!(seen, [(false, Mode::Off, 7), (true, Mode::Observe, 7)]);
}

#[test]
fn checks_run_beside_other_problems_and_find_the_nearest_place() {
    let mut names = Vec::new();
    let layers = Layers::default().text("mantlet.toml", "[server]\nname = 'x'\nport = 1\n");
    let loaded = load(&layers, |config: &Config, reader| {
        names.push(config.server.name.clone());
        reader.error("server.tls.certificate", "a", "");
        reader.error("elsewhere[3].x", "b", "");
        reader.error("", "c", "");
    });
    assert_eq!(names, ["x"]);
    let text = loaded.problems.to_string();
    for line in ["mantlet.toml: error: b", "mantlet.toml: error: c", "mantlet.toml:1:2: error: a"] {
        assert!(text.contains(line), "{text}");
    }
    let bare = load(&Layers::default(), |_: &Config, reader| reader.error("server", "a", ""));
    assert_eq!(bare.problems.to_string(), "configuration: error: a\n");
}

#[test]
fn lists_and_problems_are_bounded() {
    let list = format!("[guards.limit]\nspared = [{}]", "'::',".repeat(10_001));
    check(
        &list,
        "mantlet.toml:2:10: error: the list has 10001 entries\n  hint: at most 10000 are allowed\n",
    );
    let keys: String = (0..5000).map(|index| format!("key{index} = 1\n")).collect();
    let problems = load_text(&keys).problems;
    assert_eq!(problems.iter().count(), 500);
    assert!(problems.to_string().ends_with("further problems are not shown\n"));
}

const FULL: &str = r#"
[server]
listen = ":81"
timeout = "90s"
link_key = "env:LINK_KEY"
name = "a \"b\"\n# c"
[guards.limit]
spared = "10.0.0.0/8"
[[routes]]
path = "/a"
upstream = ["http://127.0.0.1:8501", "https://example.org/base"]
guards.limit = { mode = "off", requests = 5 }
[[routes]]
static = "/srv"
"#;

#[test]
fn the_effective_configuration_names_origins_and_is_read_back() {
    let environment = Environment::of([("MANTLET_SERVER_SHARE", "0.5")]);
    let layers = Layers::new(environment).text("mantlet.toml", FULL);
    let loaded = load_layers(&layers.flag("guards.limit.requests", "--requests", "9"));
    let config = loaded.config.unwrap();
    let text = effective(&config, &loaded.provenance);
    for line in [
        "listen = \"127.0.0.1:81\"  # mantlet.toml:3\n",
        "body_limit = \"1MiB\"  # default\n",
        "share = 0.5  # environment MANTLET_SERVER_SHARE\n",
        "requests = 9  # --requests\n",
        "spared = [\"10.0.0.0/8\"]  # mantlet.toml:8\n",
        "# static is not set\n",
        "[[routes]]\npath = \"/a\"  # mantlet.toml:10\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let again = load_text(&text);
    assert_eq!(again.problems.to_string(), "", "{text}");
    let text_again = effective(again.config.as_ref().unwrap(), &again.provenance);
    assert_eq!(text_again.parse::<toml::Table>(), text.parse::<toml::Table>());
}

#[test]
fn the_reference_lists_every_key_with_its_docs() {
    let text = reference::<Config>();
    for part in [
        "The whole.\n",
        "## `[server]`\n\nWhere requests come in.\n\n| key | kind | default | meaning |\n",
        "| `timeout` | duration, e.g. `30s` | `\"30s\"` | The longest wait. |\n",
        "| `requests` | whole number, e.g. `10` | `60` | Requests per minute, by address \\| network. |\n",
        "`\"enforce\"` | What happens on a refusal.<br>`off`: Not at all.<br>`observe`: It only watches.",
        "## `[guards.limit]`\n\nProtects against floods.\n",
        "## `[[routes]]`\n",
        "| `static` | path, e.g. `/srv/www` | not set | A folder. |\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(data: Vec<u8>) {
        mantlet_config::fuzzing::load(&data);
    }

    #[test]
    fn mutilated_configurations_never_panic(from in 0..FULL.len(), len in 0..40_usize, put in "[\\[\\]{}=.\"'a\n,#0-9]{0,4}") {
        let bytes = FULL.as_bytes();
        let end = (from + len).min(bytes.len());
        let data = [&bytes[..from], put.as_bytes(), &bytes[end..]].concat();
        mantlet_config::fuzzing::load(&data);
        let loaded = load_layers(&Layers::default().text("mantlet.toml", data));
        prop_assert_eq!(loaded.config.is_none(), loaded.problems.has_errors());
    }
}

#[test]
fn a_check_knows_what_was_said_and_what_is_out_of_range() {
    let layers = Layers::new(Environment::default())
        .text("mantlet.toml", "[server]\nname = 1\n[[rules]]\n")
        .flag("server.listen", "--listen", "here");
    let loaded = load(&layers, |_: &Config, reader| {
        for (key, is_set) in [
            ("server.name", true),
            ("server.listen", true),
            ("server.timeout", false),
            ("rules[0]", true),
            ("rules[0].name", false),
        ] {
            assert_eq!(reader.is_set(key), is_set, "{key}");
        }
        assert!(reader.has_errors() && !reader.is_file_broken());
        reader.expect_range("server.body_limit", &ByteSize(0), &(ByteSize(1)..=ByteSize(4096)));
        reader.expect_range("server.body_limit", &ByteSize(4096), &(ByteSize(1)..=ByteSize(4096)));
    });
    let ours = loaded.problems.iter().filter(|problem| problem.message == "`0B` is out of range");
    let hints: Vec<_> = ours.filter_map(|problem| problem.hint.as_deref()).collect();
    assert_eq!(hints, ["choose 1B to 4KiB"]);

    let broken = Layers::new(Environment::default()).text("mantlet.toml", "[server\n");
    load(&broken, |_: &Config, reader| assert!(reader.is_file_broken()));
}
