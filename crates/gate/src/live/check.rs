//! What the types of the settings cannot say: ranges, and settings that contradict one another.

use http::Method;
use mantlet_config::{ByteSize, Reader};

use super::resolve::{MAX_ROUTES, Settings};
use crate::guards::GuardsSection;
use crate::identity::ThingName;
use crate::pipeline::Mode;
use crate::stages::route::{Action, PathPattern, RouteSection, StaticFiles};
use crate::upstream::{MAX_MEMBERS, ServerAddress};
use crate::websocket::WebsocketSection;

/// Paths that Mantlet answers itself.
const RESERVED: &str = "/.mantlet";
/// Headers that an application needs, and that name nobody by themselves or prove who they name.
const NEEDED_HEADERS: [&str; 10] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Checks each section for itself.
pub(super) fn sections(settings: &Settings<'_>, reader: &mut Reader<'_>) {
    identity_headers(settings, reader);
    settings.access.facts.check(reader);
    let routes = settings.routes.iter().flat_map(|route| &route.upstream);
    let uses_tls = settings.upstream.url.iter().chain(routes).any(ServerAddress::is_tls);
    settings.upstream.check(uses_tls, reader);
    group("upstream.url", &settings.upstream.url, reader);
    settings.server.check(reader);
    settings.client.check(reader);
    settings.penalty.check(reader);
    settings.identity.check(reader);
    settings.identity.passkeys.check(&settings.server.public_host, reader);
    timeouts(settings, reader);
    reader.expect_range("guards.counters", &settings.guards.counters, &(1_000..=100_000_000));
    guards("guards", settings.guards, reader);
    settings.websocket.check("websocket", reader);
    if settings.routes.len() > MAX_ROUTES {
        let message = format!("{} routes are more than {MAX_ROUTES}", settings.routes.len());
        reader.error("routes", message, "merge routes that share a path");
    }
}

fn identity_headers(settings: &Settings<'_>, reader: &mut Reader<'_>) {
    let key = "hygiene.identity_headers";
    for name in settings.hygiene.invalid_names() {
        let message = format!("`{name}` is not a header name");
        reader.error(key, message, "write it as in `X-My-User`");
    }
    for name in &settings.hygiene.identity_headers {
        let spelled = name.replace('_', "-").to_ascii_lowercase();
        if NEEDED_HEADERS.contains(&spelled.as_str()) {
            let message = format!("without `{name}` the application does not understand requests");
            let hint = "name headers in which a proxy says who the user is, as in `X-My-User`";
            reader.error(key, message, hint);
        }
    }
}

fn timeouts(settings: &Settings<'_>, reader: &mut Reader<'_>) {
    let (server, upstream) = (settings.server, settings.upstream);
    for (key, duration) in [
        ("server.head_timeout", server.head_timeout),
        ("server.idle_timeout", server.idle_timeout),
        ("server.body_timeout", server.body_timeout),
        ("server.send_timeout", server.send_timeout),
        ("server.tls.handshake_timeout", server.tls.handshake_timeout),
        ("upstream.connect_timeout", upstream.connect_timeout),
        ("upstream.response_timeout", upstream.response_timeout),
        ("upstream.idle_timeout", upstream.idle_timeout),
        ("upstream.health.timeout", upstream.health.timeout),
        ("guards.budget", settings.guards.budget),
    ] {
        if duration.is_zero() {
            reader.error(key, "a timeout of zero lets nothing through", "choose at least `1ms`");
        }
    }
}

/// Checks the guards whose settings are at `key`.
fn guards(key: &str, guards: &GuardsSection, reader: &mut Reader<'_>) {
    reader.expect_range(&format!("{key}.json.depth"), &guards.json.depth, &(1..=10_000));
    let inspect = ByteSize(1)..=ByteSize(16 * 1024 * 1024);
    reader.expect_range(&format!("{key}.errors.inspect"), &guards.errors.inspect, &inspect);
    // What a route inherits is told where it stands.
    let is_said_here = |guard: &str, reader: &Reader<'_>| {
        key == "guards" || reader.is_set(&format!("{key}.{guard}"))
    };
    if is_said_here("limit", reader) {
        guards.limit.check(&format!("{key}.limit"), reader);
    }
    if is_said_here("cors", reader) {
        guards.cors.check(&format!("{key}.cors"), reader);
    }
    if is_said_here("csrf", reader) {
        guards.csrf.check(key, reader);
    }
    if is_said_here("identity", reader) {
        guards.identity.check(key, reader);
    }
    if is_said_here("access", reader) {
        guards.access.check(key, reader);
    }
    if is_said_here("quota", reader) {
        guards.quota.check(&format!("{key}.quota"), reader);
    }
    if is_said_here("schema", reader) {
        guards.schema.check(&format!("{key}.schema"), reader);
    }
    guards.check(key, reader);
}

/// Checks what a route says about guards; `held` is what holds there with it.
pub(super) fn guards_of(
    index: Option<usize>,
    route: &RouteSection,
    held: &GuardsSection,
    reader: &mut Reader<'_>,
) {
    let Some(index) = index.filter(|_| !route.guards.is_empty()) else { return };
    let key = format!("routes[{index}].guards");
    guards(&key, held, reader);
    let counters = format!("{key}.counters");
    if reader.is_set(&counters) {
        let hint = "write it in `[guards]`";
        reader.error(&counters, "all routes share their counters", hint);
    }
    let mode = format!("{key}.json.mode");
    if route.upload == Some(true) && held.json.mode != Mode::Off && reader.is_set(&mode) {
        let hint = "leave out `upload` to have bodies inspected, or this guard's mode";
        reader.warn(&mode, "the bodies of uploads are not inspected", hint);
    }
}

/// Checks what a route says about WebSockets; `held` is what holds there with it.
pub(super) fn websocket_of(
    index: Option<usize>,
    route: &RouteSection,
    held: &WebsocketSection,
    reader: &mut Reader<'_>,
) {
    if let Some(index) = index.filter(|_| !route.websocket.is_empty()) {
        held.check(&format!("routes[{index}].websocket"), reader);
    }
}

/// Checks which requests a route is for.
pub(super) fn route(index: usize, route: &RouteSection, reader: &mut Reader<'_>) {
    for method in &route.methods {
        if matches!(method.0, Method::CONNECT | Method::TRACE) {
            let message = format!("`{}` never reaches a route", method.0);
            let hint = "leave it out: such requests are always refused";
            reader.error(&format!("routes[{index}].methods"), message, hint);
        }
    }
    let has = |name: &str| route.path.parameters().any(|(own, _)| own == name);
    let needs = route.resource.iter().flat_map(ThingName::needs);
    if let Some(name) = { needs }.find(|name| !has(name)) {
        let name: String = name.chars().take(60).collect();
        let message = format!("the path has no parameter `{}`", name.escape_debug());
        let hint = "write a segment of the path as `{project}` to name it";
        reader.error(&format!("routes[{index}].resource"), message, hint);
    }
    if PathPattern::under(RESERVED).covers(&route.path) {
        let message = format!("no request below `{RESERVED}` reaches a route");
        let hint = "choose another path: Mantlet answers these itself";
        reader.error(&format!("routes[{index}].path"), message, hint);
    }
}

/// Checks the servers of one group.
fn group(key: &str, servers: &[ServerAddress], reader: &mut Reader<'_>) {
    if servers.len() > MAX_MEMBERS {
        let message = format!("{} servers are more than {MAX_MEMBERS}", servers.len());
        reader.error(key, message, "put a balancer in front of them");
    }
    for (index, server) in servers.iter().enumerate() {
        let is_twin = |other: &ServerAddress| other.to_string() == server.to_string();
        if servers.iter().take(index).any(is_twin) {
            let message = format!("`{server}` stands there twice");
            reader.error(key, message, "give it a weight instead: `http://a weight 2`");
        }
    }
}

fn static_files(key: &str, files: &StaticFiles, reader: &mut Reader<'_>) {
    if !files.folder.is_dir() {
        let message = format!("`{}` is not a folder", files.folder.display());
        reader.error(&format!("{key}.static"), message, "create it, or correct the path");
        return;
    }
    let Some(fallback) = &files.fallback else { return };
    let key = format!("{key}.fallback");
    let is_name = |part: &str| !part.is_empty() && !part.starts_with('.');
    if !fallback.split('/').all(is_name) {
        let message = format!("`{fallback}` is not the name of a file that is served");
        reader.error(&key, message, "write it relative to the folder: `index.html`");
    } else if !files.folder.join(fallback).is_file() {
        let message = format!("there is no file `{fallback}` in the folder");
        reader.error(&key, message, "create it, or correct the name");
    }
}

/// What the route does, if it says so and says it once.
pub(super) fn action(
    index: usize,
    route: &RouteSection,
    reader: &mut Reader<'_>,
) -> Option<Action> {
    let key = format!("routes[{index}]");
    for idle in route.idle_keys() {
        let hint = "it needs `static`, and `fallback_for_assets` needs `fallback`";
        reader.error(&format!("{key}.{idle}"), "without files this does nothing", hint);
    }
    let action = match route.action() {
        Ok(action) => action?,
        Err(keys) => {
            let message = format!("a route does one thing, this one names {}", keys.join(" and "));
            reader.error(&key, message, "keep one of them");
            return None;
        }
    };
    match &action {
        Action::Static(files) => static_files(&key, files, reader),
        Action::Upstream(servers) => group(&format!("{key}.upstream"), servers, reader),
        Action::Redirect(to) if !crate::way::redirect::is_valid(to) => {
            let message = format!("`{to}` is not an address to redirect to");
            let hint = "write `https://example.org{path}` or a path such as `/new`";
            reader.error(&format!("{key}.redirect"), message, hint);
        }
        _ => {}
    }
    Some(action)
}

#[cfg(test)]
mod tests {
    use mantlet_config::{Environment, Layers, load};

    use crate::live::tests::Sections;
    use crate::resolve;

    fn problems(text: &str) -> Vec<String> {
        let layers = Layers::new(Environment::default()).text("mantlet.toml", text);
        let loaded = load(&layers, |sections: &Sections, reader| {
            let _ = resolve(&sections.settings(), reader);
        });
        loaded.problems.iter().map(|problem| problem.message.clone()).collect()
    }

    #[test]
    fn numbers_that_cannot_be_meant_are_errors() {
        for (section, line, value) in [
            ("server", "workers = 1025", "1025"),
            ("server", "max_connections = 0", "0"),
            ("server", "max_connections = 4294967295", "4294967295"),
            ("server", "max_upgraded_connections = 0", "0"),
            ("server", "max_streams = 0", "0"),
            ("server", "header_count = 0", "0"),
            ("server", "target_limit = 0", "0B"),
            ("server", "target_limit = 65535", "65535B"),
            ("server", "head_limit = \"2MiB\"", "2MiB"),
            ("server", "body_memory = 0", "0B"),
            ("upstream", "max_connections = 0", "0"),
            ("guards.json", "depth = 0", "0"),
            ("guards.errors", "inspect = 0", "0B"),
            ("[routes]]\n[routes.guards.json", "depth = 0", "0"),
            ("[routes]]\n[routes.guards.errors", "inspect = \"1GiB\"", "1GiB"),
        ] {
            let text = format!("[{section}]\n{line}\n");
            assert_eq!(problems(&text), [format!("`{value}` is out of range")], "{text}");
        }
        assert_eq!(problems("[server]\nworkers = 1024\ntarget_limit = 65534\n"), [""; 0]);
    }

    #[test]
    fn a_wrong_number_is_told_where_it_stands_alone() {
        let text = "[guards.json]\ndepth = 0\n[[routes]]\n[routes.guards.json]\nmode = \"off\"\n";
        assert!(problems(text).iter().all(|message| message == "`0` is out of range"));
    }

    #[test]
    fn settings_without_effect_are_told() {
        for (text, expected) in [
            ("[[routes]]\nmethods = [\"GET\", \"TRACE\"]", "`TRACE` never reaches a route"),
            ("[[routes]]\nmethods = [\"CONNECT\"]", "`CONNECT` never reaches a route"),
            ("[[routes]]\npath = \"/.mantlet/x\"", "no request below `/.mantlet` reaches a route"),
            ("[[routes]]\npath = \"/.mantlet/*\"", "no request below `/.mantlet` reaches a route"),
            (
                "[hygiene]\nidentity_headers = [\"Content_Type\"]",
                "without `Content_Type` the application does not understand requests",
            ),
            (
                "[[routes]]\nupload = true\n[routes.guards.json]\nmode = \"enforce\"",
                "the bodies of uploads are not inspected",
            ),
            (
                "[client]\ntrusted_proxies = [\"10.0.0.0/8\", \"::/0\"]",
                "`::/0` trusts everyone: any client may choose its address",
            ),
        ] {
            assert_eq!(problems(text), [expected], "{text}");
        }
        for fine in [
            "[[routes]]\npath = \"/.mantlets\"",
            "[hygiene]\nidentity_headers = [\"X-My-User\"]",
            "[[routes]]\nupload = true\n[routes.guards.json]\nmode = \"off\"",
            "[client]\ntrusted_proxies = [\"10.0.0.0/8\"]",
        ] {
            assert_eq!(problems(fine), [""; 0], "{fine}");
        }
    }
}
